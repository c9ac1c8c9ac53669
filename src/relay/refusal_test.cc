#include "relay/refusal.h"

#include <gtest/gtest.h>

#include "verdict/testing/judge_cases.h"

namespace postern::relay {
namespace {

using verdict::Level;
using verdict::testing::kNow;

enum class Path { clear, tls, asked_for_our_certificate };

NextHopLook look_over(Path path) {
  NextHopLook look;
  look.evidence = verdict::testing::sound_evidence();
  look.evidence.tls.certificate_requested = path == Path::asked_for_our_certificate;
  look.policy =
      verdict::testing::policy_at(path == Path::clear ? Level::opportunistic : Level::authenticate);
  if (path == Path::clear) {
    look.evidence.tls = {};
    look.evidence.smtp.starttls_offered = false;
    look.evidence.smtp.starttls_reply.reset();
    look.evidence.smtp.keywords = {"SIZE 1000"};
  }
  look.verdict = verdict::judge(look.evidence, look.policy, kNow);
  return look;
}

std::vector<Outcome> refused(Said said, const std::string& line) {
  const mail::Reply reply = mail::Reply::from_peer(std::stoi(line.substr(0, 3)), {line.substr(4)});
  const mail::Reply ok(250, "ok");
  smtp::TransactionDone done;
  done.mail = said == Said::mail ? reply : ok;
  done.recipients = {said == Said::rcpt ? reply : ok};
  if (said == Said::data) {
    done.data = mail::Reply(354, "go");
    done.final = reply;
  }
  return transaction_outcomes(done, 1, "");
}

struct Row {
  Path path;
  Said said;
  const char* reply;
  Kind kind;
  Scope scope;
  const char* code;
};

TEST(JudgeLateRefusal, SaysWhatAReplyToACommandMeansAfterACleanLook) {
  const char* const kTenant = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP. ATTR36";
  for (const Row& row : {
           // Words of TLS where there is none to speak of: an ordinary refusal, for good or for now
           // by its class, of what its command speaks of.
           Row{Path::clear, Said::mail, "550 5.7.1 Client certificate of sender is not known here",
               Kind::permanent, Scope::message, "not-tls"},
           Row{Path::clear, Said::mail, "550 5.7.1 Your policy requires: unverified certificate",
               Kind::permanent, Scope::message, "not-tls"},
           Row{Path::clear, Said::rcpt, kTenant, Kind::permanent, Scope::recipient, "not-tls"},
           Row{Path::clear, Said::data, "550 5.7.51 TenantInboundAttribution", Kind::permanent,
               Scope::message, "not-tls"},
           Row{Path::clear, Said::mail, "450 4.7.1 client certificate", Kind::temporary,
               Scope::message, "not-tls"},
           Row{Path::clear, Said::mail, "450 4.3.2 client certificate", Kind::temporary,
               Scope::host, "not-tls"},
           // Over TLS, but our certificate was never asked for.
           Row{Path::tls, Said::mail, "550 5.7.1 Client certificate does not permit this sender",
               Kind::permanent, Scope::message, "not-tls"},
           // And what is about TLS or our certificate.
           Row{Path::clear, Said::mail, "530 5.7.0 Must issue a STARTTLS command first",
               Kind::blocked, Scope::session, "tls-required-not-used-by-sender"},
           Row{Path::tls, Said::rcpt, kTenant, Kind::blocked, Scope::session,
               "connector-certificate-mismatch"},
           Row{Path::asked_for_our_certificate, Said::mail,
               "550 5.7.1 Client certificate does not permit this sender", Kind::blocked,
               Scope::session, "client-certificate-not-accepted"},
       }) {
    const NextHopLook look = look_over(row.path);
    ASSERT_TRUE(look.verdict.ok) << look.verdict.cause;
    std::vector<Outcome> outcomes = refused(row.said, row.reply);
    ASSERT_EQ(outcomes.front().kind, Kind::blocked) << row.reply;
    const std::optional<LateRefusal> late = judge_late_refusal(look, outcomes, kNow);
    const Outcome& outcome = outcomes.front();
    EXPECT_EQ(outcome.kind, row.kind) << row.reply;
    EXPECT_EQ(outcome.scope, row.scope) << row.reply;
    EXPECT_EQ(outcome.code, row.code) << row.reply;
    EXPECT_EQ(late.has_value(), row.kind == Kind::blocked) << row.reply;
    if (late) {
      EXPECT_EQ(late->verdict.code, row.code);
      EXPECT_EQ(outcome.explanation, late->verdict.cause);
    }
    EXPECT_TRUE(look.verdict.ok) << "the look itself stays as it was seen";
  }
}

TEST(SetApart, TheMessageWaitsAloneWithItsCode) {
  for (const auto& [said, scope] :
       {std::pair(Said::mail, Scope::message), std::pair(Said::rcpt, Scope::recipient),
        std::pair(Said::data, Scope::message)}) {
    std::vector<Outcome> outcomes =
        refused(said, "550 5.7.51 TenantInboundAttribution; There is a partner connector");
    ASSERT_TRUE(judge_late_refusal(look_over(Path::tls), outcomes, kNow));
    set_apart(outcomes);
    EXPECT_EQ(outcomes.front().kind, Kind::temporary);
    EXPECT_EQ(outcomes.front().scope, scope);
    EXPECT_EQ(outcomes.front().code, "connector-certificate-mismatch");
    EXPECT_FALSE(session_level(outcomes));
  }
}

TEST(JudgeLateRefusal, HasNothingToSayWhereNothingIsBlocked) {
  const NextHopLook look = look_over(Path::tls);
  std::vector<Outcome> outcomes = refused(Said::rcpt, "550 5.1.1 nobody");
  EXPECT_FALSE(judge_late_refusal(look, outcomes, kNow));
  EXPECT_EQ(outcomes.front().kind, Kind::permanent);
}

}  // namespace
}  // namespace postern::relay
