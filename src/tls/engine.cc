#include "tls/engine.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "base/text.h"
#include "tls/context.h"
#include "tls/handshake_message.h"
#include "tls/memory_bio.h"

namespace postern::tls {
namespace {

constexpr std::size_t kMaxSniOctets = 255;
constexpr std::size_t kLeastReadOctets = 512;

class TlsCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "tls"; }
  [[nodiscard]] std::string message(int code) const override {
    switch (static_cast<tls_errc>(code)) {
      case tls_errc::handshake_failed:
        return "TLS handshake failed";
      case tls_errc::closed:
        return "TLS session closed by the peer";
      case tls_errc::protocol:
        return "TLS protocol error";
    }
    return "unknown TLS error";
  }
};

// Reasons that a judgement can rest on; others are told by their words alone.
constexpr std::array<std::pair<int, std::string_view>, 30> kReasons{{
    {SSL_R_UNSUPPORTED_PROTOCOL, "SSL_R_UNSUPPORTED_PROTOCOL"},
    {SSL_R_UNSUPPORTED_SSL_VERSION, "SSL_R_UNSUPPORTED_SSL_VERSION"},
    {SSL_R_WRONG_SSL_VERSION, "SSL_R_WRONG_SSL_VERSION"},
    {SSL_R_WRONG_VERSION_NUMBER, "SSL_R_WRONG_VERSION_NUMBER"},
    {SSL_R_VERSION_TOO_LOW, "SSL_R_VERSION_TOO_LOW"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "SSL_R_TLSV1_ALERT_PROTOCOL_VERSION"},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, "SSL_R_NO_PROTOCOLS_AVAILABLE"},
    {SSL_R_NO_SHARED_CIPHER, "SSL_R_NO_SHARED_CIPHER"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "SSL_R_NO_SUITABLE_KEY_SHARE"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "SSL_R_SSLV3_ALERT_BAD_CERTIFICATE"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "SSL_R_TLSV1_ALERT_UNKNOWN_CA"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, "SSL_R_TLSV1_ALERT_ACCESS_DENIED"},
    {SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, "SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, "SSL_R_TLSV1_UNRECOGNIZED_NAME"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED"},
    {SSL_R_DH_KEY_TOO_SMALL, "SSL_R_DH_KEY_TOO_SMALL"},
    {SSL_R_EE_KEY_TOO_SMALL, "SSL_R_EE_KEY_TOO_SMALL"},
    {SSL_R_CA_MD_TOO_WEAK, "SSL_R_CA_MD_TOO_WEAK"},
    {SSL_R_WRONG_SIGNATURE_TYPE, "SSL_R_WRONG_SIGNATURE_TYPE"},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, "SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, "SSL_R_EXCESSIVE_MESSAGE_SIZE"},
    {SSL_R_HTTP_REQUEST, "SSL_R_HTTP_REQUEST"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "SSL_R_UNEXPECTED_EOF_WHILE_READING"},
    {SSL_R_BAD_SIGNATURE, "SSL_R_BAD_SIGNATURE"},
}};

struct Failure {
  std::string words;
  std::string symbol;  // of kReasons; empty: none of them
};

// What OpenSSL queued, and the queue emptied: the newest reason of libssl, else the oldest of any.
Failure take_failure() {
  unsigned long chosen = 0;
  while (const unsigned long code = ERR_get_error())
    if (chosen == 0 || ERR_GET_LIB(code) == ERR_LIB_SSL) chosen = code;
  if (chosen == 0) return {"unknown reason", {}};
  const char* words = ERR_reason_error_string(chosen);
  Failure failure{words == nullptr ? "unknown reason" : words, {}};
  if (ERR_GET_LIB(chosen) == ERR_LIB_SSL)
    for (const auto& [reason, symbol] : kReasons)
      if (reason == ERR_GET_REASON(chosen)) failure.symbol = symbol;
  return failure;
}

}  // namespace

std::error_code make_error_code(tls_errc e) {
  static const TlsCategory category;
  return {static_cast<int>(e), category};
}

// What a ticket cannot carry: who was there when the session was made.
class Session {
 public:
  Session(SslSessionPtr session_in, std::shared_ptr<const Credential> credential_in,
          verdict::TlsEvidence evidence_in)
      : session(std::move(session_in)),
        credential(std::move(credential_in)),
        evidence(std::move(evidence_in)) {}
  SslSessionPtr session;
  std::shared_ptr<const Credential> credential;
  verdict::TlsEvidence evidence;
};

namespace {

// An Engine's state; a name of its own, so that OpenSSL's callbacks can speak of it.
struct EngineState {
  Transport transport;
  std::shared_ptr<SSL_CTX> client_context;
  std::shared_ptr<const ServerContext> server_context;
  std::shared_ptr<const Credential> credential;  // ours: configured (client) or chosen (server)
  std::shared_ptr<const Session> resume;
  SslPtr ssl;  // goes before what it uses
  SslSessionPtr newest_session;
  verdict::TlsEvidence facts;
  bool own_sent = false;          // our Certificate message held one
  bool broken = false;            // after a fatal error OpenSSL is not asked again
  std::optional<Error> read_end;  // why nothing more can be read

  [[nodiscard]] bool is_client() const { return server_context == nullptr; }
  [[nodiscard]] MessageForm form() const {
    return SSL_version(ssl.get()) >= TLS1_3_VERSION ? MessageForm::tls1_3 : MessageForm::tls1_2;
  }
  [[nodiscard]] Result<void> attach();
  void on_message(std::string_view message, bool sent);
  [[nodiscard]] Result<void> collect();
  [[nodiscard]] Result<void> collect_presented();
  void take_over_resumed();
  [[nodiscard]] std::unexpected<Error> handshake_failure(Failure failure);
  [[nodiscard]] std::unexpected<Error> read_failure(int ssl_error);
};

EngineState& state_of(const SSL* ssl) {
  return *static_cast<EngineState*>(SSL_get_app_data(ssl));
}

void info_hook(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  const int description = value & 0xFF;
  if (description == SSL3_AD_CLOSE_NOTIFY) return;
  verdict::TlsEvidence& facts = state_of(ssl).facts;
  ((where & SSL_CB_READ) != 0 ? facts.alert_received : facts.alert_sent) = description;
}

void message_hook(int sent, int, int content_type, const void* octets, std::size_t size, SSL* ssl,
                  void*) {
  if (content_type != SSL3_RT_HANDSHAKE || size == 0) return;
  state_of(ssl).on_message({static_cast<const char*>(octets), size}, sent != 0);
}

Result<void> EngineState::attach() {
  BIO* bio = ssl ? make_transport_bio(&transport) : nullptr;
  if (bio == nullptr) return invalid("no TLS session: " + take_failure().words);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_app_data(ssl.get(), this);
  SSL_set_info_callback(ssl.get(), info_hook);
  SSL_set_msg_callback(ssl.get(), message_hook);
  facts.attempted = true;
  return {};
}

void EngineState::on_message(std::string_view message, bool sent) {
  const auto type = static_cast<unsigned char>(message.front());
  if (type == kCertificateMessage && sent) {
    own_sent = holds_certificate(message, form());
  } else if (type == kCertificateRequestMessage && sent != is_client()) {
    facts.certificate_requested = true;
    const auto names = ca_names_of_request(message, form());
    facts.ca_names_octets = names ? names->octets : 0;
    facts.ca_names_count = names ? names->count : 0;
  }
}

// The chain as it stands in the peer's message. A leaf that cannot be read is a failure: the next
// certificate must never be taken for it. One further up is left out, as any stranger would be.
Result<void> EngineState::collect_presented() {
  facts.presented.clear();
  const x509::X509Ptr leaf(SSL_get1_peer_certificate(ssl.get()));
  if (!leaf) return {};
  TRY(auto first, x509::Certificate::from_der(x509::encode_der(leaf.get(), i2d_X509)));
  facts.presented.push_back(std::move(first));
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get());
  const int from = is_client() ? 1 : 0;  // a server's view has no leaf in it
  for (int i = from; i < sk_X509_num(chain); ++i) {
    auto next = x509::Certificate::from_der(x509::encode_der(sk_X509_value(chain, i), i2d_X509));
    if (next) facts.presented.push_back(std::move(*next));
  }
  return {};
}

// A resumed session shows no certificates; those shown when it was made are judged again.
void EngineState::take_over_resumed() {
  if (!resume) return;
  const verdict::TlsEvidence& first = resume->evidence;
  facts.presented = first.presented;
  facts.ocsp_staple = first.ocsp_staple;
  facts.certificate_requested = first.certificate_requested;
  facts.ca_names_octets = first.ca_names_octets;
  facts.ca_names_count = first.ca_names_count;
  facts.own_certificate = first.own_certificate;
}

Result<void> EngineState::collect() {
  SSL* s = ssl.get();
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(s)) {
    facts.version = SSL_get_version(s);
    facts.cipher = SSL_CIPHER_get_name(cipher);
  }
  if (!is_client()) {
    const char* sni = SSL_get_servername(s, TLSEXT_NAMETYPE_host_name);
    facts.sni = sni == nullptr ? "" : printable(sni, kMaxSniOctets);
  }
  facts.resumed = SSL_session_reused(s) == 1;
  if (facts.resumed && is_client()) {
    take_over_resumed();
    return {};
  }
  if (own_sent && credential) facts.own_certificate = credential->facts.chain.front();
  const unsigned char* staple = nullptr;
  const long size = is_client() ? SSL_get_tlsext_status_ocsp_resp(s, &staple) : 0;
  if (size > 0)
    facts.ocsp_staple.assign(reinterpret_cast<const char*>(staple), static_cast<std::size_t>(size));
  return collect_presented();
}

std::unexpected<Error> EngineState::handshake_failure(Failure failure) {
  broken = true;
  if (facts.error.empty()) facts.error = std::move(failure.words);
  facts.error_reason = std::move(failure.symbol);
  return fail(tls_errc::handshake_failed, facts.error);
}

std::unexpected<Error> EngineState::read_failure(int ssl_error) {
  if (ssl_error == SSL_ERROR_ZERO_RETURN) return fail(tls_errc::closed, "close_notify");
  broken = true;
  const Failure failure = take_failure();
  if (facts.error.empty()) {
    facts.error = failure.words;
    facts.error_reason = failure.symbol;
  }
  if (failure.symbol == "SSL_R_UNEXPECTED_EOF_WHILE_READING")
    return fail(tls_errc::closed, "the connection ended without close_notify");
  return fail(facts.alert_received ? tls_errc::closed : tls_errc::protocol, failure.words);
}

bool may_resume(const Session& session, const ClientSettings& settings) {
  return session.evidence.sni == settings.sni && session.credential == settings.credential;
}

}  // namespace

struct Engine::State final : EngineState {};

int EngineHooks::choose_certificate(SSL* ssl, void* context_state) {
  const auto& settings = static_cast<const ServerContext::State*>(context_state)->settings;
  EngineState& state = state_of(ssl);
  const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  state.credential = settings.select ? settings.select(sni == nullptr ? "" : sni) : nullptr;
  if (!state.credential) {
    state.facts.error = "no certificate can be presented";
    return 0;
  }
  const Result<void> used = use_credential(ssl, *state.credential);
  if (!used) state.facts.error = "the chosen certificate cannot be used: " + used.error().detail();
  return used ? 1 : 0;
}

int EngineHooks::keep_session(SSL* ssl, SSL_SESSION* session) {
  state_of(ssl).newest_session.reset(session);
  return 1;
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Result<Engine> Engine::client(const ClientSettings& settings) {
  auto state = std::make_unique<State>();
  TRY(state->client_context, client_context(settings.min_version, settings.offer));
  state->ssl.reset(SSL_new(state->client_context.get()));
  TRY_VOID(state->attach());
  SSL* ssl = state->ssl.get();
  SSL_set_connect_state(ssl);
  if (!settings.sni.empty() && SSL_set_tlsext_host_name(ssl, settings.sni.c_str()) != 1)
    return invalid("no server name for SNI: " + printable(settings.sni, kMaxSniOctets));
  state->facts.sni = settings.sni;
  if (settings.credential) {
    TRY_VOID(use_credential(ssl, *settings.credential));
    state->credential = settings.credential;
  }
  if (settings.resume && may_resume(*settings.resume, settings)) {
    // A copy: OpenSSL marks a session in place, and this one is shared by threads.
    const SslSessionPtr copy(SSL_SESSION_dup(settings.resume->session.get()));
    if (copy && SSL_set_session(ssl, copy.get()) == 1) state->resume = settings.resume;
  }
  return Engine(std::move(state));
}

Result<Engine> Engine::server(std::shared_ptr<const ServerContext> context) {
  auto state = std::make_unique<State>();
  state->ssl.reset(SSL_new(context->state().context.get()));
  state->server_context = std::move(context);
  TRY_VOID(state->attach());
  SSL_set_accept_state(state->ssl.get());
  return Engine(std::move(state));
}

void Engine::feed(std::string_view ciphertext) {
  state_->transport.append_input(ciphertext);
}

std::string Engine::take_output() {
  return std::exchange(state_->transport.output, {});
}

Result<bool> Engine::handshake() {
  State& s = *state_;
  if (s.facts.completed) return true;
  if (s.broken) return fail(tls_errc::handshake_failed, s.facts.error);
  ERR_clear_error();
  const int done = SSL_do_handshake(s.ssl.get());
  if (done != 1 && SSL_get_error(s.ssl.get(), done) == SSL_ERROR_WANT_READ) return false;
  if (done != 1) {
    const Failure failure = take_failure();
    (void)s.collect();  // the failure stands, and what was seen until then is told
    return s.handshake_failure(failure);
  }
  const Result<void> collected = s.collect();
  if (!collected)
    return s.handshake_failure(
        {"the peer's certificate cannot be read: " + collected.error().detail(), {}});
  s.facts.completed = true;
  return true;
}

Result<std::string> Engine::read(std::size_t max) {
  State& s = *state_;
  if (s.read_end) return std::unexpected(*s.read_end);
  if (!s.facts.completed || s.broken) return fail(tls_errc::protocol, "no TLS session to read");
  // Plaintext is never longer than what holds it; the rest stays for the next call.
  const std::size_t room = std::min(
      max, std::max(kLeastReadOctets,
                    s.transport.unread() + static_cast<std::size_t>(SSL_pending(s.ssl.get()))));
  std::size_t got = 0;
  int ssl_error = SSL_ERROR_NONE;
  std::string out;
  ERR_clear_error();
  out.resize_and_overwrite(room, [&](char* data, std::size_t size) {
    while (got < size && ssl_error == SSL_ERROR_NONE) {
      std::size_t n = 0;
      if (SSL_read_ex(s.ssl.get(), data + got, size - got, &n) != 1)
        ssl_error = SSL_get_error(s.ssl.get(), 0);
      got += n;
    }
    return got;
  });
  if (ssl_error != SSL_ERROR_NONE && ssl_error != SSL_ERROR_WANT_READ)
    s.read_end = s.read_failure(ssl_error).error();
  // An error waits until what came before it has been read.
  if (s.read_end && got == 0) return std::unexpected(*s.read_end);
  return out;
}

Result<void> Engine::write(std::string_view plaintext) {
  State& s = *state_;
  if (!s.facts.completed || s.broken) return fail(tls_errc::protocol, "no TLS session to write to");
  if (plaintext.empty()) return {};
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(s.ssl.get(), plaintext.data(), plaintext.size(), &written) != 1)
    return s.read_failure(SSL_ERROR_SSL);
  POSTERN_CHECK(written == plaintext.size(), "a transport in memory takes all");
  return {};
}

bool Engine::established() const {
  return state_->facts.completed;
}

void Engine::shutdown() {
  State& s = *state_;
  if (!s.facts.completed || s.broken) return;
  ERR_clear_error();
  (void)SSL_shutdown(s.ssl.get());
  ERR_clear_error();
}

void Engine::peer_closed() {
  state_->transport.input_ended = true;
}

verdict::TlsEvidence Engine::evidence() const {
  return state_->facts;
}

std::shared_ptr<const Session> Engine::session() const {
  const State& s = *state_;
  if (!s.newest_session || !s.facts.completed) return nullptr;
  SslSessionPtr copy(SSL_SESSION_dup(s.newest_session.get()));
  if (!copy) return nullptr;
  return std::make_shared<const Session>(std::move(copy), s.credential, s.facts);
}

}  // namespace postern::tls
