#include <functional>

#include <gtest/gtest.h>

#include "verdict/catalog.h"
#include "verdict/testing/judge_cases.h"

namespace postern::verdict {
namespace {

using namespace testing;

mail::Reply reply(int code, const char* text) {
  return mail::Reply::from_peer(code, {text});
}

Evidence clear_text() {
  Evidence e = sound_evidence();
  e.tls = {};
  e.smtp.starttls_offered = false;
  e.smtp.starttls_reply.reset();
  e.smtp.keywords = {"SIZE 1000"};
  e.smtp.ehlo_reply = mail::Reply::from_peer(250, {"mx1.partner.example", "SIZE 1000"});
  return e;
}

struct Row {
  const char* rule;
  std::function<Evidence()> evidence;
  const char* code;
  Fault fault;
  std::optional<bool> ours;
};

void expect_row(const Row& row, const TlsPolicy& policy) {
  SCOPED_TRACE(row.rule);
  const Verdict v = judge(row.evidence(), policy, kNow);
  EXPECT_FALSE(v.ok);
  EXPECT_EQ(v.code, row.code) << v.cause;
  EXPECT_EQ(to_string(v.fault), to_string(row.fault));
  EXPECT_EQ(v.ours, row.ours);
  EXPECT_EQ(v.layer, catalog_entry(row.code).layer);
  EXPECT_FALSE(v.cause.empty());
  EXPECT_FALSE(v.cure.empty());
  EXPECT_FALSE(v.evidence.empty());
  for (const std::string& step : v.cure) {
    for (const char* brace : {"{peer}", "{wanted}", "{who}", "{own}", "{sets}"})
      EXPECT_EQ(step.find(brace), std::string::npos) << step;
  }
}

Evidence with_dns(DnsEvidence::Status mx) {
  Evidence e = stopped_at(Stage::dns, Stop::error);
  e.dns.mx = mx;
  return e;
}

Evidence with_greeting(int code, const char* text) {
  Evidence e = stopped_at(Stage::greeting, Stop::rejected);
  e.smtp.greeting = reply(code, text);
  return e;
}

Evidence null_mx() {
  Evidence e = with_dns(DnsEvidence::Status::secure);
  e.dns.null_mx = true;
  return e;
}

Evidence silent_on_465() {
  Evidence e = stopped_at(Stage::greeting, Stop::timeout);
  e.port = 465;
  return e;
}

TEST(JudgeReachability, OrdinaryFailuresFailAtEveryLevelAndNameThemselves) {
  const Row rows[] = {
      {"null MX", null_mx, "null-mx", Fault::server, false},
      {"bogus", [] { return with_dns(DnsEvidence::Status::bogus); }, "dnssec-bogus", Fault::dns,
       std::nullopt},
      {"no name", [] { return with_dns(DnsEvidence::Status::no_such_name); },
       "dns-resolution-failure", Fault::dns, std::nullopt},
      {"refused", [] { return stopped_at(Stage::connect, Stop::refused); }, "connection-refused",
       Fault::server, false},
      {"timeout", [] { return stopped_at(Stage::connect, Stop::timeout); }, "connection-timeout",
       Fault::path, std::nullopt},
      {"no route", [] { return stopped_at(Stage::connect, Stop::unreachable); },
       "network-unreachable", Fault::path, std::nullopt},
      {"silent", [] { return stopped_at(Stage::greeting, Stop::timeout); }, "smtp-timeout",
       Fault::server, false},
      {"hung up", [] { return stopped_at(Stage::greeting, Stop::closed); }, "connection-lost",
       Fault::unknown, std::nullopt},
      {"no SMTP", [] { return stopped_at(Stage::greeting, Stop::not_smtp); }, "not-smtp",
       Fault::server, false},
      {"4xx greeting", [] { return with_greeting(421, "4.3.2 busy"); }, "greeting-rejected",
       Fault::server, false},
      {"blocklist", [] { return with_greeting(554, "5.7.1 blocked using zen.spamhaus.org"); },
       "ip-blocklisted", Fault::client, true},
      {"465", silent_on_465, "wrong-tls-mode-for-port", Fault::client, true},
      {"EHLO silent", [] { return stopped_at(Stage::ehlo, Stop::timeout); }, "smtp-timeout",
       Fault::server, false},
  };
  for (const Level level : {Level::none, Level::opportunistic, Level::mutual})
    for (const Row& row : rows) expect_row(row, policy_at(level));
}

Evidence masked_greeting() {
  Evidence e = clear_text();
  e.smtp.greeting = reply(220, "****************0****");
  return e;
}

Evidence masked_keyword() {
  Evidence e = clear_text();
  e.smtp.keywords = {"SIZE 1000", "XXXXXXXA"};
  return e;
}

Evidence helo_only() {
  Evidence e = clear_text();
  e.smtp.helo_only = true;
  e.smtp.keywords.clear();
  e.smtp.ehlo_reply = reply(502, "5.5.1 unknown");
  return e;
}

Evidence starttls_refused() {
  Evidence e = stopped_at(Stage::starttls, Stop::rejected);
  e.smtp.starttls_reply = reply(454, "4.7.0 TLS not available");
  return e;
}

const Row kStarttlsRows[] = {
    {"not offered", clear_text, "starttls-not-offered", Fault::server, false},
    {"HELO only", helo_only, "starttls-not-offered", Fault::server, false},
    {"masked greeting", masked_greeting, "starttls-stripped-by-middlebox", Fault::path,
     std::nullopt},
    {"masked keyword", masked_keyword, "starttls-stripped-by-middlebox", Fault::path, std::nullopt},
    {"refused", starttls_refused, "starttls-rejected", Fault::server, false},
};

TEST(JudgeStarttls, WithoutItNothingGoesFromEncryptOn) {
  for (const Level level : {Level::encrypt, Level::validate, Level::authenticate, Level::mutual}) {
    for (const Row& row : kStarttlsRows) expect_row(row, policy_at(level));
  }
}

TEST(JudgeStarttls, BelowEncryptItIsShownAndDecidesNothing) {
  for (const Row& row : kStarttlsRows) {
    SCOPED_TRACE(row.rule);
    EXPECT_TRUE(judge(row.evidence(), policy_at(Level::none), kNow).ok);
    const Verdict v = judge(row.evidence(), policy_at(Level::opportunistic), kNow);
    EXPECT_TRUE(v.ok);
    EXPECT_EQ(v.code, "none");
    ASSERT_NE(find_check(v, "starttls"), nullptr);
    EXPECT_EQ(find_check(v, "starttls")->result, CheckResult::fail);
    EXPECT_EQ(find_check(v, "starttls")->code, row.code);
  }
}

TEST(JudgeStarttls, AServerThatDemandsTlsOfASenderAtNoneIsOursToCure) {
  for (const char* words : {"5.7.0 Must issue a STARTTLS command first"}) {
    Evidence e = clear_text();
    e.smtp.starttls_offered = true;
    e.stop = Stop::rejected;
    e.smtp.refusal = reply(530, words);
    expect_row({"530", [&] { return e; }, "tls-required-not-used-by-sender", Fault::client, true},
               policy_at(Level::none));
    e.smtp.refusal = reply(451, "5.7.3 STARTTLS is required to send mail");
    expect_row({"451", [&] { return e; }, "tls-required-not-used-by-sender", Fault::client, true},
               policy_at(Level::none));
  }
}

TEST(JudgeStarttls, AClientInClearTextIsRefusedFromEncryptOn) {
  Evidence e = client_evidence();
  e.tls = {};
  EXPECT_TRUE(judge(e, policy_at(Level::opportunistic), kNow).ok);
  expect_row({"client", [&] { return e; }, "tls-required-not-used-by-sender", Fault::client, false},
             policy_at(Level::encrypt));
}

Evidence failed(const char* error, std::optional<int> alert = std::nullopt,
                Stop stop = Stop::error) {
  Evidence e = stopped_at(Stage::handshake, stop);
  e.tls.error = error;
  e.tls.alert_received = alert;
  e.tls.certificate_requested = false;
  return e;
}

Evidence without_own(Evidence e) {
  e.tls.own_certificate.reset();
  return e;
}

Evidence requested(Evidence e) {
  e.tls.certificate_requested = true;
  return e;
}

Evidence long_ca_list() {
  Evidence e = requested(failed("unexpected eof", std::nullopt, Stop::closed));
  e.tls.ca_names_octets = 17000;
  e.tls.ca_names_count = 400;
  return e;
}

const Row kHandshakeRows[] = {
    {"version", [] { return failed("unsupported protocol"); }, "protocol-version-mismatch",
     Fault::server, false},
    {"alert 70", [] { return failed("", 70); }, "protocol-version-mismatch", Fault::server, false},
    {"cipher", [] { return failed("no shared cipher"); }, "no-shared-cipher", Fault::server, false},
    {"alert 40", [] { return failed("", 40); }, "no-shared-cipher", Fault::server, false},
    {"unknown_ca", [] { return failed("", 48); }, "client-certificate-not-accepted", Fault::client,
     true},
    {"alert 42", [] { return failed("", 42); }, "client-certificate-not-accepted", Fault::client,
     true},
    {"alert 116", [] { return without_own(failed("", 116)); }, "client-certificate-missing",
     Fault::client, true},
    {"alert 40, asked", [] { return requested(without_own(failed("", 40))); },
     "client-certificate-missing", Fault::client, true},
    {"plain text", [] { return failed("wrong version number"); }, "wrong-tls-mode-for-port",
     Fault::client, true},
    {"small DH", [] { return failed("dh key too small"); }, "weak-key-or-hash", Fault::server,
     false},
    {"symbolic", [] { return failed("SSL_R_EE_KEY_TOO_SMALL"); }, "weak-key-or-hash", Fault::server,
     false},
    {"CA list", long_ca_list, "ca-list-too-long", Fault::server, false},
    {"stall", [] { return failed("", std::nullopt, Stop::timeout); }, "handshake-timeout",
     Fault::unknown, std::nullopt},
    {"reset", [] { return failed("", std::nullopt, Stop::reset); }, "handshake-failed",
     Fault::unknown, std::nullopt},
};

TEST(JudgeHandshake, FailuresNameTheirCauseAndBlockFromEncryptOn) {
  for (const Row& row : kHandshakeRows) {
    expect_row(row, policy_at(Level::encrypt));
    EXPECT_TRUE(catalog_entry(row.code).blocks) << row.code;
    const Verdict v = judge(row.evidence(), policy_at(Level::opportunistic), kNow);
    EXPECT_TRUE(v.ok) << row.rule << ": the way on is a new session in clear text";
    EXPECT_EQ(v.reached, Assurance::none);
  }
}

TEST(JudgeHandshake, AClientThatDeclinesOurCertificateIsOursToCure) {
  Evidence e = failed("", 48);
  e.judged = Judged::client;
  expect_row({"48", [&] { return e; }, "server-certificate-not-accepted", Fault::server, true},
             policy_at(Level::encrypt));
  e.tls.alert_received.reset();
  e.tls.error = "unsupported protocol";
  expect_row({"old", [&] { return e; }, "protocol-version-mismatch", Fault::client, false},
             policy_at(Level::encrypt));
}

Evidence refused_after_tls(int code, const char* text) {
  Evidence e = stopped_at(Stage::second_ehlo, Stop::rejected);
  e.smtp.refusal = reply(code, text);
  return e;
}

TEST(JudgeAfterHandshake, TheServersJudgementOfOurCertificateShowsOnlyNow) {
  const Row rows[] = {
      {"454", [] { return refused_after_tls(454, "4.7.5 Certificate validation failure"); },
       "client-certificate-not-accepted", Fault::client, true},
      {"none given", [] { return without_own(refused_after_tls(550, "5.7.1 no certificate")); },
       "client-certificate-missing", Fault::client, true},
      {"closed", [] { return stopped_at(Stage::second_ehlo, Stop::closed); },
       "client-certificate-not-accepted", Fault::client, true},
      {"4xx", [] { return refused_after_tls(421, "4.3.2 busy"); }, "peer-deferred", Fault::server,
       false},
      {"blocklist", [] { return refused_after_tls(550, "5.7.1 blocked using dnsbl"); },
       "ip-blocklisted", Fault::client, true},
      {"silent", [] { return stopped_at(Stage::second_ehlo, Stop::timeout); }, "smtp-timeout",
       Fault::server, false},
      {"attribution",
       [] {
         return refused_after_tls(550,
                                  "5.7.51 TenantInboundAttribution; ... "
                                  "RestrictDomainsToCertificate set");
       },
       "connector-certificate-mismatch", Fault::client, true},
  };
  for (const Row& row : rows) expect_row(row, policy_at(Level::mutual));
}

TEST(JudgeVersion, LessThanTheConnectorAsksForIsAMismatch) {
  TlsPolicy p = policy_at(Level::encrypt);
  p.min_version = TlsVersion::tls1_3;
  Evidence e = sound_evidence();
  EXPECT_TRUE(judge(e, p, kNow).ok);
  e.tls.version = "TLSv1.2";
  expect_row({"1.2", [&] { return e; }, "protocol-version-mismatch", Fault::server, false}, p);
  EXPECT_TRUE(judge(e, policy_at(Level::encrypt), kNow).ok);
}

TEST(JudgeOwnCertificate, APinThatNamesNothingComesBeforeWhatItsAbsenceBreaks) {
  TlsPolicy p = policy_at(Level::mutual);
  p.own_certificate_problem = "pins <I>CN=CA<S>CN=old, which no certificate bears";
  p.own_certificate_problem_code = "tlscertificatename-stale";
  const Row row{"stale", [] { return without_own(failed("", 116)); }, "tlscertificatename-stale",
                Fault::client, true};
  expect_row(row, p);
  expect_row({"before any look", [] { return Evidence{}; }, "tlscertificatename-stale",
              Fault::client, true},
             p);
  p.level = Level::opportunistic;
  EXPECT_TRUE(judge(without_own(sound_evidence()), p, kNow).ok);
  p.level = Level::authenticate;
  EXPECT_FALSE(judge(without_own(sound_evidence()), p, kNow).ok);
}

TEST(JudgeOwnCertificate, MutualTakesAnAskingServerAndACertificate) {
  Evidence e = sound_evidence();
  EXPECT_EQ(judge(e, policy_at(Level::mutual), kNow).code, "none");
  EXPECT_EQ(judge(e, policy_at(Level::mutual), kNow).reached, Assurance::mutual);
  expect_row({"missing", [&] { return without_own(e); }, "client-certificate-missing",
              Fault::client, true},
             policy_at(Level::mutual));
  e.tls.certificate_requested = false;
  expect_row({"not asked", [&] { return without_own(e); }, "client-certificate-not-requested",
              Fault::server, false},
             policy_at(Level::mutual));
  e.tls.resumed = true;
  EXPECT_TRUE(judge(e, policy_at(Level::mutual), kNow).ok) << "resumed: asked for the first time";
}

}  // namespace
}  // namespace postern::verdict
