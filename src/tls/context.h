// OpenSSL's contexts behind the engine. Within tls only.
#pragma once

#include <memory>

#include <openssl/ssl.h>

#include "tls/engine.h"
#include "x509/openssl.h"

namespace postern::tls {

using SslCtxPtr = std::unique_ptr<SSL_CTX, x509::OpenSslDelete<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, x509::OpenSslDelete<SSL_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, x509::OpenSslDelete<SSL_SESSION_free>>;

// A peer's Certificate and CertificateRequest messages: more is a handshake failure.
constexpr long kMaxCertificateMessageOctets = 256 * 1024;

struct ServerContext::State {
  ServerSettings settings;
  SslCtxPtr context;
};

// The credential's chain and key into `ssl`; its security level applies. Errors: OpenSSL's words.
[[nodiscard]] Result<void> use_credential(SSL* ssl, const Credential& credential);

// Making a context costs more than a handshake, so all client sessions of one minimum version share
// one; credentials belong to the session. Thread-safe.
[[nodiscard]] Result<std::shared_ptr<SSL_CTX>> client_context(verdict::TlsVersion min_version,
                                                              Offer offer = Offer::gateway);

// How contexts reach the engine that an SSL belongs to (its app data). Defined with the engine.
struct EngineHooks {
  static int choose_certificate(SSL* ssl, void* context_state);
  static int keep_session(SSL* ssl, SSL_SESSION* session);  // takes the reference
};

// Whether OpenSSL would present this chain with this key at all: weak keys and hashes are refused
// here and not in the middle of a handshake. Errors: its words.
[[nodiscard]] Result<void> check_presentable(const Credential& credential);

}  // namespace postern::tls
