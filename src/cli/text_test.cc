#include "cli/text.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/command.h"

namespace postern::cli {
namespace {

Time at(const char* text) {
  return *parse_rfc3339(text);
}

TEST(Text, TimesSayHowLongAgoOrHowSoon) {
  const Style style{false, at("2026-11-21T02:20:00Z")};
  EXPECT_EQ(when(at("2026-11-21T02:08:00.250Z")), "2026-11-21 02:08:00 UTC");
  EXPECT_EQ(since(style, at("2026-11-21T02:08:00Z")), "2026-11-21 02:08:00 UTC, 12 min ago");
  EXPECT_EQ(until(style, at("2026-11-21T02:20:05Z")), "in 5 s");
  EXPECT_EQ(until(style, at("2026-11-21T02:19:00Z")), "now");
}

TEST(Text, ColourOnlyWhereAskedFor) {
  EXPECT_EQ((Style{false, {}}.red("x")), "x");
  EXPECT_EQ((Style{true, {}}.red("x")), "\x1b[1;31mx\x1b[0m");
}

TEST(Text, FaultSaysWhoseAndWhetherItIsOurs) {
  EXPECT_EQ(fault_words({{"fault", "server"}, {"ours", false}}),
            "the server's (theirs: it is cured there)");
  EXPECT_EQ(fault_words({{"fault", "client"}, {"ours", true}}),
            "the client's (ours: it is cured here)");
  EXPECT_EQ(fault_words({{"fault", "path"}, {"ours", nullptr}}), "the path's between the two");
  EXPECT_EQ(fault_words({{"fault", "unknown"}}), "not known");
}

TEST(Text, NumbersOfAnyOriginAreReadAndNegativeOnesAreNone) {
  EXPECT_EQ(number_of({{"state", 2}}, "state"), 2U);
  EXPECT_EQ(number_of(*parse_json(R"({"state":2})"), "state"), 2U);
  EXPECT_EQ(number_of({{"state", -1}}, "state"), 0U);
  EXPECT_EQ(number_of({{"state", "2"}}, "state"), 0U);
}

TEST(Text, TableColumnsCountCharactersAndNotOctets) {
  Table table({"A", "B"});
  table.add({"f\xc3\xa4r", "1"});
  table.add({"long one", "2"});
  table.add_note("  note");
  EXPECT_EQ(table.str({}), "A         B\nf\xc3\xa4r       1\nlong one  2\n  note\n");
}

TEST(Text, WrappedLinesStayWithinTheirColumns) {
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  const std::string text = wrapped(words, "1. ", "   ");
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    EXPECT_LE(end - begin, kLineColumns);
}

TEST(Command, MomentIsATimeOrADuration) {
  const Time now = at("2026-11-21T02:20:00Z");
  EXPECT_EQ(*parse_moment("--since", "4h", now, Towards::past), at("2026-11-20T22:20:00Z"));
  EXPECT_EQ(*parse_moment("--until", "4h", now, Towards::future), at("2026-11-21T06:20:00Z"));
  EXPECT_EQ(*parse_moment("--until", "2026-12-01T00:00:00Z", now, Towards::future),
            at("2026-12-01T00:00:00Z"));
  const Result<Time> wrong = parse_moment("--since", "yesterday", now, Towards::past);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail().find("--since"), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
