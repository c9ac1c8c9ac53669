#include "explain/export_date.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxDateOctets = 60;
constexpr std::uint64_t kMaxJsonMilliseconds = 253'402'300'799'999;  // the end of year 9999

struct Clockface {
  unsigned hour = 0, minute = 0, second = 0;
  bool twelve = false;
};

std::optional<Time> moment(unsigned year, unsigned month, unsigned day, const Clockface& clock) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || year < 1900) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(clock.hour) +
         std::chrono::minutes(clock.minute) + std::chrono::seconds(clock.second);
}

// The numbers of a text and what stands between them.
struct Numbers {
  std::vector<unsigned> values;
  std::vector<std::size_t> digits;
  std::vector<char> separators;  // in front of each number
  bool am = false, pm = false;
};

std::optional<Numbers> numbers_of(std::string_view text) {
  Numbers out;
  char separator = ' ';
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      if (iequals(text.substr(i, 2), "AM")) out.am = true;
      if (iequals(text.substr(i, 2), "PM")) out.pm = true;
      if (!is_alpha(text[i]) && text[i] != ' ') separator = text[i];
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    const auto value = parse_uint(text.substr(i, end - i), 9'999'999);
    if (!value || out.values.size() == 10) return std::nullopt;
    out.values.push_back(static_cast<unsigned>(*value));
    out.digits.push_back(end - i);
    out.separators.push_back(separator);
    separator = ' ';
    i = end;
  }
  return out;
}

std::optional<Clockface> clock_of(const Numbers& numbers) {
  Clockface out;
  std::array<unsigned*, 3> fields = {&out.hour, &out.minute, &out.second};
  for (std::size_t i = 3; i < std::min<std::size_t>(numbers.values.size(), 6); ++i)
    *fields[i - 3] = numbers.values[i];
  if (out.hour > 23 || out.minute > 59 || out.second > 59) return std::nullopt;
  out.twelve = (numbers.am || numbers.pm) && numbers.values.size() > 3;
  if (out.twelve && out.hour > 12) return std::nullopt;
  if (out.twelve) out.hour = out.hour % 12 + (numbers.pm ? 12 : 0);
  return out;
}

std::optional<ExportDate> json_date(std::string_view text) {
  if (!text.starts_with("/Date(") || !text.ends_with(")/")) return std::nullopt;
  const auto value = parse_uint(text.substr(6, text.size() - 8), kMaxJsonMilliseconds);
  if (!value) return ExportDate{};
  const Time time{std::chrono::milliseconds(*value)};
  return ExportDate{time, time, false};
}

}  // namespace

ExportDate parse_export_date(std::string_view text) {
  text = trim(text);
  if (text.size() > kMaxDateOctets) return {};
  if (const auto json = json_date(text)) return *json;
  if (const Result<Time> exact = parse_rfc3339(text)) return {*exact, *exact, false};
  const std::optional<Numbers> numbers = numbers_of(text);
  if (!numbers || numbers->values.size() < 3 || text.empty() || !is_digit(text.front())) return {};
  const std::optional<Clockface> clock = clock_of(*numbers);
  if (!clock) return {};
  const auto& v = numbers->values;
  ExportDate out;
  out.twelve_hours = clock->twelve;
  if (numbers->digits[0] == 4) {  // year first
    out.month_first = out.day_first = moment(v[0], v[1], v[2], *clock);
    return out;
  }
  if (numbers->digits[2] != 4) return {};
  out.day_first = moment(v[2], v[1], v[0], *clock);
  // With dots and hyphens the day stands first in every culture that uses them.
  const bool slashes = numbers->separators[1] == '/';
  out.month_first = slashes ? moment(v[2], v[0], v[1], *clock) : out.day_first;
  return out;
}

DateOrder order_of(const std::vector<ExportDate>& dates) {
  bool month = false, day = false, twelve = false;
  for (const ExportDate& date : dates) {
    month = month || (date.month_first && !date.day_first);
    day = day || (date.day_first && !date.month_first);
    twelve = twelve || date.twelve_hours;
  }
  if (month && day) return DateOrder::unknown;
  if (month) return DateOrder::month_first;
  return day ? DateOrder::day_first : twelve ? DateOrder::month_first : DateOrder::unknown;
}

PickedDate pick_date(const ExportDate& date, DateOrder order) {
  if (!date.month_first || !date.day_first)
    return {date.month_first ? date.month_first : date.day_first, false};
  if (order == DateOrder::day_first) return {date.day_first, false};
  return {date.month_first, order == DateOrder::unknown && date.month_first != date.day_first};
}

}  // namespace postern::explain
