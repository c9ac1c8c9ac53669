// The client side of one SMTP connection, without a socket: octets and events in, actions out. Two
// halves: getting ready (greeting, EHLO or HELO, STARTTLS, EHLO again), which observe drives and
// records, and transactions, which relay drives. The driver asks for one thing at a time and feeds
// replies until the action that answers it appears. Octets after STARTTLS's 220 and before the
// handshake are an error (injection); so is a reply that came before the command it could answer.
// 421 answers the command it meets and closes the session. After a transaction that failed behind
// MAIL the next one starts with RSET by itself. Source: RFC 5321, 1870, 2034, 2920, 3030, 3207,
// 3461, 6152, 6531.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/envelope.h"
#include "mail/reply.h"
#include "smtp/reply_parser.h"

namespace postern::smtp {

constexpr std::size_t kMaxRecipientsPerTransaction = 100;  // RFC 5321 s4.5.3.1.8
constexpr std::size_t kMaxChunkOctets = 1 << 20;           // of one BDAT
constexpr std::size_t kMaxChunksInFlight = 4;              // BDAT sent and not answered

// EHLO keywords that matter, and all as they came.
struct Capabilities {
  bool esmtp = false;  // EHLO was taken (else HELO)
  bool starttls = false, pipelining = false, chunking = false, eight_bit_mime = false,
       smtputf8 = false, dsn = false, enhanced_status = false, binary_mime = false;
  std::optional<std::uint64_t> size;  // 0 or absent parameter: no limit given
  std::vector<std::string> keywords;  // upper-case keyword, parameters as they came
};

// --- actions ---
struct ClientWrite {
  std::string octets;
};
struct ClientStartTls {
  mail::Reply reply;
};  // server said 220: handshake, then on_tls_ready
struct Greeted {
  mail::Reply reply;
};  // any code; after a non-220 the session only takes quit()
struct Hello {
  mail::Reply reply;
  Capabilities capabilities;
};  // after EHLO (or HELO fallback); reply of the last try
struct StartTlsRefused {
  mail::Reply reply;
};
struct NeedBody {};  // 354, or BDAT may go: call body() until `last`, as wants_body() says
struct ResetDone {
  mail::Reply reply;
};  // after reset()
struct TransactionDone {            // final; the session is ready for the next one
  std::optional<mail::Reply> mail;  // nullopt: not answered
  std::vector<std::optional<mail::Reply>>
      recipients;                   // as in the transaction; nullopt: not answered
  std::optional<mail::Reply> data;  // to DATA (354) or the failing BDAT chunk
  std::optional<mail::Reply>
      final;  // to the end of data: delivered when positive, for every recipient accepted
};
struct QuitDone {};
struct ProtocolError {
  std::string what;
  std::string received;
};  // not SMTP, reply too long, octets out of turn, 421 while idle: close
using ClientAction = std::variant<ClientWrite, ClientStartTls, Greeted, Hello, StartTlsRefused,
                                  NeedBody, ResetDone, TransactionDone, QuitDone, ProtocolError>;
using ClientActions = std::vector<ClientAction>;

// What the server owes us now: which deadline applies (RFC 5321 s4.5.3.2), and the words for a
// timeout.
enum class ClientWait {
  greeting,
  helo,
  starttls,
  tls,
  idle,
  mail,
  rcpt,
  data,
  body,
  final_dot,
  quit,
  closed
};
[[nodiscard]] std::string_view to_string(ClientWait wait);

struct Transaction {
  mail::Mailbox reverse_path;
  std::vector<mail::Recipient> recipients;  // 1..100
  std::uint64_t size = 0;                   // octets of the body, for SIZE
  mail::Body body = mail::Body::seven_bit;
  bool smtputf8 = false;
  mail::DsnReturn ret = mail::DsnReturn::unspecified;
  std::string envid;
};

class ClientSession {
 public:
  explicit ClientSession(std::string helo_name);
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  [[nodiscard]] ClientActions on_bytes(std::string_view octets);
  [[nodiscard]] ClientActions hello();  // EHLO, HELO when that is refused with 5xx; after Greeted
  [[nodiscard]] ClientActions starttls();      // after Hello with starttls
  [[nodiscard]] ClientActions on_tls_ready();  // forgets capabilities and buffer; then call hello()
  // Pipelined where offered. CHUNKING where offered (`use_chunking`). DSN, SIZE, BODY, SMTPUTF8
  // parameters only where offered.
  [[nodiscard]] ClientActions transaction(const Transaction& transaction, bool use_chunking = true);
  // The next piece of the body as stored (any size, CRLF lines); dot-stuffed for DATA, framed for
  // BDAT. A body that does not end in CRLF gets one under DATA. Never emits a bare CR or LF as line
  // end: what is stored has none.
  [[nodiscard]] ClientActions body(std::string_view octets, bool last);
  // The body cannot be read on: the session is closed, and the driver drops the connection, so that
  // the server cannot take the message for whole.
  void abort_body();
  [[nodiscard]] ClientActions reset();  // RSET
  [[nodiscard]] ClientActions quit();

  // False: enough is on its way (kMaxChunksInFlight), or the server has refused: feed replies
  // first.
  [[nodiscard]] bool wants_body() const;

  [[nodiscard]] ClientWait waiting() const;
  // Whole replies so far: a deadline begins anew with each, not with each octet (RFC 5321
  // s4.5.3.2).
  [[nodiscard]] std::uint64_t replies() const;
  [[nodiscard]] const Capabilities& capabilities() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::smtp
