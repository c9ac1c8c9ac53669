// Since when a sending session is in the transaction that it is in: what tells a session that works
// from one that hangs. Written on the session's loop, read on the main one.
#pragma once

#include <atomic>
#include <optional>

#include "base/clock.h"

namespace postern::relay {

class Pulse {
 public:
  void begin(Time now) { since_ = now.time_since_epoch().count(); }
  void end() { since_ = kAtRest; }
  // nullopt: in none; it connects, or waits for mail.
  [[nodiscard]] std::optional<Time> since() const {
    const Time::rep since = since_;
    if (since == kAtRest) return std::nullopt;
    return Time(Duration(since));
  }

 private:
  static constexpr Time::rep kAtRest = 0;
  std::atomic<Time::rep> since_{kAtRest};
};

}  // namespace postern::relay
