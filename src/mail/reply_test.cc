#include "mail/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace postern::mail {
namespace {

using testing::ElementsAre;

TEST(EnhancedCode, IsReadWholeOrNotAtAll) {
  EXPECT_EQ(parse_enhanced_code("4.7.5"), (EnhancedCode{4, 7, 5}));
  EXPECT_EQ(parse_enhanced_code("2.0.0").value().str(), "2.0.0");
  EXPECT_EQ(parse_enhanced_code("5.999.114").value().str(), "5.999.114");
  for (const char* bad : {"", "4", "4.7", "4.7.5.", "4.7.5 x", "3.0.0", "1.2.3", "44.1.1",
                          "4.1000.1", "4.01.1", "4.-1.1", "4..1", " 4.7.5", "4.7.x"}) {
    EXPECT_FALSE(parse_enhanced_code(bad)) << bad;
  }
}

TEST(Reply, WireCarriesCodeAndEnhancedCode) {
  EXPECT_EQ(Reply(250, {2, 1, 5}, "ok").wire(), "250 2.1.5 ok\r\n");
  EXPECT_EQ(Reply(354, "go on").wire(), "354 go on\r\n");
  EXPECT_EQ(Reply(354, "").wire(), "354 \r\n");
  EXPECT_EQ(Reply::multiline(250, {"mx.test", "SIZE 10", "DSN"}).wire(),
            "250-mx.test\r\n250-SIZE 10\r\n250 DSN\r\n");
}

TEST(Reply, ClassFollowsFromTheCode) {
  EXPECT_TRUE(Reply(250, "x").positive());
  EXPECT_FALSE(Reply(354, "x").positive());
  EXPECT_FALSE(Reply(354, "x").negative());
  EXPECT_TRUE(Reply(450, "x").negative());
  EXPECT_TRUE(Reply(451, "x").transient());
  EXPECT_TRUE(Reply(550, "x").permanent());
  EXPECT_FALSE(Reply(550, "x").transient());
}

TEST(ReplyDeathTest, BrokenInvariantStopsTheProgramWithItsName) {
  EXPECT_DEATH(Reply(199, "x"), "200 to 599");
  EXPECT_DEATH(Reply(600, "x"), "200 to 599");
  EXPECT_DEATH(Reply(451, EnhancedCode{5, 7, 3}, "x"), "class of a reply's enhanced code");
  EXPECT_DEATH(Reply(451, EnhancedCode{4, 7, 1000}, "x"), "in range");
  EXPECT_DEATH(Reply(250, "a\r\nb"), "no CR, LF or NUL");
  EXPECT_DEATH(Reply(250, std::string("a\0b", 3)), "no CR, LF or NUL");
  EXPECT_DEATH((void)Reply::multiline(250, {}), "has a line");
  EXPECT_DEATH((void)Reply::multiline(250, {"a", "b\n"}), "no CR, LF or NUL");
}

TEST(Reply, ExchangeStarttlsIsTheOnePairThatDiffers) {
  EXPECT_EQ(Reply::exchange_starttls_required().wire(),
            "451 5.7.3 Must issue a STARTTLS command first\r\n");
  EXPECT_TRUE(Reply::exchange_starttls_required().transient());
}

TEST(Reply, LongTextIsFoldedAndNoOctetIsLost) {
  const std::string text =
      std::string(700, 'a') + " " + std::string(300, 'b') + " " + std::string(300, 'c');
  const std::string wire = Reply(550, {5, 7, 1}, text).wire();
  std::string joined;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < wire.size(); ++lines) {
    const std::size_t end = wire.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, kMaxReplyLineOctets);
    const bool last = end + 2 == wire.size();
    EXPECT_EQ(wire.substr(at, 10), last ? "550 5.7.1 " : "550-5.7.1 ");
    joined += wire.substr(at + 10, end - at - 10);
    at = end + 2;
  }
  EXPECT_GE(lines, 3U);
  std::erase(joined, ' ');
  EXPECT_EQ(joined, std::string(700, 'a') + std::string(300, 'b') + std::string(300, 'c'));
}

TEST(Reply, FoldingCutsNoUtf8Sequence) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "\xE2\x82\xAC";
  const Reply reply(550, text);
  for (const auto line : split(reply.wire(), '\n')) EXPECT_TRUE(is_valid_utf8(line));
  // Continuation octets alone are no UTF-8; folding ends all the same.
  EXPECT_FALSE(Reply(550, std::string(2000, '\x80')).wire().empty());
}

TEST(ReplyFromPeer, SplitsOffTheEnhancedCodeOfEveryLine) {
  const Reply reply = Reply::from_peer(550, {"5.1.1 no such", "5.1.1 user", "see http"});
  EXPECT_EQ(reply.enhanced(), (EnhancedCode{5, 1, 1}));
  EXPECT_THAT(reply.lines(), ElementsAre("no such", "user", "see http"));
  EXPECT_EQ(reply.str(), "550 5.1.1 no such user see http");
}

TEST(ReplyFromPeer, KeepsForeignClassInTheText) {
  const Reply reply = Reply::from_peer(451, {"5.7.3 STARTTLS is required to send mail"});
  EXPECT_FALSE(reply.enhanced());
  EXPECT_EQ(reply.str(), "451 5.7.3 STARTTLS is required to send mail");
  EXPECT_EQ(Reply::from_peer(354, {"2.0.0 go"}).str(), "354 2.0.0 go");
}

TEST(ReplyFromPeer, KeepsOddOctetsAndTakesOutLineEndsAndNul) {
  const Reply reply = Reply::from_peer(250, {std::string("a\0b\rc\nd\xFF\t\x01", 10)});
  EXPECT_THAT(reply.lines(), ElementsAre("abcd\xFF\t\x01"));
}

TEST(ReplyFromPeer, NeverAborts) {
  EXPECT_EQ(Reply::from_peer(0, {}).code(), kUnreadablePeerCode);
  EXPECT_EQ(Reply::from_peer(999, {"5.0.0 x"}).str(), "451 5.0.0 x");
  EXPECT_EQ(Reply::from_peer(250, {}).wire(), "250 \r\n");
  EXPECT_EQ(Reply::from_peer(250, {"2.0.0"}).str(), "250 2.0.0");
}

}  // namespace
}  // namespace postern::mail
