#include "script.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace postern::dialogue {
namespace {

constexpr std::uint64_t kMaxRepeat = 100'000'000;

// The octets `text` stands for. Errors: invalid.
Result<std::string> unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (text.size() < 2) return invalid("\\ at the end of the line");
    const std::string_view names = R"(rnt0s\)";
    const std::size_t simple = names.find(text[1]);
    if (simple != std::string_view::npos && !text.starts_with("\\rep(")) {
      out += std::string_view("\r\n\t\0 \\", 6)[simple];
      text.remove_prefix(2);
    } else if (text[1] == 'x') {
      const auto octet = from_hex(text.substr(2, 2));
      if (!octet || octet->size() != 1) return invalid("\\x needs two hexadecimal digits");
      out += *octet;
      text.remove_prefix(4);
    } else if (text.starts_with("\\rep(")) {
      const std::size_t end = text.find(')');
      const std::size_t comma = text.rfind(',', end);
      if (end == std::string_view::npos || comma == std::string_view::npos) {
        return invalid("\\rep(text,count) is not complete");
      }
      const auto count = parse_uint(text.substr(comma + 1, end - comma - 1), kMaxRepeat);
      if (!count) return invalid("\\rep(text,count): bad count");
      TRY(const std::string once, unescape(text.substr(5, comma - 5)));
      for (std::uint64_t i = 0; i < *count; ++i) out += once;
      text.remove_prefix(end + 1);
    } else {
      return invalid("unknown escape " + std::string(text.substr(0, 2)));
    }
  }
  return out;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) out.emplace_back(word);
  }
  return out;
}

Result<Step> parse_event(std::string_view line) {
  Step step;
  if (line == "@tls") {
    step.verb = Verb::tls;
  } else if (line == "@tls fail") {
    step.verb = Verb::tls_fails;
  } else if (line == "@timeout") {
    step.verb = Verb::timeout;
  } else if (line == "@shutdown") {
    step.verb = Verb::shutdown;
  } else {
    return invalid("unknown event " + std::string(line));
  }
  return step;
}

Result<Step> parse_chunk(std::string_view argument) {
  const auto parts = words(argument.substr(0, argument.find(' ')));
  if (parts.empty() || (parts[0] != "LAST" && parts[0] != "-")) {
    return invalid(">bdat needs LAST or -, then the octets");
  }
  const std::size_t blank = argument.find(' ');
  TRY(const std::string octets,
      unescape(blank == std::string_view::npos ? "" : argument.substr(blank + 1)));
  const std::string last = parts[0] == "LAST" ? " LAST" : "";
  return Step{
      0, Verb::send_chunk, "BDAT " + std::to_string(octets.size()) + last + "\r\n" + octets, {}};
}

Result<Step> parse_reply(std::string_view argument) {
  if (argument == "close") return Step{0, Verb::closed, "", {}};
  Step step{0, Verb::reply, "", {}};
  while (true) {
    const std::size_t bar = argument.find(" | ");
    const std::string_view one = trim(argument.substr(0, bar));
    if (one.size() < 3 || !parse_uint(one.substr(0, 3))) {
      return invalid("a reply to expect starts with its code");
    }
    step.alternatives.emplace_back(one);
    if (bar == std::string_view::npos) return step;
    argument.remove_prefix(bar + 3);
  }
}

Result<Step> parse_step(std::string_view line) {
  if (line.starts_with('@')) return parse_event(line);
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string_view verb = line.substr(0, blank);
  const std::string_view argument = line.substr(std::min(blank + 1, line.size()));
  if (verb == ">" || verb == ">>") {
    TRY(std::string octets, unescape(argument));
    if (verb == ">>") return Step{0, Verb::send_raw, std::move(octets), {}};
    return Step{0, Verb::send, octets + "\r\n", {}};
  }
  if (verb == ">bdat") return parse_chunk(argument);
  if (verb == "<") return parse_reply(argument);
  if ((verb == "<+" || verb == "<-") && !argument.empty()) {
    return Step{
        0, verb == "<+" ? Verb::reply_has : Verb::reply_lacks, "", {std::string(trim(argument))}};
  }
  return invalid("unknown verb " + std::string(verb));
}

Result<Expectation> parse_expectation(std::string_view line) {
  const auto parts = words(line);
  const auto number = parts.size() > 1 ? parse_uint(parts[1]) : std::nullopt;
  if (!number) return invalid("an expectation is: WHAT NUMBER ...");
  Expectation out;
  out.number = static_cast<std::size_t>(*number);
  if (parts[0] == "messages") {
    if (parts.size() != 2) return invalid("messages takes one number");
    return out;
  }
  if (*number == 0) return invalid("messages are counted from 1");
  if (parts[0] == "body") {
    out.check = Check::body;
    const std::size_t start = line.find(' ', line.find(' ') + 1);
    TRY(std::string octets,
        unescape(start == std::string_view::npos ? "" : line.substr(start + 1)));
    out.values.push_back(std::move(octets));
    return out;
  }
  if (parts[0] != "sender" && parts[0] != "recipients") {
    return invalid("unknown expectation " + parts[0]);
  }
  out.check = parts[0] == "sender" ? Check::sender : Check::recipients;
  for (std::size_t i = 2; i < parts.size(); ++i) {
    TRY(std::string value, unescape(parts[i]));
    out.values.push_back(std::move(value));
  }
  return out;
}

class ScriptParser {
 public:
  Result<void> line(std::string_view text, int number) {
    if (text.empty() || text.starts_with('#')) return {};
    if (text.starts_with('[')) return section(text, number);
    switch (section_) {
      case Section::none:
        return invalid("a script starts with [config] or [dialogue]");
      case Section::config:
        return config(text);
      case Section::dialogue: {
        TRY(Step step, parse_step(text));
        step.line = number;
        dialogues_.back().steps.push_back(std::move(step));
        return {};
      }
      case Section::expect: {
        TRY(Expectation expectation, parse_expectation(text));
        expectation.line = number;
        dialogues_.back().expectations.push_back(std::move(expectation));
        return {};
      }
    }
    return {};
  }
  Result<std::vector<Dialogue>> take() {
    if (dialogues_.empty()) return invalid("no [dialogue] in the script");
    for (const Dialogue& dialogue : dialogues_) {
      if (dialogue.steps.empty()) return invalid("no step in [dialogue] " + dialogue.title);
    }
    return std::move(dialogues_);
  }

 private:
  enum class Section { none, config, dialogue, expect };

  Result<void> section(std::string_view text, int number) {
    if (text == "[config]") {
      section_ = Section::config;
      config_.clear();
    } else if (text.starts_with("[dialogue]")) {
      section_ = Section::dialogue;
      dialogues_.emplace_back();
      dialogues_.back().title = trim(text.substr(text.find(']') + 1));
      dialogues_.back().line = number;
      dialogues_.back().config = config_;
    } else if (text == "[expect]" && section_ == Section::dialogue) {
      section_ = Section::expect;
    } else {
      return invalid("unknown or misplaced section " + std::string(text));
    }
    return {};
  }
  Result<void> config(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return invalid("configuration is: key = value");
    config_.emplace_back(trim(text.substr(0, equals)), trim(text.substr(equals + 1)));
    return {};
  }

  Section section_ = Section::none;
  std::vector<std::pair<std::string, std::string>> config_;
  std::vector<Dialogue> dialogues_;
};

}  // namespace

bool Dialogue::pins_segmentation() const {
  return std::any_of(steps.begin(), steps.end(),
                     [](const Step& step) { return step.verb == Verb::send_raw; });
}

Result<std::vector<Dialogue>> parse_script(std::string_view name, std::string_view text) {
  ScriptParser parser;
  int number = 0;
  const auto located = [&](const Error& error) {
    return invalid(std::string(name) + ":" + std::to_string(number) + ": " + error.detail());
  };
  for (std::string_view line : split(text, '\n')) {
    ++number;
    if (const auto ok = parser.line(trim(line), number); !ok) return located(ok.error());
  }
  auto dialogues = parser.take();
  if (!dialogues) return located(dialogues.error());
  return dialogues;
}

Result<std::vector<Dialogue>> load_script(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  if (!file) return invalid(path + ": cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_script(path, text.str());
}

}  // namespace postern::dialogue
