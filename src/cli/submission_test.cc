#include "cli/submission.h"

#include <gtest/gtest.h>

namespace postern::cli {
namespace {

TEST(Submission, EveryLineEndBecomesCrlf) {
  EXPECT_EQ(with_crlf("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd\r\n");
  EXPECT_EQ(with_crlf("\r\r\n\n"), "\r\n\r\n\r\n");
  EXPECT_EQ(with_crlf(""), "");
}

TEST(Submission, IdIsFoundOnlyInAReplyThatHasOne) {
  const MessageId id(123456789);
  EXPECT_EQ(id_in_reply("250 2.6.0 <" + id.str() + "> Queued for delivery"), id);
  EXPECT_FALSE(id_in_reply("250 2.0.0 OK"));
  EXPECT_FALSE(id_in_reply("250 2.0.0 <someone@example.com> queued"));
  EXPECT_FALSE(id_in_reply("250 > <"));
}

TEST(Submission, MessageHasItsHeaderFieldsAndNothingCanBeSmuggledIntoThem) {
  Draft draft;
  draft.from = *mail::parse_mailbox("alice@contoso.com");
  draft.to = {*mail::parse_mailbox("bob@partner.example"), *mail::parse_mailbox("eve@x.example")};
  draft.subject = "gr\xc3\xbc\xc3\x9f\r\nBcc: x@y";
  draft.body = "Hello\n.\nend";
  draft.hostname = "edge.contoso.com";
  const std::string text = compose(draft, *parse_rfc3339("2026-11-21T02:20:00Z"), 1);
  EXPECT_NE(text.find("Date: Sat, 21 Nov 2026 02:20:00 +0000\r\n"), std::string::npos);
  EXPECT_NE(text.find("To: <bob@partner.example>,\r\n <eve@x.example>\r\n"), std::string::npos);
  EXPECT_NE(text.find("Subject: =?utf-8?B?"), std::string::npos);
  EXPECT_EQ(text.find("\nBcc:"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\nHello\r\n.\r\nend\r\n"));
  EXPECT_NE(compose(draft, *parse_rfc3339("2026-11-21T02:20:00Z"), 2), text);
}

}  // namespace
}  // namespace postern::cli
