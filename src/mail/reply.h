// SMTP replies and enhanced status codes as checked values. Source: RFC 5321 s4.2, RFC 2034, RFC
// 3463.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::mail {

// RFC 5321 s4.5.3.1.5 allows 512 with the CRLF.
constexpr std::size_t kMaxReplyLineOctets = 510;
// What stands for a peer's code outside 200-599: temporary, nothing is concluded from it.
constexpr int kUnreadablePeerCode = 451;

// class.subject.detail (RFC 3463 s2); class is 2, 4 or 5.
struct EnhancedCode {
  int status_class = 0;
  int subject = 0;
  int detail = 0;
  [[nodiscard]] std::string str() const;
  bool operator==(const EnhancedCode&) const = default;
};
// "4.7.5" as the whole text; nullopt otherwise.
[[nodiscard]] std::optional<EnhancedCode> parse_enhanced_code(std::string_view text);

// One reply. Code 200-599; where an enhanced code is present its class equals the code's first
// digit, with one exception by name (exchange_starttls_required). Text: no CR, LF or NUL; may hold
// any other octet (a peer's reply is kept as it came).
class Reply {
 public:
  // Aborts (broken invariant) when code, class or text break the rule above: for our own replies,
  // which are literals.
  Reply(int code, EnhancedCode enhanced, std::string text);
  Reply(int code, std::string text);  // without enhanced code (greeting, 354, EHLO)
  // Several lines without enhanced code (EHLO, HELP). Aborts like the constructors.
  [[nodiscard]] static Reply multiline(int code, std::vector<std::string> lines);
  // For replies from elsewhere; never aborts. `lines`: the text after the code and its separator.
  // CR, LF and NUL are taken out, other octets stay; an enhanced code of another class stays in the
  // text; a code outside 200-599 becomes kUnreadablePeerCode.
  [[nodiscard]] static Reply from_peer(int code, std::vector<std::string> lines);
  // "451 5.7.3 Must issue a STARTTLS command first": Exchange's words, the one pair of classes that
  // differ.
  [[nodiscard]] static Reply exchange_starttls_required();

  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] const std::optional<EnhancedCode>& enhanced() const { return enhanced_; }
  [[nodiscard]] const std::vector<std::string>& lines() const {
    return lines_;
  }  // without code and enhanced code
  // RFC 5321 s4.2.1: the command is done. 354, the one 3yz of SMTP, is neither this nor negative.
  [[nodiscard]] bool positive() const { return code_ < 300; }
  [[nodiscard]] bool negative() const { return code_ >= 400; }
  [[nodiscard]] bool transient() const { return code_ >= 400 && code_ < 500; }
  [[nodiscard]] bool permanent() const { return code_ >= 500; }
  // On the wire: every line with code and enhanced code, each ending in CRLF, none over
  // kMaxReplyLineOctets without it (longer text is folded, at a blank where there is one).
  [[nodiscard]] std::string wire() const;
  // One line for people and logs: "550 5.1.1 no such user", lines joined by a blank.
  [[nodiscard]] std::string str() const;
  bool operator==(const Reply&) const = default;

 private:
  Reply() = default;
  int code_ = 0;
  std::optional<EnhancedCode> enhanced_;
  std::vector<std::string> lines_;
};

}  // namespace postern::mail
