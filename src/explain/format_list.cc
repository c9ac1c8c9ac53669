// Format-List output. A property is "Name<blanks>: value"; a value that is too wide goes on in the
// next line, indented to the column where it began. An empty line ends an object, and so does a
// name that the object has already.
#include <algorithm>

#include "base/text.h"
#include "explain/readers.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxNameOctets = 80;

struct Line {
  int number = 0;
  std::string_view text;
};

bool is_name_octet(char c) {
  return is_alnum(c) || c == '_' || c == '.' || c == '-';
}

// Mail puts "> " in front of what it quotes.
std::string_view without_quoting(std::string_view line) {
  while (line.starts_with('>')) {
    line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

std::size_t indent_of(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at == std::string_view::npos ? line.size() : at;
}

// "[PS] C:\>Get-SendConnector | fl", "PS C:\> ...", "[PS] C:\Windows\system32>Get-...".
bool is_prompt(std::string_view line) {
  line = trim(line);
  return (line.starts_with("[PS]") || line.starts_with("PS ")) && line.contains('>');
}

bool is_cmdlet(std::string_view word) {
  const std::size_t hyphen = word.find('-');
  return hyphen != std::string_view::npos && hyphen > 0 && hyphen + 1 < word.size() &&
         std::ranges::all_of(word, [](char c) { return is_alpha(c) || c == '-'; });
}

std::string cmdlet_in(std::string_view line) {
  std::string_view rest = trim(line);
  if (const std::size_t end = rest.find('>'); is_prompt(line)) rest = trim(rest.substr(end + 1));
  const std::string_view word = rest.substr(0, rest.find_first_of(" |;"));
  return is_cmdlet(word) ? std::string(word) : std::string();
}

struct Head {
  std::string_view name;
  std::string_view value;
  std::size_t name_column = 0, value_column = 0;
};

// WARNING:, AVERTISSEMENT :, WARNUNG: are no properties.
bool is_noise(std::string_view name) {
  return name.size() >= 5 && std::ranges::all_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::optional<Head> head_of(std::string_view line) {
  Head head;
  head.name_column = indent_of(line);
  std::size_t at = head.name_column;
  if (at >= line.size() || !is_alpha(line[at])) return std::nullopt;
  while (at < line.size() && is_name_octet(line[at])) ++at;
  head.name = line.substr(head.name_column, at - head.name_column);
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  if (at >= line.size() || line[at] != ':') return std::nullopt;
  if (head.name.size() > kMaxNameOctets || is_noise(head.name)) return std::nullopt;
  const std::string_view rest = line.substr(at + 1);
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return std::nullopt;
  head.value = trim(rest);
  head.value_column = at + 1 + indent_of(rest);
  return head;
}

// How the lines of one value go together: a break at a blank lost it, a break inside a long word
// did not.
void append_wrapped(std::string& value, std::string_view last, std::string_view next) {
  const bool long_word = !last.contains(' ') && !last.ends_with(',') && !last.ends_with(';');
  const bool hyphenated = last.ends_with('-') && !last.ends_with(" -");
  if (!value.empty() && !long_word && !hyphenated) value += ' ';
  value += next;
}

class Reader {
 public:
  explicit Reader(std::string_view text) {
    out_.format = ExportFormat::format_list;
    int number = 0;
    for (std::string_view line : split(text, '\n')) {
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      take({number, without_quoting(line)});
    }
    end_object();
    join_double_spaced();
    if (out_.objects.empty()) out_.format = ExportFormat::none;
  }

  ReadObjects result() && { return std::move(out_); }

 private:
  void take(const Line& line) {
    if (trim(line.text).empty()) return end_object();
    if (is_prompt(line.text) || (!open_ && !cmdlet_in(line.text).empty())) {
      end_object();
      hint_ = cmdlet_in(line.text);
      return;
    }
    const std::optional<Head> head = head_of(line.text);
    if (open_ && goes_on(line, head)) return go_on(line);
    if (head) return begin(line, *head);
    end_property();
  }

  // A line that stands as far in as the value did, or one below an open brace where pasting has
  // lost the blanks.
  [[nodiscard]] bool goes_on(const Line& line, const std::optional<Head>& head) const {
    const std::size_t indent = indent_of(line.text);
    if (indent > name_column_ && indent + 1 >= value_column_) return true;
    if (head) return false;
    return indent > name_column_ + 1 || (value_.starts_with('{') && !value_.ends_with('}'));
  }

  void go_on(const Line& line) {
    const std::string_view part = trim(line.text);
    append_wrapped(value_, last_part_, part);
    last_part_ = part;
    property_.last_line = line.number;
  }

  void begin(const Line& line, const Head& head) {
    end_property();
    if (object_.find(head.name) != nullptr) end_object();
    property_ = {};
    property_.name = head.name;
    property_.first_line = property_.last_line = line.number;
    value_ = head.value;
    last_part_ = head.value;
    name_column_ = head.name_column;
    value_column_ = std::max(head.value_column, head.name_column + 2);
    open_ = true;
  }

  void end_property() {
    if (!open_) return;
    open_ = false;
    set_value(property_, value_);
    (void)add_property(object_, std::move(property_));
  }

  void end_object() {
    end_property();
    object_.hint = hint_;
    add_object(out_, std::move(object_));
    object_ = {};
  }

  // Where every line was followed by an empty one, each property came out as an object of its own.
  void join_double_spaced() {
    const bool all_single = std::ranges::all_of(
        out_.objects, [](const CmdletObject& one) { return one.properties.size() == 1; });
    if (!all_single || out_.objects.size() < 2) return;
    std::vector<CmdletObject> joined;
    for (CmdletObject& one : out_.objects) {
      const bool fits = !joined.empty() && joined.back().hint == one.hint &&
                        joined.back().find(one.properties.front().name) == nullptr;
      if (fits) {
        (void)add_property(joined.back(), std::move(one.properties.front()));
      } else {
        joined.push_back(std::move(one));
      }
    }
    out_.objects = std::move(joined);
  }

  ReadObjects out_;
  CmdletObject object_;
  Property property_;
  std::string hint_, value_;
  std::string_view last_part_;
  std::size_t name_column_ = 0, value_column_ = 0;
  bool open_ = false;
};

}  // namespace

ReadObjects read_format_list(std::string_view text) {
  return Reader(text).result();
}

}  // namespace postern::explain
