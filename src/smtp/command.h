// Command lines of an SMTP client, the server's view: one line in, one checked value out. Says
// nothing about order (a RCPT before MAIL parses); a line that is wrong comes back with its verb
// and the reply it deserves, so that the session can put an order error first. Total: any octets
// may come. Source: RFC 5321 s4.1.1, s4.1.2; parameters RFC 1870 (SIZE), 6152 (BODY), 6531
// (SMTPUTF8), 3461 (RET, ENVID, NOTIFY, ORCPT); BDAT RFC 3030.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "mail/envelope.h"
#include "mail/reply.h"

namespace postern::smtp {

constexpr std::size_t kMaxHelloOctets = 255;  // RFC 5321 s4.5.3.1.2
constexpr std::size_t kMaxEnvidOctets = 100;  // RFC 3461 s4.4
constexpr std::size_t kMaxOrcptOctets = 500;  // RFC 3461 s4.2
constexpr std::size_t kMaxSizeDigits = 20;    // RFC 1870 s3

enum class Verb {
  helo,
  ehlo,
  starttls,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  vrfy,
  expn,
  help,
  quit,
  not_implemented,  // known to SMTP, never offered here: AUTH, ETRN, SEND...
  http,             // a browser, or somebody who speaks through one
  unknown,
};

struct HelloArgument {
  std::string name;
};
struct MailArgument {
  mail::Mailbox reverse_path;         // empty: <>
  std::optional<std::uint64_t> size;  // above 64 bits: UINT64_MAX
  mail::Body body = mail::Body::seven_bit;
  bool smtputf8 = false;
  mail::DsnReturn ret = mail::DsnReturn::unspecified;
  std::string envid;
};
struct RcptArgument {
  mail::Recipient recipient;
};
struct BdatArgument {
  std::uint64_t octets = 0;
  bool last = false;
};

struct Command {
  Verb verb = Verb::unknown;
  std::optional<mail::Reply> malformed;  // the reply; then `argument` is empty (BDAT: see below)
  // BDAT whose size can be read keeps its argument though malformed: the chunk has to be skipped.
  std::variant<std::monostate, HelloArgument, MailArgument, RcptArgument, BdatArgument> argument;
};

// What the session has agreed on so far.
struct CommandContext {
  bool extensions = true;  // EHLO: parameters may follow; HELO: 555
  bool smtputf8 = false;   // of the transaction: RCPT may hold UTF-8
};

// `line` without its CR LF.
[[nodiscard]] Command parse_command(std::string_view line, const CommandContext& context);

}  // namespace postern::smtp
