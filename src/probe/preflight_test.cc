#include "probe/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "x509/testing/factory.h"

namespace postern::probe {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using x509::testing::CertificateSpec;
using x509::testing::Issued;

const Time kNow = parse_rfc3339("2026-11-21T00:00:00Z").value();

struct Pki {
  Issued root = x509::testing::make_root("Fabrikam Public Root");
  Issued issuing = x509::testing::make_intermediate(root, "Fabrikam Issuing CA 1");
  Issued issuing2 = x509::testing::make_intermediate(root, "Fabrikam Issuing CA 2");

  static const Pki& get() {
    static const Pki pki;
    return pki;
  }
};

CertificateSpec spec(const std::vector<std::string>& names) {
  CertificateSpec out;
  out.common_name = names.front();
  out.dns = names;
  out.not_before = parse_rfc3339("2026-11-10T00:00:00Z").value();
  out.not_after = parse_rfc3339("2027-11-10T00:00:00Z").value();
  out.crl_urls = {"http://crl.fabrikam.example/1.crl"};
  return out;
}

std::vector<x509::Certificate> issued(const CertificateSpec& what,
                                      const Issued& by = Pki::get().issuing) {
  return {x509::testing::issue(by, what).certificate, by.certificate};
}

x509::TrustSets roots() {
  return {std::make_shared<x509::TrustSet>(
      "system", std::vector<x509::Anchor>{{Pki::get().root.certificate, {.set = "system"}}})};
}

// A small hybrid organization. Lines in which a case differs are replaced by it.
constexpr const char* kOldCertificate =
    "CertificateDomains : {mail.contoso.com, autodiscover.contoso.com}\n"
    "HasPrivateKey      : True\n"
    "IsSelfSigned       : False\n"
    "Issuer             : CN=Fabrikam Issuing CA 1\n"
    "NotAfter           : 15.12.2026 00:00:00\n"
    "NotBefore          : 01.12.2025 00:00:00\n"
    "RootCAType         : ThirdParty\n"
    "Services           : IIS, SMTP\n"
    "Status             : Valid\n"
    "Subject            : CN=mail.contoso.com\n"
    "Thumbprint         : 00112233445566778899AABBCCDDEEFF00112233\n"
    "Identity           : EX01.contoso.local\\00112233445566778899AABBCCDDEEFF00112233\n\n";
constexpr const char* kPin = "<I>CN=Fabrikam Issuing CA 1<S>CN=mail.contoso.com";

std::string receive(const std::string& pin) {
  return "AuthMechanism         : Tls, Integrated\n"
         "Bindings              : {0.0.0.0:25}\n"
         "Fqdn                  : mail.contoso.com\n"
         "Identity              : EX01\\Default Frontend EX01\n"
         "TlsCertificateName    : " +
         pin +
         "\nTlsDomainCapabilities : {mail.protection.outlook.com:AcceptCloudServicesMail}\n\n";
}

std::string send(const std::string& pin) {
  return "AddressSpaces            : {smtp:contoso.mail.onmicrosoft.com;1}\n"
         "CloudServicesMailEnabled : True\n"
         "Fqdn                     : mail.contoso.com\n"
         "Name                     : Outbound to Office 365\n"
         "RequireTLS               : True\n"
         "TlsAuthLevel             : DomainValidation\n"
         "TlsCertificateName       : " +
         pin + "\nTlsDomain                : mail.protection.outlook.com\n\n";
}

constexpr const char* kCloud =
    "ConnectorType : OnPremises\nName : To Contoso\nTlsSettings : DomainValidation\n"
    "TlsDomain : mail.contoso.com\nEnabled : True\n\n"
    "ConnectorType : OnPremises\nName : From Contoso\nRequireTls : True\n"
    "TlsSenderCertificateName : mail.contoso.com\nEnabled : True\n\n"
    "DomainName : contoso.com\nDomainType : Authoritative\n\n";

class Exchange {
 public:
  explicit Exchange(std::vector<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) text += part;
    estate_ = explain::read_exchange({{"export.txt", text}});
  }
  PreflightReport with(std::vector<x509::Certificate> chain, std::optional<bool> key_fits = true,
                       const std::string& replaces = {}) const {
    PreflightInputs in;
    in.certificate = {"new.pem", "new.key", std::move(chain), key_fits, "new.key is of another",
                      ""};
    in.exchange = &estate_;
    in.public_roots = roots();
    in.replaces = replaces;
    in.now = kNow;
    Result<PreflightReport> report = preflight(in);
    EXPECT_TRUE(report) << report.error().detail();
    return *std::move(report);
  }

 private:
  explain::ExchangeEstate estate_;
};

Exchange sound() {
  return Exchange({kOldCertificate, receive(kPin), send(kPin), kCloud});
}

std::vector<std::string> breaking(const PreflightReport& report) {
  std::vector<std::string> out;
  for (const PreflightFinding& one : report.findings) {
    if (one.impact == Impact::breaks) out.push_back(one.code + " " + one.connector);
  }
  return out;
}

std::vector<std::string> lines(const PreflightReport& report) {
  std::vector<std::string> out;
  for (const PreflightCommand& one : report.commands)
    out.insert(out.end(), one.lines.begin(), one.lines.end());
  return out;
}

const std::vector<std::string> kNames = {"mail.contoso.com", "autodiscover.contoso.com"};

TEST(Preflight_Exchange, ARenewalByTheSameIssuerForTheSameSubjectIsSafe) {
  const PreflightReport report = sound().with(issued(spec(kNames)));
  EXPECT_TRUE(report.safe()) << dump_json_pretty(to_json(report));
  EXPECT_EQ(report.replaces, "00112233445566778899AABBCCDDEEFF00112233");
  ASSERT_EQ(report.presented.size(), 2U);
  EXPECT_EQ(report.presented[0].after, "the new certificate");
  EXPECT_EQ(report.presented[0].reading, "");
  EXPECT_THAT(lines(report), Contains(HasSubstr("Enable-ExchangeCertificate -Server "
                                                "'EX01.contoso.local' -Thumbprint")));
  EXPECT_THAT(lines(report), Not(Contains(HasSubstr("-TlsCertificateName"))));
}

TEST(Preflight_Exchange, ANewIssuerBreaksThePins_AndTheCommandsNameTheNewOne) {
  const PreflightReport report = sound().with(issued(spec(kNames), Pki::get().issuing2));
  EXPECT_THAT(breaking(report),
              ElementsAre("tlscertificatename-stale receive connector EX01\\Default Frontend EX01",
                          "tlscertificatename-stale send connector Outbound to Office 365"));
  EXPECT_THAT(
      lines(report),
      AllOf(Contains("$tls = '<I>CN=Fabrikam Issuing CA 2<S>CN=mail.contoso.com'"),
            Contains("Set-ReceiveConnector 'EX01\\Default Frontend EX01' "
                     "-TlsCertificateName $tls"),
            Contains("Set-SendConnector 'Outbound to Office 365' -TlsCertificateName $tls")));
  EXPECT_EQ(report.presented[0].later, "");
}

TEST(Preflight_Exchange, WithoutTheNameOfTheConnectorStarttlsEndsWithTheOldOne) {
  const Exchange by_name({kOldCertificate, receive(""), send(kPin), kCloud});
  const PreflightReport report = by_name.with(issued(spec({"smtp.contoso.com"})));
  EXPECT_THAT(
      breaking(report),
      Contains("certificate-missing-for-fqdn receive connector EX01\\Default Frontend EX01"));
  EXPECT_THAT(report.wanted_names, Contains("mail.contoso.com"));
  EXPECT_THAT(lines(report), Contains(HasSubstr("New-ExchangeCertificate -GenerateRequest")));
}

TEST(Preflight_Exchange, TlsDomainThatTheNewOneLacksStopsMailFromTheCloud) {
  const PreflightReport report = sound().with(issued(spec({"smtp.contoso.com"})));
  EXPECT_THAT(
      breaking(report),
      AllOf(Contains("name-mismatch receive connector EX01\\Default Frontend EX01"),
            Contains("connector-certificate-mismatch send connector Outbound to Office 365")));
  EXPECT_THAT(lines(report), AllOf(Contains("Set-OutboundConnector 'To Contoso' -TlsDomain "
                                            "'smtp.contoso.com'"),
                                   Contains("Set-InboundConnector 'From Contoso' "
                                            "-TlsSenderCertificateName 'smtp.contoso.com'")));
}

TEST(Preflight_Exchange, ALostNameThatNoConnectorAsksForIsAWarning) {
  const PreflightReport report = sound().with(issued(spec({"mail.contoso.com"})));
  EXPECT_TRUE(report.safe());
  EXPECT_THAT(report.findings.front().cause, HasSubstr("autodiscover.contoso.com"));
}

TEST(Preflight_Exchange, SelfSignedWillNotDoForHybrid) {
  CertificateSpec what = spec(kNames);
  const PreflightReport report = sound().with({x509::testing::make_self_signed(what).certificate});
  EXPECT_THAT(breaking(report),
              Contains("self-signed receive connector EX01\\Default Frontend EX01"));
}

TEST(Preflight_Exchange, AMissingPrivateKeyAndOneOfAnother) {
  const std::vector<x509::Certificate> chain = issued(spec(kNames));
  const Exchange imported({kOldCertificate, receive(kPin), send(kPin), kCloud,
                           "HasPrivateKey : False\nServices : None\nThumbprint : " +
                               chain.front().thumbprint() + "\n"});
  EXPECT_THAT(breaking(imported.with(chain)),
              Contains("private-key-inaccessible receive connector EX01\\Default Frontend EX01"));
  EXPECT_THAT(breaking(sound().with(chain, false)), Contains("private-key-inaccessible "));
  const PreflightReport unknown = sound().with(chain, std::nullopt);
  EXPECT_TRUE(unknown.safe());
  EXPECT_THAT(unknown.not_looked_at, Contains(HasSubstr("--key")));
}

TEST(Preflight_Exchange, ARenewalThatBeginsEarlierIsNotPresented_InOneReading) {
  CertificateSpec what = spec(kNames);
  what.not_before = parse_rfc3339("2025-11-01T00:00:00Z").value();
  const Exchange by_name({kOldCertificate, receive(""), kCloud});
  const PreflightReport report = by_name.with(issued(what));
  EXPECT_THAT(
      breaking(report),
      ElementsAre("wrong-certificate-selected receive connector EX01\\Default Frontend EX01"));
  EXPECT_EQ(report.findings.front().reading, "newest start");
  EXPECT_EQ(report.presented.size(), 2U);
  EXPECT_THAT(lines(report), Contains(HasSubstr("Remove-ExchangeCertificate")));
}

TEST(Preflight_Exchange, AMissingIntermediate) {
  const PreflightReport report = sound().with({issued(spec(kNames)).front()});
  EXPECT_THAT(breaking(report), Contains("incomplete-chain "));
}

TEST(Preflight_Exchange, ExpiredWeakAndWithoutServerAuth) {
  CertificateSpec expired = spec(kNames);
  expired.not_after = parse_rfc3339("2026-11-20T00:00:00Z").value();
  EXPECT_THAT(breaking(sound().with(issued(expired))), Contains("expired "));
  CertificateSpec weak = spec(kNames);
  weak.key_type = x509::testing::KeyType::rsa_1024;
  EXPECT_THAT(breaking(sound().with(issued(weak))), Contains("weak-key-or-hash "));
  CertificateSpec client = spec(kNames);
  client.eku = {"client"};
  EXPECT_THAT(breaking(sound().with(issued(client))), Contains("wrong-key-usage "));
}

TEST(Preflight_Exchange, WithoutTheCloudsConnectorsWhatTheWizardSetsUpIsAssumed) {
  const Exchange alone({kOldCertificate, receive(kPin), send(kPin)});
  const PreflightReport report = alone.with(issued(spec({"smtp.contoso.com"})));
  EXPECT_THAT(report.not_looked_at, Contains(HasSubstr("was assumed")));
  EXPECT_THAT(breaking(report),
              Contains("name-mismatch receive connector EX01\\Default Frontend EX01"));
}

TEST(Preflight_Exchange, DomainSecurityAsksForTheMailDomain) {
  const std::string secured = receive("") +
                              "TLSReceiveDomainSecureList : {fabrikam.com}\n"
                              "TLSSendDomainSecureList : {fabrikam.com}\n\n";
  std::string with_flag = secured;
  with_flag.insert(0, "DomainSecureEnabled : True\n");
  const Exchange estate(
      {kOldCertificate, with_flag, "DomainName : contoso.com\nDomainType : Authoritative\n\n"});
  const PreflightReport report = estate.with(issued(spec(kNames)));
  const auto found = std::ranges::find_if(report.findings, [](const PreflightFinding& one) {
    return one.who == "partners with domain security (fabrikam.com)";
  });
  ASSERT_NE(found, report.findings.end());
  EXPECT_EQ(found->code, "name-mismatch");
  // The old one did not bear it either, so this renewal breaks nothing.
  EXPECT_EQ(found->impact, Impact::warning);
  EXPECT_THAT(found->cause, HasSubstr("is so already"));
}

TEST(Preflight_Exchange, NoAcceptedDomainOnIt) {
  CertificateSpec what = spec({"mail.adatum.example"});
  EXPECT_THAT(breaking(sound().with(issued(what))),
              Contains("sender-domain-not-on-certificate send connector Outbound to Office 365"));
}

TEST(Preflight_Exchange, HostileNamesStayInsideTheirQuotes) {
  const Exchange estate({kOldCertificate,
                         "Bindings : {0.0.0.0:25}\nFqdn : mail.contoso.com\nAuthMechanism : Tls\n"
                         "Identity : EX01\\a'; Remove-Item C: #\nTlsCertificateName : " +
                             std::string(kPin) + "\n\n"});
  const PreflightReport report = estate.with(issued(spec(kNames), Pki::get().issuing2));
  EXPECT_THAT(lines(report), Contains("Set-ReceiveConnector 'EX01\\a''; Remove-Item C: #' "
                                      "-TlsCertificateName $tls"));
}

TEST(Preflight, ReplacesMustNameSomething) {
  const explain::ExchangeEstate empty;
  PreflightInputs in;
  in.certificate.chain = issued(spec(kNames));
  in.exchange = &empty;
  in.replaces = "AABB";
  in.now = kNow;
  EXPECT_FALSE(preflight(in));
}

// ---- Postern ------------------------------------------------------------------------------------

class Postern {
 public:
  Postern() {
    config_.server.hostname = "edge1.contoso.com";
    policy::ReceiveConnector receive;
    receive.name = "internet";
    receive.fqdn = "mail.contoso.com";
    config_.receive = {receive};
    policy::SendConnector send;
    send.name = "cloud";
    send.certificate = "hybrid";
    config_.send = {send};
    policy::LoadedCertificate old;
    old.name = "hybrid";
    old.chain = issued(spec(kNames));
    old.key_usable = true;
    old.chain_file = "tls/hybrid.pem";
    old.key_file = "tls/hybrid.key";
    store_ = {old};
  }
  PreflightReport with(std::vector<x509::Certificate> chain) const {
    PreflightInputs in;
    in.certificate = {"new.pem", "new.key", std::move(chain), true, "", ""};
    in.config = &config_;
    in.certificates = &store_;
    in.public_roots = public_roots_;
    in.other_sets = other_sets_;
    in.now = kNow;
    in.online = true;
    in.published = published_;
    Result<PreflightReport> report = preflight(in);
    EXPECT_TRUE(report) << report.error().detail();
    return *std::move(report);
  }
  policy::Config config_;
  policy::CertificateStore store_;
  std::vector<Published> published_;
  x509::TrustSets public_roots_ = roots(), other_sets_;
};

TEST(Preflight_Postern, ASoundRenewal) {
  const PreflightReport report = Postern().with(issued(spec(kNames)));
  EXPECT_TRUE(report.safe()) << dump_json_pretty(to_json(report));
  EXPECT_EQ(report.replaces, "hybrid");
  ASSERT_EQ(report.presented.size(), 2U);
  EXPECT_EQ(report.presented[0].after, "hybrid (new)");
  EXPECT_THAT(lines(report), Contains("[certificates.hybrid]"));
}

TEST(Preflight_Postern, PinsByIssuerAndByThumbprintGoStale) {
  Postern postern;
  postern.config_.receive[0].certificate = kPin;
  postern.config_.send[0].certificate = postern.store_[0].chain.front().thumbprint();
  const PreflightReport report = postern.with(issued(spec(kNames), Pki::get().issuing2));
  EXPECT_THAT(breaking(report), ElementsAre("tlscertificatename-stale receive connector internet",
                                            "tlscertificatename-stale send connector cloud"));
  EXPECT_THAT(lines(report), Contains("certificate = \"hybrid\""));
}

TEST(Preflight_Postern, ANameThatIsLostIsNoLongerFound) {
  const PreflightReport report =
      Postern().with(issued(spec({"smtp.contoso.com", "autodiscover.contoso.com"})));
  EXPECT_THAT(breaking(report),
              Contains("certificate-missing-for-fqdn receive connector internet"));
}

TEST(Preflight_Postern, WhatWasSoBeforeDoesNotBreak) {
  Postern postern;
  postern.store_[0].chain = {x509::testing::make_self_signed(spec(kNames)).certificate};
  const PreflightReport report =
      postern.with({x509::testing::make_self_signed(spec(kNames)).certificate});
  EXPECT_THAT(breaking(report), IsEmpty());
  EXPECT_FALSE(report.findings.empty());
}

TEST(Preflight_Postern, APrivateCaOfOursHidesNoLostName) {
  Postern postern;
  postern.other_sets_ = postern.public_roots_;
  postern.public_roots_.clear();
  const PreflightReport same = postern.with(issued(spec(kNames)));
  EXPECT_TRUE(same.safe());
  EXPECT_THAT(same.findings.front().code, "root-in-wrong-store");
  // Chosen by name, whatever it bears.
  postern.config_.receive[0].certificate = "hybrid";
  const PreflightReport lost =
      postern.with(issued(spec({"smtp.contoso.com", "autodiscover.contoso.com"})));
  EXPECT_THAT(breaking(lost), Contains("name-mismatch receive connector internet"));
}

Published published(const x509::Certificate& with_key_of) {
  Published out;
  out.domain = "contoso.com";
  out.mx = {{"mail.contoso.com", {verdict::make_tlsa(with_key_of)}, true}};
  out.sts = verdict::parse_sts_policy(
                "version: STSv1\nmode: enforce\nmx: mail.contoso.com\nmax_age: 86400\n")
                .value();
  return out;
}

TEST(Preflight_Published, ANewKeyTurnsTlsaRecordsStale) {
  Postern postern;
  postern.published_ = {published(postern.store_[0].chain.front())};
  const std::vector<x509::Certificate> renewed = issued(spec(kNames));
  const PreflightReport report = postern.with(renewed);
  EXPECT_THAT(breaking(report), ElementsAre("tlsa-mismatch "));
  EXPECT_EQ(report.commands.front().lines.front(),
            "_25._tcp.mail.contoso.com. IN TLSA " +
                verdict::format_tlsa(verdict::make_tlsa(renewed.front())));
  postern.published_[0].mx[0].tlsa.push_back(verdict::make_tlsa(renewed.front()));
  EXPECT_TRUE(postern.with(renewed).safe());
}

TEST(Preflight_Published, MtaStsAsksTheMxNameAndAPublicCa) {
  Postern postern;
  const std::vector<x509::Certificate> renewed = issued(spec(kNames));
  postern.published_ = {published(renewed.front())};
  EXPECT_TRUE(postern.with(renewed).safe());
  postern.published_[0].sts->mx = {"mx.contoso.com"};
  EXPECT_THAT(breaking(postern.with(renewed)), ElementsAre("mta-sts-mx-mismatch "));
  postern.published_[0].sts->mode = verdict::StsMode::testing;
  EXPECT_TRUE(postern.with(renewed).safe());
}

TEST(Preflight_Published, AnAnnouncedPolicyThatIsNotKnownWarns) {
  Postern postern;
  const std::vector<x509::Certificate> renewed = issued(spec({"smtp.contoso.com"}));
  postern.config_.receive[0].fqdn = "mail.contoso.com";
  Published announced;
  announced.domain = "contoso.com";
  announced.mx = {{"mail.contoso.com", {}, false}};
  announced.sts_announced = true;
  postern.published_ = {announced};
  const PreflightReport report = postern.with(renewed);
  EXPECT_THAT(report.not_looked_at, Contains(HasSubstr("its text was not had")));
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const PreflightFinding& one) {
    return one.who == "senders with MTA-STS to contoso.com" && one.impact == Impact::warning;
  }));
}

}  // namespace
}  // namespace postern::probe
