#include "base/clock.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

#include "base/text.h"

namespace postern {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

struct Civil {
  int year, month, day, hour, minute, second, ms, weekday;
};

Civil civil(Time t) {
  using namespace std::chrono;
  const auto day = floor<days>(t);
  const year_month_day ymd(day);
  const hh_mm_ss time(t - day);
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count()),
          static_cast<int>(weekday(day).c_encoding())};
}

// A fixed number of digits at the front of `text`, consumed.
bool take_digits(std::string_view& text, size_t count, int& out) {
  if (text.size() < count) return false;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + count, out);
  if (ec != std::errc() || end != text.data() + count || text[0] == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_rfc3339(Time t) {
  const Civil c = civil(t);
  std::array<char, 96> out{};
  if (c.ms != 0) {
    std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month,
                  c.day, c.hour, c.minute, c.second, c.ms);
  } else {
    std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day,
                  c.hour, c.minute, c.second);
  }
  return out.data();
}

Result<Time> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const std::string_view whole = text;
  const auto bad = [&] {
    return invalid("'" + std::string(whole) + "' is no time; write it as 2026-12-01T00:00:00Z");
  };
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take_digits(text, 4, y) || !take(text, '-') || !take_digits(text, 2, mo) ||
      !take(text, '-') || !take_digits(text, 2, d)) {
    return bad();
  }
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return bad();
  if (!take_digits(text, 2, h) || !take(text, ':') || !take_digits(text, 2, mi) ||
      !take(text, ':') || !take_digits(text, 2, s)) {
    return bad();
  }
  int ms = 0;
  if (take(text, '.')) {
    int scale = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      ms += (text.front() - '0') * scale;
      scale /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) return bad();
  }
  minutes offset{0};
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool plus = take(text, '+');
    int oh = 0, om = 0;
    if (!plus && !take(text, '-')) return bad();
    if (!take_digits(text, 2, oh) || !take(text, ':') || !take_digits(text, 2, om)) return bad();
    if (oh > 23 || om > 59) return bad();
    offset = hours(oh) + minutes(om);
    if (!plus) offset = -offset;
  }
  const year_month_day ymd{year(y), month(static_cast<unsigned>(mo)),
                           day(static_cast<unsigned>(d))};
  if (!text.empty() || !ymd.ok() || h > 23 || mi > 59 || s > 60) return bad();
  return Time(sys_days(ymd)) + hours(h) + minutes(mi) + seconds(s) + milliseconds(ms) - offset;
}

std::string format_rfc5322(Time t) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil(t);
  std::array<char, 96> out{};
  std::snprintf(out.data(), out.size(), "%s, %d %s %04d %02d:%02d:%02d +0000",
                kDays.at(static_cast<size_t>(c.weekday)), c.day,
                kMonths.at(static_cast<size_t>(c.month - 1)), c.year, c.hour, c.minute, c.second);
  return out.data();
}

std::string format_duration(Duration d) {
  using namespace std::chrono;
  if (d < Duration::zero()) return "-" + format_duration(-d);
  const auto total = duration_cast<seconds>(d).count();
  const auto two = [](long long big, const char* big_unit, long long small,
                      const char* small_unit) {
    std::string out = std::to_string(big) + " " + big_unit;
    if (small != 0) out += " " + std::to_string(small) + " " + small_unit;
    return out;
  };
  if (total >= 86400) return two(total / 86400, "d", total % 86400 / 3600, "h");
  if (total >= 3600) return two(total / 3600, "h", total % 3600 / 60, "min");
  if (total >= 60) return two(total / 60, "min", total % 60, "s");
  if (total > 0 || d == Duration::zero()) return std::to_string(total) + " s";
  return std::to_string(d.count()) + " ms";
}

Result<Duration> parse_duration(std::string_view text) {
  const std::string_view whole = text;
  const auto bad = [&] {
    return invalid("'" + std::string(whole) +
                   "' is no duration; write it as 15s, 5m, 4h, 5d or 1h30m");
  };
  constexpr long long kMaxMs = 100LL * 365 * 86400 * 1000;
  long long sum = 0;
  if (text.empty()) return bad();
  while (!text.empty()) {
    long long value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || value < 0 || value > kMaxMs || text.front() == '-') return bad();
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    size_t letters = 0;
    while (letters < text.size() && is_alpha(text[letters])) ++letters;
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    long long factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s" || (unit.empty() && text.empty() && sum == 0)) factor = 1000;
    if (unit == "m" || unit == "min") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    if (factor == 0 || value > kMaxMs / factor) return bad();
    sum += value * factor;
    if (sum > kMaxMs) return bad();
  }
  return Duration(sum);
}

}  // namespace postern
