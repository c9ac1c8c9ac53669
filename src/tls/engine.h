// One TLS session without a socket: ciphertext and plaintext in and out, and the Evidence of the
// handshake. The verification callback lets every handshake go on; judge decides afterwards.
// TLS 1.2 and later only, no renegotiation, no compression. Contexts are immutable after creation
// and shared by threads; an Engine belongs to one session.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/materials.h"
#include "verdict/evidence.h"
#include "verdict/tls_policy.h"

namespace postern::tls {

enum class tls_errc { handshake_failed = 1, closed, protocol };
[[nodiscard]] std::error_code make_error_code(tls_errc e);

// Server side: which credential for which SNI name; whether a client certificate is asked for
// (never required by the handshake: its absence is judged), and which CA names the
// CertificateRequest lists.
struct ServerSettings {
  std::function<std::shared_ptr<const Credential>(std::string_view sni)>
      select;  // any thread; nullptr: handshake fails
  bool request_client_certificate = false;
  std::vector<x509::Certificate> announce_cas;  // their subject names; empty: none are listed
  verdict::TlsVersion min_version = verdict::TlsVersion::tls1_2;
};
class ServerContext {
 public:
  [[nodiscard]] static Result<std::shared_ptr<const ServerContext>> create(ServerSettings settings);
  struct State;
  explicit ServerContext(std::unique_ptr<State> state);
  ~ServerContext();
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};
// DER length of the CA name list as it goes into a CertificateRequest: 8 KiB warns, 16 KiB is
// refused (Schannel 36885).
[[nodiscard]] std::size_t ca_names_octets(const std::vector<x509::Certificate>& cas);
constexpr std::size_t kCaNamesWarnOctets = 8 * 1024;
constexpr std::size_t kCaNamesMaxOctets = 16 * 1024;

// A session that may be resumed, with the chain that was presented when it was made. In memory
// only.
class Session;

// What versions a client offers. `gateway`: min_version and later, on the gateway's own terms. The
// others are for looking at a peer, never for mail: each has a context of its own.
enum class Offer {
  gateway,
  tls1_2_only,  // on the gateway's terms
  legacy,       // TLS 1.0 and 1.1, with every cipher and key size
  anything,     // TLS 1.0 to 1.3, with every cipher and key size
};

struct ClientSettings {
  std::string sni;                               // empty: none (IP address)
  std::shared_ptr<const Credential> credential;  // presented when asked; nullptr: none
  verdict::TlsVersion min_version = verdict::TlsVersion::tls1_2;
  std::shared_ptr<const Session> resume;  // nullptr: full handshake
  Offer offer = Offer::gateway;
};

// Octets of TLS records in (`feed`) and out (`take_output`), plaintext likewise.
class Engine {
 public:
  [[nodiscard]] static Result<Engine> client(const ClientSettings& settings);
  [[nodiscard]] static Result<Engine> server(std::shared_ptr<const ServerContext> context);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  void feed(std::string_view ciphertext);
  [[nodiscard]] std::string take_output();  // to be sent; may hold an alert after an error
  // true: complete; false: needs more from the peer. Errors: handshake_failed (facts in
  // evidence()).
  [[nodiscard]] Result<bool> handshake();
  // Decrypted octets that are there now, up to `max`; "" when more ciphertext is needed. Errors:
  // closed (close_notify or an alert: see evidence().alert_received), protocol.
  [[nodiscard]] Result<std::string> read(std::size_t max);
  [[nodiscard]] Result<void> write(std::string_view plaintext);
  [[nodiscard]] bool established() const;  // the handshake is complete
  void shutdown();                         // close_notify into the output
  void peer_closed();  // the transport ended: lets handshake()/read() report truncation

  // Facts so far; after handshake the presented chain, staple, CA names of the request, SNI,
  // versions.
  [[nodiscard]] verdict::TlsEvidence evidence() const;
  // Client: newest session ticket seen so far; nullptr: none.
  [[nodiscard]] std::shared_ptr<const Session> session() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::tls

template <>
struct std::is_error_code_enum<postern::tls::tls_errc> : std::true_type {};
