#include "cli/text.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace postern::cli {
namespace {

constexpr std::size_t kMaxShownOctets = 4000;  // of one text

std::string painted(bool colour, std::string_view code, std::string_view text) {
  if (!colour) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string Style::bold(std::string_view text) const {
  return painted(colour, "1", text);
}
std::string Style::red(std::string_view text) const {
  return painted(colour, "1;31", text);
}
std::string Style::yellow(std::string_view text) const {
  return painted(colour, "33", text);
}
std::string Style::green(std::string_view text) const {
  return painted(colour, "32", text);
}
std::string Style::dim(std::string_view text) const {
  return painted(colour, "2", text);
}

std::string when(Time t) {
  std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
  text[10] = ' ';
  text.pop_back();
  return text + " UTC";
}

std::string since(const Style& style, Time t) {
  const Duration age = style.now - t;
  return when(t) + (age > Duration{} ? ", " + format_duration(age) + " ago" : "");
}

std::string until(const Style& style, Time t) {
  const Duration left = t - style.now;
  return left > Duration{} ? "in " + format_duration(left) : "now";
}

std::string size_words(std::uint64_t octets) {
  if (octets >= 10ULL << 30) return std::to_string(octets >> 30) + " GiB";
  if (octets >= 10ULL << 20) return std::to_string(octets >> 20) + " MiB";
  if (octets >= 10ULL << 10) return std::to_string(octets >> 10) + " KiB";
  return std::to_string(octets) + " octets";
}

std::string count_of(std::uint64_t n, std::string_view singular) {
  return std::to_string(n) + " " + std::string(singular) + (n == 1 ? "" : "s");
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  return printable(found->get_ref<const std::string&>(), kMaxShownOctets);
}

std::uint64_t number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return 0;
  // Numbers from a program are signed, those from text are not; below zero there are none.
  return found->is_number_unsigned()
             ? found->get<std::uint64_t>()
             : static_cast<std::uint64_t>(std::max<std::int64_t>(0, found->get<std::int64_t>()));
}

std::optional<Time> time_of(const Json& object, const char* name) {
  const Result<Time> time = parse_rfc3339(text_of(object, name));
  return time ? std::optional<Time>(*time) : std::nullopt;
}

std::optional<bool> flag_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

const Json& list_of(const Json& object, const char* name) {
  static const Json kNone = Json::array();
  const auto found = object.find(name);
  return found == object.end() || !found->is_array() ? kNone : *found;
}

const Json& object_of(const Json& object, const char* name) {
  static const Json kNone = Json::object();
  const auto found = object.find(name);
  return found == object.end() || !found->is_object() ? kNone : *found;
}

std::string fault_words(const Json& verdict) {
  const std::string fault = text_of(verdict, "fault");
  std::string out = "not known";
  if (fault == "none") out = "nobody's";
  if (fault == "client" || fault == "server") out = "the " + fault + "'s";
  if (fault == "path") out = "the path's between the two";
  if (fault == "ca") out = "the certification authority's";
  if (fault == "dns") out = "the DNS's";
  const std::optional<bool> ours = flag_of(verdict, "ours");
  if (ours && fault != "none")
    out += *ours ? " (ours: it is cured here)" : " (theirs: it is cured there)";
  return out;
}

std::string Table::str(const Style& style, std::string_view indent) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string line(indent);
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      line += rows_[r][i];
      if (i + 1 < rows_[r].size()) line.append(widths[i] - columns(rows_[r][i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += (r == 0 ? style.bold(line) : line) + "\n";
    for (const auto& [after, note] : notes_) {
      if (after == r + 1) out += note + "\n";
    }
  }
  return out;
}

std::string wrapped(std::string_view text, std::string_view first, std::string_view indent) {
  std::string out;
  std::string line(first);
  bool fresh = true;
  const std::string shown = printable(text, kMaxShownOctets);
  for (const std::string_view word : split(shown, ' ')) {
    if (word.empty()) continue;
    if (!fresh && columns(line) + 1 + columns(word) > kLineColumns) {
      out += line + "\n";
      line = indent;
      fresh = true;
    }
    if (!fresh) line += ' ';
    line += word;
    fresh = false;
  }
  return out + line + "\n";
}

}  // namespace postern::cli
