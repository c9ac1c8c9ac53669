#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log_gate.h"
#include "base/result.h"
#include "base/text.h"

namespace postern {
namespace {

using namespace std::chrono_literals;

Result<int> half(int n) {
  if (n % 2 != 0) return invalid("odd");
  return n / 2;
}

Result<int> quarter(int n) {
  TRY(const int h, half(n));
  return half(h);
}

TEST(Result, TryPassesValueAndError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().what(), "odd");
}

TEST(Clock, Rfc3339RoundTripsAndTakesOffsets) {
  const Time t = parse_rfc3339("2026-12-01T01:30:00.250+01:30").value();
  EXPECT_EQ(format_rfc3339(t), "2026-12-01T00:00:00.250Z");
  EXPECT_EQ(format_rfc5322(t), "Tue, 1 Dec 2026 00:00:00 +0000");
  for (const char* bad :
       {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-12-01", "2026-12-01T00:00:00",
        "2026-12-01T00:00:00Zx", "2026-12-01T24:00:00Z", "-026-12-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(Clock, DurationsAreReadAndShown) {
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("5").value(), 5s);
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("14d").value(), 14 * 24h);
  for (const char* bad : {"", "5x", "-5s", "s", "1h5", "99999999999d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(format_duration(4h + 10min), "4 h 10 min");
  EXPECT_EQ(format_duration(15s), "15 s");
  EXPECT_EQ(format_duration(50h), "2 d 2 h");
}

TEST(Id, LaterIdsAreGreaterEvenWhenTheClockGoesBack) {
  const Time t = parse_rfc3339("2026-11-21T00:00:00Z").value();
  const MessageId a = MessageId::make(t);
  const MessageId b = MessageId::make(t - 1h);
  EXPECT_LT(a, b);
  EXPECT_EQ(MessageId::parse(lower(b.str())), b);
  EXPECT_FALSE(MessageId::parse("U000000000000"));
  EXPECT_FALSE(MessageId::parse("ZZZZZZZZZZZZZ"));
}

TEST(LogGate, LinesOfAMinuteAreBoundedAndTheNextOneCountsTheRest) {
  log::Gate gate(1);
  const Time start{};
  std::uint64_t left_out = 7;
  EXPECT_TRUE(gate.open(start + 60s, left_out));
  EXPECT_EQ(left_out, 0U);
  EXPECT_FALSE(gate.open(start + 61s, left_out));
  EXPECT_FALSE(gate.open(start + 119s, left_out));
  EXPECT_TRUE(gate.open(start + 120s, left_out));
  EXPECT_EQ(left_out, 2U);
}

TEST(Text, PrintableNeverCarriesControlOrBadUtf8) {
  EXPECT_EQ(printable("a\r\nb\x01\xff\xc3\xa9"), "a\\x0D\\x0Ab\\x01\\xFF\xc3\xa9");
  EXPECT_LE(printable(std::string(5000, 'x'), 100).size(), 103U);
  EXPECT_TRUE(is_valid_utf8("\xf0\x9f\x93\xa7"));
  EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));
}

TEST(Text, NumbersHexBase64) {
  EXPECT_EQ(parse_uint("42"), 42U);
  for (const char* bad : {"", "+1", "-1", "1 ", "0x1", "99999999999999999999"})
    EXPECT_FALSE(parse_uint(bad)) << bad;
  EXPECT_EQ(to_hex("\x01\xab"), "01AB");
  EXPECT_EQ(from_hex("01aB"), "\x01\xab");
  EXPECT_EQ(to_base64("ab"), "YWI=");
  for (const std::string_view octets : {"", "a", "ab", "abc", "\xff\xfe\x00\x01"})
    EXPECT_EQ(from_base64(to_base64(octets)), octets);
  for (const char* bad : {"YWI", "YWJ=", "Y===", "====", "YW I", "YW=I", "YWI=YWI="})
    EXPECT_FALSE(from_base64(bad)) << bad;
  EXPECT_EQ(trim("  a b\r\n"), "a b");
}

TEST(JsonText, DeepNestingIsRefusedNotRecursed) {
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  EXPECT_FALSE(parse_json("{\"a\":"));
  EXPECT_EQ(dump_json(parse_json("{\"b\":1,\"a\":\"\\u00e9\"}").value()),
            "{\"b\":1,\"a\":\"\xc3\xa9\"}");
}

}  // namespace
}  // namespace postern
