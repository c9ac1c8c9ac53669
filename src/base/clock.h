// Time as a value that is handed in. Nothing below src/io reads the machine's clock but through a
// Clock.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern {

// Wall-clock time, UTC, to the millisecond: what is stored, shown and compared with certificates.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

// The machine's clock. Thread-safe.
[[nodiscard]] const Clock& system_clock();

// For tests: stands still until told. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  [[nodiscard]] Time now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Time t) { now_ = t; }

 private:
  Time now_;
};

// "2026-11-21T02:20:00.123Z"; without the fraction where it is zero. Source: RFC 3339.
[[nodiscard]] std::string format_rfc3339(Time t);
// Accepts a zone offset and any number of fraction digits (cut to ms).
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);
// "Sat, 21 Nov 2026 02:20:00 +0000". Source: RFC 5322 s3.3.
[[nodiscard]] std::string format_rfc5322(Time t);
// "15 s", "12 min", "4 h 10 min", "3 d 2 h": for people.
[[nodiscard]] std::string format_duration(Duration d);
// "15s", "5m", "4h", "5d", "1h30m", "250ms", or a bare number of seconds: configuration and
// commands.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

}  // namespace postern
