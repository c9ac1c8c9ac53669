#include "base/json.h"

#include <gtest/gtest.h>

#include "verdict/evidence.h"
#include "verdict/verdict.h"
#include "x509/testing/factory.h"

namespace postern::verdict {
namespace {

const Time kNow = parse_rfc3339("2026-11-21T02:20:00.123Z").value();

Evidence full_evidence() {
  Evidence e;
  e.judged = Judged::client;
  e.time = kNow;
  e.host = "mx1.partner.example";
  e.address = "192.0.2.1";
  e.port = 2526;
  e.stage = Stage::second_ehlo;
  e.stop = Stop::rejected;
  e.error = "Connection reset by peer";
  e.dns = {DnsEvidence::Status::secure, DnsEvidence::Status::insecure, false, "no MX"};
  e.smtp.greeting = mail::Reply::from_peer(220, {"mx1 ESMTP"});
  e.smtp.ehlo_reply = mail::Reply::from_peer(250, {"mx1", "SIZE 1000", "STARTTLS"});
  e.smtp.keywords = {"SIZE 1000", "STARTTLS"};
  e.smtp.starttls_offered = true;
  e.smtp.starttls_reply = mail::Reply::from_peer(220, {"2.0.0 go"});
  e.smtp.refusal = mail::Reply::from_peer(454, {"4.7.5 Certificate", "4.7.5 not accepted"});
  e.tls.attempted = e.tls.completed = e.tls.certificate_requested = true;
  e.tls.version = "TLSv1.3";
  e.tls.alert_received = 48;
  e.tls.ca_names_octets = 17000;
  e.tls.ca_names_count = 400;
  e.tls.ocsp_staple = std::string("\x30\x00\xff", 3);
  e.crls_der = {std::string("\x30\x82", 2)};
  e.fetched.fetches = {
      {FetchKind::ocsp, "http://o.example/", "AB", true, "", 471, "CD", true},
      {FetchKind::crl, "http://c.example/x.crl", "AB", false, "HTTP status 404", 0, "", false}};
  e.fetched.ocsp_der = {std::string("\x30\x01\x00", 3)};
  e.fetched.crls_der = {std::string("\x30\x83", 2)};
  e.fetched.issuers = {x509::testing::make_root("Fetched").certificate};
  return e;
}

TEST(EvidenceJson, RoundTripsEveryField) {
  const std::string once = dump_json(to_json(full_evidence()));
  const Evidence back = evidence_from_json(parse_json(once).value()).value();
  EXPECT_EQ(dump_json(to_json(back)), once);
  EXPECT_EQ(back.smtp.refusal, full_evidence().smtp.refusal);
  EXPECT_EQ(back.tls.ocsp_staple, full_evidence().tls.ocsp_staple);
  EXPECT_EQ(back.tls.alert_received, 48);
  EXPECT_EQ(back.tls.alert_sent, std::nullopt);
  EXPECT_EQ(back.time, kNow);
}

TEST(EvidenceJson, AnEmptyObjectIsTheEmptyEvidence) {
  EXPECT_EQ(dump_json(to_json(evidence_from_json(Json::object()).value())),
            dump_json(to_json(Evidence{})));
}

TEST(EvidenceJson, HostileTextIsStoredPrintable) {
  Evidence e;
  e.error = "a\r\nb\xff";
  EXPECT_EQ(evidence_from_json(to_json(e)).value().error, "a\\x0D\\x0Ab\\xFF");
}

TEST(EvidenceJson, WrongKindsAreRefusedByName) {
  struct Case {
    const char* json;
    const char* named;
  };
  for (const Case& c :
       {Case{"[]", "evidence"}, Case{R"({"port":65536})", "port"}, Case{R"({"port":-1})", "port"},
        Case{R"({"port":1.5})", "port"}, Case{R"({"stage":"nowhere"})", "stage"},
        Case{R"({"time":"x"})", "time"}, Case{R"({"tls":{"attempted":1}})", "attempted"},
        Case{R"({"tls":{"presented":["x"]}})", ""},
        Case{R"({"tls":{"ocsp_staple":"a"}})", "ocsp_staple"},
        Case{R"({"smtp":{"keywords":[1]}})", "keywords"},
        Case{R"({"smtp":{"greeting":{"code":9999}}})", "code"}, Case{R"({"crls":["?"]})", "crls"},
        Case{R"({"dns":[]})", "dns"}, Case{R"({"fetched":[]})", "fetched"},
        Case{R"({"fetched":{"fetches":{}}})", "fetches"},
        Case{R"({"fetched":{"fetches":[{"kind":"ftp"}]}})", "kind"},
        Case{R"({"fetched":{"ocsp":["?"]}})", "ocsp"}}) {
    const Result<Evidence> read = evidence_from_json(parse_json(c.json).value());
    ASSERT_FALSE(read) << c.json;
    EXPECT_NE(read.error().what().find(c.named), std::string::npos) << read.error().what();
  }
}

Verdict full_verdict() {
  Verdict v;
  v.id = VerdictId::make(kNow);
  v.code = "name-mismatch";
  v.layer = "certificate-identity";
  v.fault = Fault::server;
  v.ours = false;
  v.certainty = Certainty::likely;
  v.reference_identifier = "partner.example";
  v.checks = {{"identity", CheckResult::fail, "name-mismatch", "wanted a, presented b"},
              {"revocation", CheckResult::not_asked, "none", ""}};
  v.cause = "cause";
  v.cure = {"one", "two"};
  v.asked = Level::mutual;
  v.reached = Assurance::validated;
  v.anchor = TrustedBy{"CN=Root", "AB", "partners", "/x.pem", "ops", "fabrikam", kNow};
  v.by_exception = "expired";
  v.evidence = {"line"};
  v.wants = {{FetchKind::crl, "http://ca.example/x.crl", "", ""}};
  v.time = kNow;
  return v;
}

TEST(VerdictJson, RoundTripsAndBeginsWithTheFixedNames) {
  const std::string once = dump_json(to_json(full_verdict()));
  EXPECT_EQ(dump_json(to_json(verdict_from_json(parse_json(once).value()).value())), once);
  EXPECT_NE(once.find(R"("ours":false,"certainty":"likely")"), std::string::npos) << once;
}

TEST(VerdictJson, UnknownOwnershipIsNull) {
  Verdict v = full_verdict();
  v.ours.reset();
  EXPECT_TRUE(to_json(v)["ours"].is_null());
  EXPECT_EQ(verdict_from_json(to_json(v)).value().ours, std::nullopt);
}

TEST(VerdictJson, WrongKindsAreRefused) {
  for (const char* bad :
       {"1", R"({"ok":"yes"})", R"({"fault":"nobody"})", R"({"checks":{}})", R"({"checks":[1]})",
        R"({"wants":["crl"]})", R"({"wants":["ldap ldap://x"]})", R"({"id":"?"})",
        R"({"anchor":3})", R"({"asked":"some"})", R"({"time":5})"}) {
    EXPECT_FALSE(verdict_from_json(parse_json(bad).value())) << bad;
  }
}

TEST(Words, LevelsRevocationAndVersionsAreReadBack) {
  for (const Level level : {Level::none, Level::opportunistic, Level::encrypt, Level::validate,
                            Level::authenticate, Level::mutual}) {
    EXPECT_EQ(parse_level(to_string(level)), level);
  }
  EXPECT_EQ(parse_level("EncryptionOnly"), std::nullopt);
  EXPECT_EQ(parse_revocation("when-published"), Revocation::when_published);
  EXPECT_EQ(parse_tls_version("1.3"), TlsVersion::tls1_3);
  EXPECT_EQ(parse_tls_version("TLSv1.2"), TlsVersion::tls1_2);
  EXPECT_EQ(parse_tls_version("TLSv1.1"), std::nullopt);
}

}  // namespace
}  // namespace postern::verdict
