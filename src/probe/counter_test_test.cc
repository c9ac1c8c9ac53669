#include "probe/counter_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe/testing/reports.h"

namespace postern::probe {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::host_at;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::presenting_name;
using testing::report_of;
using Result = CounterTest::Result;
namespace cases = testing::cases;

const CounterTest* find(const std::vector<CounterTest>& tests, std::string_view name) {
  const auto found = std::ranges::find(tests, name, &CounterTest::name);
  return found == tests.end() ? nullptr : &*found;
}

HostReport failing(std::string code) {
  HostReport host;
  host.verdict.ok = false;
  host.verdict.code = std::move(code);
  return host;
}

HostReport with_wrong_name() {
  return host_at("192.0.2.1", "mx1.partner.example", presenting_name("mail.contoso.example"));
}

TEST(SeparatingViews, OnlyWhatCanTellTheCandidatesApartIsLookedAt) {
  using enum View;
  const struct {
    const char* code;
    std::vector<View> views;
  } rows[] = {
      {"name-mismatch", {without_sni, domain_sni}},
      {"incomplete-chain", {without_sni, domain_sni, issuers}},
      {"root-in-wrong-store", {}},
      {"protocol-version-mismatch", {legacy, anything}},
      {"smtp-timeout", {other_mode, other_source}},
      {"starttls-not-offered", {other_source}},
      {"client-certificate-missing", {without_client_certificate, tls1_2}},
      {"revoked", {}},
  };
  for (const auto& [code, views] : rows) EXPECT_EQ(separating_views(failing(code)), views) << code;
  EXPECT_THAT(separating_views(host_at("192.0.2.1")), IsEmpty());
}

TEST(CounterTests, ASoundHostIsAskedNothing) {
  EXPECT_THAT(counter_tests(report_of({host_at("192.0.2.1")}), 0, {}), IsEmpty());
}

TEST(CounterTests, AViewIsCleanTheSameOrDiffers) {
  const struct {
    const char* leaf;
    Result result;
    const char* words;
  } rows[] = {
      {"mx1.partner.example", Result::clean, "without SNI: all is well"},
      {"mail.other.example", Result::differs,
       "another certificate is presented, for mail.other.example: name-mismatch"},
  };
  for (const auto& [leaf, result, words] : rows) {
    HostReport host = with_wrong_name();
    testing::add_view(host, View::without_sni, presenting_name(leaf));
    const auto tests = counter_tests(report_of({host}), 0, {});
    const CounterTest* const found = find(tests, "without-sni");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->result, result) << leaf;
    EXPECT_THAT(found->answer, HasSubstr(words));
  }
  HostReport host = with_wrong_name();
  testing::add_view(host, View::without_sni, host.evidence);
  const auto tests = counter_tests(report_of({host}), 0, {});
  EXPECT_EQ(find(tests, "without-sni")->result, Result::same);
  EXPECT_EQ(find(tests, "without-sni")->answer, "without SNI: the same: name-mismatch");
}

TEST(CounterTests, AHandshakeThatCompletesOtherwiseIsToldWithItsVersion) {
  HostReport host = host_at("192.0.2.1", "mx1.partner.example",
                            cases::stopped_at(verdict::Stage::handshake, verdict::Stop::error));
  host.evidence.tls.error_reason = "SSL_R_UNSUPPORTED_PROTOCOL";
  host.evidence.tls.error = "unsupported protocol";
  verdict::Evidence old = cases::sound_evidence();
  old.tls.version = "TLSv1";
  old.tls.cipher = "ECDHE-RSA-AES128-SHA";
  testing::add_view(host, View::legacy, old);
  ASSERT_EQ(host.judged_code, "protocol-version-mismatch");
  const auto tests = counter_tests(report_of({host}), 0, {});
  EXPECT_THAT(find(tests, "legacy")->answer,
              HasSubstr("the handshake completes: TLSv1 ECDHE-RSA-AES128-SHA"));
}

TEST(CounterTests, OtherAddressesAndOtherHostsAreComparedApart) {
  const auto broken = with_wrong_name();
  const CheckReport report = report_of(
      {broken, host_at("192.0.2.2"),
       host_at("192.0.2.3", "mx2.partner.example", presenting_name("mail.contoso.example")),
       host_at("192.0.2.4", "mx3.partner.example",
               cases::stopped_at(verdict::Stage::connect, verdict::Stop::refused))});
  const auto tests = counter_tests(report, 0, {});
  ASSERT_NE(find(tests, "other-address"), nullptr);
  EXPECT_EQ(find(tests, "other-address")->result, Result::clean);
  EXPECT_EQ(find(tests, "other-address")->answer,
            "another address of the host: 192.0.2.2 is sound");
  ASSERT_NE(find(tests, "other-mx"), nullptr);
  EXPECT_EQ(find(tests, "other-mx")->result, Result::differs);
  EXPECT_EQ(find(tests, "other-mx")->answer,
            "another host of the target: mx2.partner.example [192.0.2.3] fails alike; "
            "mx3.partner.example [192.0.2.4] (connection-refused) fails otherwise");
}

TEST(CounterTests, EverySetThatDoesNotCountIsTriedAlone) {
  HostReport host = host_at("192.0.2.1");
  const auto partners = host.policy.trust.front();
  const auto shelf = cases::trust_set("shelf", {cases::Pki::get().other_root.certificate});
  host.policy.trust = {cases::trust_set("public", {cases::Pki::get().other_root.certificate})};
  testing::judge(host);
  CounterFacts facts;
  facts.now = testing::kNow;
  facts.every_set = {host.policy.trust.front(), partners, shelf};
  std::vector<std::pair<Result, std::string>> answers;
  for (const CounterTest& test : counter_tests(report_of({host}), 0, facts))
    if (test.name == "other-trust-set") answers.emplace_back(test.result, test.answer);
  EXPECT_THAT(
      answers,
      ElementsAre(
          std::pair(Result::clean, std::string("with trust set partners alone: "
                                               "trusted by CN=Partner Root")),
          std::pair(Result::same, std::string("with trust set shelf alone: not trusted either"))));
  facts.every_set = {host.policy.trust.front()};
  const auto none = counter_tests(report_of({host}), 0, facts);
  ASSERT_NE(find(none, "other-trust-set"), nullptr);
  EXPECT_EQ(find(none, "other-trust-set")->result, Result::impossible);
  EXPECT_THAT(find(none, "other-trust-set")->answer, HasSubstr("besides public"));
}

TEST(CounterTests, WhoseNameItBearsIsLookedForAmongThoseKnownHere) {
  const HostReport host = with_wrong_name();
  CounterFacts facts;
  facts.now = testing::kNow;
  const auto unknown = counter_tests(report_of({host}), 0, facts);
  EXPECT_EQ(find(unknown, "other-names")->result, Result::same);
  EXPECT_THAT(find(unknown, "other-names")->answer, HasSubstr("which is nobody known here"));
  facts.known_names = {{"mail.contoso.example", "tls_domain of send connector cloud"}};
  const auto known = counter_tests(report_of({host}), 0, facts);
  EXPECT_EQ(find(known, "other-names")->result, Result::differs);
  EXPECT_THAT(find(known, "other-names")->answer,
              HasSubstr("mail.contoso.example (tls_domain of send connector cloud)"));
}

TEST(CounterTests, TheSessionInTheClearTellsAMissingStarttlsFromAMaskedOne) {
  HostReport host = host_at("192.0.2.1", "mx1.partner.example",
                            cases::stopped_at(verdict::Stage::ehlo, verdict::Stop::none));
  host.evidence.smtp.starttls_offered = false;
  host.evidence.smtp.keywords = {"SIZE 1000"};
  testing::judge(host);
  ASSERT_THAT(host.judged_code, HasSubstr("starttls-"));
  const auto say = [](int code, const char* text) { return mail::Reply::from_peer(code, {text}); };
  host.clear.looked = true;
  host.clear.starttls_unasked = say(220, "Ready");
  host.clear.unknown_verb = say(500, "XXXXXXX");
  const auto masked = counter_tests(report_of({host}), 0, {});
  EXPECT_EQ(find(masked, "starttls-unasked")->result, Result::differs);
  EXPECT_EQ(find(masked, "unknown-verb")->result, Result::differs);
  host.clear.starttls_unasked = say(500, "5.5.1 unrecognized");
  host.clear.unknown_verb = say(500, "5.5.1 unrecognized");
  const auto missing = counter_tests(report_of({host}), 0, {});
  EXPECT_EQ(find(missing, "starttls-unasked")->result, Result::same);
  EXPECT_EQ(find(missing, "unknown-verb")->result, Result::same);
}

}  // namespace
}  // namespace postern::probe
