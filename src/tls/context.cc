#include "tls/context.h"

#include <set>

namespace postern::tls {
namespace {

// OpenSSL's default without anonymous suites, SHA-1 MACs and 64-bit block ciphers; opportunistic
// TLS gets nothing weaker.
constexpr const char* kCiphersTls12 = "DEFAULT:!aNULL:!eNULL:!SHA1:!RC4:!3DES:!PSK:!SRP:!DSS";
constexpr const char* kEveryCipher = "ALL:@SECLEVEL=0";
constexpr int kSecurityLevel = 2;  // 112 bits
constexpr std::string_view kSessionIdContext = "postern";

// Every chain goes through: what is wrong with it is judged after the handshake.
int accept_every_chain(X509_STORE_CTX* store_context, void*) {
  X509_STORE_CTX_set_error(store_context, X509_V_OK);
  return 1;
}

Result<SslCtxPtr> make_context(verdict::TlsVersion min_version) {
  SslCtxPtr context(SSL_CTX_new(TLS_method()));
  if (!context) return invalid("no TLS context: " + x509::take_openssl_error());
  SSL_CTX* c = context.get();
  SSL_CTX_set_security_level(c, kSecurityLevel);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_clear_options(c, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(c, kMaxCertificateMessageOctets);
  SSL_CTX_set_cert_verify_callback(c, accept_every_chain, nullptr);
  const int floor = min_version == verdict::TlsVersion::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  if (SSL_CTX_set_min_proto_version(c, floor) != 1 || SSL_CTX_set_max_proto_version(c, 0) != 1 ||
      SSL_CTX_set_cipher_list(c, kCiphersTls12) != 1)
    return invalid("no TLS context: " + x509::take_openssl_error());
  return context;
}

// The distinct subject names, in order.
std::vector<const X509_NAME*> distinct_names(const std::vector<x509::Certificate>& cas) {
  std::vector<const X509_NAME*> out;
  std::set<std::string> seen;
  for (const x509::Certificate& ca : cas) {
    const X509_NAME* name = X509_get_subject_name(ca.native());
    if (seen.insert(x509::encode_der(name, i2d_X509_NAME)).second) out.push_back(name);
  }
  return out;
}

// A resumed session has lost the client's intermediates (a ticket carries the leaf only), so its
// chain could not be judged again: where a client certificate is asked for, nothing is resumed.
Result<void> set_client_authentication(SSL_CTX* context, const ServerSettings& settings) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (!settings.request_client_certificate) {
    SSL_CTX_set_num_tickets(context, 1);
    return {};
  }
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  for (const X509_NAME* name : distinct_names(settings.announce_cas)) {
    X509_NAME* copy = X509_NAME_dup(name);
    STACK_OF(X509_NAME)* list = SSL_CTX_get_client_CA_list(context);
    if (list == nullptr) {
      list = sk_X509_NAME_new_null();
      SSL_CTX_set_client_CA_list(context, list);
    }
    if (copy == nullptr || list == nullptr || sk_X509_NAME_push(list, copy) <= 0) {
      X509_NAME_free(copy);
      return invalid("CA names cannot be announced: " + x509::take_openssl_error());
    }
  }
  return {};
}

// For looking only: a peer that knows nothing newer, or nothing stronger, still shows itself.
Result<void> open_up(SSL_CTX* context, Offer offer) {
  SSL_CTX_set_security_level(context, 0);  // OpenSSL 3 signs TLS 1.0 and 1.1 at no other level
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
  const int ceiling = offer == Offer::legacy ? TLS1_1_VERSION : 0;
  if (SSL_CTX_set_min_proto_version(context, TLS1_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(context, ceiling) != 1 ||
      SSL_CTX_set_cipher_list(context, kEveryCipher) != 1)
    return invalid("no TLS context: " + x509::take_openssl_error());
  return {};
}

Result<std::shared_ptr<SSL_CTX>> make_client_context(verdict::TlsVersion min_version,
                                                     Offer offer = Offer::gateway) {
  TRY(SslCtxPtr context, make_context(min_version));
  if (offer == Offer::legacy || offer == Offer::anything) {
    TRY_VOID(open_up(context.get(), offer));
  } else if (offer == Offer::tls1_2_only &&
             SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION) != 1) {
    return invalid("no TLS context: " + x509::take_openssl_error());
  }
  SSL_CTX_set_tlsext_status_type(context.get(), TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), EngineHooks::keep_session);
  return std::shared_ptr<SSL_CTX>(std::move(context));
}

}  // namespace

ServerContext::ServerContext(std::unique_ptr<State> state) : state_(std::move(state)) {}

ServerContext::~ServerContext() = default;

Result<std::shared_ptr<const ServerContext>> ServerContext::create(ServerSettings settings) {
  const std::size_t octets = ca_names_octets(settings.announce_cas);
  if (octets > kCaNamesMaxOctets)
    return invalid("announce_cas: the CA names take " + std::to_string(octets) +
                   " octets, more than the " + std::to_string(kCaNamesMaxOctets) +
                   " that Windows clients read (Schannel 36885); announce fewer sets or none");
  auto state = std::make_unique<State>();
  TRY(state->context, make_context(settings.min_version));
  SSL_CTX* context = state->context.get();
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_dh_auto(context, 1);
  if (SSL_CTX_set_session_id_context(context, x509::octets_of(kSessionIdContext),
                                     kSessionIdContext.size()) != 1)
    return invalid("no TLS context: " + x509::take_openssl_error());
  TRY_VOID(set_client_authentication(context, settings));
  state->settings = std::move(settings);
  SSL_CTX_set_cert_cb(context, EngineHooks::choose_certificate, state.get());
  return std::make_shared<const ServerContext>(std::move(state));
}

std::size_t ca_names_octets(const std::vector<x509::Certificate>& cas) {
  std::size_t octets = 0;
  for (const X509_NAME* name : distinct_names(cas))
    octets += 2 + x509::encode_der(name, i2d_X509_NAME).size();
  return octets;
}

Result<void> use_credential(SSL* ssl, const Credential& credential) {
  const std::vector<x509::Certificate>& chain = credential.facts.chain;
  if (chain.empty() || !credential.key) return invalid("no certificate with a usable key");
  const x509::BorrowedX509StackPtr rest(sk_X509_new_null());
  for (std::size_t i = 1; rest && i < chain.size(); ++i)
    if (sk_X509_push(rest.get(), chain[i].native()) <= 0) return invalid("out of memory");
  if (!rest ||
      SSL_use_cert_and_key(ssl, chain.front().native(), credential.key.get(), rest.get(), 1) != 1)
    return invalid(x509::take_openssl_error());
  return {};
}

Result<void> check_presentable(const Credential& credential) {
  TRY(const SslCtxPtr context, make_context(verdict::TlsVersion::tls1_2));
  const SslPtr ssl(SSL_new(context.get()));
  if (!ssl) return invalid(x509::take_openssl_error());
  return use_credential(ssl.get(), credential);
}

Result<std::shared_ptr<SSL_CTX>> client_context(verdict::TlsVersion min_version, Offer offer) {
  using Context = Result<std::shared_ptr<SSL_CTX>>;
  using verdict::TlsVersion;
  static const Context tls1_2 = make_client_context(TlsVersion::tls1_2);
  static const Context tls1_3 = make_client_context(TlsVersion::tls1_3);
  static const Context only_1_2 = make_client_context(TlsVersion::tls1_2, Offer::tls1_2_only);
  static const Context legacy = make_client_context(TlsVersion::tls1_2, Offer::legacy);
  static const Context anything = make_client_context(TlsVersion::tls1_2, Offer::anything);
  switch (offer) {
    case Offer::tls1_2_only:
      return only_1_2;
    case Offer::legacy:
      return legacy;
    case Offer::anything:
      return anything;
    case Offer::gateway:
      break;
  }
  return min_version == TlsVersion::tls1_3 ? tls1_3 : tls1_2;
}

}  // namespace postern::tls
