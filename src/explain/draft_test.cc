// Settings of other systems as connectors and partners: nothing becomes weaker in silence, and what
// cannot be carried over is said.
#include "explain/draft.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace postern::explain {
namespace {

using verdict::Level;

policy::Draft drafted(std::string text) {
  return draft_config({{"settings.txt", std::move(text)}});
}

std::string all(const std::vector<std::string>& notes) {
  return join(notes, "\n");
}

std::string send_connector(std::string_view properties) {
  return "Identity           : To Fabrikam\nName               : To Fabrikam\n"
         "AddressSpaces      : {SMTP:fabrikam.com;1, SMTP:*.fabrikam.com;5}\n" +
         std::string(properties);
}

struct SendCase {
  const char* properties;
  Level level;
  const char* tls_domain;
};
const SendCase kSend[] = {
    {"RequireTLS : False\n", Level::opportunistic, ""},
    {"IgnoreSTARTTLS : True\n", Level::none, ""},
    {"RequireTLS : True\n", Level::encrypt, ""},
    {"RequireTLS : True\nTlsAuthLevel : EncryptionOnly\n", Level::encrypt, ""},
    {"RequireTLS : True\nTlsAuthLevel : CertificateValidation\n", Level::validate, ""},
    {"RequireTLS : True\nTlsAuthLevel : DomainValidation\nTlsDomain : mx.fabrikam.com\n",
     Level::authenticate, "mx.fabrikam.com"},
    {"RequireTLS : True\nTlsAuthLevel : DomainValidation\nSmartHosts : {gw.fabrikam.com}\n",
     Level::authenticate, "gw.fabrikam.com"},
    {"RequireTLS : True\nTlsAuthLevel : DomainValidation\nSmartHosts : {[192.0.2.7]}\n",
     Level::validate, ""},
};

TEST(Draft, ASendConnectorsLevelIsExchanges) {
  for (const auto& [properties, level, tls_domain] : kSend) {
    const policy::Draft draft = drafted(send_connector(properties));
    ASSERT_EQ(draft.send.size(), 1U) << properties;
    const policy::SendConnector& c = draft.send[0].value;
    EXPECT_EQ(c.name, "to-fabrikam");
    EXPECT_EQ(c.tls, level) << properties;
    EXPECT_EQ(c.tls_domain, tls_domain) << properties;
    ASSERT_EQ(c.domains.size(), 2U);
    EXPECT_EQ(c.domains[1].text(), "*.fabrikam.com");
  }
}

TEST(Draft, WhereALevelHadToGoDownANoteSaysSo) {
  const policy::Draft draft = drafted(send_connector(
      "RequireTLS : True\nTlsAuthLevel : DomainValidation\nSmartHosts : {[192.0.2.7]}\n"));
  EXPECT_NE(all(draft.send[0].notes).find("the level is 'validate'"), std::string::npos);
}

TEST(Draft, ExchangeChecksRevocationWhereItValidates) {
  const policy::Draft draft =
      drafted(send_connector("RequireTLS : True\nTlsAuthLevel : CertificateValidation\n"));
  EXPECT_EQ(draft.send[0].value.revocation, verdict::Revocation::required);
}

TEST(Draft, APinnedCertificateIsKeptAsAComment) {
  const policy::Draft draft = drafted(
      send_connector("RequireTLS : True\nTlsCertificateName : <I>CN=CA<S>CN=mail.contoso.com\n"));
  EXPECT_EQ(draft.send[0].value.certificate, "<I>CN=CA<S>CN=mail.contoso.com");
  EXPECT_NE(all(draft.send[0].notes).find("[certificates.NAME]"), std::string::npos);
}

TEST(Draft, DomainSecureListsBecomePartners) {
  const policy::Draft draft = drafted(
      "Name : config\nTLSReceiveDomainSecureList : {fabrikam.com}\n"
      "TLSSendDomainSecureList : {fabrikam.com, woodgrove.com}\n");
  ASSERT_EQ(draft.partners.size(), 2U);
  EXPECT_EQ(draft.partners[0].value.receive, policy::ReceiveTls::mutual);
  EXPECT_EQ(draft.partners[0].value.send, Level::authenticate);
  EXPECT_FALSE(draft.partners[1].value.receive);
  EXPECT_EQ(draft.partners[1].value.names, std::vector<std::string>{"woodgrove.com"});
}

TEST(Draft, ConnectorsThatServeExchangeItselfAreLeftOutWithAWord) {
  const policy::Draft draft = drafted(
      "Identity : EX01\\Default EX01\nName : Default EX01\nBindings : {[::]:2525, 0.0.0.0:2525}\n"
      "AuthMechanism : Tls\nFqdn : ex01.contoso.com\n\n"
      "Identity : EX01\\Default Frontend EX01\nName : Default Frontend EX01\n"
      "Bindings : {[::]:25, 0.0.0.0:25}\nAuthMechanism : Tls, Integrated\nFqdn : ex01.contoso.com\n"
      "RequireTLS : True\n");
  ASSERT_EQ(draft.receive.size(), 1U);
  EXPECT_EQ(draft.receive[0].value.name, "default-frontend-ex01");
  EXPECT_EQ(draft.receive[0].value.tls, policy::ReceiveTls::required);
  EXPECT_EQ(draft.hostname, "ex01.contoso.com");
  EXPECT_NE(all(draft.notes).find("Default EX01"), std::string::npos);
}

TEST(Draft, AnInboundConnectorBoundToACertificateBecomesAMutualPartner) {
  const policy::Draft draft = drafted(
      "Name : From Fabrikam\nConnectorType : Partner\nSenderDomains : {smtp:fabrikam.com;1}\n"
      "RestrictDomainsToCertificate : True\nRequireTls : True\n"
      "TlsSenderCertificateName : CN=mail.fabrikam.com, O=Fabrikam\n");
  ASSERT_EQ(draft.partners.size(), 1U);
  EXPECT_EQ(draft.partners[0].value.receive, policy::ReceiveTls::mutual);
  EXPECT_EQ(draft.partners[0].value.names, std::vector<std::string>{"mail.fabrikam.com"});
}

constexpr std::string_view kMainCf =
    "# a comment\nmyhostname = mx1.contoso.com\nmydestination = $myhostname, localhost\n"
    "relay_domains = contoso.com,\n    contoso.de\nmynetworks = 127.0.0.0/8 10.0.0.0/8\n"
    "smtpd_tls_security_level = may\nsmtp_tls_security_level = encrypt\n"
    "relayhost = [smarthost.example.net]:587\nsmtp_tls_policy_maps = "
    "hash:/etc/postfix/tls_policy\n";

TEST(Draft, MainCfBecomesAReceiveAndASendConnector) {
  const policy::Draft draft = drafted(std::string(kMainCf));
  EXPECT_EQ(draft.hostname, "mx1.contoso.com");
  ASSERT_EQ(draft.receive.size(), 1U);
  const policy::ReceiveConnector& in = draft.receive[0].value;
  EXPECT_EQ(in.tls, policy::ReceiveTls::opportunistic);
  ASSERT_EQ(in.accept_domains.size(), 2U);
  EXPECT_EQ(in.accept_domains[1].text(), "contoso.de");
  ASSERT_EQ(in.relay_from.size(), 2U);
  ASSERT_EQ(draft.send.size(), 1U);
  EXPECT_EQ(draft.send[0].value.hosts[0].str(), "smarthost.example.net:587");
  EXPECT_EQ(draft.send[0].value.tls, Level::encrypt);
  EXPECT_NE(all(draft.notes).find("give that file as well"), std::string::npos);
}

struct PolicyCase {
  const char* line;
  Level level;
  std::vector<std::string> names;
  const char* note;
};

TEST(Draft, LinesOfATlsPolicyTableBecomePartners) {
  const PolicyCase cases[] = {
      {"fabrikam.com secure", Level::authenticate, {"fabrikam.com", "*.fabrikam.com"}, ""},
      {"fabrikam.com secure match=mx.fabrikam.com:.fabrikam.net",
       Level::authenticate,
       {"mx.fabrikam.com", "*.fabrikam.net"},
       ""},
      {".fabrikam.com encrypt protocols=!SSLv2", Level::encrypt, {"fabrikam.com"}, "protocols="},
      {"fabrikam.com verify", Level::authenticate, {"fabrikam.com"}, "nobody signed"},
      {"fabrikam.com fingerprint match=AA:BB", Level::encrypt, {"fabrikam.com"}, "trust set"},
      {"fabrikam.com dane-only", Level::encrypt, {"fabrikam.com"}, "DANE was demanded"},
      {"fabrikam.com none", Level::none, {"fabrikam.com"}, ""},
  };
  for (const PolicyCase& one : cases) {
    const policy::Draft draft = drafted(std::string("# table\n") + one.line + "\n");
    ASSERT_EQ(draft.partners.size(), 1U) << one.line;
    EXPECT_EQ(draft.partners[0].value.send, one.level) << one.line;
    EXPECT_EQ(draft.partners[0].value.names, one.names) << one.line;
    EXPECT_NE(all(draft.partners[0].notes).find(one.note), std::string::npos) << one.line;
  }
}

TEST(Draft, APolicyOfATransportsNextHopStandsAtItsConnector) {
  const policy::Draft draft =
      draft_config({{"transport", "bank.example smtp:[gw.bank.example]:25\n"},
                    {"policy", "[gw.bank.example]:25 secure match=gw.bank.example\n"},
                    {"main.cf", std::string(kMainCf)}});
  ASSERT_EQ(draft.send.size(), 2U);
  EXPECT_EQ(draft.send[0].value.domains[0].text(), "bank.example");
  EXPECT_EQ(draft.send[0].value.tls, Level::authenticate);
  EXPECT_EQ(draft.send[0].value.tls_domain, "gw.bank.example");
  EXPECT_TRUE(draft.partners.empty());
}

TEST(Draft, WhatIsNoSettingsMakesNoDraft) {
  EXPECT_TRUE(drafted("Nov  3 10:00:00 m postfix/smtp[1]: status=sent\n").empty());
  EXPECT_TRUE(drafted("").empty());
  EXPECT_TRUE(drafted(std::string(1000, '\0')).empty());
}

TEST(Draft, NamesOfTablesAreWordsAndDifferent) {
  EXPECT_EQ(table_name("EX01\\Outbound to Office 365", {}), "ex01-outbound-to-office-365");
  EXPECT_EQ(table_name("Outbound!", {"outbound"}), "outbound-2");
  EXPECT_EQ(table_name("\"]\n[server]", {}), "server");
  EXPECT_EQ(table_name("…", {}), "unnamed");
}

}  // namespace
}  // namespace postern::explain
