#include "mail/dsn.h"

#include <algorithm>

#include "base/text.h"
#include "mail/dsn_text.h"

namespace postern::mail {
namespace {

constexpr std::string_view kIndent = "    ";
constexpr std::size_t kMaxMessageIdOctets = 900;
constexpr std::size_t kMaxFieldValueOctets = 900;
constexpr std::size_t kMaxHostOctets = 260;

struct Part {
  std::string content_type;
  std::string body;
};

// What one action means, in every wording that needs it.
struct ActionWords {
  std::string_view keyword;  // Action: of RFC 3464 s2.3.3
  std::string_view subject;
  std::string_view state;
  std::string_view duty;
  int status_class;
};

ActionWords words_of(DsnAction action) {
  switch (action) {
    case DsnAction::failed:
      return {"failed", "Not delivered", "Not delivered. It will not be tried again.",
              "Have the cause removed, or use another address; then send the message again.", 5};
    case DsnAction::delayed:
      return {"delayed", "Delayed",
              "Not delivered yet. The message is kept safely here and is tried again by itself",
              "Nothing. Do not send the message again. Should it fail in the end, you are told.",
              4};
    case DsnAction::delivered:
      return {"delivered", "Delivered", "Delivered.", "Nothing.", 2};
    case DsnAction::relayed:
      return {"relayed", "Relayed",
              "Handed on to a mail system that does not report deliveries; there may be no further "
              "notice.",
              "Nothing.", 2};
    case DsnAction::expanded:
      return {"expanded", "Delivered", "Delivered to a list, which passes it on to its members.",
              "Nothing.", 2};
  }
  return {};
}

// The value of a structured field: one line of printable text, ASCII unless `utf8`.
std::string field_value(std::string_view text, bool utf8,
                        std::size_t max_octets = kMaxFieldValueOctets) {
  std::string out = printable(text, max_octets);
  if (!utf8) {
    std::replace_if(out.begin(), out.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  }
  return out;
}

// A Message-ID fit for a header field: one "<...>" of visible ASCII.
bool is_plain_message_id(std::string_view id) {
  return id.size() > 2 && id.size() <= kMaxMessageIdOctets && id.front() == '<' &&
         id.back() == '>' &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; }) &&
         std::count(id.begin(), id.end(), '<') == 1 && std::count(id.begin(), id.end(), '>') == 1;
}

// The action that gives the whole its subject: the worst.
DsnAction worst_action(const DsnRequest& request) {
  DsnAction worst = DsnAction::expanded;
  for (const DsnRecipient& r : request.recipients) worst = std::min(worst, r.action);
  return worst;
}

std::string recipient_text(const DsnRecipient& r) {
  const ActionWords words = words_of(r.action);
  std::string state(words.state);
  if (r.action == DsnAction::delayed) {
    if (r.will_retry_until) state += ", until " + format_rfc5322(*r.will_retry_until);
    state += ".";
  }
  std::string out = wrapped(r.recipient.mailbox.str(), "") + "\r\n";
  out += wrapped("What happens now: " + state, kIndent);
  if (!r.explanation.empty()) out += wrapped("Cause: " + r.explanation, kIndent);
  if (r.remote_reply) {
    const std::string who = r.remote_mta.empty() ? "The other mail system" : r.remote_mta;
    out += wrapped(who + " said: " + r.remote_reply->str(), kIndent);
  }
  return out + wrapped("What you have to do: " + std::string(words.duty), kIndent) + "\r\n";
}

Part text_part(const DsnRequest& request) {
  std::string out = wrapped("This is the mail gateway " + request.reporting_mta +
                                ". It reports on a message that you sent:",
                            "");
  out += "\r\n";
  if (!request.subject.empty()) out += wrapped("Subject: " + request.subject, kIndent);
  out += wrapped("Accepted here: " + format_rfc5322(request.arrival), kIndent);
  if (!request.original_message_id.empty()) {
    out += wrapped("Message-ID: " + request.original_message_id, kIndent);
  }
  out += "\r\n";
  for (const DsnRecipient& r : request.recipients) out += recipient_text(r);
  return {"text/plain; charset=utf-8", std::move(out)};
}

// RFC 3464 s2.3.1: the ORCPT parameter, decoded; empty where it does not read.
std::string original_recipient(const std::string& orcpt, bool utf8) {
  const std::size_t semicolon = orcpt.find(';');
  if (semicolon == std::string::npos) return {};
  const auto address = decode_xtext(std::string_view(orcpt).substr(semicolon + 1));
  if (!address) return {};
  return field_value(orcpt.substr(0, semicolon) + ";" + *address, utf8);
}

// RFC 3464 s2.3.
std::string recipient_fields(const DsnRecipient& r, bool utf8) {
  const ActionWords words = words_of(r.action);
  const EnhancedCode status =
      r.status.status_class == 0 ? EnhancedCode{words.status_class, 0, 0} : r.status;
  std::string out;
  const auto field = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  const std::string original = original_recipient(r.recipient.orcpt, utf8);
  if (!original.empty()) field("Original-Recipient", original);
  field("Final-Recipient", typed_address(r.recipient.mailbox.str(), utf8));
  field("Action", words.keyword);
  field("Status", status.str());
  if (!r.remote_mta.empty()) field("Remote-MTA", "dns; " + field_value(r.remote_mta, utf8));
  if (r.remote_reply) field("Diagnostic-Code", "smtp; " + field_value(r.remote_reply->str(), utf8));
  if (r.last_attempt) field("Last-Attempt-Date", format_rfc5322(*r.last_attempt));
  if (r.will_retry_until && r.action == DsnAction::delayed) {
    field("Will-Retry-Until", format_rfc5322(*r.will_retry_until));
  }
  return out;
}

Part status_part(const DsnRequest& request) {
  const bool utf8 = request.smtputf8;
  std::string out;
  const auto envid = decode_xtext(request.envid);
  if (envid && !envid->empty()) {
    out += "Original-Envelope-Id: " + field_value(*envid, utf8) + "\r\n";
  }
  out += "Reporting-MTA: dns; " + field_value(request.reporting_mta, utf8) + "\r\n";
  out += "Arrival-Date: " + format_rfc5322(request.arrival) + "\r\n";
  for (const DsnRecipient& r : request.recipients) out += "\r\n" + recipient_fields(r, utf8);
  return {utf8 ? "message/global-delivery-status" : "message/delivery-status", std::move(out)};
}

Part original_part(const DsnRequest& request) {
  const bool utf8 = request.smtputf8;
  if (request.original_is_full) {
    return {utf8 ? "message/global" : "message/rfc822", returned_copy(request.original, false)};
  }
  return {utf8 ? "message/global-headers" : "text/rfc822-headers",
          returned_copy(request.original, true)};
}

std::string_view transfer_encoding(bool ascii) {
  return ascii ? "7bit" : "8bit";
}

// A boundary that no part contains (RFC 2046 s5.1.1).
std::string choose_boundary(const DsnRequest& request, const std::vector<Part>& parts) {
  std::string stem = "=_dsn_";
  for (const char c : request.id) {
    if (is_alnum(c)) stem += c;
    if (stem.size() == 40) break;
  }
  for (unsigned n = 0;; ++n) {
    std::string boundary = stem + "_" + std::to_string(n);
    const bool used = std::any_of(parts.begin(), parts.end(), [&](const Part& part) {
      return part.body.find(boundary) != std::string::npos;
    });
    if (!used) return boundary;
  }
}

std::string message_header(const DsnRequest& request, const std::string& boundary, bool ascii) {
  const std::string host = field_value(request.reporting_mta, request.smtputf8, kMaxHostOctets);
  std::string out;
  out += "From: Mail Delivery System <postmaster@" + host + ">\r\n";
  out += "To: <" + field_value(request.to.str(), request.smtputf8) + ">\r\n";
  const std::string subject(words_of(worst_action(request)).subject);
  out += "Subject: " + (request.subject.empty() ? subject + ": your message"
                                                : subject + ": " + header_text(request.subject));
  out += "\r\nDate: " + format_rfc5322(request.now) + "\r\n";
  out += "Message-ID: " + make_message_id(request.id, request.reporting_mta) + "\r\n";
  if (is_plain_message_id(request.original_message_id)) {
    out += "In-Reply-To:\r\n " + request.original_message_id + "\r\n";
    out += "References:\r\n " + request.original_message_id + "\r\n";
  }
  // RFC 3834 s5: no automatic answer to this one.
  out += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" + boundary +
         "\"\r\n";
  out.append("Content-Transfer-Encoding: ").append(transfer_encoding(ascii)).append("\r\n\r\n");
  return out;
}

bool needs_no_xtext(char c) {  // xchar of RFC 3461 s4
  return c >= '!' && c <= '~' && c != '+' && c != '=';
}

}  // namespace

std::string write_dsn(const DsnRequest& request) {
  const std::vector<Part> parts = {text_part(request), status_part(request),
                                   original_part(request)};
  const std::string boundary = choose_boundary(request, parts);
  const bool ascii =
      std::all_of(parts.begin(), parts.end(), [](const Part& part) { return is_ascii(part.body); });
  std::string out = message_header(request, boundary, ascii);
  for (const Part& part : parts) {
    out += "--" + boundary + "\r\nContent-Type: " + part.content_type + "\r\n";
    out.append("Content-Transfer-Encoding: ").append(transfer_encoding(is_ascii(part.body)));
    out += "\r\n\r\n" + part.body + "\r\n";
  }
  return out + "--" + boundary + "--\r\n";
}

std::string make_message_id(std::string_view id, std::string_view host) {
  return "<" + field_value(id, false, kMaxHostOctets) + "@" +
         field_value(host, false, kMaxHostOctets) + ">";
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      // Upper case digits only (RFC 3461 s4); i + 2 is checked by what substr gives.
      const std::string_view digits = text.substr(i + 1, 2);
      const auto octet =
          digits.size() == 2 && upper(digits) == digits ? from_hex(digits) : std::nullopt;
      if (!octet) return std::nullopt;
      out += *octet;
      i += 2;
    } else if (needs_no_xtext(text[i])) {
      out += text[i];
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::string encode_xtext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (needs_no_xtext(c)) {
      out += c;
    } else {
      out += "+" + to_hex(std::string_view(&c, 1));
    }
  }
  return out;
}

}  // namespace postern::mail
