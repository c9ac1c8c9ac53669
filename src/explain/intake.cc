#include "explain/intake.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "base/text_encoding.h"

namespace postern::explain {
namespace {

constexpr std::size_t kLookedAt = 4096;    // octets that tell the form
constexpr std::size_t kBinaryPercent = 5;  // of control octets; text has hardly any
constexpr std::string_view kLittleMark = "\xFF\xFE", kBigMark = "\xFE\xFF";

bool is_control(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x20 && octet != '\t' && octet != '\n' && octet != '\r' && octet != '\f' &&
         octet != 0x1B;  // colours of terminals
}

bool looks_binary(std::string_view head) {
  const auto controls = static_cast<std::size_t>(std::ranges::count_if(head, is_control));
  return controls * 100 > head.size() * kBinaryPercent;
}

struct Replacement {
  std::string_view from, to;
};
// Quotation marks, dashes and blanks of word processors and web pages.
constexpr std::array<Replacement, 10> kTypography{{{"\xE2\x80\x98", "'"},
                                                   {"\xE2\x80\x99", "'"},
                                                   {"\xE2\x80\x9C", "\""},
                                                   {"\xE2\x80\x9D", "\""},
                                                   {"\xE2\x80\x93", "-"},
                                                   {"\xE2\x80\x94", "-"},
                                                   {"\xE2\x80\x91", "-"},
                                                   {"\xE2\x80\x8B", ""},
                                                   {"\xC2\xA0", " "},
                                                   {"\xEF\xBB\xBF", ""}}};

}  // namespace

void Intake::feed(std::string_view octets) {
  octets_ += octets.size();
  if (form_ == Form::unknown) {
    head_.append(octets);
    if (head_.size() < kLookedAt) return;
    decide();
    const std::string head = std::exchange(head_, {});
    split(head);
    return;
  }
  split(octets);
}

void Intake::finish() {
  if (form_ == Form::unknown) {
    decide();
    const std::string head = std::exchange(head_, {});
    split(head);
  }
  if (!pending_.empty() || overlong_) end_line();
}

void Intake::decide() {
  const DecodedText decoded = decode_text(head_);
  if (decoded.encoding == "UTF-16LE") {
    form_ = Form::utf16_little;
  } else if (decoded.encoding == "UTF-16BE") {
    form_ = Form::utf16_big;
  } else {
    form_ = looks_binary(head_) ? Form::binary : Form::utf8;
  }
}

void Intake::split(std::string_view text) {
  if (form_ == Form::binary) return;
  if (form_ == Form::utf8) return take(text);
  // Whole units only, and no half of a surrogate pair at the end.
  half_.append(text);
  std::size_t whole = half_.size() & ~std::size_t{1};
  if (whole >= 2) {
    const auto high =
        static_cast<unsigned char>(half_[form_ == Form::utf16_big ? whole - 2 : whole - 1]);
    if (high >= 0xD8 && high <= 0xDB && half_.size() < kLookedAt * 1024) whole -= 2;
  }
  std::string_view units = std::string_view(half_).substr(0, whole);
  if (units.starts_with(form_ == Form::utf16_big ? kBigMark : kLittleMark)) units.remove_prefix(2);
  take(from_utf16(units, form_ == Form::utf16_big));
  half_.erase(0, whole);
}

void Intake::take(std::string_view text) {
  if (after_cr_ && !text.empty()) {
    if (text.front() == '\n') text.remove_prefix(1);
    after_cr_ = false;
  }
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view part = text.substr(0, end);
    if (end != std::string_view::npos && pending_.empty() && !overlong_ &&
        part.size() <= kMaxLineOctets) {
      line_(part, ++number_);  // the whole line is here: no copy
    } else {
      if (pending_.size() + part.size() > kMaxLineOctets) {
        overlong_ = true;
        pending_.clear();
      }
      if (!overlong_) pending_.append(part);
      if (end == std::string_view::npos) return;
      end_line();
    }
    const bool cr = text[end] == '\r';
    text.remove_prefix(end + 1);
    if (cr && text.empty()) after_cr_ = true;
    if (cr && !text.empty() && text.front() == '\n') text.remove_prefix(1);
  }
}

void Intake::end_line() {
  ++number_;
  if (overlong_) {
    ++cut_lines_;
  } else {
    line_(pending_, number_);
  }
  pending_.clear();
  overlong_ = false;
}

std::string_view plain_line(std::string_view line, std::string& buffer) {
  std::string_view rest = line;
  while (rest.starts_with("> ") || rest == ">")
    rest.remove_prefix(std::min<std::size_t>(2, rest.size()));
  if (is_ascii(rest)) return rest;
  buffer = is_valid_utf8(rest) ? std::string(rest) : decode_text(rest).text;
  for (const auto& [from, to] : kTypography) {
    for (std::size_t at = buffer.find(from); at != std::string::npos; at = buffer.find(from, at))
      buffer.replace(at, from.size(), to);
  }
  return buffer;
}

}  // namespace postern::explain
