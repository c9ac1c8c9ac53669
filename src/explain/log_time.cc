#include "explain/log_time.h"

#include <array>

#include "base/text.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxMomentOctets = 35;
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<unsigned> number(std::string_view text) {
  const auto value = parse_uint(trim(text), 9999);
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

std::optional<Time> moment(unsigned year, unsigned month, unsigned day, std::string_view clock) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || clock.size() < 8 || clock[2] != ':' || clock[5] != ':') return std::nullopt;
  const auto hours = number(clock.substr(0, 2)), minutes = number(clock.substr(3, 2)),
             seconds = number(clock.substr(6, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60)
    return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hours) +
         std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds);
}

std::optional<Time> iso_time(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' '))
    return std::nullopt;
  const auto year = number(text.substr(0, 4)), month = number(text.substr(5, 2)),
             day = number(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  if (text[10] == 'T') {
    const std::size_t end = text.substr(0, kMaxMomentOctets).find_first_not_of("0123456789-T:.+Z");
    if (const auto whole = parse_rfc3339(text.substr(0, std::min(end, kMaxMomentOctets))))
      return *whole;
  }
  return moment(*year, *month, *day, text.substr(11, 8));
}

std::optional<Time> syslog_time(std::string_view text, Time latest) {
  if (text.size() < 15 || text[3] != ' ' || text[6] != ' ') return std::nullopt;
  for (std::size_t month = 0; month < kMonths.size(); ++month) {
    if (text.substr(0, 3) != kMonths[month]) continue;
    const auto day = number(text.substr(4, 2));
    if (!day) return std::nullopt;
    const auto this_year =
        std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(latest)).year();
    for (int back = 0; back < 5; ++back) {  // the 29th of February is not in every year
      const auto year = static_cast<unsigned>(static_cast<int>(this_year) - back);
      const auto t = moment(year, static_cast<unsigned>(month + 1), *day, text.substr(7, 8));
      if (t && *t <= latest + std::chrono::days(1)) return t;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Time> log_time(std::string_view line, Time latest) {
  const std::size_t start = line.find_first_not_of(" \t[\"");
  if (start == std::string_view::npos) return std::nullopt;
  line.remove_prefix(start);
  return is_digit(line.front()) ? iso_time(line) : syslog_time(line, latest);
}

}  // namespace postern::explain
