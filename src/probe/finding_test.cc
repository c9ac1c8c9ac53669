#include "probe/finding.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "probe/testing/reports.h"
#include "verdict/catalog.h"

namespace postern::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::host_at;
using ::testing::IsEmpty;
using testing::report_of;
using Status = verdict::DnsEvidence::Status;
namespace cases = testing::cases;

std::vector<Finding> findings(const CheckReport& report) {
  return find_all(report, {testing::kNow, std::chrono::days(30), std::chrono::days(7)});
}

std::vector<std::string> codes(const std::vector<Finding>& list) {
  std::vector<std::string> out;
  for (const Finding& one : list)
    out.push_back(std::string(to_string(one.severity)) + " " + one.code);
  return out;
}

// One host at the address of its name; `change` breaks it.
std::vector<Finding> of_host(const std::function<void(HostReport&)>& change) {
  HostReport host = host_at("192.0.2.1");
  change(host);
  testing::judge(host);
  return findings(report_of({std::move(host)}));
}

verdict::Evidence ending_in(Duration left) {
  testing::factory::CertificateSpec spec;
  spec.common_name = "mx1.partner.example";
  spec.dns = {"mx1.partner.example"};
  spec.not_after = testing::kNow + left;
  return testing::presenting(spec);
}

HostReport with_clear(HostReport host, int code) {
  host.clear.looked = true;
  host.clear.mail_from = mail::Reply::from_peer(code, {"text"});
  return host;
}

TEST(Finding, ASoundHostHasNone) {
  EXPECT_THAT(findings(report_of({host_at("192.0.2.1")})), IsEmpty());
}

TEST(Finding, EachIsSaidOnceWithItsSeverity) {
  using std::chrono::days;
  const struct {
    const char* what;
    std::function<void(HostReport&)> change;
    std::vector<std::string> codes;
  } rows[] = {
      {"ends within 30 days",
       [](HostReport& host) { host.evidence.tls = ending_in(days(20)).tls; },
       {"warning expiring"}},
      {"ends within 7 days",
       [](HostReport& host) { host.evidence.tls = ending_in(days(5)).tls; },
       {"critical expiring"}},
      {"ended",
       [](HostReport& host) { host.evidence.tls = ending_in(-days(1)).tls; },
       {"critical expired"}},
      {"masked greeting",
       [](HostReport& host) {
         host.evidence.smtp.greeting = mail::Reply::from_peer(220, {"**********************"});
       },
       {"warning device-on-the-way"}},
      {"a device answers",
       [](HostReport& host) {
         host.clear.unknown_verb = mail::Reply::from_peer(500, {"XXXXXXXA"});
       },
       {"warning device-on-the-way"}},
      {"old versions are still taken",
       [](HostReport& host) { testing::add_view(host, View::legacy, cases::sound_evidence()); },
       {"info old-tls-accepted"}},
      {"a list of CAs beyond the warning",
       [](HostReport& host) { host.evidence.tls.ca_names_octets = 9'000; },
       {"warning ca-list-too-long"}},
      {"a list of CAs that Windows does not read",
       [](HostReport& host) { host.evidence.tls.ca_names_octets = 17'000; },
       {"critical ca-list-too-long"}},
      {"mail is taken in the clear",
       [](HostReport& host) { host = with_clear(std::move(host), 250); },
       {"info takes-mail-without-tls"}},
      {"and TLS is promised",
       [](HostReport& host) {
         host = with_clear(std::move(host), 250);
         host.evidence.smtp.tls_keywords = {"REQUIRETLS"};
       },
       {"warning takes-mail-without-tls"}},
      {"mail is refused in the clear",
       [](HostReport& host) { host = with_clear(std::move(host), 530); },
       {}},
      {"TLSA without DNSSEC",
       [](HostReport& host) {
         host.dane.status = Status::insecure;
         host.dane.records = {verdict::make_tlsa(host.evidence.tls.presented.front())};
       },
       {"info tlsa-not-secure"}},
      {"TLSA of another key",
       [](HostReport& host) {
         host.dane.status = Status::secure;
         host.dane.records = {verdict::make_tlsa(cases::Pki::get().own.certificate)};
       },
       {"critical tlsa-mismatch"}},
      {"TLSA that cannot be had",
       [](HostReport& host) { host.dane.status = Status::failed; },
       {"warning tlsa-lookup-failed"}},
      {"bogus TLSA",
       [](HostReport& host) { host.dane.status = Status::bogus; },
       {"warning dnssec-bogus"}},
  };
  for (const auto& [what, change, wanted] : rows) EXPECT_EQ(codes(of_host(change)), wanted) << what;
}

TEST(Finding, OnlyOldTlsIsCritical) {
  HostReport host = host_at("192.0.2.1", "mx1.partner.example",
                            cases::stopped_at(verdict::Stage::handshake, verdict::Stop::error));
  verdict::Evidence old = cases::sound_evidence();
  old.tls.version = "TLSv1";
  testing::add_view(host, View::legacy, old);
  EXPECT_THAT(codes(findings(report_of({host}))), ::testing::Contains("critical only-old-tls"));
}

TEST(Finding, DomainSecurityWantsToBeAskedForACertificate) {
  HostReport host = host_at("192.0.2.1");
  host.evidence.tls.certificate_requested = false;
  CheckReport report = report_of({host});
  EXPECT_THAT(findings(report), IsEmpty());
  report.as = SenderKind::exchange_domain_security;
  EXPECT_THAT(codes(findings(report)), ElementsAre("warning client-certificate-not-requested"));
}

TEST(Finding, ABrokenHostBesideASoundOneIsAWarningAndNamesBothHostsWhereBothHaveIt) {
  const auto wrong = testing::presenting_name("mail.contoso.example");
  const CheckReport report =
      report_of({host_at("192.0.2.1"), host_at("192.0.2.2", "mx1.partner.example", wrong)});
  EXPECT_THAT(codes(findings(report)), ElementsAre("warning name-mismatch"));
  const CheckReport broken = report_of({host_at("192.0.2.1", "mx1.partner.example", wrong)});
  EXPECT_THAT(codes(findings(broken)), ElementsAre("critical name-mismatch"));
  const auto masked = [](const char* address) {
    HostReport host = host_at(address);
    host.evidence.smtp.greeting = mail::Reply::from_peer(220, {"****"});
    return host;
  };
  const auto both = findings(report_of({masked("192.0.2.1"), masked("192.0.2.2")}));
  ASSERT_EQ(both.size(), 1U);
  EXPECT_THAT(both.front().hosts,
              ElementsAre("mx1.partner.example [192.0.2.1]", "mx1.partner.example [192.0.2.2]"));
}

TEST(Finding, AnMxHostWithoutAddress) {
  CheckReport report = report_of({host_at("192.0.2.1")});
  report.missing.emplace_back().host = "mx2.partner.example";
  const auto found = findings(report);
  ASSERT_EQ(codes(found), std::vector<std::string>{"warning dns-resolution-failure"});
  EXPECT_THAT(found.front().hosts, ElementsAre("mx2.partner.example"));
}

// ---- MTA-STS -----------------------------------------------------------------------------------

CheckReport with_policy(verdict::StsMode mode, std::vector<std::string> mx) {
  CheckReport report = report_of({host_at("192.0.2.1"), host_at("192.0.2.2")});
  report.sts.id = "1";
  report.sts.policy = verdict::StsPolicy{mode, std::move(mx), std::chrono::hours(24)};
  for (HostReport& host : report.hosts)
    host.sts = StsHost{verdict::lists_mx(*report.sts.policy, host.target.host), host.verdict};
  return report;
}

TEST(Finding_MtaSts, ThePolicyThatListsEveryMxIsSound) {
  for (const char* pattern : {"mx1.partner.example", "*.partner.example"})
    EXPECT_THAT(findings(with_policy(verdict::StsMode::enforce, {pattern})), IsEmpty());
}

TEST(Finding_MtaSts, AnMxThatIsNotListedIsAsGraveAsTheModeMakesIt) {
  using enum verdict::StsMode;
  const struct {
    verdict::StsMode mode;
    std::vector<std::string> codes;
  } rows[] = {
      {enforce, {"critical mta-sts-mx-mismatch", "info mta-sts-mx-mismatch"}},
      {verdict::StsMode::testing, {"warning mta-sts-mx-mismatch", "info mta-sts-mx-mismatch"}},
      {none, {}},
  };
  for (const auto& [mode, wanted] : rows) {
    const auto found = findings(with_policy(mode, {"mx9.partner.example"}));
    EXPECT_EQ(codes(found), wanted) << to_string(mode);
    if (found.empty()) continue;
    EXPECT_THAT(found.front().text, HasSubstr("it lists mx9.partner.example"));
    EXPECT_THAT(found.front().hosts.size(), 2U);
    EXPECT_THAT(found.back().text, HasSubstr("lists what is no MX host: mx9.partner.example"));
  }
}

TEST(Finding_MtaSts, WhatItsSendersWouldRefuseIsSaidOnce) {
  CheckReport report = with_policy(verdict::StsMode::enforce, {"mx1.partner.example"});
  verdict::Verdict refusal;
  refusal.ok = false;
  refusal.code = "untrusted-root";
  refusal.cause = "Nobody trusts it.";
  report.hosts.front().sts->verdict = refusal;
  const auto found = findings(report);
  ASSERT_EQ(codes(found), std::vector<std::string>{"critical untrusted-root"});
  EXPECT_EQ(found.front().text, "senders with MTA-STS refuse it: Nobody trusts it.");
  // The host's own verdict says it already.
  report.hosts.front().verdict = refusal;
  EXPECT_EQ(codes(findings(report)), std::vector<std::string>{"warning untrusted-root"});
}

TEST(Finding_MtaSts, APolicyThatCannotBeHadIsAtItsHost) {
  CheckReport report = report_of({host_at("192.0.2.1")});
  report.sts.problem = "the policy: HTTP status 404";
  report.sts.problem_at = "mta-sts.partner.example";
  const auto found = findings(report);
  ASSERT_EQ(codes(found), std::vector<std::string>{"warning mta-sts-policy-fetch-failed"});
  EXPECT_THAT(found.front().hosts, ElementsAre("mta-sts.partner.example"));
}

// ---- the catalog -------------------------------------------------------------------------------

// Quoted words of `text` with a hyphen inside: "name-mismatch", and never "--key".
std::vector<std::string> hyphenated_words(const std::string& text) {
  std::vector<std::string> out;
  const auto parts = split(text, '"');
  for (const std::string_view part : parts) {
    const auto plain = [](char c) { return c == '-' || (c >= 'a' && c <= 'z') || is_digit(c); };
    const bool inside =
        part.find('-') != std::string_view::npos && part.front() != '-' && part.back() != '-';
    if (inside && std::ranges::all_of(part, plain)) out.emplace_back(part);
  }
  return out;
}

// What is said can be looked up: every such word in this module is a code of the catalog, or a word
// of another kind that is named here.
TEST(Codes, EveryOneThatAProbeCanSayIsInTheCatalog) {
  std::set<std::string, std::less<>> others = {
      "other-address", "other-mx",     "other-names", "other-trust-set",   "starttls-unasked",
      "unknown-verb",  "counter-test", "mta-sts",     "client-certificate"};
  for (int view = 0; view <= static_cast<int>(View::issuers); ++view)
    others.emplace(to_string(static_cast<View>(view)));
  for (const SenderKind kind : all_sender_kinds()) others.emplace(to_string(kind));
  std::size_t found = 0;
  for (const auto& file : std::filesystem::directory_iterator(POSTERN_SOURCE_DIR "/src/probe")) {
    const std::string path = file.path().string();
    if (!path.ends_with(".cc") || path.ends_with("_test.cc")) continue;
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    for (const std::string& word : hyphenated_words(text.str())) {
      if (others.contains(word)) continue;
      ++found;
      EXPECT_NE(verdict::find_catalog_entry(word), nullptr) << path << ": " << word;
    }
  }
  EXPECT_GE(found, 50U);
}

}  // namespace
}  // namespace postern::probe
