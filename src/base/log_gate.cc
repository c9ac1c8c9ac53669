#include "base/log_gate.h"

#include <chrono>
#include <utility>

namespace postern::log {

bool Gate::open(Time now, std::uint64_t& left_out) {
  const std::lock_guard lock(mutex_);
  const Time minute = std::chrono::floor<std::chrono::minutes>(now);
  if (minute != minute_) {
    minute_ = minute;
    written_ = 0;
  }
  if (written_ >= lines_per_minute_) {
    ++left_out_;
    return false;
  }
  ++written_;
  left_out = std::exchange(left_out_, 0);
  return true;
}

}  // namespace postern::log
