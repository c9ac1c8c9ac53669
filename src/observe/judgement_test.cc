#include "observe/judgement.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/testing/scripted_fetcher.h"
#include "x509/testing/factory.h"

namespace postern::observe {
namespace {

namespace factory = x509::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using verdict::FetchKind;
using verdict::Verdict;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();
constexpr const char* kOcsp = "http://o.example/";
constexpr const char* kOcsp2 = "http://o2.example/";
constexpr const char* kCrl = "http://c.example/x.crl";
constexpr const char* kAia = "http://a.example/issuing.cer";

class JudgementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    factory::CertificateSpec spec;
    spec.common_name = "mx.example";
    spec.dns = {"mx.example"};
    spec.ocsp_urls = {kOcsp, kOcsp2};
    spec.crl_urls = {kCrl};
    spec.aia_urls = {kAia};
    leaf_ = factory::issue(issuing_, spec).certificate;
    evidence_.stage = verdict::Stage::done;
    evidence_.host = "mx.example";
    evidence_.smtp.starttls_offered = true;
    evidence_.tls.attempted = evidence_.tls.completed = evidence_.tls.confirmed = true;
    evidence_.tls.version = "TLSv1.3";
    evidence_.tls.presented = {*leaf_, issuing_.certificate};
    policy_.level = verdict::Level::authenticate;
    policy_.reference = {{"mx.example", "test"}};
    policy_.set_by = "test";
    std::vector<x509::Anchor> anchors{{root_.certificate, {"test", "root.pem", kNow, "", ""}}};
    policy_.trust = {std::make_shared<x509::TrustSet>("test", std::move(anchors))};
  }

  static io::Task<void> run(Judging judging, verdict::Evidence& evidence,
                            const verdict::TlsPolicy& policy, std::promise<Verdict>& out) {
    Verdict verdict = co_await judge_and_fetch(judging, evidence, policy);
    out.set_value(std::move(verdict));
  }
  Verdict judge(bool fetch_issuers = false, Duration limit = kFetchTimeLimit) {
    io::Runtime runtime(1, 1);
    runtime.start();
    std::promise<Verdict> out;
    const Judging judging{&fetcher_, &runtime, &clock_, fetch_issuers, limit};
    runtime.main().spawn("test", run(judging, evidence_, policy_, out));
    Verdict verdict = out.get_future().get();
    runtime.stop();
    return verdict;
  }
  [[nodiscard]] std::string ocsp(factory::OcspSpec::Status status) const {
    return factory::make_ocsp(issuing_, *leaf_, {.status = status});
  }

  const factory::Issued root_ = factory::make_root("Root");
  const factory::Issued issuing_ = factory::make_intermediate(root_, "Issuing");
  std::optional<x509::Certificate> leaf_;
  verdict::Evidence evidence_;
  verdict::TlsPolicy policy_;
  fetch::testing::ScriptedFetcher fetcher_;
  ManualClock clock_{kNow};
};

TEST_F(JudgementTest, TheFirstResponderSettlesIt) {
  fetcher_.answer(FetchKind::ocsp, kOcsp, ocsp(factory::OcspSpec::Status::good));
  const Verdict verdict = judge();
  EXPECT_TRUE(verdict.ok) << verdict.cause;
  EXPECT_THAT(verdict.wants, IsEmpty());
  EXPECT_THAT(fetcher_.asked, ElementsAre("ocsp http://o.example/"));
  EXPECT_THAT(fetcher_.worthless, IsEmpty());
}

TEST_F(JudgementTest, RevokedByOcspIsRevoked) {
  fetcher_.answer(FetchKind::ocsp, kOcsp, ocsp(factory::OcspSpec::Status::revoked));
  EXPECT_EQ(judge().code, "revoked");
}

TEST_F(JudgementTest, WhereNoResponderAnswersTheCrlDoes) {
  fetcher_.answer(FetchKind::crl, kCrl, factory::make_crl(issuing_, {.revoked = {{*leaf_}}}));
  EXPECT_EQ(judge().code, "revoked");
  EXPECT_THAT(fetcher_.rounds, ElementsAre("ocsp http://o.example/", "ocsp http://o2.example/",
                                           "crl http://c.example/x.crl"));
}

TEST_F(JudgementTest, UnreachableDeliversAndSaysWhichAddressFailed) {
  fetcher_.fail(FetchKind::crl, kCrl, "HTTP status 404");
  const Verdict verdict = judge();
  EXPECT_TRUE(verdict.ok);
  ASSERT_THAT(evidence_.fetched.fetches, SizeIs(3));
  std::string detail;
  for (const verdict::Check& check : verdict.checks)
    if (check.name == "revocation") detail = check.detail;
  EXPECT_THAT(detail, HasSubstr("crl http://c.example/x.crl: HTTP status 404"));
}

TEST_F(JudgementTest, UnreachableHoldsWhereItIsRequired) {
  policy_.revocation = verdict::Revocation::required;
  EXPECT_EQ(judge().code, "revocation-unreachable");
}

TEST_F(JudgementTest, AnAnswerThatSettlesNothingIsReportedAndTheNextOneAsked) {
  fetcher_.answer(FetchKind::ocsp, kOcsp,
                  factory::make_ocsp(factory::make_root("Stranger"), *leaf_, {}));
  fetcher_.answer(FetchKind::ocsp, kOcsp2, ocsp(factory::OcspSpec::Status::good));
  EXPECT_THAT(judge().wants, IsEmpty());
  EXPECT_THAT(fetcher_.worthless, ElementsAre("ocsp http://o.example/"));
}

TEST_F(JudgementTest, NothingIsAskedWhereNoTimeIsLeft) {
  policy_.revocation = verdict::Revocation::required;
  EXPECT_EQ(judge(false, Duration::zero()).code, "revocation-unreachable");
  EXPECT_THAT(fetcher_.asked, IsEmpty());
}

TEST_F(JudgementTest, NothingIsAskedWhereTheVerdictWantsNothing) {
  policy_.revocation = verdict::Revocation::off;
  EXPECT_TRUE(judge().ok);
  policy_.revocation = verdict::Revocation::when_published;
  policy_.level = verdict::Level::encrypt;
  EXPECT_TRUE(judge().ok);
  EXPECT_THAT(fetcher_.asked, IsEmpty());
}

TEST_F(JudgementTest, SilentServersCostALimitedTime) {
  fetcher_.stall(clock_);
  EXPECT_TRUE(judge().ok);
  EXPECT_LE(clock_.now() - kNow, kFetchTimeLimit);
  EXPECT_THAT(fetcher_.limits, ElementsAre(kFetchRoundLimit, kFetchRoundLimit,
                                           kFetchTimeLimit - 2 * kFetchRoundLimit));
}

TEST_F(JudgementTest, RoundsAreBounded) {
  factory::CertificateSpec spec;
  spec.common_name = "mx.example";
  for (int i = 0; i < 20; ++i) spec.crl_urls.push_back("http://c.example/" + std::to_string(i));
  evidence_.tls.presented = {factory::issue(issuing_, spec).certificate, issuing_.certificate};
  (void)judge();
  EXPECT_THAT(fetcher_.rounds, SizeIs(kMaxFetchRounds));
}

TEST_F(JudgementTest, IssuersAreFetchedForCounterTestsOnlyAndChangeNoVerdict) {
  evidence_.tls.presented = {*leaf_};
  fetcher_.answer(FetchKind::aia, kAia, issuing_.certificate.der());
  EXPECT_EQ(judge(false).code, "incomplete-chain");
  EXPECT_THAT(fetcher_.asked, IsEmpty());
  EXPECT_EQ(judge(true).code, "incomplete-chain");
  EXPECT_THAT(evidence_.fetched.issuers, ElementsAre(issuing_.certificate));
}

TEST_F(JudgementTest, ALongListIsJudgedOffTheLoopWithTheSameVerdict) {
  evidence_.crls_der = {std::string(kMaxOctetsJudgedOnLoop + 1, 'x')};
  fetcher_.answer(FetchKind::ocsp, kOcsp, ocsp(factory::OcspSpec::Status::revoked));
  EXPECT_EQ(judge().code, "revoked");
}

}  // namespace
}  // namespace postern::observe
