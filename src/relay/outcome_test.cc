#include "relay/outcome.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

using mail::Reply;

Reply reply(const char* text) {
  const std::string line = text;
  return Reply::from_peer(std::stoi(line.substr(0, 3)), {line.substr(4)});
}

smtp::TransactionDone done(std::optional<Reply> mail, std::vector<std::optional<Reply>> rcpt,
                           std::optional<Reply> final) {
  smtp::TransactionDone out;
  out.mail = std::move(mail);
  out.recipients = std::move(rcpt);
  if (final) out.data = Reply(354, "go");
  out.final = std::move(final);
  return out;
}

TEST(Outcome, LastErrorHasTheFormAdministratorsKnow) {
  EXPECT_EQ(wrap_last_error("451 5.7.3 STARTTLS is required to send mail"),
            "451 4.4.0 Primary target IP address responded with: \"451 5.7.3 STARTTLS is required "
            "to send mail\"");
  EXPECT_EQ(wrap_last_error("550 a\r\nb").find('\n'), std::string::npos);
}

TEST(Outcome, OneReplyToTheFinalDotCountsForEveryAcceptedRecipient) {
  const auto out = transaction_outcomes(
      done(reply("250 ok"), {reply("250 ok"), reply("550 5.1.1 nobody"), reply("450 4.2.1 later")},
           reply("250 2.0.0 taken")),
      3, "");
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0].kind, Kind::delivered);
  EXPECT_EQ(out[1].kind, Kind::permanent);
  EXPECT_EQ(out[1].status, (mail::EnhancedCode{5, 1, 1}));
  EXPECT_EQ(out[2].kind, Kind::temporary);
  EXPECT_EQ(out[2].scope, Scope::recipient);
  EXPECT_FALSE(session_level(out)) << "one recipient's trouble is not the session's";
}

TEST(Outcome, ALostConnectionIsTemporaryAndEndsTheSession) {
  const auto out = transaction_outcomes(
      done(reply("250 ok"), {reply("250 ok"), std::nullopt}, std::nullopt), 2, "reset by peer");
  for (const Outcome& one : out) {
    EXPECT_EQ(one.kind, Kind::temporary);
    EXPECT_EQ(one.scope, Scope::session);
    EXPECT_EQ(one.code, "connection-lost");
    EXPECT_NE(one.last_error.find("reset by peer"), std::string::npos);
  }
  EXPECT_TRUE(session_level(out));
}

TEST(Outcome, FourHundredsToMailAreTheHostsAndFiveHundredsTheMessages) {
  const auto busy =
      transaction_outcomes(done(reply("452 4.3.1 disk full"), {}, std::nullopt), 1, "");
  EXPECT_EQ(busy[0].scope, Scope::host);
  EXPECT_EQ(busy[0].kind, Kind::temporary);
  const auto refused =
      transaction_outcomes(done(reply("550 5.1.0 bad sender"), {}, std::nullopt), 1, "");
  EXPECT_EQ(refused[0].scope, Scope::message);
  EXPECT_EQ(refused[0].kind, Kind::permanent);
  EXPECT_FALSE(session_level(refused));
}

TEST(Outcome, OneSendersTroubleIsNoReasonToStopTheHost) {
  const auto out = transaction_outcomes(
      done(reply("451 4.1.8 Domain of sender address does not resolve"), {}, std::nullopt), 1, "");
  EXPECT_EQ(out[0].scope, Scope::message);
  EXPECT_EQ(out[0].kind, Kind::temporary);
  EXPECT_FALSE(session_level(out));
}

TEST(Outcome, WordsThatAnyoneCanChooseBlockNothing) {
  for (const char* text : {"550 5.7.511 Access denied, banned sender",
                           "554 5.7.1 <starttls@partner.test>: Relay access denied",
                           "550 5.1.1 <client certificate@x.test> unknown"}) {
    const auto out =
        transaction_outcomes(done(reply("250 ok"), {reply(text)}, std::nullopt), 1, "");
    EXPECT_EQ(out[0].kind, Kind::permanent) << text;
    EXPECT_FALSE(session_level(out)) << text;
  }
}

TEST(Outcome, A421AnywhereEndsTheSession) {
  const auto out = transaction_outcomes(
      done(reply("250 ok"), {reply("421 4.3.2 shutting down")}, std::nullopt), 1, "");
  EXPECT_EQ(out[0].scope, Scope::session);
  EXPECT_EQ(out[0].kind, Kind::temporary);
}

TEST(Outcome, ADialogueThatDemandsTlsOrACertificateIsABlockerNotABounce) {
  struct Row {
    const char* reply;
    const char* code;
  };
  for (const Row& row :
       {Row{"530 5.7.0 Must issue a STARTTLS command first", "tls-required-not-used-by-sender"},
        Row{"451 5.7.3 Must issue a STARTTLS command first", "tls-required-not-used-by-sender"},
        Row{"454 4.7.5 Certificate validation failure", "client-certificate-not-accepted"},
        Row{"550 5.7.51 TenantInboundAttribution; RestrictDomainsToCertificate set",
            "client-certificate-not-accepted"}}) {
    const auto out = transaction_outcomes(done(reply(row.reply), {}, std::nullopt), 2, "");
    EXPECT_EQ(out[1].kind, Kind::blocked) << row.reply;
    EXPECT_EQ(out[1].code, row.code) << row.reply;
    EXPECT_TRUE(session_level(out));
  }
}

TEST(Outcome, TheVerdictOfALookBlocksOrBacksOffAsTheCatalogSays) {
  verdict::Verdict verdict;
  verdict.code = "name-mismatch";
  verdict.layer = "certificate-identity";
  verdict.cause = "wanted a, presented b";
  const verdict::Evidence evidence;
  const Outcome blocked = session_outcome(verdict, evidence);
  EXPECT_EQ(blocked.kind, Kind::blocked);
  EXPECT_NE(blocked.last_error.find("454 4.7.5"), std::string::npos);
  verdict.code = "connection-refused";
  verdict.layer = "network";
  EXPECT_EQ(session_outcome(verdict, evidence).kind, Kind::temporary);
  verdict.code = "starttls-not-offered";
  verdict.layer = "smtp";
  EXPECT_NE(session_outcome(verdict, evidence)
                .last_error.find("451 5.7.3 STARTTLS is required to send mail"),
            std::string::npos);
}

TEST(Outcome, NoTargetIsForGoodOrForNow) {
  const Outcome null_mx = target_outcome("null-mx", "takes no mail", true);
  EXPECT_EQ(null_mx.kind, Kind::permanent);
  EXPECT_EQ(null_mx.status.status_class, 5);
  const Outcome dns = target_outcome("dns-resolution-failure", "SERVFAIL", false);
  EXPECT_EQ(dns.kind, Kind::temporary);
  EXPECT_EQ(dns.status.status_class, 4);
}

}  // namespace
}  // namespace postern::relay
