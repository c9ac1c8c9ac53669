#include "mail/reply.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace postern::mail {
namespace {

constexpr int kMinCode = 200;
constexpr int kMaxCode = 599;
constexpr std::uint64_t kMaxEnhancedPart = 999;  // RFC 3463 s2: one to three digits

bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string cleaned(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  return out;
}

// A part of an enhanced code: no sign, no leading zero (RFC 3463 s2).
std::optional<int> parse_part(std::string_view text) {
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  const auto value = parse_uint(text, kMaxEnhancedPart);
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

// The enhanced code at the front of a reply line, where a blank or the end follows (RFC 2034 s4).
std::optional<EnhancedCode> leading_enhanced(std::string_view line) {
  return parse_enhanced_code(line.substr(0, line.find_first_of(" \t")));
}

std::string without_first_word(const std::string& line) {
  const std::size_t blank = line.find_first_of(" \t");
  return blank == std::string::npos ? std::string() : line.substr(blank + 1);
}

// How many octets of `text` go on a line that has room for `room`: all, or up to a blank in the
// second half, or as many as fit without cutting a UTF-8 sequence.
std::size_t fold_at(std::string_view text, std::size_t room) {
  if (text.size() <= room) return text.size();
  const std::size_t blank = text.rfind(' ', room);
  if (blank != std::string_view::npos && blank > room / 2) return blank;
  std::size_t cut = room;
  for (int back = 0; back < 3 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80; ++back) {
    --cut;
  }
  return cut;
}

}  // namespace

std::string EnhancedCode::str() const {
  return std::to_string(status_class) + "." + std::to_string(subject) + "." +
         std::to_string(detail);
}

std::optional<EnhancedCode> parse_enhanced_code(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 3) return std::nullopt;
  if (parts[0] != "2" && parts[0] != "4" && parts[0] != "5") return std::nullopt;
  const auto subject = parse_part(parts[1]);
  const auto detail = parse_part(parts[2]);
  if (!subject || !detail) return std::nullopt;
  return EnhancedCode{parts[0][0] - '0', *subject, *detail};
}

Reply::Reply(int code, EnhancedCode enhanced, std::string text) : Reply(code, std::move(text)) {
  POSTERN_CHECK(enhanced.status_class == code / 100,
                "the class of a reply's enhanced code equals the code's first digit");
  POSTERN_CHECK(parse_enhanced_code(enhanced.str()) == enhanced, "an enhanced code is in range");
  enhanced_ = enhanced;
}

Reply::Reply(int code, std::string text) : code_(code) {
  POSTERN_CHECK(code >= kMinCode && code <= kMaxCode, "a reply code is 200 to 599");
  POSTERN_CHECK(is_clean(text), "a reply's text holds no CR, LF or NUL");
  lines_.push_back(std::move(text));
}

Reply Reply::multiline(int code, std::vector<std::string> lines) {
  POSTERN_CHECK(!lines.empty(), "a reply has a line");
  POSTERN_CHECK(std::all_of(lines.begin(), lines.end(), is_clean),
                "a reply's text holds no CR, LF or NUL");
  Reply reply(code, std::string());
  reply.lines_ = std::move(lines);
  return reply;
}

Reply Reply::from_peer(int code, std::vector<std::string> lines) {
  Reply reply;
  reply.code_ = code >= kMinCode && code <= kMaxCode ? code : kUnreadablePeerCode;
  if (lines.empty()) lines.emplace_back();
  for (std::string& line : lines) line = cleaned(line);
  const auto enhanced = leading_enhanced(lines.front());
  if (enhanced && enhanced->status_class == reply.code_ / 100) {
    reply.enhanced_ = enhanced;
    for (std::string& line : lines) {
      if (leading_enhanced(line) == enhanced) line = without_first_word(line);
    }
  }
  reply.lines_ = std::move(lines);
  return reply;
}

Reply Reply::exchange_starttls_required() {
  Reply reply(451, "Must issue a STARTTLS command first");
  reply.enhanced_ = EnhancedCode{5, 7, 3};
  return reply;
}

std::string Reply::wire() const {
  const std::string code = std::to_string(code_);
  const std::string enhanced = enhanced_ ? enhanced_->str() + " " : std::string();
  const std::size_t room = kMaxReplyLineOctets - code.size() - 1 - enhanced.size();
  std::vector<std::string_view> pieces;
  for (const std::string& line : lines_) {
    std::string_view rest = line;
    do {
      const std::size_t taken = fold_at(rest, room);
      pieces.push_back(rest.substr(0, taken));
      rest.remove_prefix(taken);
      if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    } while (!rest.empty());
  }
  std::string out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    out += code;
    out += i + 1 < pieces.size() ? '-' : ' ';
    out += enhanced;
    out += pieces[i];
    out += "\r\n";
  }
  return out;
}

std::string Reply::str() const {
  std::string out = std::to_string(code_);
  if (enhanced_) out += " " + enhanced_->str();
  const std::string text = join(lines_, " ");
  if (!text.empty()) out += " " + text;
  return out;
}

}  // namespace postern::mail
