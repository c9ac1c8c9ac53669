#include <gtest/gtest.h>

#include "base/json.h"
#include "verdict/testing/judge_cases.h"

namespace postern::verdict {
namespace {

using namespace testing;
using namespace std::chrono_literals;

Evidence presenting(std::vector<x509::Certificate> chain) {
  Evidence e = sound_evidence();
  e.tls.presented = std::move(chain);
  return e;
}

Evidence presenting(const factory::CertificateSpec& spec) {
  const Pki& pki = Pki::get();
  return presenting(
      {factory::issue(pki.intermediate, spec).certificate, pki.intermediate.certificate});
}

factory::CertificateSpec leaf_spec() {
  factory::CertificateSpec spec;
  spec.common_name = "mx1.partner.example";
  spec.dns = {"mx1.partner.example"};
  return spec;
}

Verdict judged(const Evidence& e, Level level = Level::authenticate) {
  return judge(e, policy_at(level), kNow);
}

TEST(JudgeCertificate, ASoundSessionIsCleanAndNamesItsAnchor) {
  const Verdict v = judged(sound_evidence());
  EXPECT_TRUE(v.ok);
  EXPECT_EQ(v.code, "none");
  EXPECT_EQ(v.fault, Fault::none);
  EXPECT_EQ(v.ours, std::nullopt);
  EXPECT_EQ(v.reference_identifier, "mx1.partner.example");
  ASSERT_TRUE(v.anchor);
  EXPECT_EQ(v.anchor->set, "partners");
  EXPECT_EQ(v.anchor->added_by, "ops");
  EXPECT_EQ(v.chain_sha256.size(), 2U);
}

TEST(JudgeCertificate, ChainFaultsDecideFromValidateOnAndAreShownBelow) {
  const Pki& pki = Pki::get();
  factory::CertificateSpec expired = leaf_spec();
  expired.not_after = kNow - 24h;
  factory::CertificateSpec early = leaf_spec();
  early.not_before = kNow + 24h;
  factory::CertificateSpec client_only = leaf_spec();
  client_only.eku = {"client"};
  factory::CertificateSpec weak = leaf_spec();
  weak.key_type = factory::KeyType::rsa_1024;
  const auto foreign = factory::make_leaf(pki.other_root, "mx1.partner.example");
  struct Row {
    Evidence evidence;
    const char* code;
    const char* check;
  };
  const Row rows[] = {
      {presenting(expired), "expired", "validity"},
      {presenting(early), "not-yet-valid", "validity"},
      {presenting(client_only), "wrong-key-usage", "key-usage"},
      {presenting(weak), "weak-key-or-hash", "strength"},
      {presenting({foreign.certificate, pki.other_root.certificate}), "untrusted-root", "chain"},
      {presenting({factory::make_self_signed(leaf_spec()).certificate}), "self-signed", "chain"},
      {presenting({pki.leaf.certificate}), "incomplete-chain", "chain"},
      {presenting({factory::break_signature(pki.leaf.certificate), pki.intermediate.certificate}),
       "bad-signature", "chain"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.code);
    for (const Level level : {Level::validate, Level::authenticate, Level::mutual}) {
      const Verdict v = judged(row.evidence, level);
      EXPECT_FALSE(v.ok);
      EXPECT_EQ(v.code, row.code) << v.cause;
      EXPECT_EQ(v.fault, Fault::server);
      EXPECT_EQ(v.ours, false);
      EXPECT_EQ(v.reached, Assurance::encrypted);
      EXPECT_FALSE(v.anchor);
    }
    for (const Level level : {Level::opportunistic, Level::encrypt}) {
      const Verdict v = judged(row.evidence, level);
      EXPECT_TRUE(v.ok);
      ASSERT_NE(find_check(v, row.check), nullptr);
      EXPECT_EQ(find_check(v, row.check)->result, CheckResult::fail);
      EXPECT_NE(find_check(v, row.check)->detail.find("Not required at level"), std::string::npos);
    }
  }
}

TEST(JudgeCertificate, ARootInASetThatDoesNotCountIsOursAndNamesSetAndFile) {
  TlsPolicy p = policy_at(Level::validate);
  p.other_sets = p.trust;
  p.trust = {trust_set("system", {Pki::get().other_root.certificate})};
  for (const Judged side : {Judged::server, Judged::client}) {
    Evidence e = sound_evidence();
    e.judged = side;
    const Verdict v = judge(e, p, kNow);
    EXPECT_EQ(v.code, "root-in-wrong-store") << v.cause;
    EXPECT_EQ(v.ours, true);
    EXPECT_EQ(v.fault, side == Judged::server ? Fault::client : Fault::server);
    EXPECT_NE(v.cause.find("partners/root.pem"), std::string::npos) << v.cause;
    EXPECT_NE(v.cure.front().find("\"partners\""), std::string::npos) << v.cure.front();
  }
  p.other_sets.clear();
  EXPECT_NE(judge(sound_evidence(), p, kNow).code, "root-in-wrong-store");
}

TEST(JudgeCertificate, IncompleteChainsWantTheIssuerTheyName) {
  factory::CertificateSpec spec = leaf_spec();
  spec.aia_urls = {"http://ca.example/issuing.cer"};
  Evidence e = presenting(spec);
  e.tls.presented.pop_back();
  EXPECT_EQ(wanted(judged(e)), std::vector<std::string>{"aia http://ca.example/issuing.cer"});
  EXPECT_TRUE(judged(e, Level::encrypt).wants.empty());
}

TEST(JudgeIdentity, TheNameDecidesFromAuthenticateOn) {
  TlsPolicy p = policy_at(Level::authenticate);
  p.reference = {{"partner.example", "recipient domain"}, {"*.fabrikam.com", "names of partner f"}};
  const Verdict v = judge(sound_evidence(), p, kNow);
  EXPECT_EQ(v.code, "name-mismatch");
  EXPECT_EQ(v.fault, Fault::server);
  EXPECT_EQ(v.reached, Assurance::validated);
  EXPECT_EQ(v.reference_identifier, "partner.example, *.fabrikam.com");
  for (const char* fact : {"mx1.partner.example", "partner.example (recipient domain)",
                           "*.fabrikam.com (names of partner f)"}) {
    EXPECT_NE(v.cause.find(fact), std::string::npos) << v.cause;
  }
  EXPECT_NE(v.cure.back().find("There (Postfix): "), std::string::npos) << v.cure.back();
  p.level = Level::validate;
  EXPECT_TRUE(judge(sound_evidence(), p, kNow).ok);
  p.level = Level::authenticate;
  p.reference.push_back({"mx1.partner.example", "recipient domain"});
  EXPECT_TRUE(judge(sound_evidence(), p, kNow).ok) << "one match is enough";
}

TEST(JudgeIdentity, SubjectCnCountsOnlyAsALabelledLegacyMatch) {
  factory::CertificateSpec spec = leaf_spec();
  spec.dns.clear();
  TlsPolicy p = policy_at(Level::authenticate);
  EXPECT_EQ(judge(presenting(spec), p, kNow).code, "name-mismatch");
  p.legacy_cn = true;
  const Verdict v = judge(presenting(spec), p, kNow);
  EXPECT_TRUE(v.ok);
  EXPECT_NE(find_check(v, "identity")->detail.find("legacy"), std::string::npos);
}

TEST(JudgeIdentity, AuthenticateWithoutANameNeverPasses) {
  TlsPolicy p = policy_at(Level::authenticate);
  p.reference.clear();
  const Verdict v = judge(sound_evidence(), p, kNow);
  EXPECT_EQ(v.code, "tls-policy-misconfigured");
  EXPECT_EQ(v.ours, true);
}

TEST(JudgeClient, MutualAsksForACertificateAndItsName) {
  TlsPolicy p = policy_at(Level::mutual);
  p.set_by = "receive connector internet";
  Evidence e = client_evidence();
  EXPECT_TRUE(judge(e, p, kNow).ok);
  EXPECT_EQ(judge(e, p, kNow).reached, Assurance::mutual);
  e.tls.presented.clear();
  const Verdict missing = judge(e, p, kNow);
  EXPECT_EQ(missing.code, "client-certificate-missing");
  EXPECT_EQ(missing.fault, Fault::client);
  EXPECT_EQ(missing.ours, false);
  p.reference = {{"mail.fabrikam.com", "client_domains"}};
  const Verdict named = judge(client_evidence(), p, kNow);
  EXPECT_EQ(named.code, "name-mismatch");
  EXPECT_EQ(named.fault, Fault::client);
  p.reference.clear();
  EXPECT_TRUE(judge(client_evidence(), p, kNow).ok) << "no client_domains: any name";
}

TEST(JudgePrecedence, EveryFailingCheckIsListedAndTheMostBasicDecides) {
  factory::CertificateSpec spec = leaf_spec();
  spec.dns = {"wrong.example"};
  spec.not_after = kNow - 24h;
  const Verdict v = judged(presenting(spec));
  EXPECT_EQ(v.code, "expired");
  ASSERT_NE(find_check(v, "identity"), nullptr);
  EXPECT_EQ(find_check(v, "identity")->code, "name-mismatch");
}

TEST(JudgeException, AcceptsExactlyItsCodeUntilItsEnd) {
  const Pki& pki = Pki::get();
  const auto foreign = factory::make_leaf(pki.other_root, "mx1.partner.example");
  const Evidence e = presenting({foreign.certificate, pki.other_root.certificate});
  TlsPolicy p = policy_at(Level::authenticate);
  p.exception = PolicyException{"untrusted-root", kNow + 1h, "ops", "CR 4711"};
  const Verdict v = judge(e, p, kNow);
  EXPECT_TRUE(v.ok);
  EXPECT_EQ(v.code, "untrusted-root");
  EXPECT_EQ(v.by_exception, "untrusted-root");
  EXPECT_NE(v.cause.find("CR 4711"), std::string::npos);
  EXPECT_FALSE(judge(e, p, kNow + 1h).ok) << "its end is not part of it";
  p.reference = {{"other.example", "tls_domain"}};
  const Verdict two = judge(e, p, kNow);
  EXPECT_FALSE(two.ok);
  EXPECT_EQ(two.code, "name-mismatch");
  EXPECT_EQ(two.by_exception, "");
}

TEST(JudgeException, NeverRevivesADeadSession) {
  TlsPolicy p = policy_at(Level::encrypt);
  p.exception = PolicyException{"handshake-failed", kNow + 1h, "ops", "no"};
  EXPECT_FALSE(judge(stopped_at(Stage::handshake, Stop::reset), p, kNow).ok);
}

TEST(Decisive, TheCleanHostElseTheOneThatCameFurthest) {
  const std::vector<Evidence> seen = {stopped_at(Stage::connect, Stop::refused), sound_evidence(),
                                      stopped_at(Stage::ehlo, Stop::timeout)};
  std::vector<Verdict> verdicts;
  for (const Evidence& e : seen) verdicts.push_back(judged(e));
  EXPECT_EQ(decisive(verdicts, seen), 1U);
  verdicts[1].ok = false;
  EXPECT_EQ(decisive(verdicts, seen), 1U);
  EXPECT_EQ(decisive({verdicts[0], verdicts[2]}, {seen[0], seen[2]}), 1U);
}

// The scale of levels as a plain sentence, against every combination of facts.
bool may_flow(Level level, bool offered, bool handshake, bool trusted, bool name, bool asked) {
  if (level <= Level::opportunistic) return true;
  if (!offered || !handshake) return false;
  if (level >= Level::validate && !trusted) return false;
  if (level >= Level::authenticate && !name) return false;
  return level != Level::mutual || asked;
}

TEST(JudgeOracle, OkAgreesWithTheScaleOverTheWholeSmallDomain) {
  const Pki& pki = Pki::get();
  const auto foreign = factory::make_leaf(pki.other_root, "mx1.partner.example");
  for (int level = 0; level <= static_cast<int>(Level::mutual); ++level) {
    for (unsigned bits = 0; bits < 32; ++bits) {
      const bool offered = bits & 1, handshake = bits & 2, trusted = bits & 4, name = bits & 8,
                 asked = bits & 16;
      const Level asked_level = static_cast<Level>(level);
      TlsPolicy p = policy_at(asked_level);
      if (!name) p.reference = {{"other.example", "tls_domain"}};
      Evidence e = sound_evidence();
      if (!trusted) e.tls.presented = {foreign.certificate};
      e.tls.certificate_requested = asked;
      if (!asked) e.tls.own_certificate.reset();
      if (!handshake) {
        const auto presented = e.tls.presented;
        e = stopped_at(Stage::handshake, Stop::reset);
        e.tls.presented = presented;
      }
      if (!offered) {
        e.tls = {};
        e.smtp.starttls_offered = false;
      }
      const Verdict v = judge(e, p, kNow);
      EXPECT_EQ(v.ok, may_flow(asked_level, offered, handshake, trusted, name, asked))
          << to_string(asked_level) << " bits " << bits << ": " << v.cause;
      EXPECT_EQ(v.ok, v.code == "none");
      EXPECT_EQ(dump_json(to_json(verdict_from_json(to_json(v)).value())), dump_json(to_json(v)));
    }
  }
}

TEST(JudgeOracle, StoredEvidenceIsJudgedAlike) {
  const Evidence e = sound_evidence();
  const Evidence back = evidence_from_json(to_json(e)).value();
  EXPECT_EQ(dump_json(to_json(judged(back))), dump_json(to_json(judged(e))));
}

}  // namespace
}  // namespace postern::verdict
