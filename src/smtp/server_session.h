// The server side of one SMTP connection, without a socket: octets and events in, actions out. The
// driver (net, relay) owns the socket, the clock and the TLS engine; this class owns the dialogue.
// Same actions (Write texts joined) for every segmentation. Knows no policy: whoever drives it
// decides about sender, recipient and message and hands the reply in (a 421 ends the session).
// STARTTLS: octets that arrive between "220" and the handshake close the session; where they stand
// behind the command already, Close comes in place of StartTls. on_tls_ready starts from an empty
// buffer. Only CR LF . CR LF ends DATA; NUL and a bare CR or LF in a body are refused (after the
// end of data) unless allowed; a bare LF among commands, a BDAT whose size cannot be read, HTTP and
// a ClientHello in the clear end the session. The driver takes the actions of one call in order,
// the whole list, before it calls again. Source: RFC 5321, 1870, 1985 (no ETRN), 2034, 2920, 3030,
// 3207, 3461, 6152, 6531.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/envelope.h"
#include "mail/reply.h"

namespace postern::smtp {

constexpr std::size_t kMaxCommandOctets =
    4096;  // RFC 5321 s4.5.3.1.4 asks for 512, extensions for more
constexpr std::size_t kMaxPipelinedOctets =
    64 * 1024;  // unread input held while a decision is awaited: the driver stops reading
constexpr unsigned kMaxBadCommands = 20;  // then 421
constexpr std::size_t kMaxBdatChunks = 100'000;

struct ServerOptions {
  std::string fqdn;
  std::string banner = "ESMTP Postern";
  bool offer_starttls = false;
  bool tls_required = false;  // MAIL in the clear gets `tls_required_reply`
  bool exchange_starttls_reply = false;
  bool implicit_tls = false;  // the driver calls on_tls_ready before on_connect
  std::uint64_t max_message_size = 150ULL << 20;
  unsigned max_recipients = 1000;
  unsigned max_messages = 1000;
  // In bodies: a bare LF is stored as CR LF, a bare CR as a blank; NUL is refused all the same.
  bool allow_bare_newlines = false;
  // Called with every command line, before it is run, without its CR LF and as it came: for a
  // protocol log, which hides what AUTH carries. Content is never among them.
  std::function<void(std::string_view line)> on_command;
};

// --- actions, in order ---
struct Write {
  std::string octets;
};
struct StartTls {
};  // the 220 has been written before it; handshake, then on_tls_ready/on_tls_failed
struct DecideMail {
  mail::Mailbox reverse_path;
  std::optional<std::uint64_t> size;
};  // answer: on_decision
struct DecideRecipient {
  mail::Recipient recipient;
};  // answer: on_decision
struct BeginBody {
  mail::Envelope envelope;
};  // DATA or the first BDAT; answer: on_decision (a refusal is sent in place of 354)
struct BodyData {
  std::string octets;
};  // dot-unstuffed, CRLF kept
struct EndBody {};    // whole body seen, nothing wrong with it; answer: on_stored
struct AbortBody {};  // RSET, loss, limit or syntax fault: forget what was written
struct Close {};      // after what was written has been flushed
using ServerAction = std::variant<Write, StartTls, DecideMail, DecideRecipient, BeginBody, BodyData,
                                  EndBody, AbortBody, Close>;
using ServerActions = std::vector<ServerAction>;

// What the session is waiting for: which deadline the driver applies.
enum class ServerWait { command, body, tls, decision, stored, closed };

class ServerSession {
 public:
  explicit ServerSession(ServerOptions options);
  ~ServerSession();
  ServerSession(ServerSession&&) noexcept;
  ServerSession& operator=(ServerSession&&) noexcept;

  // The greeting, or `refusal` (554/421) and close.
  [[nodiscard]] ServerActions on_connect(const std::optional<mail::Reply>& refusal = std::nullopt);
  [[nodiscard]] ServerActions on_bytes(std::string_view octets);
  [[nodiscard]] ServerActions on_tls_ready();  // forgets everything said before (RFC 3207 s4.2)
  [[nodiscard]] ServerActions on_tls_failed();
  [[nodiscard]] ServerActions on_decision(
      const mail::Reply& reply);  // positive: accepted (its text is what the client reads)
  [[nodiscard]] ServerActions on_stored(const mail::Reply& reply);
  [[nodiscard]] ServerActions on_timeout();   // 421 and close
  [[nodiscard]] ServerActions on_shutdown();  // 421 at the next moment that is allowed

  [[nodiscard]] ServerWait waiting() const;
  [[nodiscard]] bool can_read() const;  // false: kMaxPipelinedOctets are held
  [[nodiscard]] bool tls() const;
  [[nodiscard]] bool esmtp() const;               // EHLO, not HELO
  [[nodiscard]] bool smtputf8() const;            // of the present transaction
  [[nodiscard]] const std::string& helo() const;  // as the client said it, made printable

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::smtp
