// What a write does outside the database, collected while it runs and done after its commit (or
// dropped with it).
#pragma once

#include <string>
#include <vector>

#include "store/sqlite/bodies.h"
#include "store/sqlite/claims.h"

namespace postern::store::sqlite {

struct Effects {
  QueueChanges queue;
  std::vector<StoredBodyWriter*> keep;  // their files belong to a message now
  std::vector<std::string> remove;      // body files that no message owns any more

  void merge(Effects&& other) {
    const auto move_all = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()),
                std::make_move_iterator(from.end()));
    };
    move_all(queue.pending, other.queue.pending);
    move_all(queue.moves, other.queue.moves);
    move_all(keep, other.keep);
    move_all(remove, other.remove);
  }
};

}  // namespace postern::store::sqlite
