#include "relay/log_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <tuple>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "relay/reception_events.h"

namespace postern::relay {
namespace {

namespace fs = std::filesystem;

constexpr Duration kTellInterval{60'000};
constexpr mode_t kFileMode = 0640;
constexpr std::size_t kDateDigits = 8;

std::string_view prefix_of(Direction direction) {
  return direction == Direction::receive ? "RECV" : "SEND";
}

std::string head(Direction direction, Time now) {
  return std::string("#Software: Postern\r\n#Version: 1.0\r\n#Log-Type: SMTP ") +
         (direction == Direction::receive ? "Receive" : "Send") +
         " Protocol Log\r\n#Date: " + format_log_time(now) +
         "\r\n#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,"
         "remote-endpoint,event,data,context\r\n";
}

template <class F>
void each_log(const std::string& folder, F visit) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (const auto name = parse_log_name(at->path().filename().string())) {
      visit(at->path(), *name);
    }
  }
}

unsigned newest_number(const std::string& folder, Direction direction, LogDay day) {
  unsigned newest = 1;
  each_log(folder, [&](const fs::path&, const LogName& name) {
    if (name.direction == direction && name.day == day) newest = std::max(newest, name.number);
  });
  return newest;
}

}  // namespace

std::string format_log_time(Time t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

std::string LogName::str() const {
  const std::chrono::year_month_day date(day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d%02u%02u-%u.log", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), number);
  return std::string(prefix_of(direction)) + text;
}

std::optional<LogName> parse_log_name(std::string_view file) {
  LogName out;
  if (file.starts_with(prefix_of(Direction::send))) {
    out.direction = Direction::send;
  } else if (!file.starts_with(prefix_of(Direction::receive))) {
    return std::nullopt;
  }
  file.remove_prefix(prefix_of(out.direction).size());
  if (file.size() < kDateDigits + 1 || file[kDateDigits] != '-' || !file.ends_with(".log")) {
    return std::nullopt;
  }
  const auto year = parse_uint(file.substr(0, 4));
  const auto month = parse_uint(file.substr(4, 2));
  const auto day = parse_uint(file.substr(6, 2));
  file.remove_prefix(kDateDigits + 1);
  const auto number = parse_uint(file.substr(0, file.size() - 4), 1'000'000'000);
  if (!year || !month || !day || !number) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  out.day = date;
  out.number = static_cast<unsigned>(*number);
  return out;
}

LogFolder::~LogFolder() {
  close(recv_);
  close(send_);
}

void LogFolder::close(Open& file) {
  if (file.fd >= 0) ::close(file.fd);
  file = Open();
}

void LogFolder::write(const ProtocolLogSettings& settings, const std::vector<LogBlock>& blocks,
                      std::uint64_t lost) {
  if (lost != 0 && problem_.empty()) problem_ = "more lines than the disk takes";
  lost_ += lost;
  if (settings.folder.empty()) return;  // switched off with lines under way
  for (const LogBlock& block : blocks) {
    const Result<void> done = append(settings, block);
    if (!done) {
      lost_ += block.lines;
      problem_ = done.error().what();
      close(open_file(block.direction));
    }
    tell_loss(block.time);
  }
}

Result<void> LogFolder::append(const ProtocolLogSettings& settings, const LogBlock& block) {
  Open& file = open_file(block.direction);
  const bool fits = file.fd >= 0 && file.folder == settings.folder && file.name.day == block.day;
  if (!fits) {
    std::error_code error;
    const bool made = fs::create_directories(settings.folder, error);
    if (error) return fail(error, "protocol log: " + settings.folder);
    // Who mails whom is nobody else's business.
    if (made) fs::permissions(settings.folder, fs::perms::owner_all, error);
    if (error) return fail(error, "protocol log: " + settings.folder);
    remove_old(settings, block.time);
    TRY_VOID(open(settings, block, newest_number(settings.folder, block.direction, block.day)));
  }
  if (file.size >= settings.max_size) {
    remove_old(settings, block.time);
    TRY_VOID(open(settings, block, file.name.number + 1));
  }
  return write_all(file, block.text);
}

Result<void> LogFolder::open(const ProtocolLogSettings& settings, const LogBlock& block,
                             unsigned number) {
  Open& file = open_file(block.direction);
  close(file);
  file.folder = settings.folder;
  file.name = {block.direction, block.day, number};
  const std::string path = settings.folder + "/" + file.name.str();
  file.fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode);
  if (file.fd < 0) return fail_errno(errno, "protocol log: " + path);
  struct stat facts{};
  if (::fstat(file.fd, &facts) != 0) return fail_errno(errno, "protocol log: " + path);
  file.size = static_cast<std::uint64_t>(facts.st_size);
  if (file.size == 0) return write_all(file, head(block.direction, block.time));
  return {};
}

Result<void> LogFolder::write_all(Open& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file.fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "protocol log: " + file.folder + "/" + file.name.str());
    file.size += static_cast<std::uint64_t>(n);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// By the date in its name: the file of a day is as old as that day's end.
void LogFolder::remove_old(const ProtocolLogSettings& settings, Time now) {
  struct Kept {
    fs::path path;
    LogName name;
    std::uint64_t size = 0;
  };
  std::vector<Kept> kept;
  std::vector<fs::path> old;
  std::uint64_t total = settings.max_size;  // what the file to come will grow to
  std::error_code ignored;  // what cannot be removed now is tried again with the next file
  each_log(settings.folder, [&](const fs::path& path, const LogName& name) {
    const bool aged = settings.max_age != Duration::zero() &&
                      Time(name.day + std::chrono::days(1)) + settings.max_age < now;
    if (aged) {
      old.push_back(path);
      return;
    }
    std::error_code unknown;
    const std::uintmax_t size = fs::file_size(path, unknown);
    kept.push_back({path, name, unknown ? 0 : static_cast<std::uint64_t>(size)});
    total += kept.back().size;
  });
  for (const fs::path& path : old) fs::remove(path, ignored);
  if (settings.max_total == 0) return;
  std::ranges::sort(kept, {}, [](const Kept& one) {
    return std::tuple(one.name.day, one.name.number, one.path);
  });
  for (const Kept& one : kept) {
    if (total <= settings.max_total) return;
    if (is_open(one.path.filename().string())) continue;
    if (fs::remove(one.path, ignored)) total -= one.size;
  }
}

bool LogFolder::is_open(const std::string& file) const {
  return (recv_.fd >= 0 && recv_.name.str() == file) || (send_.fd >= 0 && send_.name.str() == file);
}

void LogFolder::tell_loss(Time now) {
  if (lost_ == 0 || (told_ && now - *told_ < kTellInterval)) return;
  log::write(kProtocolLogLost, {{"lines", std::to_string(lost_)}, {"text", problem_}});
  told_ = now;
  lost_ = 0;
  problem_.clear();
}

}  // namespace postern::relay
