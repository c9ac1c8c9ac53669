#include "probe/preflight_revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/testing/scripted_fetcher.h"
#include "probe/preflight.h"
#include "probe/testing/run.h"
#include "x509/testing/factory.h"

namespace postern::probe {
namespace {

namespace factory = x509::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using verdict::FetchKind;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();
constexpr const char* kOcsp = "http://o.test/";
constexpr const char* kCrl = "http://c.test/issuing.crl";
constexpr const char* kRootCrl = "http://c.test/root.crl";

class PreflightRevocation : public ::testing::Test {
 protected:
  void SetUp() override {
    factory::CertificateSpec ca;
    ca.common_name = "Issuing";
    ca.ca = true;
    ca.crl_urls = {kRootCrl};
    issuing_ = factory::issue(root_, ca);
    factory::CertificateSpec leaf;
    leaf.common_name = "mail.contoso.test";
    leaf.dns = {"mail.contoso.test"};
    leaf.crl_urls = {kCrl, "ldap:///CN=Issuing"};
    leaf.ocsp_urls = {kOcsp};
    leaf_ = factory::issue(*issuing_, leaf).certificate;
    fetcher_.answer(FetchKind::crl, kRootCrl, factory::make_crl(root_, {}));
    fetcher_.answer(FetchKind::crl, kCrl, factory::make_crl(*issuing_, {}));
    ocsp(factory::OcspSpec::Status::good);
  }

  void ocsp(factory::OcspSpec::Status status) {
    fetcher_.answer(FetchKind::ocsp, kOcsp,
                    factory::make_ocsp(*issuing_, *leaf_, {.status = status}));
  }
  x509::TrustSets roots() const {
    std::vector<x509::Anchor> anchors{{root_.certificate, {.set = "system"}}};
    return {std::make_shared<x509::TrustSet>("system", std::move(anchors))};
  }
  verdict::FetchedEvidence ask(const x509::TrustSets& trust) {
    return testing::run([&](const io::Executor&) {
      return ask_revocation(fetcher_, clock_, {*leaf_, issuing_->certificate}, trust);
    });
  }
  PreflightReport report(const explain::ExchangeEstate* exchange = nullptr) {
    PreflightInputs in;
    in.certificate.file = "new.pem";
    in.certificate.chain = {*leaf_, issuing_->certificate};
    in.exchange = exchange;
    in.public_roots = roots();
    in.fetched = ask(in.public_roots);
    in.online = true;
    in.now = kNow;
    return preflight(in).value();
  }
  static const PreflightFinding* find(const PreflightReport& report, std::string_view code) {
    const auto found = std::ranges::find(report.findings, code, &PreflightFinding::code);
    return found == report.findings.end() ? nullptr : &*found;
  }

  const factory::Issued root_ = factory::make_root("Root");
  std::optional<factory::Issued> issuing_;
  std::optional<x509::Certificate> leaf_;
  fetch::testing::ScriptedFetcher fetcher_;
  ManualClock clock_{kNow};
};

TEST_F(PreflightRevocation, CrlsAreAskedForThoughOcspHasAnswered) {
  const verdict::FetchedEvidence fetched = ask(roots());
  EXPECT_THAT(fetcher_.asked,
              UnorderedElementsAre(std::string("ocsp ") + kOcsp, std::string("crl ") + kRootCrl,
                                   std::string("crl ") + kCrl));
  EXPECT_THAT(fetched.fetches, SizeIs(3));
  EXPECT_THAT(fetched.crls_der, SizeIs(2));
  EXPECT_THAT(fetched.ocsp_der, SizeIs(1));
}

TEST_F(PreflightRevocation, APrivateCaIsAskedToo) {
  EXPECT_THAT(ask({}).ocsp_der, SizeIs(1));
}

TEST_F(PreflightRevocation, WhatWasAskedAndCameIsInTheReport) {
  const PreflightReport good = report();
  EXPECT_EQ(find(good, "revocation-unreachable"), nullptr);
  EXPECT_EQ(find(good, "revoked"), nullptr);
  EXPECT_THAT(good.asked, SizeIs(3));
  for (const std::string& one : good.not_looked_at) EXPECT_THAT(one, Not(HasSubstr("revoked")));
}

TEST_F(PreflightRevocation, ARevokedOneBreaks) {
  ocsp(factory::OcspSpec::Status::revoked);
  const PreflightReport broken = report();
  EXPECT_FALSE(broken.safe());
  ASSERT_NE(find(broken, "revoked"), nullptr);
  EXPECT_EQ(find(broken, "revoked")->impact, Impact::breaks);
}

TEST_F(PreflightRevocation, WhatFailedIsToldByUrlAndReason) {
  fetcher_.fail(FetchKind::ocsp, kOcsp, "cannot connect: Connection refused");
  const PreflightReport report_without_ocsp = report();
  const PreflightFinding* const found = find(report_without_ocsp, "revocation-unreachable");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->impact, Impact::warning);
  EXPECT_EQ(found->who, "whoever asks there");
  EXPECT_THAT(found->cause, HasSubstr("ocsp http://o.test/: cannot connect: Connection refused"));
}

TEST_F(PreflightRevocation, WithoutItsCrlAHybridOrganizationBreaksThoughOcspAnswers) {
  fetcher_.fail(FetchKind::crl, kCrl, "HTTP status 404");
  const PreflightReport alone = report();
  ASSERT_NE(find(alone, "revocation-unreachable"), nullptr);
  EXPECT_EQ(find(alone, "revocation-unreachable")->impact, Impact::warning);
  explain::ExchangeEstate estate;
  estate.hybrid.emplace_back();
  const PreflightReport hybrid = report(&estate);
  const PreflightFinding* const found = find(hybrid, "revocation-unreachable");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->impact, Impact::breaks);
  EXPECT_THAT(found->cause, HasSubstr("crl http://c.test/issuing.crl: HTTP status 404"));
  EXPECT_FALSE(hybrid.safe());
}

}  // namespace
}  // namespace postern::probe
