// Mailboxes and envelopes. Source: RFC 5321 s2.3.1, s4.1.2; DSN parameters RFC 3461; SMTPUTF8 RFC
// 6531.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::mail {

constexpr std::size_t kMaxLocalPartOctets = 64;  // RFC 5321 s4.5.3.1.1
constexpr std::size_t kMaxPathOctets = 256;      // RFC 5321 s4.5.3.1.3, with the angle brackets

struct Mailbox {
  std::string local;  // as it came: case kept, quotes kept where the wire had them ("john doe"@...)
  std::string domain;  // lower case domain, or "[literal]"; empty only for bare "postmaster"
  [[nodiscard]] bool empty() const { return local.empty() && domain.empty(); }
  [[nodiscard]] std::string str() const { return domain.empty() ? local : local + "@" + domain; }
  bool operator==(const Mailbox&) const = default;
};

// "a@b" (no brackets). Quoted local parts, address literals; refuses what s4.1.2 refuses. Errors:
// invalid. Bare "postmaster" (any case) has an empty domain: only RCPT may take that (s4.1.1.3).
[[nodiscard]] Result<Mailbox> parse_mailbox(std::string_view text, bool allow_utf8 = false);

enum class Body { seven_bit, eight_bit_mime, binary_mime };
enum class DsnReturn { unspecified, full, headers };  // RET=
// NOTIFY= as bits; 0: not given (which means failure and delay).
enum Notify : unsigned {
  kNotifyNever = 1,
  kNotifySuccess = 2,
  kNotifyFailure = 4,
  kNotifyDelay = 8
};

struct Recipient {
  Mailbox mailbox;
  unsigned notify = 0;
  std::string orcpt;  // "rfc822;..." still xtext-encoded, as it came; empty: not given
};

struct Envelope {
  Mailbox reverse_path;  // empty: the null reverse-path <>
  std::vector<Recipient> recipients;
  Body body = Body::seven_bit;
  bool smtputf8 = false;
  DsnReturn ret = DsnReturn::unspecified;
  std::string envid;  // xtext as it came
  std::optional<std::uint64_t> declared_size;
};

}  // namespace postern::mail
