#include <gtest/gtest.h>

#include "probe/diagnosis.h"
#include "verdict/testing/judge_cases.h"

namespace postern::probe {
namespace {

using verdict::Certainty;
using verdict::Evidence;
using verdict::Fault;
using verdict::Stage;
using verdict::Verdict;
using verdict::testing::kNow;

HostReport judged(Evidence evidence) {
  HostReport host;
  host.policy = verdict::testing::policy_at(verdict::Level::authenticate);
  host.evidence = std::move(evidence);
  host.verdict = verdict::judge(host.evidence, host.policy, kNow);
  host.judged_code = host.verdict.code;
  return host;
}

Evidence without_starttls() {
  Evidence e = verdict::testing::sound_evidence();
  e.tls = {};
  e.smtp.starttls_offered = false;
  e.smtp.starttls_reply.reset();
  e.smtp.keywords.clear();
  return e;
}

Evidence handshake_refused() {
  Evidence e = verdict::testing::sound_evidence();
  e.stage = Stage::handshake;
  e.stop = verdict::Stop::error;
  e.tls = {};
  e.tls.attempted = true;
  e.tls.alert_received = 40;
  return e;
}

void add_view(HostReport& host, View view, const char* version, const char* cipher,
              std::vector<x509::Certificate> presented) {
  ViewResult seen;
  seen.view = view;
  seen.evidence = host.evidence;
  seen.evidence.tls.completed = version != nullptr;
  if (version != nullptr) seen.evidence.tls.version = version;
  seen.evidence.tls.cipher = cipher;
  seen.evidence.tls.presented = std::move(presented);
  host.views.push_back(std::move(seen));
}

CounterTest starttls_taken_unasked() {
  CounterTest out;
  out.name = "starttls-unasked";
  out.result = CounterTest::Result::differs;
  return out;
}

TEST(Diagnosis, StarttlsTakenThoughNotListedWasTakenOutOnTheWay) {
  const Verdict v = diagnose(judged(without_starttls()), {starttls_taken_unasked()});
  EXPECT_EQ(v.code, "starttls-stripped-by-middlebox");
  EXPECT_EQ(v.fault, Fault::path);
}

TEST(Diagnosis, WhoRefusesEhloListsNothing_SoNothingWasProvenTakenOut) {
  Evidence helo_only = without_starttls();
  helo_only.smtp.helo_only = true;
  const Verdict v = diagnose(judged(helo_only), {starttls_taken_unasked()});
  EXPECT_EQ(v.code, "starttls-not-offered");
  EXPECT_EQ(v.fault, Fault::server);
  EXPECT_EQ(v.certainty, Certainty::likely);
  EXPECT_NE(v.cause.find("refuses EHLO alone"), std::string::npos) << v.cause;
}

TEST(Diagnosis, OldTlsAlone_IsTheVersion) {
  HostReport host = judged(handshake_refused());
  add_view(host, View::legacy, "TLSv1.1", "AES256-SHA", verdict::testing::sound_chain());
  add_view(host, View::anything, "TLSv1.1", "AES256-SHA", verdict::testing::sound_chain());
  EXPECT_TRUE(only_old_tls(host));
  EXPECT_EQ(diagnose(host, {}).code, "protocol-version-mismatch");
}

TEST(Diagnosis, OldTlsBesideWeakNewTls_IsNotTheVersion) {
  HostReport host = judged(handshake_refused());
  add_view(host, View::legacy, "TLSv1.1", "AES256-SHA", verdict::testing::sound_chain());
  add_view(host, View::anything, "TLSv1.2", "AES256-SHA", verdict::testing::sound_chain());
  EXPECT_FALSE(only_old_tls(host));
  const Verdict v = diagnose(host, {});
  EXPECT_EQ(v.code, "no-shared-cipher");
  EXPECT_NE(v.cause.find("weaker ciphers"), std::string::npos) << v.cause;
}

TEST(Diagnosis, AnonymousCiphersAlone_AreAServerWithoutACertificate) {
  HostReport host = judged(handshake_refused());
  add_view(host, View::legacy, "TLSv1.1", "AECDH-AES256-SHA", {});
  add_view(host, View::anything, "TLSv1.2", "ADH-AES256-GCM-SHA384", {});
  const Verdict v = diagnose(host, {});
  EXPECT_EQ(v.code, "no-shared-cipher");
  EXPECT_EQ(v.fault, Fault::server);
  EXPECT_EQ(v.certainty, Certainty::certain);
  EXPECT_NE(v.cause.find("no certificate to show"), std::string::npos) << v.cause;
}

}  // namespace
}  // namespace postern::probe
