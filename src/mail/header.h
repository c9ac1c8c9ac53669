// Header fields, streaming: what reception looks for, takes out and puts in. The body is never
// touched. Source: RFC 5322 s2.2, s3.6; RFC 5321 s4.4, s6.3 (loops).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace postern::mail {

constexpr std::size_t kMaxHeaderOctets = 1 << 20;  // whole header section
constexpr std::size_t kMaxHeaderFields = 5000;
constexpr std::size_t kMaxLineOctets = 998;  // without CRLF: RFC 5322 s2.1.1; longer ones pass

// Facts that reception and DSN need from a header section. Those about fields count every field
// that came, dropped ones too; of a field that may stand once, the first one that came.
struct HeaderFacts {
  std::size_t received_count = 0;
  std::string message_id;       // with angle brackets, trimmed, cut at 998 octets; empty: none
  std::string subject;          // raw, unfolded, cut at 998 octets
  bool auto_submitted = false;  // Auto-Submitted other than "no" (RFC 3834)
  bool list_mail = false;       // List-Id, List-Unsubscribe, or Precedence: bulk/list/junk
  bool has_date = false;
  bool has_from = false;
  std::size_t header_octets = 0;  // of what is passed on, up to and with the empty line
};

// Feeds on the message as it arrives (CRLF lines: reception refuses or converts bare CR and LF; any
// segmentation; dot-unstuffed) and passes on what may stay: every octet but the header fields that
// `drop` names (a field with all its folded lines). Not thread-safe. Same output for every
// segmentation; a body costs one append a chunk.
//
// The header section ends at the first empty line. A line in it that is no header field is passed
// on and does not end it: a receiver that skips such a line must not find behind it a field that
// was to be dropped. A message whose first line is no header field has no header section and is
// body from its first octet; since trace fields will stand before it, an empty line is put there
// (the one thing that is ever added), or its lines would join them.
class HeaderFilter {
 public:
  using Drop = std::function<bool(std::string_view field_name)>;
  explicit HeaderFilter(Drop drop);
  // Appends to `out` what of `data` is to be kept. Errors: invalid (header section too long, too
  // many fields); the message is to be refused then, and nothing more fed.
  [[nodiscard]] Result<void> feed(std::string_view data, std::string& out);
  // End of message: passes on what was held back.
  [[nodiscard]] Result<void> finish(std::string& out);
  [[nodiscard]] const HeaderFacts& facts() const { return facts_; }

 private:
  Result<void> end_of_line(std::string& out);
  void end_of_field();
  void start_body(std::string& out);

  Drop drop_;
  HeaderFacts facts_;
  bool in_body_ = false;
  bool first_line_ = true;
  bool dropping_ = false;  // the current field
  std::string line_;       // the current unfinished header line
  std::string name_;       // of the current field where its value is a fact; lower case
  std::string value_;      // its value so far, raw, at most kMaxLineOctets and one line
  std::size_t seen_ = 0;   // octets of the header section that came
  std::size_t fields_ = 0;
};

// True for X-MS-Exchange-Organization-*, -Forest-* and -CrossPremises-*, any case: the header
// firewall's list.
[[nodiscard]] bool is_organization_header(std::string_view field_name);

// The trace header field of one reception, CRLF included, folded. Source: RFC 5321 s4.4, RFC 8314
// s4.3 (tls clause), RFC 3848 (with). Whatever the members hold, the result is one well-formed
// field: other octets than its grammar has become '?', overlong values are cut.
struct ReceivedField {
  std::string helo;            // as the client said it, made printable
  std::string client_address;  // textual IP
  std::string by;              // our FQDN
  std::string with;            // ESMTP, ESMTPS, UTF8SMTPS, SMTP ...
  std::string id;
  std::string tls_version;         // "TLSv1.3"; empty: no TLS
  std::string tls_cipher;          // its IANA name: TLS_AES_256_GCM_SHA384
  std::string client_certificate;  // authenticated name; empty: none
  std::string for_recipient;       // only when there is exactly one
  Time time;
};
[[nodiscard]] std::string format_received(const ReceivedField& field);

}  // namespace postern::mail
