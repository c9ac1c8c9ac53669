// Which messages are in flight, by destination. In memory only. A cursor per destination says up to
// where everything pending is claimed, so a claim never walks over claimed rows; messages before
// the cursor that are to be looked at again (given back, committed late, released) are in a set.
//
// Why no message is missed: claim() reads and moves the cursor under the lock, and the writer tells
// of every commit under the lock afterwards. So a commit is either seen by the read, or told of
// when the cursor has moved past it.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include "store/sqlite/database.h"

namespace postern::store::sqlite {

// What a commit means for claims.
struct QueueChanges {
  struct Pending {
    std::string destination;
    MessageId message;
  };
  struct Move {
    std::string from, to;
    MessageId message;
  };
  std::vector<Pending> pending;  // a recipient became pending there
  std::vector<Move> moves;       // a recipient went from one destination to another
};

class Claims {
 public:
  explicit Claims(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  [[nodiscard]] Result<std::vector<StoredMessage>> claim(const std::string& destination,
                                                         std::size_t limit);
  // Noted here and done by whoever takes the lock next: the lock may be held over the disk's work.
  void finish(const std::string& destination, MessageId message);
  [[nodiscard]] bool claim_one(const std::string& destination, MessageId message);
  [[nodiscard]] bool is_claimed(const std::string& destination, MessageId message);

  // Hold it over the commit where there are moves: no claim at the new destination may come
  // between.
  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  void committed(const QueueChanges& changes, const std::unique_lock<std::mutex>& lock);

 private:
  // Message -> how often claimed: by its own claim, and by moves to here.
  using ClaimMap = std::unordered_map<std::uint64_t, int>;
  struct Queue {
    std::uint64_t next = 0;         // everything pending below is claimed or in `again`
    std::set<std::uint64_t> again;  // below next
    ClaimMap claimed;
  };
  using QueueMap = std::unordered_map<std::string, Queue>;
  Result<std::vector<std::uint64_t>> ids_from(std::int64_t destination, std::uint64_t from,
                                              std::size_t limit);
  void give_back_finished();
  void finish_locked(const std::string& destination, std::uint64_t message);
  void release(QueueMap::iterator queue, ClaimMap::iterator claim);

  std::mutex finished_mutex_;  // innermost, held for moments
  std::vector<std::pair<std::string, MessageId>> finished_;
  std::mutex mutex_;
  std::unique_ptr<Database> database_;
  QueueMap queues_;  // those with claims only
  // (old destination, message) -> where it went while claimed: given back there too.
  std::map<std::pair<std::string, std::uint64_t>, std::vector<std::string>> moved_;
};

}  // namespace postern::store::sqlite
