// format_received of header.h: RFC 5321 s4.4 with nothing of what a client said left unchecked.
#include <algorithm>

#include "base/text.h"
#include "mail/domain.h"
#include "mail/envelope.h"
#include "mail/header.h"

namespace postern::mail {
namespace {

constexpr std::size_t kMaxWordOctets = kMaxDomainOctets;
constexpr std::string_view kFold = "\r\n\t";

bool is_domain_octet(char c) {  // of a domain or an address literal
  return is_alnum(c) || std::string_view("-._:[]").find(c) != std::string_view::npos;
}

bool is_comment_octet(char c) {  // ctext of RFC 5322 s3.2.2, and the blank
  return c >= ' ' && c <= '~' && c != '(' && c != ')' && c != '\\';
}

template <class Allowed>
std::string restricted(std::string_view text, Allowed allowed) {
  std::string out(text.substr(0, kMaxWordOctets));
  for (char& c : out) {
    if (c == '\0' || !allowed(c)) c = '?';
  }
  return out;
}

std::string word(std::string_view text) {
  return text.empty() ? "unknown" : restricted(text, is_domain_octet);
}

std::string comment(std::string_view text) {
  return restricted(text, is_comment_octet);
}

// tls-cipher-suite-name of RFC 8314 s4.3: a registered name as IANA writes it.
bool is_registered_cipher(std::string_view name) {
  return !name.empty() && name.size() <= kMaxWordOctets && is_alpha(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_'; });
}

std::string tcp_info(const std::string& address) {
  const bool ipv6 = address.find(':') != std::string::npos;
  return "([" + std::string(ipv6 ? "IPv6:" : "") + word(address) + "])";
}

std::string tls_comment(const ReceivedField& field) {
  std::string out = "(" + comment(field.tls_version);
  if (!is_registered_cipher(field.tls_cipher)) out += " " + comment(field.tls_cipher);
  if (!field.client_certificate.empty()) {
    out += ", client certificate " + comment(field.client_certificate);
  }
  return out + ")";
}

}  // namespace

std::string format_received(const ReceivedField& field) {
  std::string out = "Received: from " + word(field.helo) + " " + tcp_info(field.client_address);
  if (!field.tls_version.empty()) out.append(kFold).append(tls_comment(field));
  out.append(kFold).append("by " + word(field.by) + " with " + word(field.with));
  out.append(" id " + word(field.id));
  if (parse_mailbox(field.for_recipient, true)) {
    out.append(kFold).append("for <" + field.for_recipient + ">");
  }
  if (!field.tls_version.empty() && is_registered_cipher(field.tls_cipher)) {
    out.append(kFold).append("tls " + field.tls_cipher);
  }
  return out + ";" + std::string(kFold) + format_rfc5322(field.time) + "\r\n";
}

}  // namespace postern::mail
