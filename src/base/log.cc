#include "base/log.h"

#include <atomic>
#include <filesystem>
#include <memory>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace postern::log {
namespace {

std::atomic<bool> journal_prefix{false};

// Where lines go: stderr, and a file that can be exchanged while other threads log.
struct Sinks {
  spdlog::sink_ptr error = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::shared_ptr<spdlog::sinks::dist_sink_mt> all =
      std::make_shared<spdlog::sinks::dist_sink_mt>();
  Sinks() { all->add_sink(error); }
};

Sinks& sinks() {
  static Sinks instance;
  return instance;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("postern", sinks().all);
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return instance;
}

spdlog::level::level_enum spd_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "error";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=") != std::string_view::npos;
}

}  // namespace

void write(const Event& event, std::initializer_list<Field> fields) {
  std::string line;
  if (journal_prefix) {
    line += event.level == Level::error ? "<3>" : event.level == Level::warning ? "<4>" : "<6>";
  }
  line += "P" + std::to_string(event.number) + " ";
  line += level_name(event.level);
  line += " ";
  line += event.name;
  for (const auto& [key, value] : fields) {
    line += " ";
    line += key;
    line += "=";
    const std::string text = printable(value, 4000);
    if (!needs_quotes(text)) {
      line += text;
      continue;
    }
    line += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  logger()->log(spd_level(event.level), "{}", line);
}

void debug(std::string_view text) {
  logger()->debug("P0000 debug {}", text);
}

void set_level(Level minimum) {
  logger()->set_level(spd_level(minimum));
}

void set_journal_prefix(bool on) {
  journal_prefix = on;
  if (on) logger()->set_pattern("%v");
}

Result<void> set_file(const std::string& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    // Addresses of people are in it: not for every user's eyes.
    std::error_code ignored;
    std::filesystem::permissions(path, std::filesystem::perms(0640), ignored);
    (void)logger();  // sets the pattern before the file takes it over
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %v");
    // At one stroke: no line falls between the old file and the new one.
    sinks().all->set_sinks({sinks().error, std::move(sink)});
    return {};
  } catch (const spdlog::spdlog_ex& e) {
    return invalid("log file '" + path + "': " + e.what());
  }
}

}  // namespace postern::log
