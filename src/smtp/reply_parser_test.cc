#include "smtp/reply_parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace postern::smtp {
namespace {

// The replies in `wire`, as one line of text each; "error: ..." for a fault.
std::vector<std::string> parse(std::string_view wire, std::size_t step = 100000) {
  ReplyParser parser;
  std::vector<std::string> out;
  while (!wire.empty()) {
    std::string_view piece = wire.substr(0, step);
    wire.remove_prefix(piece.size());
    while (!piece.empty()) {
      auto reply = parser.next(piece);
      if (!reply) {
        out.push_back("error: " + reply.error().detail());
        return out;
      }
      if (*reply) out.push_back((*reply)->str());
    }
  }
  return out;
}

TEST(ReplyParser, OneAndSeveralLines) {
  const std::string wire = "220 mx.test ready\r\n250-mx.test\r\n250-SIZE 10\r\n250 DSN\r\n";
  const std::vector<std::string> expected = {"220 mx.test ready", "250 mx.test SIZE 10 DSN"};
  EXPECT_EQ(parse(wire), expected);
  EXPECT_EQ(parse(wire, 1), expected);
}

TEST(ReplyParser, TakesWhatServersSendInTheWild) {
  EXPECT_EQ(parse("250\r\n").front(), "250");
  EXPECT_EQ(parse("250 \r\n").front(), "250");
  EXPECT_EQ(parse("250\tok\r\n").front(), "250 ok");
  EXPECT_EQ(parse("250 ok\n").front(), "250 ok");
  EXPECT_EQ(parse("550 5.1.1 \xE4\xF6\r\n").front(), "550 5.1.1 \xE4\xF6");
}

TEST(ReplyParser, KeepsTheEnhancedCodeApart) {
  ReplyParser parser;
  std::string_view wire = "550-5.1.1 no such\r\n550 5.1.1 user\r\n";
  const auto reply = parser.next(wire);
  ASSERT_TRUE(reply && *reply);
  EXPECT_EQ((*reply)->enhanced(), (mail::EnhancedCode{5, 1, 1}));
  EXPECT_EQ((*reply)->lines(), (std::vector<std::string>{"no such", "user"}));
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const char* wire : {"SSH-2.0-x\r\n", "\r\n", "25 ok\r\n", "2500 ok\r\n", "199 ok\r\n",
                           "600 ok\r\n", "250_ok\r\n", "+OK\r\n", " 250 ok\r\n", "-50 x\r\n"}) {
    EXPECT_EQ(parse(wire).front(), "error: not an SMTP reply") << wire;
  }
}

TEST(ReplyParser, RefusesACodeThatChanges) {
  EXPECT_EQ(parse("250-a\r\n550 b\r\n").front(),
            "error: reply code changes from 250 to 550 inside one reply");
}

TEST(ReplyParser, BoundsLinesAndOctets) {
  std::string lines;
  for (std::size_t i = 0; i <= kMaxReplyLines; ++i) lines += "250-x\r\n";
  EXPECT_EQ(parse(lines).front(), "error: reply of more than 500 lines");
  EXPECT_EQ(parse("250 " + std::string(kMaxReplyOctets, 'x')).front(),
            "error: reply of more than 65536 octets");
  EXPECT_EQ(parse("250 " + std::string(kMaxReplyOctets, 'x'), 10).front(),
            "error: reply of more than 65536 octets");
}

TEST(ReplyParser, NeedsMore_ReturnsNothing) {
  ReplyParser parser;
  std::string_view part = "250-a\r\n250 ";
  const auto reply = parser.next(part);
  ASSERT_TRUE(reply);
  EXPECT_FALSE(*reply);
  EXPECT_TRUE(part.empty());
  EXPECT_EQ(parser.line(), "250 ");
  EXPECT_FALSE(parser.empty());
}

}  // namespace
}  // namespace postern::smtp
