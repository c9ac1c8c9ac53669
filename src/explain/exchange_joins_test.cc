// Several artefacts of one incident in one paste: the answer names the connector, the certificate
// that it presented, the one that was meant, and the command.
#include <gtest/gtest.h>

#include "explain/explain_testing.h"

namespace postern::explain {
namespace {

constexpr std::string_view kTrace =
    "Reason: [{LED=450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch Expected "
    "Subject: mail.contoso.com. Presented Subject: CN=EX02. Thumbprint: "
    "AAAA111111111111111111111111111111111111] [LastAttemptedServerName=mail.contoso.com]};"
    "{FQDN=mail.contoso.com};{IP=203.0.113.10}]\n";

std::string shown(std::string_view connector, std::string_view name, std::string_view thumbprint) {
  return "2026-04-14T17:00:41.125Z," + std::string(connector) +
         ",08D479E14521204D,20,10.0.0.1:25,192.0.2.9:30648,*,CN=" + std::string(name) +
         " CN=" + std::string(name) + " 1234567890ABCDEF1234567890ABCDEF " +
         std::string(thumbprint) + " 2025-01-01T00:00:00.000Z 2030-01-01T00:00:00.000Z " +
         std::string(name) +
         ".contoso.local,Sending certificate Subject Issuer name Serial number Thumbprint Not "
         "before Not after Subject alternate names\n";
}

constexpr std::string_view kSettings =
    "\nIdentity           : EX02\\Default Frontend EX02\n"
    "Bindings           : {[::]:25, 0.0.0.0:25}\n"
    "AuthMechanism      : Tls, Integrated\n"
    "Fqdn               : EX02.contoso.local\n"
    "TlsCertificateName : \n"
    "\n"
    "Thumbprint         : BBBB222222222222222222222222222222222222\n"
    "CertificateDomains : {mail.contoso.com, autodiscover.contoso.com}\n"
    "HasPrivateKey      : True\n"
    "IsSelfSigned       : False\n"
    "Issuer             : CN=Public CA 1, C=US\n"
    "Subject            : CN=mail.contoso.com\n"
    "Services           : IIS, SMTP\n"
    "Status             : Valid\n";

TEST(ExchangeJoins, TraceLogAndSettingsNameTheConnectorAndItsCommand) {
  const Report report = explain_text(
      std::string(kTrace) +
      shown("EX01\\Default Frontend EX01", "EX01", "CCCC333333333333333333333333333333333333") +
      shown("EX02\\Default Frontend EX02", "EX02", "AAAA111111111111111111111111111111111111") +
      std::string(kSettings));
  ASSERT_EQ(first_code(report), "wrong-certificate-selected");
  const Cause& cause = report.causes[0];
  EXPECT_NE(cause.cause.find("EX02\\Default Frontend EX02"), std::string::npos) << cause.cause;
  EXPECT_NE(cause.cause.find("TlsCertificateName is empty"), std::string::npos) << cause.cause;
  ASSERT_GE(cause.cure.size(), 3U);
  EXPECT_EQ(cause.cure[0],
            "$c = Get-ExchangeCertificate -Thumbprint BBBB222222222222222222222222222222222222");
  EXPECT_EQ(cause.cure[1],
            "Set-ReceiveConnector 'EX02\\Default Frontend EX02' -TlsCertificateName "
            "\"<I>$($c.Issuer)<S>$($c.Subject)\"");
  EXPECT_EQ(cause.fault, verdict::Fault::server);
}

TEST(ExchangeJoins, WithoutTheProtocolLogTheInstalledCertificateStillNamesTheCure) {
  const Report report = explain_text(std::string(kTrace) + std::string(kSettings));
  ASSERT_EQ(first_code(report), "wrong-certificate-selected");
  EXPECT_NE(report.causes[0].cure[0].find("BBBB2222"), std::string::npos);
}

TEST(ExchangeJoins, ASendConnectorThatAsksForAnotherNameIsToldTheNameItMeets) {
  const Report report = explain_text(
      "Identity      : To Partner\nAddressSpaces : {SMTP:fabrikam.com;1}\nTlsAuthLevel  : "
      "DomainValidation\nTlsDomain     : smtp.fabrikam.com\n\n"
      "2026-04-14T17:00:41.125Z,To Partner,08D479E1,9,10.0.0.1:3064,192.0.2.9:25,*,CN=mx.fabrikam."
      "com CN=CA 1234567890ABCDEF1234567890ABCDEF DDDD444444444444444444444444444444444444 "
      "2025-01-01T00:00:00.000Z 2030-01-01T00:00:00.000Z mx.fabrikam.com,Remote certificate "
      "Subject Issuer name Serial number Thumbprint Not before Not after Subject alternate names\n"
      "2026-04-14T17:00:41.225Z,To Partner,08D479E1,10,10.0.0.1:3064,192.0.2.9:25,*,,\"TLS "
      "authentication failed: SubjectMismatch\"\n");
  ASSERT_EQ(first_code(report), "name-mismatch");
  EXPECT_EQ(
      report.causes[0].cure[0],
      "If that is the right server: Set-SendConnector 'To Partner' -TlsDomain mx.fabrikam.com");
}

TEST(ExchangeJoins, TheCloudsExpectedNameIsComparedWithWhatTheSendConnectorPins) {
  const Report report = explain_text(
      "550 5.7.51 TenantInboundAttribution; There is a partner connector configured\n\n"
      "Identity : Outbound to Office 365\nAddressSpaces : {smtp:*;1}\nTlsAuthLevel : "
      "DomainValidation\nTlsCertificateName : <I>CN=Public CA 1, C=US<S>CN=mail.contoso.com\n\n"
      "Name : Inbound from on-premises\nTlsSenderCertificateName : relay.contoso.com\n"
      "RequireTls : True\n" +
      std::string(kSettings));
  ASSERT_EQ(first_code(report), "connector-certificate-mismatch");
  EXPECT_EQ(report.causes[0].cure[0],
            "In Exchange Online: Set-InboundConnector 'Inbound from on-premises' "
            "-TlsSenderCertificateName mail.contoso.com");
}

TEST(ExchangeJoins, AnInstalledCertificateThatIsNotForSmtpIsNotBound) {
  const Report report = explain_text(
      "Thumbprint : BBBB222222222222222222222222222222222222\nCertificateDomains : "
      "{mail.contoso.com}\nHasPrivateKey : True\nIsSelfSigned : False\nIssuer : CN=Public CA 1\n"
      "Subject : CN=mail.contoso.com\nServices : IIS\n\nEvent ID: 12014\nMicrosoft Exchange could "
      "not find a certificate that contains the domain name mail.contoso.com in the personal store "
      "on the local computer.\n");
  ASSERT_EQ(first_code(report), "certificate-not-bound");
  EXPECT_EQ(report.causes[0].cure[0],
            "Enable-ExchangeCertificate -Thumbprint BBBB222222222222222222222222222222222222 "
            "-Services SMTP");
}

TEST(ExchangeJoins, ACertificateThatBearsTheWantedNameIsNoMismatchOfAConnector) {
  const Report report = explain_text(
      "Reason: [{LED=450 4.7.320 Certificate validation failed [Message=SubjectMismatch]};"
      "{FQDN=mail.contoso.com}]\n");
  EXPECT_EQ(first_code(report), "name-mismatch");
}

}  // namespace
}  // namespace postern::explain
