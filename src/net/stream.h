// One TCP connection, in the clear and then perhaps under TLS, with a deadline on every wait. A
// Stream lives on one loop; its functions are awaited one at a time. Cancellation: close() (from
// the same loop) ends a pending wait with net_errc::aborted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "io/awaitable.h"
#include "io/executor.h"
#include "tls/engine.h"
#include "verdict/evidence.h"

namespace postern::net {

enum class net_errc { timeout = 1, refused, unreachable, reset, closed, tls, aborted, other };
[[nodiscard]] std::error_code make_error_code(net_errc e);
[[nodiscard]] verdict::Stop stop_of(const std::error_code& code);  // for Evidence

constexpr std::size_t kReadBlockOctets = 64 * 1024;

class Stream {
 public:
  // Connects from `executor`'s loop. `source`: textual address to bind, empty: the system's choice.
  [[nodiscard]] static io::Task<Result<std::unique_ptr<Stream>>> connect(io::Executor executor,
                                                                         std::string address,
                                                                         std::uint16_t port,
                                                                         std::string source,
                                                                         Duration timeout);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // At least one octet (decrypted under TLS), at most kReadBlockOctets. Errors: closed at the end.
  [[nodiscard]] io::Task<Result<std::string>> read(Duration timeout);
  // All of it; the deadline is for progress of each block, not for the whole.
  [[nodiscard]] io::Task<Result<void>> write(std::string_view octets, Duration timeout);
  // Handshake now. Evidence is in tls_evidence() whatever the outcome. Octets already read are
  // never given to TLS by read(); call only with nothing unread.
  [[nodiscard]] io::Task<Result<void>> start_tls_client(tls::ClientSettings settings,
                                                        Duration timeout);
  [[nodiscard]] io::Task<Result<void>> start_tls_server(
      std::shared_ptr<const tls::ServerContext> context, Duration timeout);
  [[nodiscard]] bool tls() const;
  [[nodiscard]] verdict::TlsEvidence tls_evidence()
      const;  // also alerts that came after the handshake
  [[nodiscard]] std::shared_ptr<const tls::Session> tls_session() const;
  // A read() under way ends with `aborted`, and the stream stays usable: to say something to a
  // client that is silent. From the same loop.
  void interrupt();
  // close_notify where TLS is up, then closes. Never waits.
  void close();
  // With RST in place of FIN: for peers that misbehave.
  void abort();

  [[nodiscard]] const std::string& peer_address() const;  // textual, IPv4-mapped as IPv4
  [[nodiscard]] std::uint16_t peer_port() const;
  [[nodiscard]] const std::string& local_address() const;
  [[nodiscard]] std::uint16_t local_port() const;

  struct State;
  explicit Stream(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace postern::net

template <>
struct std::is_error_code_enum<postern::net::net_errc> : std::true_type {};
