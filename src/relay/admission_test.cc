#include "relay/admission.h"

#include <gtest/gtest.h>

namespace postern::relay {
namespace {

using policy::ReceiveConnector;
using policy::ReceiveTls;

mail::DomainPattern pattern(const std::string& text) {
  return *mail::DomainPattern::parse(text);
}
mail::Network network(const std::string& text) {
  return *mail::Network::parse(text);
}
mail::Mailbox mailbox(const std::string& text) {
  if (text.empty()) return {};
  return *mail::parse_mailbox(text);
}

constexpr const char* kApp = "10.1.2.3";
constexpr const char* kStranger = "203.0.113.9";

ClientFacts in_the_clear(const std::string& address) {
  ClientFacts out;
  out.address = address;
  return out;
}
ClientFacts with_certificate(const std::string& address, bool good) {
  ClientFacts out = in_the_clear(address);
  out.tls = true;
  out.verdict.emplace();
  out.verdict->ok = good;
  out.verdict->code = good ? "none" : "name-mismatch";
  out.verdict->id = VerdictId(77);
  out.authenticated = good;
  if (good) out.authenticated_name = "mail.protection.outlook.com";
  return out;
}

ReceiveConnector internet() {
  ReceiveConnector out;
  out.name = "internet";
  out.accept_domains = {pattern("contoso.com"), pattern("*.contoso.com")};
  return out;
}
ReceiveConnector hybrid() {
  ReceiveConnector out = internet();
  out.client_domains = {"mail.protection.outlook.com"};
  out.relay_for_clients = true;
  out.sender_domains = {pattern("contoso.com")};
  return out;
}

struct RelayCase {
  std::string what;
  ReceiveConnector connector;
  ClientFacts client;
  std::string sender, recipient;
  bool admitted;
};

class NeverAnOpenRelay : public ::testing::TestWithParam<RelayCase> {};

TEST_P(NeverAnOpenRelay, RecipientIsAdmittedOrRefusedAsTheRuleSays) {
  const RelayCase& c = GetParam();
  const mail::Reply reply =
      admit_recipient(c.connector, c.client, mailbox(c.sender), mailbox(c.recipient));
  EXPECT_EQ(reply.positive(), c.admitted) << c.what << ": " << reply.str();
  if (!c.admitted) {
    EXPECT_EQ(reply.code(), 550) << c.what;
    EXPECT_TRUE(reply.permanent());
  }
}

std::vector<RelayCase> relay_cases() {
  ReceiveConnector nothing;
  ReceiveConnector apps = internet();
  apps.relay_from = {network("10.0.0.0/8")};
  ReceiveConnector no_senders = hybrid();
  no_senders.sender_domains.clear();
  ReceiveConnector not_switched_on = hybrid();
  not_switched_on.relay_for_clients = false;
  ReceiveConnector mutual = internet();
  mutual.tls = ReceiveTls::mutual;
  mutual.client_domains = {"mail.protection.outlook.com"};
  ClientFacts nameless = with_certificate(kStranger, true);
  nameless.authenticated_name.clear();
  ClientFacts of_partner = with_certificate(kStranger, false);
  of_partner.partner_name = "mail.contoso.com";
  ClientFacts tls_gone = with_certificate(kStranger, true);
  tls_gone.tls = false;

  const ClientFacts stranger = in_the_clear(kStranger);
  const ClientFacts app = in_the_clear(kApp);
  const ClientFacts good = with_certificate(kStranger, true);
  const ClientFacts bad = with_certificate(kStranger, false);
  const std::string us = "a@contoso.com", foreign = "x@elsewhere.example";
  return {
      {"a connector that says nothing takes nothing", nothing, stranger, us, us, false},
      {"nor for its own loopback", nothing, in_the_clear("127.0.0.1"), us, foreign, false},
      {"anyone may address an accepted domain", internet(), stranger, foreign, us, true},
      {"and one below a pattern", internet(), stranger, foreign, "b@x.contoso.com", true},
      {"with the null reverse-path too", internet(), stranger, "", us, true},
      {"nobody may address another domain", internet(), stranger, us, foreign, false},
      {"whoever he says he is", internet(), stranger, "b@contoso.com", foreign, false},
      {"a network of relay_from may", apps, app, us, foreign, true},
      {"from any sender", apps, app, foreign, "y@third.example", true},
      {"an address outside of it may not", apps, stranger, us, foreign, false},
      {"an address that is none may not", apps, in_the_clear("unknown"), us, foreign, false},
      {"an IPv4-mapped address is that IPv4 address", apps, in_the_clear("::ffff:10.0.0.1"), us,
       foreign, true},
      {"a certificate alone permits nothing", mutual, good, us, foreign, false},
      {"nor where relay_for_clients is off", not_switched_on, good, us, foreign, false},
      {"nor without sender_domains", no_senders, good, us, foreign, false},
      {"a client of relay_for_clients may, from his domain", hybrid(), good, us, foreign, true},
      {"another tenant with the same certificate may not", hybrid(), good, "evil@tenant2.example",
       foreign, false},
      {"nor with a domain that only ends alike", hybrid(), good, "evil@notcontoso.com", foreign,
       false},
      {"nor from below the domain", hybrid(), good, "evil@sub.contoso.com", foreign, false},
      {"nor with the null reverse-path", hybrid(), good, "", foreign, false},
      {"nor with a bad certificate", hybrid(), bad, us, foreign, false},
      {"nor with none", hybrid(), stranger, us, foreign, false},
      {"nor when nothing presented has matched", hybrid(), nameless, us, foreign, false},
      {"nor when only a partner's name has matched", hybrid(), of_partner, us, foreign, false},
      {"nor without TLS under it", hybrid(), tls_gone, us, foreign, false},
      {"all of them may address an accepted domain", hybrid(), bad, foreign, us, true},
      {"a routing local part is no way round", internet(), stranger, foreign,
       "victim%elsewhere.example@contoso.com", false},
      {"nor with a bang path", internet(), stranger, foreign, "elsewhere.example!v@contoso.com",
       false},
      {"nor in quotes", internet(), stranger, foreign, "\"v@elsewhere.example\"@contoso.com",
       false},
      {"who may relay may write them", apps, app, us, "v%elsewhere.example@contoso.com", true},
      {"an address literal is another domain", internet(), stranger, foreign, "x@[127.0.0.1]",
       false},
      {"postmaster without domain is taken", internet(), stranger, foreign, "postmaster", true},
      {"also where no domain is taken for", nothing, stranger, foreign, "postmaster", true},
  };
}
INSTANTIATE_TEST_SUITE_P(Matrix, NeverAnOpenRelay, ::testing::ValuesIn(relay_cases()));

TEST(Admission, RefusedRelayNamesTheVerdictThatStandsInTheWay) {
  const mail::Reply reply = admit_recipient(hybrid(), with_certificate(kStranger, false),
                                            mailbox("a@contoso.com"), mailbox("x@else.example"));
  EXPECT_EQ(reply.str(), "550 5.7.1 Unable to relay: client certificate: name-mismatch (verdict " +
                             VerdictId(77).str() + ")");
  EXPECT_EQ(
      admit_recipient(internet(), in_the_clear(kStranger), {}, mailbox("x@else.example")).str(),
      "550 5.7.1 Unable to relay");
}

TEST(Admission, ConnectionComesFromAllowedNetworksOnly) {
  ReceiveConnector connector = internet();
  EXPECT_FALSE(admit_connection(connector, kStranger));
  connector.allow_from = {network("10.0.0.0/8"), network("2001:db8::/32")};
  EXPECT_FALSE(admit_connection(connector, kApp));
  EXPECT_FALSE(admit_connection(connector, "2001:db8::5"));
  const auto refused = admit_connection(connector, kStranger);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), 554);
  EXPECT_EQ(refused->enhanced()->str(), "5.7.1");
}

TEST(Admission, SenderInTheClearIsRefusedWhereTlsIsRequired) {
  ReceiveConnector connector = internet();
  const mail::Mailbox sender = mailbox("a@fabrikam.com");
  const ClientFacts client = in_the_clear(kStranger);
  EXPECT_TRUE(admit_sender(connector, client, sender, nullptr, nullptr).positive());
  for (const ReceiveTls mode : {ReceiveTls::required, ReceiveTls::mutual}) {
    connector.tls = mode;
    EXPECT_EQ(admit_sender(connector, client, sender, nullptr, nullptr).str(),
              "530 5.7.0 Must issue a STARTTLS command first");
  }
  connector.starttls_reply = policy::StarttlsReply::exchange;
  EXPECT_EQ(admit_sender(connector, client, sender, nullptr, nullptr).str(),
            "451 5.7.3 Must issue a STARTTLS command first");
}

TEST(Admission, MutualModeAsksAGoodVerdictForEverySender) {
  ReceiveConnector connector = internet();
  connector.tls = ReceiveTls::mutual;
  ClientFacts no_verdict = in_the_clear(kStranger);
  no_verdict.tls = true;
  for (const char* sender : {"", "a@contoso.com", "x@elsewhere.example"}) {
    const mail::Mailbox from = mailbox(sender);
    EXPECT_TRUE(admit_sender(connector, with_certificate(kStranger, true), from, nullptr, nullptr)
                    .positive());
    const mail::Reply bad =
        admit_sender(connector, with_certificate(kStranger, false), from, nullptr, nullptr);
    EXPECT_TRUE(bad.str().starts_with("454 4.7.5 Certificate validation failure: name-mismatch: "))
        << bad.str();
    EXPECT_TRUE(bad.str().ends_with("(verdict " + VerdictId(77).str() + ")")) << bad.str();
    EXPECT_EQ(admit_sender(connector, no_verdict, from, nullptr, nullptr).code(), 454);
  }
}

TEST(Admission, PartnerDomainComesOnlyOverTheCertificateItIsBoundTo) {
  const ReceiveConnector connector = internet();
  policy::Partner partner;
  partner.name = "fabrikam";
  partner.receive = ReceiveTls::mutual;
  const mail::Mailbox sender = mailbox("a@fabrikam.com");
  verdict::Verdict good, bad;
  good.ok = true;
  bad.code = "untrusted-root";
  EXPECT_EQ(admit_sender(connector, in_the_clear(kStranger), sender, &partner, nullptr).code(),
            530);
  // The connector's own verdict does not stand in for the partner's.
  const ClientFacts client = with_certificate(kStranger, true);
  EXPECT_EQ(admit_sender(connector, client, sender, &partner, &bad).code(), 454);
  EXPECT_EQ(admit_sender(connector, client, sender, &partner, nullptr).code(), 454);
  EXPECT_TRUE(admit_sender(connector, client, sender, &partner, &good).positive());
}

TEST(Admission, PostmasterBelongsToTheFirstDomainThatIsNoWildcard_ThenToWhoIsAlerted) {
  policy::Config config;
  config.server.hostname = "edge.contoso.com";
  ReceiveConnector connector;
  connector.accept_domains = {pattern("*.contoso.com")};
  EXPECT_EQ(postmaster(config, connector).str(), "postmaster@edge.contoso.com");
  config.alert.mail = {"ops@contoso.com"};
  EXPECT_EQ(postmaster(config, connector).str(), "ops@contoso.com");
  connector.accept_domains = {pattern("*.contoso.com"), pattern("fabrikam.com"),
                              pattern("contoso.com")};
  EXPECT_EQ(postmaster(config, connector).str(), "postmaster@fabrikam.com");
}

TEST(Admission, SenderIsKnownByNetworkOrJudgedCertificateOnly) {
  ReceiveConnector connector = hybrid();
  connector.relay_from = {network("10.0.0.0/8")};
  EXPECT_TRUE(sender_is_known(connector, in_the_clear(kApp)));
  EXPECT_TRUE(sender_is_known(connector, with_certificate(kStranger, true)));
  EXPECT_FALSE(sender_is_known(connector, with_certificate(kStranger, false)));
  EXPECT_FALSE(sender_is_known(connector, in_the_clear(kStranger)));
  ClientFacts of_partner = with_certificate(kStranger, false);
  of_partner.partner_name = "mail.fabrikam.com";
  EXPECT_TRUE(sender_is_known(connector, of_partner));
}

TEST(Admission, OrganizationHeadersPassForTheConnectorsOwnClientsOnly) {
  ReceiveConnector connector = hybrid();
  const auto us = mailbox("app@contoso.com");
  const auto foreign = mailbox("a@evil.example");
  EXPECT_FALSE(keeps_organization_headers(connector, with_certificate(kStranger, true), us));
  connector.keep_organization_headers = true;
  EXPECT_TRUE(keeps_organization_headers(connector, with_certificate(kStranger, true), us));
  EXPECT_FALSE(keeps_organization_headers(connector, with_certificate(kStranger, true), foreign));
  connector.sender_domains.clear();
  EXPECT_TRUE(keeps_organization_headers(connector, with_certificate(kStranger, true), foreign));
  ClientFacts of_partner = with_certificate(kStranger, false);
  of_partner.partner_name = "mail.fabrikam.com";
  EXPECT_FALSE(keeps_organization_headers(connector, of_partner, us));
  EXPECT_FALSE(keeps_organization_headers(connector, in_the_clear(kStranger), us));
}

}  // namespace
}  // namespace postern::relay
