// The files of the protocol log: which one a line goes to, when a new one begins, which are too
// old. Used by the log's one writer thread. Internal to protocol_log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "relay/protocol_log.h"

namespace postern::relay {

using LogDay = std::chrono::sys_days;

// Lines of one direction and day that came together.
struct LogBlock {
  Direction direction = Direction::receive;
  LogDay day{};
  Time time{};  // of the last line
  std::string text;
  std::uint64_t lines = 0;
};

// Exchange's form, always with three digits: "2026-11-21T02:20:00.000Z".
[[nodiscard]] std::string format_log_time(Time t);

// "RECV20261121-3.log".
struct LogName {
  Direction direction = Direction::receive;
  LogDay day{};
  unsigned number = 1;
  [[nodiscard]] std::string str() const;
};
[[nodiscard]] std::optional<LogName> parse_log_name(std::string_view file);

class LogFolder {
 public:
  LogFolder() = default;
  ~LogFolder();
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;

  // Appends the blocks; opens, rotates and removes files as `settings` say. What cannot be written
  // is lost; that and `lost` lines more are told in the operator's log, at most once a minute.
  void write(const ProtocolLogSettings& settings, const std::vector<LogBlock>& blocks,
             std::uint64_t lost);

 private:
  struct Open {
    int fd = -1;
    std::string folder;
    LogName name;
    std::uint64_t size = 0;
  };
  Result<void> append(const ProtocolLogSettings& settings, const LogBlock& block);
  Result<void> open(const ProtocolLogSettings& settings, const LogBlock& block, unsigned number);
  Result<void> write_all(Open& file, std::string_view text);
  // By age, then the oldest until a new file fits below the total; those being written stay.
  void remove_old(const ProtocolLogSettings& settings, Time now);
  [[nodiscard]] bool is_open(const std::string& file) const;
  void tell_loss(Time now);
  Open& open_file(Direction direction) { return direction == Direction::receive ? recv_ : send_; }
  static void close(Open& file);

  Open recv_, send_;
  std::uint64_t lost_ = 0;
  std::string problem_;
  std::optional<Time> told_;
};

}  // namespace postern::relay
