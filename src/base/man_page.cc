#include "base/man_page.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace postern {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

// The code point at `at`, which moves behind it; the replacement character for what is none.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : -1;
  if (more < 0) return kReplacement;
  std::uint32_t point = first & (0x3FU >> more);
  for (int i = 0; i < more; ++i) {
    if (at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U)
      return kReplacement;
    point = point << 6U | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  }
  return point;
}

// groff names what is not ASCII by at least four hexadecimal digits: \[u2013].
std::string unicode_escape(std::uint32_t point) {
  std::string octets;
  for (int shift = point > 0xFFFF ? 16 : 8; shift >= 0; shift -= 8)
    octets += static_cast<char>(point >> static_cast<unsigned>(shift) & 0xFFU);
  std::string digits = to_hex(octets);
  if (digits.size() > 5) digits.erase(0, digits.find_first_not_of('0'));
  return "\\[u" + digits + "]";
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t point = next_code_point(text, at);
    switch (point) {
      case '\\':
        out += "\\e";
        break;
      case '-':  // a hyphen would be typeset, and could not be copied into a shell
        out += "\\-";
        break;
      case '"':  // would end an argument of a macro
        out += "\\(dq";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += point < 0x80 ? std::string(1, static_cast<char>(point)) : unicode_escape(point);
    }
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

// "[words](where)" at `at`: the words, and `at` behind it. Empty: it is none.
std::string_view link_words(std::string_view text, std::size_t& at) {
  if (text[at] != '[') return {};
  const std::size_t middle = text.find("](", at);
  const std::size_t end = middle == std::string_view::npos ? middle : text.find(')', middle);
  if (end == std::string_view::npos) return {};
  const std::string_view words = text.substr(at + 1, middle - at - 1);
  at = end + 1;
  return words;
}

// Text with its marks, on lines that no macro is taken from.
std::string filled(std::string_view text) {
  std::string out;
  bool bold = false;
  for (std::size_t at = 0; at < text.size();) {
    if (const std::string_view words = link_words(text, at); !words.empty()) {
      append_escaped(out, words);
    } else if (text[at] == '`') {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
      ++at;
    } else if (text.substr(at).starts_with("**")) {
      at += 2;
    } else if (text[at] == '\n') {
      out += '\n';
      ++at;
    } else {
      const std::size_t end = std::min(text.find_first_of("`*[\n", at + 1), text.size());
      append_escaped(out, text.substr(at, end - at));
      at = end;
    }
  }
  if (bold) out += "\\fR";
  return out;
}

// A line that begins with one of these would be taken for a request.
std::string guarded(std::string text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == ' ')) out += "\\&";
    out += c;
    at_start = c == '\n';
  }
  return out;
}

}  // namespace

ManPage::ManPage(std::string_view name, int section_number, std::string_view about) {
  out_ = ".TH \"" + escaped(upper(name)) + "\" \"" + std::to_string(section_number) + "\" \"" +
         std::string(kManualDate) + "\" \"Postern\" \"Postern Manual\"\n";
  section("NAME");
  out_ += escaped(name) + " \\- " + filled(about) + "\n";
}

void ManPage::section(std::string_view title) {
  out_ += ".SH \"" + escaped(title) + "\"\n";
}

void ManPage::subsection(std::string_view title) {
  out_ += ".SS \"" + escaped(title) + "\"\n";
}

void ManPage::paragraph(std::string_view text) {
  out_ += ".PP\n" + guarded(filled(text)) + "\n";
}

void ManPage::item(std::string_view term, std::string_view value, std::string_view text) {
  out_ += ".TP\n\\fB" + escaped(term) + "\\fR";
  if (!value.empty()) out_ += " \\fI" + escaped(value) + "\\fR";
  out_ += "\n" + guarded(filled(text)) + "\n";
}

void ManPage::example(std::string_view lines) {
  out_ += ".PP\n.RS 4\n.nf\n";
  for (const std::string_view line : split(lines, '\n'))
    out_ += guarded(line.empty() ? "\\&" : escaped(line)) + "\n";
  out_ += ".fi\n.RE\n";
}

}  // namespace postern
