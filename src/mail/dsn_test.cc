#include "mail/dsn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "mail/dsn_text.h"
#include "mail/header.h"

namespace postern::mail {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

DsnRequest sample() {
  DsnRequest request;
  request.reporting_mta = "edge1.contoso.com";
  request.to = {"alice", "contoso.com"};
  request.envid = "job+2B7";
  request.arrival = at("2026-11-21T02:00:00Z");
  request.now = at("2026-11-21T02:20:00Z");
  request.subject = "Invoice 4711";
  request.original_message_id = "<1@contoso.com>";
  request.id = "0K3V7Q2M9X4TR";
  request.original = "From: alice@contoso.com\r\nSubject: Invoice 4711\r\n\r\nsecret body\r\n";
  DsnRecipient r;
  r.recipient.mailbox = {"bob", "partner.example"};
  r.recipient.orcpt = "rfc822;Bob+2Bx@partner.example";
  r.status = {5, 7, 5};
  r.remote_mta = "mx1.partner.example";
  r.remote_reply = Reply::from_peer(550, {"5.7.5 no", "entry"});
  r.explanation =
      "The certificate of partner.example has expired. That is for partner.example to cure.";
  request.recipients = {r};
  return request;
}

// Every line ends in CRLF and is within its bound; no octet below the blank but TAB.
void expect_clean_lines(const std::string& message) {
  ASSERT_TRUE(message.ends_with("\r\n"));
  for (std::string_view line : split(message.substr(0, message.size() - 1), '\n')) {
    ASSERT_TRUE(line.ends_with('\r')) << printable(line);
    line.remove_suffix(1);
    EXPECT_LE(line.size(), kMaxLineOctets);
    EXPECT_EQ(line.find_first_of("\r\0"s), std::string_view::npos) << printable(line);
  }
}

TEST(Dsn, AFailureReadsWholeAsWritten) {
  EXPECT_EQ(write_dsn(sample()),
            "From: Mail Delivery System <postmaster@edge1.contoso.com>\r\n"
            "To: <alice@contoso.com>\r\n"
            "Subject: Not delivered: Invoice 4711\r\n"
            "Date: Sat, 21 Nov 2026 02:20:00 +0000\r\n"
            "Message-ID: <0K3V7Q2M9X4TR@edge1.contoso.com>\r\n"
            "In-Reply-To:\r\n <1@contoso.com>\r\n"
            "References:\r\n <1@contoso.com>\r\n"
            "Auto-Submitted: auto-replied\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status;\r\n"
            " boundary=\"=_dsn_0K3V7Q2M9X4TR_0\"\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "--=_dsn_0K3V7Q2M9X4TR_0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "This is the mail gateway edge1.contoso.com. It reports on a message that you\r\n"
            "sent:\r\n"
            "\r\n"
            "    Subject: Invoice 4711\r\n"
            "    Accepted here: Sat, 21 Nov 2026 02:00:00 +0000\r\n"
            "    Message-ID: <1@contoso.com>\r\n"
            "\r\n"
            "bob@partner.example\r\n"
            "\r\n"
            "    What happens now: Not delivered. It will not be tried again.\r\n"
            "    Cause: The certificate of partner.example has expired. That is for\r\n"
            "    partner.example to cure.\r\n"
            "    mx1.partner.example said: 550 5.7.5 no entry\r\n"
            "    What you have to do: Have the cause removed, or use another address;\r\n"
            "    then send the message again.\r\n"
            "\r\n"
            "\r\n"
            "--=_dsn_0K3V7Q2M9X4TR_0\r\n"
            "Content-Type: message/delivery-status\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "Original-Envelope-Id: job+7\r\n"
            "Reporting-MTA: dns; edge1.contoso.com\r\n"
            "Arrival-Date: Sat, 21 Nov 2026 02:00:00 +0000\r\n"
            "\r\n"
            "Original-Recipient: rfc822;Bob+x@partner.example\r\n"
            "Final-Recipient: rfc822;bob@partner.example\r\n"
            "Action: failed\r\n"
            "Status: 5.7.5\r\n"
            "Remote-MTA: dns; mx1.partner.example\r\n"
            "Diagnostic-Code: smtp; 550 5.7.5 no entry\r\n"
            "\r\n"
            "--=_dsn_0K3V7Q2M9X4TR_0\r\n"
            "Content-Type: text/rfc822-headers\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "From: alice@contoso.com\r\n"
            "Subject: Invoice 4711\r\n"
            "\r\n"
            "--=_dsn_0K3V7Q2M9X4TR_0--\r\n");
}

TEST(Dsn, ADelaySaysThatNothingIsToBeDoneAndUntilWhen) {
  DsnRequest request = sample();
  DsnRecipient& r = request.recipients[0];
  r.action = DsnAction::delayed;
  r.status = {};
  r.remote_reply.reset();
  r.remote_mta.clear();
  r.will_retry_until = at("2026-11-26T02:00:00Z");
  r.last_attempt = at("2026-11-21T02:15:00Z");
  const std::string dsn = write_dsn(request);
  EXPECT_THAT(dsn, HasSubstr("Subject: Delayed: Invoice 4711\r\n"));
  EXPECT_THAT(dsn, HasSubstr("What you have to do: Nothing. Do not send the message again."));
  EXPECT_THAT(dsn, HasSubstr("tried again by itself, until Thu, 26 Nov 2026 02:00:00 +0000.\r\n"));
  EXPECT_THAT(dsn, HasSubstr("Action: delayed\r\nStatus: 4.0.0\r\n"
                             "Last-Attempt-Date: Sat, 21 Nov 2026 02:15:00 +0000\r\n"
                             "Will-Retry-Until: Thu, 26 Nov 2026 02:00:00 +0000\r\n"));
  EXPECT_THAT(dsn, Not(HasSubstr("Remote-MTA")));
  EXPECT_THAT(dsn, Not(HasSubstr("Diagnostic-Code")));
}

TEST(Dsn, TheWorstActionNamesTheWhole) {
  DsnRequest request = sample();
  request.recipients.push_back(request.recipients[0]);
  request.recipients[0].action = DsnAction::relayed;
  EXPECT_THAT(write_dsn(request), HasSubstr("Subject: Not delivered: "));
  request.recipients[1].action = DsnAction::delivered;
  EXPECT_THAT(write_dsn(request), HasSubstr("Subject: Delivered: "));
  EXPECT_THAT(write_dsn(request), HasSubstr("Action: relayed\r\n"));
}

TEST(Dsn, ReturnsTheHeaderOrTheWholeMessage) {
  DsnRequest request = sample();
  EXPECT_THAT(write_dsn(request), Not(HasSubstr("secret body")));
  request.original_is_full = true;
  EXPECT_THAT(write_dsn(request), HasSubstr("Content-Type: message/rfc822\r\n"));
  EXPECT_THAT(write_dsn(request), HasSubstr("\r\n\r\nsecret body\r\n"));
}

TEST(Dsn, Smtputf8TakesTheGlobalTypes) {
  DsnRequest request = sample();
  request.smtputf8 = true;
  request.to = {"j\xC3\xBCrgen", "contoso.com"};
  request.recipients[0].recipient.mailbox = {"\xC3\xBC", "b\xC3\xBC.example"};
  std::string dsn = write_dsn(request);
  EXPECT_THAT(dsn, HasSubstr("To: <j\xC3\xBCrgen@contoso.com>\r\n"));
  EXPECT_THAT(
      dsn,
      HasSubstr("Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit"));
  EXPECT_THAT(dsn, HasSubstr("Final-Recipient: utf-8;\xC3\xBC@b\xC3\xBC.example\r\n"));
  EXPECT_THAT(dsn, HasSubstr("Content-Type: message/global-headers\r\n"));
  request.original_is_full = true;
  EXPECT_THAT(write_dsn(request), HasSubstr("Content-Type: message/global\r\n"));
  // Without SMTPUTF8 the status part stays ASCII.
  request.smtputf8 = false;
  EXPECT_THAT(write_dsn(request), HasSubstr("Final-Recipient: utf-8;\\x{FC}@b\\x{FC}.example\r\n"));
}

TEST(Dsn, TheBoundaryIsInNoPart) {
  DsnRequest request = sample();
  request.original = "A: =_dsn_0K3V7Q2M9X4TR_0\r\nB: --=_dsn_0K3V7Q2M9X4TR_1\r\n\r\n";
  EXPECT_THAT(write_dsn(request), HasSubstr("boundary=\"=_dsn_0K3V7Q2M9X4TR_2\""));
}

TEST(Dsn, HostileContentStaysInItsPlace) {
  DsnRequest request = sample();
  const std::string evil = "x\r\nX-Evil: 1\r\n\r\n\0\xFF\r--=_dsn\n"s + std::string(3000, 'y');
  request.subject = request.original_message_id = request.reporting_mta = request.id = evil;
  request.to.local = request.envid = request.original = evil;
  DsnRecipient& r = request.recipients[0];
  r.recipient.mailbox.local = r.recipient.orcpt = r.remote_mta = r.explanation = evil;
  r.remote_reply = Reply::from_peer(550, {evil});
  const std::string dsn = write_dsn(request);
  expect_clean_lines(dsn);
  EXPECT_EQ(dsn.find("\r\nX-Evil"),
            dsn.rfind("\r\nX-Evil"));  // in the copy of the original at most
  EXPECT_THAT(dsn, Not(HasSubstr("References")));
  request.original_is_full = true;
  expect_clean_lines(write_dsn(request));
}

TEST(Dsn, ASubjectBeyondAsciiIsAnEncodedWordInTheHeaderAndReadableInTheText) {
  DsnRequest request = sample();
  request.subject = "Rechnung f\xC3\xBCr M\xC3\xA4rz";
  const std::string dsn = write_dsn(request);
  EXPECT_THAT(dsn,
              HasSubstr("Subject: Not delivered: =?utf-8?B?UmVjaG51bmcgZsO8ciBNw6Ryeg==?=\r\n"));
  EXPECT_THAT(dsn, HasSubstr("    Subject: Rechnung f\xC3\xBCr M\xC3\xA4rz\r\n"));
  EXPECT_THAT(dsn, HasSubstr("charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"));
  request.subject = "\xE4";  // Latin-1: shown as what it is
  EXPECT_THAT(write_dsn(request), HasSubstr("Subject: Not delivered: \\xE4\r\n"));
}

TEST(DsnText, EncodedWordsCutNoSequenceAndKeepTheirBound) {
  std::string euros;
  for (int i = 0; i < 90; ++i) euros += "\xE2\x82\xAC";
  for (const std::string_view line : split(header_text(euros), '\n')) EXPECT_LE(line.size(), 77U);
}

TEST(DsnText, ReturnedCopyFoldsOverlongHeaderLines) {
  const std::string copy = returned_copy("A: " + std::string(2500, 'x') + "\nB: c\n\nbody\n", true);
  expect_clean_lines(copy);
  HeaderFilter filter([](std::string_view) { return true; });
  std::string rest;
  ASSERT_TRUE(filter.feed(copy, rest));
  ASSERT_TRUE(filter.finish(rest));
  EXPECT_EQ(rest, "");  // nothing but fields
  EXPECT_EQ(returned_copy("", false), "");
  EXPECT_EQ(returned_copy("a", false), "a\r\n");
}

TEST(Xtext, EncodesWhatItMustAndDecodesItBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(decode_xtext(encode_xtext(all)), all);
  EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  EXPECT_EQ(decode_xtext(""), "");
}

TEST(Xtext, RefusesMalformed) {
  for (const char* bad : {"+", "+2", "+2b", "+2G", "a=b", "a b", "+ 2", "\x80", "a\r"}) {
    EXPECT_FALSE(decode_xtext(bad)) << bad;
  }
}

TEST(MessageId, IsOneLine) {
  EXPECT_EQ(make_message_id("0K3V", "edge1.contoso.com"), "<0K3V@edge1.contoso.com>");
}

}  // namespace
}  // namespace postern::mail
