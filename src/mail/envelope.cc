#include "mail/envelope.h"

#include "base/text.h"
#include "mail/domain.h"

namespace postern::mail {
namespace {

constexpr std::size_t kAngleBrackets = 2;

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

// RFC 5322 s3.2.3.
bool is_atext(char c) {
  return is_alnum(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos);
}

// The length of the Quoted-string at the front of `text`, both quotes included. Source: RFC 5321
// s4.1.2 (qtextSMTP, quoted-pairSMTP), RFC 6531 s3.3.
Result<std::size_t> quoted_length(std::string_view text, bool allow_utf8) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (allow_utf8 && is_high(text[i])) continue;
    if (text[i] == '\\' && ++i == text.size()) break;
    if (text[i] < ' ' || text[i] > '~') {
      return invalid("octet that is not printable ASCII in a quoted local part");
    }
  }
  return invalid("quoted local part without its closing quote");
}

// Dot-string of RFC 5321 s4.1.2.
Result<void> check_dot_string(std::string_view text, bool allow_utf8) {
  for (const std::string_view atom : split(text, '.')) {
    if (atom.empty()) return invalid("empty part in local part");
    for (const char c : atom) {
      if (!is_atext(c) && !(allow_utf8 && is_high(c))) {
        return invalid("'" + printable(std::string_view(&c, 1)) +
                       "' not allowed in an unquoted local part");
      }
    }
  }
  return {};
}

}  // namespace

Result<Mailbox> parse_mailbox(std::string_view text, bool allow_utf8) {
  if (text.size() > kMaxPathOctets - kAngleBrackets) return invalid("path of more than 256 octets");
  if (iequals(text, "postmaster")) return Mailbox{std::string(text), ""};
  if (allow_utf8 && !is_valid_utf8(text)) return invalid("mailbox is no valid UTF-8");

  // A quoted local part ends at its closing quote, whatever it holds; an unquoted one at the first
  // '@', since it can hold none.
  std::size_t at = text.find('@');
  if (text.starts_with('"')) {
    TRY(at, quoted_length(text, allow_utf8));
  }
  if (at >= text.size() || text[at] != '@') return invalid("mailbox without domain");
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  if (local.empty()) return invalid("empty local part");
  if (local.size() > kMaxLocalPartOctets) return invalid("local part of more than 64 octets");
  if (!local.starts_with('"')) {
    TRY_VOID(check_dot_string(local, allow_utf8));
  }

  auto parsed =
      domain.starts_with('[') ? parse_address_literal(domain) : parse_domain(domain, allow_utf8);
  TRY(std::string name, std::move(parsed));
  return Mailbox{std::string(local), std::move(name)};
}

}  // namespace postern::mail
