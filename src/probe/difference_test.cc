#include "probe/difference.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe/testing/reports.h"

namespace postern::probe {
namespace {

using ::testing::HasSubstr;
using testing::host_at;
using ::testing::IsEmpty;
using testing::report_of;
using ::testing::StartsWith;

// Three hosts, the last one changed.
CheckReport with_last(const std::function<void(HostReport&)>& change) {
  std::vector<HostReport> hosts{host_at("192.0.2.1"), host_at("192.0.2.2"), host_at("192.0.2.3")};
  change(hosts.back());
  testing::judge(hosts.back());
  return report_of(std::move(hosts));
}

TEST(Difference, HostsThatAreAlikeAndOneHostAloneDifferInNothing) {
  EXPECT_THAT(differences(with_last([](HostReport&) {})), IsEmpty());
  EXPECT_THAT(differences(report_of({host_at("192.0.2.1")})), IsEmpty());
  EXPECT_THAT(differences(report_of({})), IsEmpty());
}

TEST(Difference, OneOfThreeIsNamedWithWhatItDiffersIn) {
  const struct {
    const char* fact;
    const char* words;
    std::function<void(HostReport&)> change;
  } cases[] = {
      {"version", "speak another TLS version: mx1.partner.example [192.0.2.3] (TLSv1.2)",
       [](HostReport& host) { host.evidence.tls.version = "TLSv1.2"; }},
      {"client-certificate", "(not asked for)",
       [](HostReport& host) { host.evidence.tls.certificate_requested = false; }},
      {"keywords", "announce other keywords",
       [](HostReport& host) { host.evidence.smtp.keywords.push_back("CHUNKING"); }},
  };
  for (const auto& [fact, words, change] : cases) {
    const std::vector<Difference> found = differences(with_last(change));
    ASSERT_EQ(found.size(), 1U) << fact;
    EXPECT_EQ(found.front().fact, fact);
    EXPECT_THAT(found.front().text, StartsWith("1 of 3 addresses "));
    EXPECT_THAT(found.front().text, HasSubstr(words));
    EXPECT_EQ(found.front().groups.size(), 2U);
  }
}

TEST(Difference, AWrongCertificateShowsInVerdictAndCertificate) {
  const auto found = differences(with_last([](HostReport& host) {
    host.evidence.tls.presented = testing::presenting_name("mail.elsewhere.example").tls.presented;
  }));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].fact, "verdict");
  EXPECT_THAT(found[0].text, HasSubstr("(name-mismatch)"));
  EXPECT_EQ(found[1].fact, "certificate");
  EXPECT_THAT(found[1].text, HasSubstr("for mail.elsewhere.example; issued by CN=Partner Root"));
}

TEST(Difference, ACertificateOfItsOwnForEachHostIsNoDifference) {
  testing::factory::CertificateSpec spec;
  spec.common_name = "mx1.partner.example";
  spec.dns = {"mx1.partner.example", "mx2.partner.example"};
  const auto& issuing = testing::cases::Pki::get().intermediate;
  EXPECT_THAT(differences(with_last([&](HostReport& host) {
                host.evidence.tls.presented = {testing::factory::issue(issuing, spec).certificate,
                                               issuing.certificate};
              })),
              IsEmpty());
}

TEST(Difference, TheNumberBehindAKeywordIsNoDifference) {
  EXPECT_THAT(differences(with_last(
                  [](HostReport& host) { host.evidence.smtp.keywords = {"SIZE 77", "STARTTLS"}; })),
              IsEmpty());
}

TEST(Difference, WhatWasNotReachedDiffersInItsVerdictAlone) {
  const auto found = differences(with_last([](HostReport& host) {
    host.evidence = testing::cases::stopped_at(verdict::Stage::connect, verdict::Stop::refused);
  }));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().fact, "verdict");
  EXPECT_THAT(found.front().text, HasSubstr("(connection-refused)"));
}

}  // namespace
}  // namespace postern::probe
