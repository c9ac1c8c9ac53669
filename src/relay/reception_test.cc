// Reception on real sockets: a real store, real TLS, a client that says what it is told.
#include "relay/reception.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"
#include "relay/reception_core.h"
#include "relay/testing/reception_testing.h"
#include "tls/testing/credentials.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;
using policy::ReceiveTls;
using testing::ReceivingGateway;
using testing::SmtpClient;
using tls::testing::make_credential;

mail::DomainPattern pattern(const std::string& text) {
  return *mail::DomainPattern::parse(text);
}
mail::Network network(const std::string& text) {
  return *mail::Network::parse(text);
}

struct Pki {
  x509::testing::Issued root = x509::testing::make_root("Partner Root");
  x509::testing::Issued server = x509::testing::make_leaf(root, "edge.contoso.com");
  x509::testing::Issued shared = x509::testing::make_leaf(root, "mail.protection.outlook.com");
  x509::testing::Issued fabrikam = x509::testing::make_leaf(root, "mail.fabrikam.com");
  x509::testing::Issued stranger =
      x509::testing::make_leaf(x509::testing::make_root("Other Root"), "mail.fabrikam.com");
};
const Pki& pki() {
  static const Pki made;
  return made;
}

constexpr std::string_view kMessage =
    "From: a@fabrikam.com\r\nSubject: hello\r\nMessage-ID: <1@fabrikam.com>\r\n\r\nhello\r\n";

class ReceptionTest : public ::testing::Test {
 protected:
  ReceptionTest() {
    gateway.add_certificate("edge", pki().server);
    gateway.add_trust("system", pki().root.certificate);
    gateway.config.receive.push_back(connector("internet"));
  }
  static policy::ReceiveConnector connector(const std::string& name) {
    policy::ReceiveConnector out;
    out.name = name;
    out.listen = {policy::Endpoint{"127.0.0.1", 0}};
    out.accept_domains = {pattern("contoso.com")};
    return out;
  }
  policy::ReceiveConnector& internet() { return gateway.config.receive.front(); }
  void start() { ASSERT_NO_FATAL_FAILURE(gateway.start()); }
  std::unique_ptr<SmtpClient> greeted(const std::string& name = "internet") {
    auto out = std::make_unique<SmtpClient>(gateway.port(name));
    EXPECT_TRUE(out->reply().starts_with("220 edge.contoso.com ESMTP"));
    EXPECT_TRUE(out->command("EHLO mail.fabrikam.com").starts_with("250-edge.contoso.com"));
    return out;
  }
  std::unique_ptr<SmtpClient> secured(const x509::testing::Issued* certificate = nullptr,
                                      const std::string& name = "internet") {
    auto out = greeted(name);
    EXPECT_TRUE(out->start_tls(certificate ? make_credential(*certificate) : nullptr));
    EXPECT_TRUE(out->command("EHLO mail.fabrikam.com").starts_with("250-edge.contoso.com"));
    return out;
  }
  // MAIL, RCPT, DATA and the message; the reply that ended it.
  static std::string deliver(SmtpClient& client, const std::string& from, const std::string& to,
                             std::string_view message = kMessage) {
    for (const std::string& line :
         {"MAIL FROM:<" + from + ">", "RCPT TO:<" + to + ">", std::string("DATA")}) {
      const std::string reply = client.command(line);
      if (reply.empty() || reply.front() > '3') return reply;
    }
    client.send(message);
    return client.command(".");
  }
  ReceivingGateway gateway;
};

TEST_F(ReceptionTest, AcceptedMessageIsInTheStoreWithReceivedFieldAndTraceBeforeThe250) {
  start();
  auto client = secured();
  const std::string reply = deliver(*client, "a@fabrikam.com", "Bob@contoso.com");
  ASSERT_TRUE(reply.starts_with("250 2.6.0 <")) << reply;
  EXPECT_TRUE(reply.ends_with("> Queued for delivery")) << reply;
  const store::TracedMessage found = gateway.only_message();
  const store::MessageFacts& facts = found.message.facts;
  EXPECT_NE(reply.find("<" + facts.id.str() + ">"), std::string::npos);
  EXPECT_EQ(facts.message_id, "<1@fabrikam.com>");
  EXPECT_EQ(facts.subject, "hello");
  EXPECT_EQ(facts.connector, "internet");
  EXPECT_EQ(facts.client, "127.0.0.1 (mail.fabrikam.com)");
  EXPECT_FALSE(facts.notify_sender);
  ASSERT_EQ(found.message.recipients.size(), 1U);
  EXPECT_EQ(found.message.recipients[0].recipient.mailbox.str(), "Bob@contoso.com");
  EXPECT_EQ(gateway.accepted_destinations(),
            std::vector<std::string>{found.message.recipients[0].destination});
  const std::string body = gateway.body(facts.id);
  EXPECT_TRUE(body.starts_with("Received: from mail.fabrikam.com ([127.0.0.1])")) << body;
  EXPECT_NE(body.find("with ESMTPS"), std::string::npos) << body;
  EXPECT_NE(body.find("for <Bob@contoso.com>"), std::string::npos) << body;
  EXPECT_TRUE(body.ends_with(kMessage)) << body;
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].event, "tx.accept");
  const auto data = parse_json(found.events[0].data);
  ASSERT_TRUE(data);
  EXPECT_EQ((*data)["connector"], "internet");
  EXPECT_EQ((*data)["helo"], "mail.fabrikam.com");
  EXPECT_EQ((*data)["tls"]["version"], "TLSv1.3");
  EXPECT_EQ((*data)["size"], facts.size);
}

TEST_F(ReceptionTest, AHeloClientInTheClearIsServedAndSaysSo) {
  start();
  SmtpClient client(gateway.port("internet"));
  EXPECT_TRUE(client.reply().starts_with("220"));
  EXPECT_TRUE(client.command("HELO old.example").starts_with("250"));
  EXPECT_TRUE(deliver(client, "", "bob@contoso.com").starts_with("250"));
  EXPECT_TRUE(client.command("QUIT").starts_with("221"));
  EXPECT_EQ(client.reply(), "");
  const std::string body = gateway.body(gateway.only_message().message.facts.id);
  EXPECT_NE(body.find(" with SMTP id "), std::string::npos) << body;
}

TEST_F(ReceptionTest, PipelinedAndChunkedContentArrivesByteIdentical) {
  start();
  auto client = greeted();
  std::string message = "Subject: x\r\n\r\n";
  for (int i = 0; message.size() < 3'000'000; ++i) {
    message += ".line " + std::to_string(i) + " \xff\x80\r\n";
  }
  const std::size_t half = message.size() / 2;
  client->send(
      "MAIL FROM:<a@fabrikam.com>\r\nRCPT TO:<b@contoso.com>\r\nRCPT TO:<c@contoso.com>\r\n"
      "BDAT " +
      std::to_string(half) + "\r\n" + message.substr(0, half) + "BDAT " +
      std::to_string(message.size() - half) + " LAST\r\n" + message.substr(half));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(client->reply().starts_with("250")) << i;
  EXPECT_TRUE(client->reply().starts_with("250 2.6.0"));
  const auto found = gateway.only_message();
  EXPECT_EQ(found.message.recipients.size(), 2U);
  const std::string body = gateway.body(found.message.facts.id);
  EXPECT_TRUE(body.ends_with(message));
  EXPECT_EQ(body.substr(0, body.size() - message.size()).find("for <"), std::string::npos);
}

TEST_F(ReceptionTest, OrganizationHeadersAreTakenOutUnlessTheClientIsAuthenticatedAndTrusted) {
  internet().keep_organization_headers = true;
  internet().client_domains = {"mail.protection.outlook.com"};
  start();
  const std::string message = "X-MS-Exchange-Organization-SCL: -1\r\nSubject: s\r\n\r\nb\r\n";
  auto anonymous = secured();
  ASSERT_TRUE(deliver(*anonymous, "a@fabrikam.com", "b@contoso.com", message).starts_with("250"));
  const auto first = gateway.only_message();
  EXPECT_EQ(gateway.body(first.message.facts.id).find("X-MS-Exchange"), std::string::npos);
  auto known = secured(&pki().shared);
  const std::string reply = deliver(*known, "a@fabrikam.com", "b@contoso.com", message);
  const auto id = MessageId::parse(reply.substr(11, 13));
  ASSERT_TRUE(id) << reply;
  const std::string body = gateway.body(*id);
  EXPECT_NE(body.find("X-MS-Exchange-Organization-SCL: -1\r\n"), std::string::npos);
  EXPECT_NE(body.find("client certificate mail.protection.outlook.com"), std::string::npos) << body;
}

TEST_F(ReceptionTest, ALoopEndsAtTheHopCount) {
  internet().max_received_hops = 3;
  start();
  auto client = greeted();
  std::string message;
  for (int i = 0; i < 4; ++i) message += "Received: from a by b\r\n";
  EXPECT_TRUE(deliver(*client, "a@x.example", "b@contoso.com", message + "\r\nx\r\n")
                  .starts_with("554 5.4.6"));
  EXPECT_TRUE(deliver(*client, "a@x.example", "b@contoso.com").starts_with("250"));
}

TEST_F(ReceptionTest, RequiredConnectorRefusesMailInTheClearInTheWordsConfigured) {
  internet().tls = ReceiveTls::required;
  internet().starttls_reply = policy::StarttlsReply::exchange;
  start();
  auto client = greeted();
  EXPECT_EQ(client->command("MAIL FROM:<a@fabrikam.com>"),
            "451 5.7.3 Must issue a STARTTLS command first");
  ASSERT_TRUE(client->start_tls());
  client->command("EHLO x");
  EXPECT_TRUE(client->command("MAIL FROM:<a@fabrikam.com>").starts_with("250"));
}

TEST_F(ReceptionTest, WithoutACertificateStarttlsIsNotOfferedAndRequiredMailIsDeferred) {
  internet().tls = ReceiveTls::required;
  internet().certificate = "missing";
  start();
  SmtpClient client(gateway.port("internet"));
  EXPECT_TRUE(client.reply().starts_with("220"));
  EXPECT_EQ(client.command("EHLO x").find("STARTTLS"), std::string::npos);
  EXPECT_EQ(client.command("MAIL FROM:<a@fabrikam.com>"),
            "454 4.7.0 TLS not available due to temporary reason");
}

TEST_F(ReceptionTest, MutualModeRefusesWithTheCauseAndAStoredVerdictAndTheSessionStaysOpen) {
  internet().tls = ReceiveTls::mutual;
  internet().client_domains = {"mail.fabrikam.com"};
  start();
  auto none = secured();
  EXPECT_TRUE(none->command("MAIL FROM:<a@fabrikam.com>")
                  .starts_with("454 4.7.5 Certificate validation failure: "
                               "client-certificate-missing"));
  auto wrong = secured(&pki().shared);
  const std::string reply = wrong->command("MAIL FROM:<a@fabrikam.com>");
  ASSERT_TRUE(reply.starts_with("454 4.7.5 Certificate validation failure: name-mismatch"))
      << reply;
  const std::size_t at = reply.find("(verdict ");
  ASSERT_NE(at, std::string::npos);
  const auto id = VerdictId::parse(reply.substr(at + 9, 13));
  ASSERT_TRUE(id);
  const auto stored = gateway.store().verdict(*id);
  ASSERT_TRUE(stored && *stored);
  EXPECT_NE((*stored)->json.find("\"code\":\"name-mismatch\""), std::string::npos);
  EXPECT_NE((*stored)->evidence_json.find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_TRUE(wrong->command("NOOP").starts_with("250"));
  // The same client again: the same verdict, stored once.
  auto again = secured(&pki().shared);
  EXPECT_EQ(again->command("MAIL FROM:<a@fabrikam.com>"), reply);
  auto right = secured(&pki().fabrikam);
  EXPECT_TRUE(deliver(*right, "a@fabrikam.com", "b@contoso.com").starts_with("250"));
  const auto data = parse_json(gateway.only_message().events.at(0).data);
  ASSERT_TRUE(data);
  EXPECT_EQ((*data)["verdict"]["code"], "none");
  EXPECT_EQ((*data)["authenticated_as"], "mail.fabrikam.com");
  const auto good = VerdictId::parse((*data)["verdict"]["id"].get<std::string>());
  ASSERT_TRUE(good);
  EXPECT_TRUE(gateway.store().verdict(*good)->has_value());
}

// What we rely on is watched for its expiry; what we refuse is nobody's matter.
TEST_F(ReceptionTest, AClientsCertificateIsToldOfWhereItAuthenticatedAMessageAndOnlyThere) {
  internet().tls = ReceiveTls::mutual;
  internet().client_domains = {"mail.fabrikam.com"};
  start();
  auto wrong = secured(&pki().shared);
  EXPECT_TRUE(wrong->command("MAIL FROM:<a@fabrikam.com>").starts_with("454"));
  EXPECT_TRUE(gateway.client_certificates().empty());
  auto right = secured(&pki().fabrikam);
  EXPECT_TRUE(right->command("MAIL FROM:<a@fabrikam.com>").starts_with("250"));
  EXPECT_EQ(
      gateway.client_certificates(),
      std::vector<std::string>{"the client certificate of 127.0.0.1 on connector " +
                               internet().name + ": " + pki().fabrikam.certificate.subject()});
}

// A new certificate each time is a new verdict each time.
TEST_F(ReceptionTest, AClientThatIsRefusedTooOftenGetsNoMoreVerdictsStored) {
  internet().tls = ReceiveTls::mutual;
  internet().client_domains = {"mail.fabrikam.com"};
  start();
  unsigned named = 0;
  for (unsigned i = 0; i < VerdictGate::kPerClientAndMinute * 2 + 1; ++i) {
    const auto fresh = x509::testing::make_leaf(pki().root, "x" + std::to_string(i) + ".example");
    auto client = secured(&fresh);
    const std::string reply = client->command("MAIL FROM:<a@fabrikam.com>");
    EXPECT_TRUE(reply.starts_with("454 4.7.5 Certificate validation failure: name-mismatch"));
    if (reply.find("(verdict ") != std::string::npos) ++named;
  }
  // The minute may turn once meanwhile.
  EXPECT_GE(named, VerdictGate::kPerClientAndMinute);
  EXPECT_LE(named, VerdictGate::kPerClientAndMinute * 2);
}

TEST(VerdictGate, HasABoundForEachConnectorAndEachClient) {
  VerdictGate gate;
  const Time now = *parse_rfc3339("2026-11-21T12:00:00Z");
  for (unsigned i = 0; i < VerdictGate::kPerClientAndMinute; ++i) {
    EXPECT_TRUE(gate.open("a", "2001:db8::" + std::to_string(i), now));
  }
  EXPECT_FALSE(gate.open("a", "2001:db8::ffff", now));  // the same /64
  for (unsigned i = VerdictGate::kPerClientAndMinute; i < VerdictGate::kPerMinute; ++i) {
    EXPECT_TRUE(gate.open("a", "192.0.2." + std::to_string(i), now));
  }
  EXPECT_FALSE(gate.open("a", "203.0.113.1", now));
  EXPECT_TRUE(gate.open("b", "203.0.113.1", now));
  EXPECT_TRUE(gate.open("a", "2001:db8::1", now + 1min));
}

TEST_F(ReceptionTest, Tenant_TheSharedCertificateDoesNotRelayForAForeignSenderDomain) {
  internet().client_domains = {"mail.protection.outlook.com"};
  internet().relay_for_clients = true;
  internet().sender_domains = {pattern("contoso.com")};
  start();
  auto us = secured(&pki().shared);
  EXPECT_TRUE(deliver(*us, "a@contoso.com", "bob@partner.example").starts_with("250"));
  EXPECT_TRUE(gateway.only_message().message.facts.notify_sender);
  auto tenant = secured(&pki().shared);
  EXPECT_EQ(deliver(*tenant, "evil@tenant2.example", "bob@partner.example"),
            "550 5.7.1 Unable to relay");
  auto in_the_clear = greeted();
  EXPECT_EQ(deliver(*in_the_clear, "a@contoso.com", "bob@partner.example"),
            "550 5.7.1 Unable to relay");
  auto wrong = secured(&pki().stranger);
  EXPECT_TRUE(deliver(*wrong, "a@contoso.com", "bob@partner.example")
                  .starts_with("550 5.7.1 Unable to relay: client certificate: "));
}

TEST_F(ReceptionTest, APartnersDomainComesOnlyOverItsCertificateOthersAreNotAsked) {
  policy::Partner partner;
  partner.name = "fabrikam";
  partner.domains = {pattern("fabrikam.com")};
  partner.receive = ReceiveTls::mutual;
  partner.names = {"mail.fabrikam.com"};
  gateway.config.partners.push_back(partner);
  start();
  auto clear = greeted();
  EXPECT_TRUE(clear->command("MAIL FROM:<a@fabrikam.com>").starts_with("530 5.7.0"));
  EXPECT_TRUE(deliver(*clear, "a@elsewhere.example", "b@contoso.com").starts_with("250"));
  auto untrusted = secured(&pki().stranger);
  const std::string refused = untrusted->command("MAIL FROM:<a@fabrikam.com>");
  EXPECT_TRUE(refused.starts_with("454 4.7.5 Certificate validation failure: ")) << refused;
  EXPECT_NE(refused.find("(verdict "), std::string::npos);
  auto known = secured(&pki().fabrikam);
  EXPECT_TRUE(deliver(*known, "a@fabrikam.com", "b@contoso.com").starts_with("250"));
}

// The partner's certificate speaks for the partner's domain; it is none of the connector's clients,
// even where the connector would let its own relay from that domain.
TEST_F(ReceptionTest, Tenant_APartnersCertificateNeitherRelaysNorPassesTheHeaderFirewall) {
  internet().client_domains = {"mail.protection.outlook.com"};
  internet().relay_for_clients = true;
  internet().sender_domains = {pattern("fabrikam.com")};
  internet().keep_organization_headers = true;
  policy::Partner partner;
  partner.name = "fabrikam";
  partner.domains = {pattern("fabrikam.com")};
  partner.receive = ReceiveTls::mutual;
  partner.names = {"mail.fabrikam.com"};
  gateway.config.partners.push_back(partner);
  start();
  auto client = secured(&pki().fabrikam);
  EXPECT_TRUE(deliver(*client, "a@fabrikam.com", "bob@elsewhere.example")
                  .starts_with("550 5.7.1 Unable to relay"));
  EXPECT_TRUE(client->command("RSET").starts_with("250"));
  const std::string message = "X-MS-Exchange-Organization-SCL: -1\r\nSubject: s\r\n\r\nb\r\n";
  EXPECT_TRUE(deliver(*client, "a@fabrikam.com", "b@contoso.com", message).starts_with("250"));
  const auto found = gateway.only_message();
  const std::string body = gateway.body(found.message.facts.id);
  EXPECT_EQ(body.find("X-MS-Exchange"), std::string::npos) << body;
  EXPECT_NE(body.find("client certificate mail.fabrikam.com"), std::string::npos) << body;
  EXPECT_TRUE(found.message.facts.notify_sender);
}

TEST_F(ReceptionTest, ImplicitTlsBeginsBeforeTheGreeting) {
  internet().implicit_tls = true;
  start();
  SmtpClient client(gateway.port("internet"));
  ASSERT_TRUE(client.handshake(nullptr, "edge.contoso.com"));
  EXPECT_TRUE(client.reply().starts_with("220"));
  EXPECT_EQ(client.command("EHLO x").find("STARTTLS"), std::string::npos);
  EXPECT_TRUE(deliver(client, "a@x.example", "b@contoso.com").starts_with("250"));
}

TEST_F(ReceptionTest, TheClientSeesTheNewCertificateAfterAReloadAndOldSessionsGoOn) {
  start();
  auto before = secured();
  EXPECT_EQ(before->tls_evidence().presented.at(0), pki().server.certificate);
  const auto renewed = x509::testing::make_leaf(pki().root, "edge.contoso.com");
  gateway.materials.certificates.clear();
  gateway.materials.credentials.clear();
  gateway.add_certificate("edge", renewed);
  const auto port = gateway.port("internet");
  ASSERT_TRUE(gateway.reload());
  EXPECT_EQ(gateway.port("internet"), port);
  auto after = secured();
  EXPECT_EQ(after->tls_evidence().presented.at(0), renewed.certificate);
  EXPECT_TRUE(deliver(*before, "a@x.example", "b@contoso.com").starts_with("250"));
}

TEST_F(ReceptionTest, AReloadOpensNewListenersKeepsOldOnesAndIsAllOrNothing) {
  start();
  const auto port = gateway.port("internet");
  gateway.config.receive.push_back(connector("apps"));
  gateway.config.receive.front().max_message_size = 1000;
  ASSERT_TRUE(gateway.reload());
  EXPECT_EQ(gateway.port("internet"), port);
  EXPECT_NE(greeted("apps"), nullptr);
  EXPECT_NE(SmtpClient(port).reply().find("220"), std::string::npos);
  gateway.config.receive.push_back(connector("broken"));
  gateway.config.receive.back().listen = {policy::Endpoint{"127.0.0.1", port}};
  EXPECT_FALSE(gateway.reload());
  EXPECT_EQ(gateway.port("broken"), 0);
  EXPECT_EQ(gateway.port("internet"), port);
  gateway.config.receive.erase(gateway.config.receive.begin() + 1, gateway.config.receive.end());
  ASSERT_TRUE(gateway.reload());
  EXPECT_EQ(gateway.port("apps"), 0);
}

TEST_F(ReceptionTest, ConnectionsAreRefusedByNetworkAndByNumber) {
  internet().max_connections_per_client = 1;
  auto closed = connector("closed");
  closed.allow_from = {network("192.0.2.0/24")};
  gateway.config.receive.push_back(closed);
  start();
  EXPECT_TRUE(SmtpClient(gateway.port("closed")).reply().starts_with("554 5.7.1"));
  auto first = greeted();
  EXPECT_TRUE(SmtpClient(gateway.port("internet")).reply().starts_with("421 4.7.0"));
  EXPECT_TRUE(first->command("QUIT").starts_with("221"));
  first.reset();
  ASSERT_TRUE(gateway.wait_idle());
  EXPECT_NE(greeted(), nullptr);
}

TEST_F(ReceptionTest, MessageRateIsRefusedAtMailAndTheSessionStaysOpen) {
  internet().message_rate_per_minute = 1;
  start();
  auto client = greeted();
  EXPECT_TRUE(deliver(*client, "a@x.example", "b@contoso.com").starts_with("250"));
  EXPECT_TRUE(client->command("MAIL FROM:<a@x.example>").starts_with("450 4.7.1"));
  EXPECT_TRUE(client->command("NOOP").starts_with("250"));
}

TEST_F(ReceptionTest, BarePostmasterAndARouteLessDomain) {
  internet().accept_domains.push_back(pattern("unrouted.example"));
  start();
  auto client = greeted();
  client->command("MAIL FROM:<a@x.example>");
  EXPECT_TRUE(client->command("RCPT TO:<b@unrouted.example>").starts_with("550 5.4.4"));
  EXPECT_TRUE(client->command("RCPT TO:<Postmaster>").starts_with("250"));
  EXPECT_TRUE(client->command("DATA").starts_with("354"));
  client->send(kMessage);
  EXPECT_TRUE(client->command(".").starts_with("250"));
  EXPECT_EQ(gateway.only_message().message.recipients.at(0).recipient.mailbox.domain,
            "contoso.com");
}

TEST_F(ReceptionTest, ASilentClientIsToldAndClosedAtTheDeadline) {
  gateway.config.timeouts.server_command = 200ms;
  start();
  auto client = greeted();
  EXPECT_TRUE(client->reply().starts_with("421 4.4.2"));
  EXPECT_EQ(client->reply(), "");
  EXPECT_TRUE(gateway.wait_idle());
}

TEST_F(ReceptionTest, ACommandThatDripsInHasOneDeadlineAsAWhole) {
  gateway.config.timeouts.server_command = 400ms;
  start();
  auto client = greeted();
  // Each octet comes well within the deadline; the line never ends.
  std::string reply;
  const auto begin = std::chrono::steady_clock::now();
  std::thread dripping([&] {
    for (int i = 0; i < 200 && gateway.sessions() != 0; ++i) {
      client->send("N");
      std::this_thread::sleep_for(50ms);
    }
  });
  reply = client->reply();
  dripping.join();
  EXPECT_TRUE(reply.starts_with("421")) << reply;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(ReceptionTest, ASessionThatBringsNoMessageEndsThoughItsCommandsAreInTime) {
  gateway.config.timeouts.server_session = 400ms;
  start();
  auto client = greeted();
  // Each command is well within server_command (five minutes), and buys no more time.
  EXPECT_TRUE(client->command("NOOP").starts_with("250"));
  EXPECT_TRUE(client->reply().starts_with("421 4.4.2"));
  EXPECT_TRUE(gateway.wait_idle());
}

TEST_F(ReceptionTest, AHandshakeThatStallsEndsAtItsDeadline) {
  gateway.config.timeouts.server_handshake = 200ms;
  start();
  auto client = greeted();
  EXPECT_TRUE(client->command("STARTTLS").starts_with("220"));
  EXPECT_EQ(client->reply(), "");
  EXPECT_TRUE(gateway.wait_idle());
}

TEST_F(ReceptionTest, AClientThatLeavesInTheMiddleLeavesNothingBehind) {
  start();
  auto client = greeted();
  client->command("MAIL FROM:<a@x.example>");
  client->command("RCPT TO:<b@contoso.com>");
  client->command("DATA");
  client->send("Subject: half\r\n\r\n" + std::string(1'000'000, 'x'));
  client->close();
  ASSERT_TRUE(gateway.wait_idle());
  const auto found = gateway.store().trace({});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST_F(ReceptionTest, ShutdownTellsIdleSessionsAndLetsAMessageUnderWayEnd) {
  start();
  auto idle = secured();
  auto busy = greeted();
  busy->command("MAIL FROM:<a@x.example>");
  busy->command("RCPT TO:<b@contoso.com>");
  EXPECT_TRUE(busy->command("DATA").starts_with("354"));
  gateway.shutdown();
  EXPECT_TRUE(idle->reply().starts_with("421 4.3.2"));
  EXPECT_EQ(idle->reply(), "");
  busy->send(kMessage);
  EXPECT_TRUE(busy->command(".").starts_with("250 2.6.0"));
  EXPECT_TRUE(busy->reply().starts_with("421 4.3.2"));
  EXPECT_TRUE(gateway.wait_idle());
}

TEST_F(ReceptionTest, ProtocolLogHoldsTheDialogueAndTheCertificatesButNoSecretAndNoContent) {
  internet().client_domains = {"mail.fabrikam.com"};
  start();
  auto client = secured(&pki().fabrikam);
  client->command("AUTH PLAIN c2VjcmV0");
  deliver(*client, "a@fabrikam.com", "b@contoso.com", "Subject: hidden\r\n\r\nhidden\r\n");
  client->command("QUIT");
  client.reset();
  ASSERT_TRUE(gateway.wait_idle());
  const std::string log = gateway.protocol_log();
  for (const char* wanted :
       {",+,,", "220 edge.contoso.com", "EHLO mail.fabrikam.com", "STARTTLS",
        "Sending certificate Subject", "Remote certificate Subject", "TLS protocol TLSv1.3",
        "Client certificate chain validation status: 'none'", "MAIL FROM:<a@fabrikam.com>",
        "AUTH <hidden>", "354 ", "Queued for delivery", ",-,,"}) {
    EXPECT_NE(log.find(wanted), std::string::npos) << wanted << "\n" << log;
  }
  EXPECT_EQ(log.find("c2VjcmV0"), std::string::npos);
  EXPECT_EQ(log.find("Subject: hidden"), std::string::npos);
}

}  // namespace
}  // namespace postern::relay
