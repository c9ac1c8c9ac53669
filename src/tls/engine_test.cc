#include "tls/engine.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "tls/context.h"
#include "tls/testing/credentials.h"
#include "x509/testing/factory.h"

namespace postern::tls {
namespace {

using testing::make_credential;
using testing::make_server_context;
using x509::testing::Issued;

// Certificates that all tests share: made once, since keys take their time.
struct Pki {
  Issued root = x509::testing::make_root("Test Root");
  Issued intermediate = x509::testing::make_intermediate(root, "Test Intermediate");
  Issued server = x509::testing::make_leaf(intermediate, "mx.example.test");
  Issued other = x509::testing::make_leaf(intermediate, "other.example.test");
  Issued client = x509::testing::make_leaf(intermediate, "client.example.test");
  std::shared_ptr<const Credential> server_credential =
      make_credential(server, {intermediate.certificate});
  std::shared_ptr<const Credential> client_credential =
      make_credential(client, {intermediate.certificate});
};
const Pki& pki() {
  static const Pki made;
  return made;
}

struct Outcome {
  Result<bool> client = false, server = false;
};

void carry(Engine& from, Engine& to, std::size_t piece) {
  const std::string octets = from.take_output();
  for (std::size_t at = 0; at < octets.size(); at += piece)
    to.feed(std::string_view(octets).substr(at, piece));
}

// Until neither side has anything to say.
Outcome shake_hands(Engine& client, Engine& server, std::size_t piece = 1 << 20) {
  Outcome outcome;
  for (int round = 0; round < 10; ++round) {
    if (outcome.client && !*outcome.client) outcome.client = client.handshake();
    carry(client, server, piece);
    if (outcome.server && !*outcome.server) outcome.server = server.handshake();
    carry(server, client, piece);
  }
  return outcome;
}

ClientSettings settings_for(const std::string& sni) {
  ClientSettings settings;
  settings.sni = sni;
  return settings;
}

Engine must(Result<Engine> engine) {
  POSTERN_CHECK(engine.has_value(), "an engine of a test");
  return std::move(*engine);
}

struct Pair {
  Pair(const ClientSettings& settings, std::shared_ptr<const ServerContext> context)
      : client(must(Engine::client(settings))), server(must(Engine::server(std::move(context)))) {}
  Engine client, server;
};

std::shared_ptr<const ServerContext> make_context(ServerSettings settings) {
  auto context = ServerContext::create(std::move(settings));
  EXPECT_TRUE(context) << context.error().what();
  return *context;
}

TEST(Handshake, RecordsVersionCipherSniAndTheChainAsPresented) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential));
  const Outcome outcome = shake_hands(pair.client, pair.server);
  ASSERT_TRUE(outcome.client && *outcome.client && outcome.server && *outcome.server);
  const verdict::TlsEvidence client = pair.client.evidence();
  EXPECT_TRUE(client.attempted && client.completed);
  EXPECT_FALSE(client.resumed || client.certificate_requested);
  EXPECT_EQ(client.version, "TLSv1.3");
  EXPECT_FALSE(client.cipher.empty());
  ASSERT_EQ(client.presented.size(), 2U);
  EXPECT_EQ(client.presented[0], pki().server.certificate);
  EXPECT_EQ(client.presented[1], pki().intermediate.certificate);
  EXPECT_FALSE(client.own_certificate);
  const verdict::TlsEvidence server = pair.server.evidence();
  EXPECT_EQ(server.sni, "mx.example.test");
  EXPECT_EQ(server.own_certificate, pki().server.certificate);
  EXPECT_TRUE(server.presented.empty());
}

TEST(Handshake, AnySegmentationGivesTheSame) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential, true));
  const Outcome outcome = shake_hands(pair.client, pair.server, 1);
  EXPECT_TRUE(outcome.client && *outcome.client && outcome.server && *outcome.server);
  EXPECT_EQ(pair.client.evidence().presented.size(), 2U);
}

TEST(Handshake, SniChoosesTheCertificate) {
  ServerSettings settings;
  settings.select = [](std::string_view sni) {
    return sni == "other.example.test" ? make_credential(pki().other) : pki().server_credential;
  };
  const auto context = make_context(settings);
  for (const auto& [sni, expected] : {std::pair("other.example.test", pki().other.certificate),
                                      std::pair("", pki().server.certificate)}) {
    Pair pair(settings_for(sni), context);
    (void)shake_hands(pair.client, pair.server);
    ASSERT_FALSE(pair.client.evidence().presented.empty());
    EXPECT_EQ(pair.client.evidence().presented[0], expected);
  }
}

TEST(Handshake, WithoutAnyCertificateFailsAndSaysSo) {
  ServerSettings settings;
  settings.select = [](std::string_view) { return nullptr; };
  Pair pair(settings_for("x.test"), make_context(settings));
  const Outcome outcome = shake_hands(pair.client, pair.server);
  ASSERT_FALSE(outcome.server);
  EXPECT_EQ(outcome.server.error().code(), tls_errc::handshake_failed);
  EXPECT_EQ(pair.server.evidence().error, "no certificate can be presented");
  EXPECT_FALSE(outcome.client);
  EXPECT_TRUE(pair.client.evidence().alert_received);
  EXPECT_EQ(pair.client.evidence().alert_received, pair.server.evidence().alert_sent);
}

x509::testing::CertificateSpec spec_of(const std::string& common_name) {
  x509::testing::CertificateSpec spec;
  spec.common_name = common_name;
  return spec;
}

TEST(Handshake, AnExpiredSelfSignedCertificateNeverAborts) {
  auto spec = spec_of("mx.example.test");
  spec.not_before = Time(std::chrono::sys_days{std::chrono::January / 1 / 2001});
  spec.not_after = Time(std::chrono::sys_days{std::chrono::January / 1 / 2002});
  const Issued leaf = x509::testing::make_self_signed(spec);
  Pair pair(settings_for("mx.example.test"), make_server_context(make_credential(leaf)));
  const Outcome outcome = shake_hands(pair.client, pair.server);
  EXPECT_TRUE(outcome.client && *outcome.client);
  EXPECT_EQ(pair.client.evidence().presented.size(), 1U);
}

TEST(Handshake, NoCommonVersionTellsTheReasonAndTheAlert) {
  ServerSettings settings;
  settings.select = [](std::string_view) { return pki().server_credential; };
  settings.min_version = verdict::TlsVersion::tls1_3;
  const auto context = make_context(settings);
  Pair pair(settings_for("mx.example.test"), context);
  // A peer that speaks TLS 1.2 alone.
  const SslCtxPtr old(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  const SslPtr ssl(SSL_new(old.get()));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);
  SSL_set_connect_state(ssl.get());
  EXPECT_EQ(SSL_do_handshake(ssl.get()), -1);
  std::string hello(4096, '\0');
  hello.resize(static_cast<std::size_t>(BIO_read(out, hello.data(), 4096)));
  pair.server.feed(hello);
  const auto outcome = pair.server.handshake();
  ASSERT_FALSE(outcome);
  const auto evidence = pair.server.evidence();
  EXPECT_EQ(evidence.error_reason, "SSL_R_UNSUPPORTED_PROTOCOL");
  EXPECT_EQ(evidence.alert_sent, 70);  // protocol_version
  EXPECT_FALSE(pair.server.take_output().empty());
}

TEST(Offer, OldVersionsShowThemselvesOnAContextOfTheirOwnAndNeverToTheGateway) {
  ServerSettings server;
  server.select = [](std::string_view) { return pki().server_credential; };
  const auto modern = make_context(server);
  const auto version = [&](Offer offer) {
    ClientSettings settings = settings_for("mx.example.test");
    settings.offer = offer;
    Pair pair(settings, modern);
    const Outcome outcome = shake_hands(pair.client, pair.server);
    return outcome.client ? pair.client.evidence().version : pair.client.evidence().error;
  };
  EXPECT_EQ(version(Offer::gateway), "TLSv1.3");
  EXPECT_EQ(version(Offer::tls1_2_only), "TLSv1.2");
  EXPECT_EQ(version(Offer::anything), "TLSv1.3");
  EXPECT_EQ(version(Offer::legacy), "tlsv1 alert protocol version");
  for (const Offer offer : {Offer::gateway, Offer::tls1_2_only})
    EXPECT_GE(
        SSL_CTX_get_min_proto_version(client_context(verdict::TlsVersion::tls1_2, offer)->get()),
        TLS1_2_VERSION);
  const auto legacy = client_context(verdict::TlsVersion::tls1_2, Offer::legacy);
  EXPECT_EQ(SSL_CTX_get_min_proto_version(legacy->get()), TLS1_VERSION);
  EXPECT_EQ(SSL_CTX_get_max_proto_version(legacy->get()), TLS1_1_VERSION);
}

TEST(Handshake, GarbageInPlaceOfTlsIsAFailureWithWords) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential));
  EXPECT_EQ(pair.client.handshake(), false);
  pair.client.feed("220 still in clear text\r\n");
  const auto outcome = pair.client.handshake();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(pair.client.evidence().error_reason, "SSL_R_WRONG_VERSION_NUMBER");
  EXPECT_FALSE(pair.client.handshake()) << "a failure stays one";
}

TEST(Handshake, TransportThatEndsIsTruncation) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential));
  EXPECT_EQ(pair.client.handshake(), false);
  pair.client.peer_closed();
  EXPECT_FALSE(pair.client.handshake());
  EXPECT_EQ(pair.client.evidence().error_reason, "SSL_R_UNEXPECTED_EOF_WHILE_READING");
}

TEST(MutualTls, BothSidesRecordWhoWasPresented) {
  ClientSettings settings = settings_for("mx.example.test");
  settings.credential = pki().client_credential;
  Pair pair(settings, make_server_context(pki().server_credential, true));
  (void)shake_hands(pair.client, pair.server);
  const auto client = pair.client.evidence();
  EXPECT_TRUE(client.certificate_requested);
  EXPECT_EQ(client.own_certificate, pki().client.certificate);
  EXPECT_EQ(client.ca_names_count, 0U);
  EXPECT_EQ(client.ca_names_octets, 0U);
  const auto server = pair.server.evidence();
  EXPECT_TRUE(server.certificate_requested);
  ASSERT_EQ(server.presented.size(), 2U);
  EXPECT_EQ(server.presented[0], pki().client.certificate);
  EXPECT_EQ(server.presented[1], pki().intermediate.certificate);
}

TEST(MutualTls, ClientWithoutCertificateIsNotRefusedByTheHandshake) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential, true));
  const Outcome outcome = shake_hands(pair.client, pair.server);
  EXPECT_TRUE(outcome.client && *outcome.client && outcome.server && *outcome.server);
  EXPECT_TRUE(pair.client.evidence().certificate_requested);
  EXPECT_FALSE(pair.client.evidence().own_certificate);
  EXPECT_TRUE(pair.server.evidence().presented.empty());
}

TEST(MutualTls, CertificateOfTheClientIsNotOwnWhenNobodyAskedForIt) {
  ClientSettings settings = settings_for("mx.example.test");
  settings.credential = pki().client_credential;
  Pair pair(settings, make_server_context(pki().server_credential, false));
  (void)shake_hands(pair.client, pair.server);
  EXPECT_FALSE(pair.client.evidence().certificate_requested);
  EXPECT_FALSE(pair.client.evidence().own_certificate);
}

// Roots of one key, "CN=Authority 1000" and so on: made once.
std::vector<x509::Certificate> many_cas(std::size_t count) {
  static std::vector<x509::Certificate> made;
  static const x509::testing::Key key = x509::testing::Key::generate();
  while (made.size() < count) {
    auto spec = spec_of("Authority " + std::to_string(1000 + made.size()));
    spec.key = key;
    made.push_back(x509::testing::make_root(spec).certificate);
  }
  return {made.begin(), made.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(CaNames, OctetsAreThoseOnTheWire) {
  ServerSettings settings;
  settings.select = [](std::string_view) { return pki().server_credential; };
  settings.request_client_certificate = true;
  settings.announce_cas = many_cas(7);
  settings.announce_cas.push_back(settings.announce_cas.front());  // one name twice is one
  // SEQUENCE { SET { SEQUENCE { OID 2.5.4.3, UTF8String of 14 } } }: 27 octets and its length.
  EXPECT_EQ(ca_names_octets(settings.announce_cas), 7U * (2 + 27));
  for (const auto version : {verdict::TlsVersion::tls1_2, verdict::TlsVersion::tls1_3}) {
    settings.min_version = version;
    Pair pair(settings_for("mx.example.test"), make_context(settings));
    (void)shake_hands(pair.client, pair.server);
    for (const Engine* side : {&pair.client, &pair.server}) {
      EXPECT_EQ(side->evidence().ca_names_count, 7U);
      EXPECT_EQ(side->evidence().ca_names_octets, ca_names_octets(settings.announce_cas));
    }
  }
}

TEST(CaNames, MoreThan16KiBIsRefusedWithTheReason) {
  ServerSettings settings;
  settings.select = [](std::string_view) { return pki().server_credential; };
  settings.request_client_certificate = true;
  settings.announce_cas = many_cas(600);
  const auto context = ServerContext::create(settings);
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().detail().find("36885"), std::string::npos);
}

// A peer by OpenSSL alone, in memory, against an engine.
struct RawPeer {
  SslCtxPtr context;
  SslPtr ssl;
  explicit RawPeer(const SSL_METHOD* method) : context(SSL_CTX_new(method)) {}
  void start(bool as_client) {
    ssl.reset(SSL_new(context.get()));
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    as_client ? SSL_set_connect_state(ssl.get()) : SSL_set_accept_state(ssl.get());
  }
  int step(Engine& engine) {
    const std::string in = engine.take_output();
    if (!in.empty()) BIO_write(SSL_get_rbio(ssl.get()), in.data(), static_cast<int>(in.size()));
    const int done = SSL_do_handshake(ssl.get());
    std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl.get())), '\0');
    if (!out.empty()) BIO_read(SSL_get_wbio(ssl.get()), out.data(), static_cast<int>(out.size()));
    engine.feed(out);
    return done;
  }
};

TEST(CaNames, ClientWith16KiBHandshakeBufferSucceedsAgainstOurRequest) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Engine server = must(Engine::server(make_server_context(pki().server_credential, true)));
    RawPeer client(TLS_client_method());
    SSL_CTX_set_max_proto_version(client.context.get(), version);
    SSL_CTX_set_max_cert_list(client.context.get(), 16 * 1024);
    client.start(true);
    int done = 0;
    for (int i = 0; i < 5 && done != 1; ++i) {
      done = client.step(server);
      ASSERT_TRUE(server.handshake());
    }
    EXPECT_EQ(done, 1);
    const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(client.ssl.get());
    EXPECT_TRUE(names == nullptr || sk_X509_NAME_num(names) == 0);
  }
}

TEST(CaNames, AServerThatListsFourHundredIsRecordedAndNotRefused) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawPeer server(TLS_server_method());
    SSL_CTX_set_max_proto_version(server.context.get(), version);
    SSL_CTX_use_certificate(server.context.get(), pki().server.certificate.native());
    SSL_CTX_use_PrivateKey(server.context.get(), pki().server.key.native());
    SSL_CTX_set_verify(server.context.get(), SSL_VERIFY_PEER, nullptr);
    for (const auto& ca : many_cas(400)) SSL_CTX_add_client_CA(server.context.get(), ca.native());
    server.start(false);
    Engine client = must(Engine::client(settings_for("mx.example.test")));
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(client.handshake());
      server.step(client);
    }
    EXPECT_TRUE(client.evidence().completed);
    EXPECT_EQ(client.evidence().ca_names_count, 400U);
    EXPECT_EQ(client.evidence().ca_names_octets, 400U * (2 + 27));
  }
}

TEST(Handshake, AWeakKeyOfTheServerIsEvidence) {
  auto spec = spec_of("mx.example.test");
  spec.key_type = x509::testing::KeyType::rsa_1024;
  const Issued weak = x509::testing::make_self_signed(spec);
  RawPeer server(TLS_server_method());
  SSL_CTX_set_security_level(server.context.get(), 0);
  SSL_CTX_use_certificate(server.context.get(), weak.certificate.native());
  SSL_CTX_use_PrivateKey(server.context.get(), weak.key.native());
  server.start(false);
  Engine client = must(Engine::client(settings_for("mx.example.test")));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.handshake());
    server.step(client);
  }
  EXPECT_TRUE(client.evidence().completed);
  EXPECT_EQ(client.evidence().presented.size(), 1U);
  EXPECT_FALSE(check_presentable(*make_credential(weak))) << "and is never our own";
}

TEST(Alerts, RejectionAfterTheTls13HandshakeIsSeenWhenReading) {
  RawPeer server(TLS_server_method());
  SSL_CTX_use_certificate(server.context.get(), pki().server.certificate.native());
  SSL_CTX_use_PrivateKey(server.context.get(), pki().server.key.native());
  SSL_CTX_set_verify(server.context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  server.start(false);
  Engine client = must(Engine::client(settings_for("mx.example.test")));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.handshake());
    server.step(client);
  }
  EXPECT_TRUE(client.evidence().completed) << "in TLS 1.3 the client is done before it is judged";
  const auto got = client.read(100);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), tls_errc::closed);
  EXPECT_EQ(client.evidence().alert_received, 116);  // certificate_required
}

TEST(Staple, IsAskedForAndKept) {
  RawPeer server(TLS_server_method());
  SSL_CTX_use_certificate(server.context.get(), pki().server.certificate.native());
  SSL_CTX_use_PrivateKey(server.context.get(), pki().server.key.native());
  static const std::string staple =
      x509::testing::make_ocsp(pki().intermediate, pki().server.certificate, {});
  SSL_CTX_set_tlsext_status_cb(
      server.context.get(), (+[](SSL* ssl, void*) {
        auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(staple.data(), staple.size()));
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, staple.size());
        return SSL_TLSEXT_ERR_OK;
      }));
  server.start(false);
  Engine client = must(Engine::client(settings_for("mx.example.test")));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.handshake());
    server.step(client);
  }
  EXPECT_EQ(client.evidence().ocsp_staple, staple);
}

void exchange_greeting(Pair& pair) {
  ASSERT_TRUE(pair.server.write("250 hello\r\n"));
  carry(pair.server, pair.client, 7);
  const auto got = pair.client.read(1000);
  ASSERT_TRUE(got) << got.error().what();
  EXPECT_EQ(*got, "250 hello\r\n");
}

TEST(Resumption, ReportsTheChainThatWasPresentedWhenTheSessionWasMade) {
  const auto context = make_server_context(pki().server_credential);
  Pair first(settings_for("mx.example.test"), context);
  (void)shake_hands(first.client, first.server);
  exchange_greeting(first);
  ClientSettings again = settings_for("mx.example.test");
  again.resume = first.client.session();
  ASSERT_TRUE(again.resume);
  Pair second(again, context);
  (void)shake_hands(second.client, second.server);
  exchange_greeting(second);
  const auto evidence = second.client.evidence();
  EXPECT_TRUE(evidence.resumed);
  ASSERT_EQ(evidence.presented.size(), 2U);
  EXPECT_EQ(evidence.presented[0], pki().server.certificate);
  EXPECT_TRUE(second.client.session()) << "and can be resumed in turn";
}

TEST(Resumption, IsNotForAnotherNameOrAnotherOwnCertificate) {
  const auto context = make_server_context(pki().server_credential);
  Pair first(settings_for("mx.example.test"), context);
  (void)shake_hands(first.client, first.server);
  exchange_greeting(first);
  ClientSettings other_name = settings_for("other.example.test");
  ClientSettings other_certificate = settings_for("mx.example.test");
  other_certificate.credential = pki().client_credential;
  for (ClientSettings* settings : {&other_name, &other_certificate}) {
    settings->resume = first.client.session();
    Pair second(*settings, context);
    (void)shake_hands(second.client, second.server);
    EXPECT_FALSE(second.client.evidence().resumed);
  }
}

TEST(Resumption, NeverWhereClientCertificatesAreJudged) {
  const auto context = make_server_context(pki().server_credential, true);
  Pair first(settings_for("mx.example.test"), context);
  (void)shake_hands(first.client, first.server);
  exchange_greeting(first);
  EXPECT_FALSE(first.client.session());
}

TEST(Data, ArrivesInOrderInAnySize) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential));
  (void)shake_hands(pair.client, pair.server);
  std::string sent;
  for (int i = 0; sent.size() < 300'000; ++i) sent += std::to_string(i) + ",";
  ASSERT_TRUE(pair.client.write(sent));
  pair.server.feed(pair.client.take_output());
  std::string got;
  for (const std::size_t max : {std::size_t{1}, std::size_t{20'000}, std::size_t{65'536}}) {
    const auto part = pair.server.read(max);
    ASSERT_TRUE(part);
    EXPECT_LE(part->size(), max);
    got += *part;
  }
  for (;;) {
    const auto part = pair.server.read(65'536);
    ASSERT_TRUE(part);
    if (part->empty()) break;
    got += *part;
  }
  EXPECT_EQ(got, sent);
}

TEST(Data, CloseNotifyComesAfterWhatWasSentBeforeIt) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential));
  (void)shake_hands(pair.client, pair.server);
  ASSERT_TRUE(pair.client.write("QUIT\r\n"));
  pair.client.shutdown();
  carry(pair.client, pair.server, 1000);
  EXPECT_EQ(*pair.server.read(1000), "QUIT\r\n");
  for (int i = 0; i < 2; ++i) {
    const auto end = pair.server.read(1000);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code(), tls_errc::closed);
  }
  EXPECT_TRUE(pair.server.write("221 bye\r\n")) << "the other direction is still open";
}

TEST(Data, TamperedRecordIsAProtocolError) {
  Pair pair(settings_for("mx.example.test"), make_server_context(pki().server_credential));
  (void)shake_hands(pair.client, pair.server);
  ASSERT_TRUE(pair.client.write("MAIL FROM:<a@b>\r\n"));
  std::string record = pair.client.take_output();
  record.back() = static_cast<char>(record.back() ^ 1);
  pair.server.feed(record);
  const auto got = pair.server.read(1000);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), tls_errc::protocol);
  EXPECT_FALSE(pair.server.write("x"));
}

TEST(Data, IsNotReadOrWrittenBeforeTheHandshake) {
  Engine client = must(Engine::client(settings_for("x.test")));
  EXPECT_FALSE(client.read(10));
  EXPECT_FALSE(client.write("x"));
}

}  // namespace
}  // namespace postern::tls
