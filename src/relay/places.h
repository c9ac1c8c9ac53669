// Places for sending sessions, over all destinations. Destinations that are known to stall share a
// part of them, so that the others always find a place. Main loop only.
#pragma once

#include <cstddef>

namespace postern::relay {

constexpr std::size_t kMaxSessions = 200;
constexpr std::size_t kMaxStalledSessions = kMaxSessions / 2;

class SessionPlaces {
 public:
  [[nodiscard]] bool is_left(bool may_stall) const {
    return taken_ < kMaxSessions && (!may_stall || stalled_ < kMaxStalledSessions);
  }
  void take(bool may_stall) {
    ++taken_;
    if (may_stall) ++stalled_;
  }
  // As it was taken, whatever the destination has come to meanwhile.
  void give_back(bool may_stall) {
    --taken_;
    if (may_stall) --stalled_;
  }
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  std::size_t taken_ = 0;
  std::size_t stalled_ = 0;  // of them, with destinations that may stall
};

}  // namespace postern::relay
