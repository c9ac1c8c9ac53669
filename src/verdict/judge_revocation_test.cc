// Revocation: what is asked, what counts, and what is said when nobody answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verdict/testing/judge_cases.h"

namespace postern::verdict {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kOcspUrl = "http://ocsp.example/";
constexpr const char* kCrlUrl = "http://ca.example/x.crl";

struct Revocable {
  factory::Issued ca = Pki::get().root;
  x509::Certificate leaf;
};

Revocable revocable(std::vector<std::string> ocsp = {}) {
  factory::CertificateSpec spec;
  spec.common_name = "mx1.partner.example";
  spec.dns = {"mx1.partner.example"};
  spec.ocsp_urls = std::move(ocsp);
  spec.crl_urls = {kCrlUrl, "ldap://ca.example/x"};
  return {Pki::get().root, factory::issue(Pki::get().root, spec).certificate};
}

Evidence presenting(const Revocable& r) {
  Evidence e = sound_evidence();
  e.tls.presented = {r.leaf};
  return e;
}

TlsPolicy policy(Revocation mode = Revocation::when_published) {
  TlsPolicy p = policy_at(Level::authenticate);
  p.revocation = mode;
  return p;
}

std::string revoking_ocsp(const Revocable& r) {
  return factory::make_ocsp(r.ca, r.leaf, {.status = factory::OcspSpec::Status::revoked});
}

TEST(JudgeRevocation, RevokedFailsAndComesFirst) {
  const Revocable r = revocable();
  Evidence e = presenting(r);
  e.crls_der = {factory::make_crl(r.ca, {.revoked = {{r.leaf}}})};
  TlsPolicy p = policy();
  p.reference = {{"other.example", "tls_domain"}};
  EXPECT_EQ(judge(e, p, kNow).code, "revoked");
  p.revocation = Revocation::off;
  EXPECT_EQ(judge(e, p, kNow).code, "name-mismatch");
}

TEST(JudgeRevocation, WhatWasFetchedCountsLikeWhatWasAtHand) {
  const Revocable r = revocable({kOcspUrl});
  for (const bool by_ocsp : {true, false}) {
    Evidence e = presenting(r);
    auto& place = by_ocsp ? e.fetched.ocsp_der : e.fetched.crls_der;
    place = {by_ocsp ? revoking_ocsp(r) : factory::make_crl(r.ca, {.revoked = {{r.leaf}}})};
    EXPECT_EQ(judge(e, policy(), kNow).code, "revoked");
    place = {by_ocsp ? factory::make_ocsp(r.ca, r.leaf, {}) : factory::make_crl(r.ca, {})};
    const Verdict good = judge(e, policy(Revocation::required), kNow);
    EXPECT_TRUE(good.ok) << good.cause;
    EXPECT_THAT(good.wants, IsEmpty());
  }
}

TEST(JudgeRevocation, UnknownDeliversUnlessRequired) {
  const Revocable r = revocable();
  const Verdict v = judge(presenting(r), policy(), kNow);
  EXPECT_TRUE(v.ok);
  EXPECT_EQ(find_check(v, "revocation")->result, CheckResult::unknown);
  EXPECT_EQ(find_check(v, "revocation")->code, "revocation-unreachable");
  EXPECT_EQ(judge(presenting(r), policy(Revocation::required), kNow).code,
            "revocation-unreachable");
}

TEST(JudgeRevocation, WantsOcspBeforeCrlAndNothingByLdap) {
  const Revocable r = revocable({kOcspUrl});
  const Verdict v = judge(presenting(r), policy(), kNow);
  EXPECT_THAT(wanted(v), ElementsAre("ocsp http://ocsp.example/", "crl http://ca.example/x.crl"));
  EXPECT_FALSE(v.wants[0].ocsp_request.empty());
  EXPECT_EQ(v.wants[0].certificate, r.leaf.sha256());
}

TEST(JudgeRevocation, NothingIsWantedWhereItIsNotAskedOrDecidesNothing) {
  const Revocable r = revocable();
  EXPECT_THAT(judge(presenting(r), policy(Revocation::off), kNow).wants, IsEmpty());
  const Verdict below = judge(presenting(r), policy_at(Level::encrypt), kNow);
  EXPECT_THAT(below.wants, IsEmpty());
  EXPECT_EQ(find_check(below, "revocation")->result, CheckResult::not_asked);
  Evidence untrusted = presenting(r);
  TlsPolicy p = policy();
  p.trust = {trust_set("partners", {Pki::get().other_root.certificate})};
  for (const Want& want : judge(untrusted, p, kNow).wants) EXPECT_EQ(want.kind, FetchKind::aia);
}

TEST(JudgeRevocation, TheDetailSaysWhichAddressFailedAndHow) {
  const Revocable r = revocable({kOcspUrl});
  Evidence e = presenting(r);
  e.fetched.fetches = {
      {FetchKind::ocsp, kOcspUrl, r.leaf.sha256(), false, "connection refused", 0, "", false},
      {FetchKind::ocsp, kOcspUrl, "another", false, "not this one", 0, "", false},
      {FetchKind::crl, kCrlUrl, "another", true, "", 500, "AB", false}};
  const std::string detail = find_check(judge(e, policy(), kNow), "revocation")->detail;
  EXPECT_THAT(detail, HasSubstr("ocsp http://ocsp.example/: connection refused"));
  EXPECT_THAT(detail, HasSubstr("crl http://ca.example/x.crl: came, but does not settle it"));
  EXPECT_THAT(detail, HasSubstr("ldap://ca.example/x: not followed"));
  EXPECT_THAT(detail, Not(HasSubstr("not this one")));
  EXPECT_THAT(judge(e, policy(Revocation::required), kNow).cause, HasSubstr("connection refused"));
}

TEST(JudgeRevocation, RequiredHoldsACertificateThatNamesNoPlaceToAsk) {
  const Verdict v = judge(sound_evidence(), policy(Revocation::required), kNow);
  EXPECT_EQ(v.code, "revocation-unreachable");
  EXPECT_THAT(v.cause, HasSubstr("names no place to ask"));
  EXPECT_TRUE(judge(sound_evidence(), policy(), kNow).ok);
}

TEST(JudgeRevocation, FetchedIssuersDoNotCureAnIncompleteChainButTheCounterTestShowsIt) {
  factory::CertificateSpec spec;
  spec.common_name = "mx1.partner.example";
  spec.dns = {"mx1.partner.example"};
  spec.aia_urls = {"http://ca.example/issuing.cer"};
  Evidence e = sound_evidence();
  e.tls.presented = {factory::issue(Pki::get().intermediate, spec).certificate};
  e.fetched.issuers = {Pki::get().intermediate.certificate};
  EXPECT_EQ(judge(e, policy(), kNow).code, "incomplete-chain");
  EXPECT_TRUE(judge(with_fetched_issuers(e), policy(), kNow).ok);
}

TEST(ForStorage, LeavesOutWhatIsLargeAndKeepsItsLengthAndDigest) {
  Evidence e = sound_evidence();
  e.crls_der = {std::string(kMaxStoredCrlOctets + 1, 'x'), "small"};
  e.fetched.crls_der = {std::string(kMaxStoredCrlOctets + 1, 'x')};
  e.fetched.ocsp_der = {std::string(kMaxStoredOcspOctets + 1, 'x'), "small"};
  e.fetched.fetches = {{FetchKind::crl, kCrlUrl, "AB", true, "", 70'000, "CD", false}};
  const Evidence stored = for_storage(e);
  EXPECT_THAT(stored.crls_der, ElementsAre("small"));
  EXPECT_THAT(stored.fetched.crls_der, IsEmpty());
  EXPECT_THAT(stored.fetched.ocsp_der, ElementsAre("small"));
  ASSERT_EQ(stored.fetched.fetches.size(), 1U);
  EXPECT_EQ(stored.fetched.fetches[0].octets, 70'000U);
  EXPECT_EQ(stored.tls.presented.size(), 2U);
}

TEST(ForStorage, KeepsTheLeafOfAChainThatIsTooLong) {
  Evidence e = sound_evidence();
  while (e.tls.presented.size() < 60)
    e.tls.presented.push_back(Pki::get().intermediate.certificate);
  EXPECT_EQ(for_storage(e).tls.presented.size(), 1U);
}

}  // namespace
}  // namespace postern::verdict
