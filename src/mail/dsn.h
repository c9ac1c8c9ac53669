// Delivery status notifications: a multipart/report in plain words first. Source: RFC 3461, 3462
// (6522), 3464, 3834.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/envelope.h"
#include "mail/reply.h"

namespace postern::mail {

enum class DsnAction { failed, delayed, delivered, relayed, expanded };

struct DsnRecipient {
  Recipient recipient;
  DsnAction action = DsnAction::failed;
  EnhancedCode status;                // class 0: the general code of the action (x.0.0)
  std::string remote_mta;             // host name, empty: none was reached
  std::optional<Reply> remote_reply;  // Diagnostic-Code: smtp; ...
  std::string explanation;  // for the sender, plain words: the cause and whose it is; may be
                            // several sentences
  std::optional<Time> will_retry_until;  // told for `delayed` only
  std::optional<Time> last_attempt;
};

struct DsnRequest {
  std::string reporting_mta;  // our FQDN
  Mailbox to;                 // the reverse-path of the original
  std::string envid;          // decoded by the writer
  Time arrival;
  Time now;
  std::string subject;  // of the original, for the text part
  std::string original_message_id;
  std::vector<DsnRecipient> recipients;
  bool smtputf8 = false;  // message/global-delivery-status where needed (RFC 6533)
  // The original: its header section, or the whole message for RET=FULL (failed only; cut by the
  // caller to a sane size).
  std::string original;
  bool original_is_full = false;
  std::string id;  // ours, makes Message-ID and the boundary
};

// The whole message: header with From: <postmaster@reporting_mta> display name, To, Auto-Submitted:
// auto-replied, Date, Message-ID, MIME; CRLF line ends, no line over 998 octets; 8bit safe. To be
// sent with the null reverse-path; needs 8BITMIME where it is not ASCII, SMTPUTF8 where `smtputf8`.
[[nodiscard]] std::string write_dsn(const DsnRequest& request);

// "<id@host>", for our own messages. Source: RFC 5322 s3.6.4.
[[nodiscard]] std::string make_message_id(std::string_view id, std::string_view host);

// xtext of RFC 3461 s4. decode: nullopt when malformed.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);
[[nodiscard]] std::string encode_xtext(std::string_view text);

}  // namespace postern::mail
