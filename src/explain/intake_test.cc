#include "explain/intake.h"

#include <vector>

#include <gtest/gtest.h>

#include "explain/log_time.h"
#include "explain/phrases.h"

namespace postern::explain {
namespace {

std::vector<std::string> lines_of(std::string_view octets, std::size_t step) {
  std::vector<std::string> out;
  Intake intake([&](std::string_view line, std::uint64_t number) {
    EXPECT_EQ(number, out.size() + 1);
    out.emplace_back(line);
  });
  for (std::size_t at = 0; at < octets.size(); at += step) intake.feed(octets.substr(at, step));
  intake.finish();
  return out;
}

TEST(Intake, LinesEndInAnyWayAndInAnySegmentation) {
  const std::vector<std::string> expected{"a", "b", "", "c", "d"};
  std::string text = "a\r\nb\n\nc\rd";
  text += std::string(5000, '\n');  // past the octets that tell the form
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, text.size()}) {
    std::vector<std::string> lines = lines_of(text, step);
    ASSERT_GT(lines.size(), expected.size());
    lines.resize(expected.size());
    EXPECT_EQ(lines, expected) << step;
  }
}

TEST(Intake, PlainLineUndoesQuotingAndTypography) {
  std::string buffer;
  EXPECT_EQ(plain_line("> > text", buffer), "text");
  EXPECT_EQ(plain_line("\xE2\x80\x9Cwanted\xE2\x80\x9D \xE2\x80\x98x\xE2\x80\x99", buffer),
            "\"wanted\" 'x'");
  EXPECT_EQ(plain_line("caf\xE9", buffer), "caf\xC3\xA9");
}

TEST(LogTime, MomentsAtTheHeadOfALine) {
  const Time latest = *parse_rfc3339("2026-11-21T00:00:00Z");
  EXPECT_EQ(log_time("2017-04-14T17:00:41.125Z,EX01", latest),
            *parse_rfc3339("2017-04-14T17:00:41.125Z"));
  EXPECT_EQ(log_time("1999-03-02 09:44:33 10HmaX", latest), *parse_rfc3339("1999-03-02T09:44:33Z"));
  EXPECT_EQ(log_time("Mar 23 11:21:31 mail postfix", latest),
            *parse_rfc3339("2026-03-23T11:21:31Z"));
  EXPECT_EQ(log_time("Dec  3 11:21:31 mail postfix", latest),
            *parse_rfc3339("2025-12-03T11:21:31Z"));
  EXPECT_EQ(log_time("no moment here", latest), std::nullopt);
  EXPECT_EQ(log_time("99 bottles of beer on the wall", latest), std::nullopt);
}

TEST(Phrases, AreFoundInOnePassWhateverTheirCaseAndSeparators) {
  const Phrases phrases({"self signed certificate", "certificate has expired", "certificate"});
  std::vector<std::uint16_t> found;
  phrases.find("SELF-SIGNED_Certificate", Phrases::kStart, found);
  EXPECT_EQ(found, (std::vector<std::uint16_t>{0, 2}));
  found.clear();
  const Phrases::State half = phrases.find("certificate has", Phrases::kStart, found);
  found.clear();
  phrases.find(" expired", half, found);
  EXPECT_EQ(found, (std::vector<std::uint16_t>{1}));
}

TEST(Phrases, TheTailOfALongerWordIsNoPhrase) {
  EXPECT_TRUE(has_phrase("550 tls required", "tls required"));
  EXPECT_FALSE(has_phrase("550 starttls required", "tls required"));
  EXPECT_TRUE(has_phrase("starttls required, tls required", "tls required"));
}

}  // namespace
}  // namespace postern::explain
