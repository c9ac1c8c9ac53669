#include "smtp/data.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace postern::smtp {
namespace {

using namespace std::string_literals;
using Framing = BodyDecoder::Framing;

struct Decoded {
  std::string octets;
  std::size_t taken = 0;
  bool ended = false;
  BodyFault fault = BodyFault::none;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view in, std::size_t step, BodyDecoder::Options options = {}) {
  BodyDecoder decoder(options);
  Decoded out;
  while (out.taken < in.size() && !decoder.ended()) {
    out.taken += decoder.feed(in.substr(out.taken, step), out.octets);
  }
  if (options.framing == Framing::bdat) decoder.finish(out.octets);
  out.ended = decoder.ended();
  out.fault = decoder.fault();
  return out;
}

// Decodes whole, and checks that every segmentation gives the same.
Decoded decode_all_ways(std::string_view in, BodyDecoder::Options options = {}) {
  const Decoded whole = decode(in, in.size() + 1, options);
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    EXPECT_EQ(decode(in, step, options), whole) << "in pieces of " << step;
  }
  return whole;
}

TEST(BodyDecoder, EndsAtCrlfDotCrlf_AndTakesNothingBehindIt) {
  const Decoded d = decode_all_ways("a\r\nb\r\n.\r\nQUIT\r\n");
  EXPECT_TRUE(d.ended);
  EXPECT_EQ(d.octets, "a\r\nb\r\n");
  EXPECT_EQ(d.taken, 9U);
  EXPECT_EQ(d.fault, BodyFault::none);
}

TEST(BodyDecoder, DotAtOnceIsTheEmptyMessage) {
  const Decoded d = decode_all_ways(".\r\n");
  EXPECT_TRUE(d.ended);
  EXPECT_EQ(d.octets, "");
}

TEST(BodyDecoder, FirstDotOfALineGoes_OthersStay) {
  const Decoded d = decode_all_ways("..\r\n...\r\n.x\r\na.\r\n.\r\n");
  EXPECT_TRUE(d.ended);
  EXPECT_EQ(d.octets, ".\r\n..\r\nx\r\na.\r\n");
}

TEST(BodyDecoder, KeepsEveryOctetButNul) {
  std::string all;
  for (int c = 1; c < 256; ++c) {
    if (c != '\r' && c != '\n') all += static_cast<char>(c);
  }
  const Decoded d = decode_all_ways(all + "\r\n.\r\n");
  EXPECT_EQ(d.octets, all + "\r\n");
  EXPECT_EQ(d.fault, BodyFault::none);
}

// Every short sequence of these octets that some server takes for the end, and every other one too:
// only CR LF . CR LF may end the message. Compared with a plain definition of the rule.
TEST(BodyDecoder, NoOtherSequenceEndsTheMessage) {
  const std::string letters = "\r\n.x\0"s;
  constexpr int kLength = 6;
  for (int n = 0; n < 5 * 5 * 5 * 5 * 5 * 5; ++n) {
    std::string tail;
    for (int i = 0, rest = n; i < kLength; ++i, rest /= 5) {
      tail += letters[static_cast<std::size_t>(rest % 5)];
    }
    const std::string in = "a" + tail;
    const std::size_t end = in.find("\r\n.\r\n");
    const Decoded d = decode(in, in.size());
    ASSERT_EQ(d.ended, end != std::string::npos) << testing::PrintToString(in);
    if (d.ended) {
      ASSERT_EQ(d.taken, end + 5);
    }
    ASSERT_EQ(decode(in, 1), d) << testing::PrintToString(in);
  }
}

TEST(BodyDecoder, OddNewlinesAreFaults_AndTheEndIsStillFound) {
  struct Case {
    std::string body;
    BodyFault fault;
  };
  const std::vector<Case> cases = {
      {"a\n.\nb\r\n", BodyFault::bare_lf},
      {"a\r\n.\nb\r\n", BodyFault::bare_lf},
      {"a\n.\r\nb\r\n", BodyFault::bare_lf},
      {"a\r.\rb\r\n", BodyFault::bare_cr},
      {"a\r\n.\rb\r\n", BodyFault::bare_cr},
      {"a\r.\r\nb\r\n", BodyFault::bare_cr},
      {"a\r\r\nb\r\n", BodyFault::bare_cr},
      {"a\r\n\n.\r\nb\r\n", BodyFault::bare_lf},
      {"a\r\n.\r\r\nb\r\n", BodyFault::bare_cr},
      {"\n", BodyFault::bare_lf},
      {"a\0b\r\n"s, BodyFault::nul},
      {"a\r\n.\0\r\n"s, BodyFault::nul},
      {"a\r\0\n.\r\n\r\n"s, BodyFault::bare_cr},
  };
  for (const Case& c : cases) {
    const std::string in = c.body + (c.body.ends_with("\r\n") ? ".\r\n" : "\r\n.\r\n");
    const Decoded d = decode_all_ways(in);
    EXPECT_EQ(d.fault, c.fault) << testing::PrintToString(in);
    EXPECT_TRUE(d.ended) << testing::PrintToString(in);
    EXPECT_EQ(d.taken, in.size()) << testing::PrintToString(in);
  }
}

TEST(BodyDecoder, OutputStopsBeforeTheFault) {
  EXPECT_EQ(decode_all_ways("one\r\ntwo\nthree\r\n.\r\n").octets, "one\r\ntwo");
  EXPECT_EQ(decode_all_ways("one\r\ntw\ro\r\n.\r\n").octets, "one\r\ntw");
}

TEST(BodyDecoder, Repair_StoresOnlyCrlf_AndEndsNoEarlier) {
  const BodyDecoder::Options repair{.repair_newlines = true};
  const Decoded d = decode_all_ways("a\n.\nb\rc\r\r\n.\n.\r\n.\r\n", repair);
  EXPECT_TRUE(d.ended);
  EXPECT_EQ(d.octets, "a\r\n.\r\nb c \r\n\r\n.\r\n");
  EXPECT_EQ(d.fault, BodyFault::none);
  EXPECT_EQ(decode_all_ways("a\0\r\n.\r\n"s, repair).fault, BodyFault::nul);
}

TEST(BodyDecoder, TooBig_CountsDecodedOctets) {
  const BodyDecoder::Options limit{.max_octets = 5};
  EXPECT_EQ(decode_all_ways("..bc\r\n.\r\n", limit).fault, BodyFault::none);
  const Decoded d = decode_all_ways("..bcd\r\n.\r\n", limit);
  EXPECT_EQ(d.fault, BodyFault::too_big);
  EXPECT_TRUE(d.ended);
  EXPECT_EQ(d.octets, ".bcd\r");
}

TEST(BodyDecoder, Bdat_KeepsDots_AndHasNoEnd) {
  const Decoded d = decode_all_ways("..\r\n.\r\nx", {.framing = Framing::bdat});
  EXPECT_FALSE(d.ended);
  EXPECT_EQ(d.octets, "..\r\n.\r\nx");
  EXPECT_EQ(d.fault, BodyFault::none);
}

TEST(BodyDecoder, Bdat_CrAtTheVeryEndIsBare) {
  EXPECT_EQ(decode_all_ways("x\r", {.framing = Framing::bdat}).fault, BodyFault::bare_cr);
  EXPECT_EQ(decode_all_ways("x\r\n", {.framing = Framing::bdat}).fault, BodyFault::none);
}

std::string stuff(std::string_view in, std::size_t step) {
  DotStuffer stuffer;
  std::string out;
  for (std::size_t at = 0; at < in.size(); at += step) stuffer.feed(in.substr(at, step), out);
  stuffer.finish(out);
  return out;
}

TEST(DotStuffer, DoublesTheDotAtEachLineStart) {
  for (const std::size_t step : {1U, 2U, 3U, 100U}) {
    EXPECT_EQ(stuff(".a\r\n.\r\n..\r\nb.\r\n", step), "..a\r\n..\r\n...\r\nb.\r\n.\r\n");
  }
}

TEST(DotStuffer, EndsAnUnfinishedLine) {
  EXPECT_EQ(stuff("a", 1), "a\r\n.\r\n");
  EXPECT_EQ(stuff("", 1), ".\r\n");
  EXPECT_EQ(stuff("a\r", 1), "a\r\r\n.\r\n");
}

}  // namespace
}  // namespace postern::smtp
