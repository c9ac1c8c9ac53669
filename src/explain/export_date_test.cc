#include "explain/export_date.h"

#include <gtest/gtest.h>

namespace postern::explain {
namespace {

std::string read(std::string_view text, DateOrder order) {
  const PickedDate picked = pick_date(parse_export_date(text), order);
  return picked.time ? format_rfc3339(*picked.time) + (picked.ambiguous ? " ?" : "") : "none";
}

TEST(ExportDate, EveryCultureThatPowerShellWrites) {
  const struct {
    const char* text;
    DateOrder order;
    const char* is;
  } cases[] = {
      {"11/25/2026 12:00:00 AM", DateOrder::unknown, "2026-11-25T00:00:00Z"},
      {"25/11/2026 14:30:05", DateOrder::unknown, "2026-11-25T14:30:05Z"},
      {"10.11.2026 01:59:59", DateOrder::unknown, "2026-11-10T01:59:59Z"},
      {"10-11-2026 01:59", DateOrder::unknown, "2026-11-10T01:59:00Z"},
      {"2026-11-10 00:00:00", DateOrder::unknown, "2026-11-10T00:00:00Z"},
      {"2026/11/10 0:00:00", DateOrder::unknown, "2026-11-10T00:00:00Z"},
      {"2026-11-10T00:00:00+01:00", DateOrder::unknown, "2026-11-09T23:00:00Z"},
      {"/Date(1794268800000)/", DateOrder::unknown, "2026-11-10T00:00:00Z"},
      {"11/10/2026 12:00:00 PM", DateOrder::month_first, "2026-11-10T12:00:00Z"},
      {"11/10/2026 12:00:00", DateOrder::day_first, "2026-10-11T12:00:00Z"},
      {"11/10/2026 12:00:00", DateOrder::unknown, "2026-11-10T12:00:00Z ?"},
      {"11/11/2026 12:00:00", DateOrder::unknown, "2026-11-11T12:00:00Z"},
      {"31/31/2026", DateOrder::unknown, "none"},
      {"11/10/26", DateOrder::unknown, "none"},
      {"CN=mail 11/10/2026", DateOrder::unknown, "none"},
      {"", DateOrder::unknown, "none"},
      {"11/10/2026 25:00:00", DateOrder::unknown, "none"},
  };
  for (const auto& one : cases) EXPECT_EQ(read(one.text, one.order), one.is) << one.text;
}

TEST(ExportDate, OneDateThatCanMeanButOneDaySettlesAllOfTheText) {
  const auto order = [](std::vector<const char*> texts) {
    std::vector<ExportDate> dates;
    for (const char* text : texts) dates.push_back(parse_export_date(text));
    return order_of(dates);
  };
  EXPECT_EQ(order({"11/10/2026", "25/10/2026"}), DateOrder::day_first);
  EXPECT_EQ(order({"11/10/2026", "10/25/2026"}), DateOrder::month_first);
  EXPECT_EQ(order({"11/10/2026", "10/11/2026"}), DateOrder::unknown);
  EXPECT_EQ(order({"25/10/2026", "10/25/2026"}), DateOrder::unknown);
  EXPECT_EQ(order({"11/10/2026 1:00:00 AM"}), DateOrder::month_first);
  EXPECT_EQ(order({"11/10/2026 1:00:00 AM", "25/10/2026 1:00:00 AM"}), DateOrder::day_first);
}

}  // namespace
}  // namespace postern::explain
