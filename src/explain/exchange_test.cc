#include "explain/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/testing/factory.h"

namespace postern::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ExchangeEstate read(const std::string& text) {
  return read_exchange({{"export.txt", text}});
}

constexpr const char* kCertificates =
    "AccessRules        : {System.Security.AccessControl.CryptoKeyAccessRule,\n"
    "                     System.Security.AccessControl.CryptoKeyAccessRule}\n"
    "CertificateDomains : {mail.contoso.com, autodiscover.contoso.com}\n"
    "HasPrivateKey      : True\n"
    "IsSelfSigned       : False\n"
    "Issuer             : CN=Fabrikam Public CA, O=Fabrikam, C=US\n"
    "NotAfter           : 12/31/2026 11:59:59 PM\n"
    "NotBefore          : 1/2/2026 12:00:00 AM\n"
    "PublicKeySize      : 2048\n"
    "RootCAType         : ThirdParty\n"
    "SerialNumber       : 01\n"
    "Services           : IIS, SMTP\n"
    "Status             : Valid\n"
    "Subject            : CN=mail.contoso.com, O=Contoso, C=US\n"
    "Thumbprint         : 0123456789abcdef0123456789ABCDEF01234567\n"
    "Identity           : EX01.contoso.local\\0123456789ABCDEF0123456789ABCDEF01234567\n"
    "\n"
    "CertificateDomains : {EX01, EX01.contoso.local, a.contoso.com, b.contoso.com...}\n"
    "Services           : None\n"
    "Thumbprint         : AAAA\n";

TEST(Exchange, Certificates) {
  const ExchangeEstate estate = read(kCertificates);
  ASSERT_EQ(estate.certificates.size(), 2U);
  const ExchangeCertificate& one = estate.certificates[0];
  EXPECT_EQ(one.where.str(), "export.txt:1");
  EXPECT_EQ(one.server, "EX01.contoso.local");
  EXPECT_EQ(one.thumbprint, "0123456789ABCDEF0123456789ABCDEF01234567");
  EXPECT_THAT(one.domains, ElementsAre("mail.contoso.com", "autodiscover.contoso.com"));
  EXPECT_TRUE(one.domains_complete);
  EXPECT_EQ(format_rfc3339(*one.not_before), "2026-01-02T00:00:00Z");
  EXPECT_EQ(format_rfc3339(*one.not_after), "2026-12-31T23:59:59Z");
  EXPECT_FALSE(one.dates_ambiguous);
  EXPECT_THAT(*one.services, ElementsAre("IIS", "SMTP"));
  EXPECT_EQ(one.has_private_key, true);
  EXPECT_EQ(one.self_signed, false);
  EXPECT_EQ(one.root_ca_type, "ThirdParty");
  const ExchangeCertificate& cut = estate.certificates[1];
  EXPECT_FALSE(cut.domains_complete);
  EXPECT_THAT(*cut.services, ElementsAre());
  EXPECT_EQ(cut.has_private_key, std::nullopt);
  ASSERT_EQ(estate.problems.size(), 1U);
  EXPECT_THAT(estate.problems[0].text, HasSubstr("$FormatEnumerationLimit"));
}

TEST(Exchange, AmbiguousDatesAreSaid) {
  const ExchangeEstate estate =
      read("Thumbprint : AA\nNotBefore : 01/02/2026 00:00:00\nNotAfter : 02/03/2027 00:00:00\n");
  ASSERT_EQ(estate.certificates.size(), 1U);
  EXPECT_TRUE(estate.certificates[0].dates_ambiguous);
  EXPECT_THAT(estate.problems.at(0).text, HasSubstr("can be read in two ways"));
}

TEST(Exchange, EachKindIsKnownByItsProperties) {
  const struct {
    const char* text;
    ExchangeKind kind;
  } cases[] = {
      {"Name : a\nBindings : {0.0.0.0:25}\nFqdn : a\n", ExchangeKind::receive_connector},
      {"Name : a\nTlsDomainCapabilities : {}\n", ExchangeKind::receive_connector},
      {"Name : a\nAddressSpaces : {smtp:*;1}\n", ExchangeKind::send_connector},
      {"Name : a\nTlsAuthLevel : DomainValidation\nTlsDomain : b\n", ExchangeKind::send_connector},
      {"TlsCertificateName : x\nReceivingTransportServers : {EX01}\n",
       ExchangeKind::hybrid_configuration},
      {"TLSReceiveDomainSecureList : {fabrikam.com}\n", ExchangeKind::transport_config},
      {"Name : a\nTlsSenderCertificateName : b\nRequireTls : True\n",
       ExchangeKind::inbound_connector},
      {"Name : a\nTlsSettings : DomainValidation\nTlsDomain : b\nSmartHosts : {c}\n",
       ExchangeKind::outbound_connector},
      {"DomainName : contoso.com\nDomainType : Authoritative\n", ExchangeKind::accepted_domain},
      {"Identity : EX01\\3\nStatus : Retry\nLastError : x\n", ExchangeKind::other},
      {"[PS] C:\\>Get-SendConnector | fl name,fqdn\n\nName : a\nFqdn : b\n",
       ExchangeKind::send_connector},
  };
  for (const auto& one : cases) {
    const ReadObjects objects = read_objects(one.text);
    ASSERT_EQ(objects.objects.size(), 1U) << one.text;
    EXPECT_EQ(kind_of(objects.objects[0]), one.kind) << one.text;
  }
}

TEST(Exchange, ConnectorsAndOrganization) {
  const ExchangeEstate estate = read(
      "AuthMechanism         : Tls, Integrated\n"
      "Bindings              : {0.0.0.0:25, [::]:25}\n"
      "DomainSecureEnabled   : True\n"
      "Fqdn                  : Mail.contoso.com\n"
      "Identity              : EX01\\Default Frontend EX01\n"
      "TlsCertificateName    : <I>CN=CA<S>CN=mail.contoso.com\n"
      "TlsDomainCapabilities : {mail.protection.outlook.com:AcceptCloudServicesMail}\n"
      "\n"
      "AddressSpaces         : {smtp:contoso.mail.onmicrosoft.com;1}\n"
      "CloudServicesMailEnabled : True\n"
      "Name                  : Outbound to Office 365\n"
      "RequireTLS            : True\n"
      "TlsAuthLevel          : DomainValidation\n"
      "TlsDomain             : mail.protection.outlook.com\n"
      "\n"
      "TLSReceiveDomainSecureList : {fabrikam.com}\n"
      "TLSSendDomainSecureList    : {fabrikam.com, adatum.com}\n");
  ASSERT_EQ(estate.receive.size(), 1U);
  EXPECT_EQ(estate.receive[0].fqdn, "mail.contoso.com");
  EXPECT_EQ(estate.receive[0].server, "EX01");
  EXPECT_EQ(estate.receive[0].domain_secure, true);
  ASSERT_EQ(estate.send.size(), 1U);
  EXPECT_EQ(estate.send[0].cloud_services, true);
  EXPECT_EQ(estate.send[0].domain_secure, std::nullopt);
  ASSERT_EQ(estate.transport.size(), 1U);
  EXPECT_THAT(estate.transport[0].tls_send_secure, ElementsAre("fabrikam.com", "adatum.com"));
  EXPECT_TRUE(estate.transport[0].complete);
}

TEST(Exchange, RawDataIsTheCertificateItself_OnlyUnderItsOwnThumbprint) {
  const auto issued = x509::testing::make_self_signed({.common_name = "mail.contoso.com"});
  const auto clixml = [&](const std::string& thumbprint) {
    return "<Objs><Obj><Props><S N=\"Thumbprint\">" + thumbprint + "</S><BA N=\"RawData\">" +
           to_base64(issued.certificate.der()) +
           "</BA><S N=\"Subject\">CN=x</S></Props></Obj></Objs>";
  };
  EXPECT_EQ(read(clixml(issued.certificate.thumbprint())).certificates.at(0).certificate,
            issued.certificate);
  EXPECT_EQ(read(clixml("AAAA")).certificates.at(0).certificate, std::nullopt);
}

TEST(Exchange, AFileWithoutAnythingSaysWhatWasExpected) {
  EXPECT_THAT(read("hello").problems.at(0).text, HasSubstr("expected is Get-"));
  EXPECT_THAT(read("Name : x\nSize : 1\n").problems.at(0).text, HasSubstr("nothing in it"));
}

TEST(Exchange, ServersGoByTheirShortNames) {
  EXPECT_TRUE(same_server("EX01", "ex01.contoso.local"));
  EXPECT_TRUE(same_server("", "EX01"));
  EXPECT_FALSE(same_server("EX01", "EX02"));
}

}  // namespace
}  // namespace postern::explain
