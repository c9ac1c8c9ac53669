// The operator's log under attack or in want: so many lines a minute of one sort of event, then one
// that says how many were left out. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace postern::log {

class Gate {
 public:
  explicit Gate(unsigned lines_per_minute) : lines_per_minute_(lines_per_minute) {}
  // True: write it. `left_out`: lines since the last one that was written.
  [[nodiscard]] bool open(Time now, std::uint64_t& left_out);

 private:
  const unsigned lines_per_minute_;
  std::mutex mutex_;
  Time minute_{};
  unsigned written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace postern::log
