// Dates as PowerShell writes them in the culture of the machine: 11/10/2026 is November in one
// office and October in the next. Both readings are kept until something decides. Local times of an
// unknown zone count as UTC: good to a day.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace postern::explain {

struct ExportDate {
  std::optional<Time> month_first, day_first;  // equal where the text can mean but one day
  bool twelve_hours = false;                   // AM or PM: most who write so put the month first
  [[nodiscard]] bool known() const { return month_first || day_first; }
};
// "11/10/2026 12:00:00 AM", "10.11.2026 00:00:00", "2026-11-10T00:00:00Z", "/Date(1794268800000)/".
// None known: it is no date.
[[nodiscard]] ExportDate parse_export_date(std::string_view text);

enum class DateOrder { unknown, month_first, day_first };
// What the dates of one text say together: 11/25/2026 among them settles it for all. Contradicting
// ones and AM/PM alone leave it unknown or decide it as the majority of cultures would.
[[nodiscard]] DateOrder order_of(const std::vector<ExportDate>& dates);

struct PickedDate {
  std::optional<Time> time;
  bool ambiguous = false;  // nothing decided: the month was taken to stand first
};
[[nodiscard]] PickedDate pick_date(const ExportDate& date, DateOrder order);

}  // namespace postern::explain
