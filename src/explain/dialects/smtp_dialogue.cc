#include "explain/dialects/smtp_dialogue.h"

#include <array>
#include <map>

#include "base/text.h"
#include "explain/details.h"

namespace postern::explain {
namespace {

constexpr std::size_t kMaxKeywords = 100;
constexpr std::size_t kMaxGreeting = 512;
constexpr std::array<std::string_view, 5> kVerbs{"EHLO ", "STARTTLS", "HELO ", "QUIT", "MAIL FROM"};

// Keywords that only an EHLO reply has: they tell it from other 250 replies.
constexpr std::array<std::string_view, 16> kEhloWords{
    "SIZE",     "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN",  "STARTTLS", "CHUNKING",
    "AUTH",     "SMTPUTF8", "ETRN",       "BINARYMIME",          "VRFY", "HELP",     "X-EXPS",
    "XXXXXXXA", "EXPN"};

bool reply_code_at(std::string_view text) {
  return text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) &&
         is_digit(text[2]) && (text.size() == 3 || text[3] == ' ' || text[3] == '-');
}

bool verb_at(std::string_view text) {
  for (const std::string_view verb : kVerbs) {
    if (istarts_with(text, verb)) {
      return verb.back() == ' ' || text.size() == verb.size() || text[verb.size()] == ' ' ||
             verb == "MAIL FROM";
    }
  }
  return false;
}

bool is_ehlo_word(std::string_view text) {
  const std::string_view word = text.substr(0, text.find_first_of(" ="));
  for (const std::string_view known : kEhloWords) {
    if (iequals(word, known)) return true;
  }
  return false;
}

class SmtpDialogue final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "SMTP dialogue"; }
  [[nodiscard]] std::span<const std::string_view> wakes() const override {
    static constexpr std::array<std::string_view, 9> kWakes{
        "250 ", "ehlo ", "220 ", "starttls", "454 ", "502 ", "500 ", "501 ", "503 "};
    return kWakes;
  }
  [[nodiscard]] bool attentive() const override { return tracker_.open(); }

  void read(const Line& line, const Observed& observed) override {
    const std::string_view words = smtp_words_of(line.text);
    if (words.empty()) return;
    std::optional<SeenDialogue> seen = tracker_.said(words);
    if (!seen) return;
    Observation o;
    o.fact = Fact::dialogue;
    o.dialogue = std::move(*seen);
    observed(line, std::move(o));
  }
  void end_of_source(const Observed&) override { tracker_.reset(); }

 private:
  DialogueTracker tracker_;
};

}  // namespace

std::optional<SeenDialogue> DialogueTracker::said(std::string_view words) {
  words = trim(words);
  while (words.ends_with("\\")) words.remove_suffix(1);
  if (istarts_with(words, "EHLO ") || istarts_with(words, "HELO ")) {
    const std::string greeting = seen_.greeting;
    over_tls_ = seen_.starttls_sent && seen_.starttls_reply.starts_with("220");
    seen_ = {};
    seen_.greeting = greeting;
    ehlo_sent_ = true;
    state_ = State::idle;
    return std::nullopt;
  }
  if (istarts_with(words, "STARTTLS")) {
    seen_.starttls_sent = true;
    state_ = State::starttls_sent;
    return std::nullopt;
  }
  if (!reply_code_at(words)) return std::nullopt;
  const bool last = words.size() == 3 || words[3] == ' ';
  return reply(words.substr(0, 3), last, words.size() > 4 ? words.substr(4) : "");
}

std::optional<SeenDialogue> DialogueTracker::reply(std::string_view code, bool last,
                                                   std::string_view text) {
  if (state_ == State::starttls_sent) {
    if (!last) return std::nullopt;
    state_ = State::idle;
    seen_.starttls_reply = std::string(code) + " " + printable(text, kMaxGreeting);
    return seen_;
  }
  if (code == "220") {
    seen_ = {};
    over_tls_ = ehlo_sent_ = false;
    seen_.greeting = printable(text, kMaxGreeting);
    return std::nullopt;
  }
  if (code != "250" || over_tls_) {
    state_ = State::idle;
    return std::nullopt;
  }
  // Exchange logs the whole reply in one line: "250  host Hello [1.2.3.4] SIZE 37748736 DSN …"
  if (last && state_ == State::idle) {
    int known = 0;
    for (const std::string_view word : split(text, ' ')) known += is_ehlo_word(word) ? 1 : 0;
    if (known < 2) return std::nullopt;
    seen_.keywords.clear();
    for (const std::string_view word : split(text, ' ')) keyword(word);
    return seen_;
  }
  if (state_ != State::in_ehlo_reply) seen_.keywords.clear();
  state_ = State::in_ehlo_reply;
  keyword(text);
  if (!last) return std::nullopt;
  state_ = State::idle;
  bool ehlo = ehlo_sent_;
  for (const std::string& word : seen_.keywords) ehlo = ehlo || is_ehlo_word(word);
  if (!ehlo || seen_.keywords.size() < 2) return std::nullopt;
  return seen_;
}

void DialogueTracker::keyword(std::string_view text) {
  if (seen_.keywords.size() < kMaxKeywords && !text.empty())
    seen_.keywords.push_back(printable(upper(trim(text)), kMaxGreeting));
}

std::string_view smtp_words_of(std::string_view line) {
  line = trim(line);
  // At the start, or behind marks and the head of a log line: the first place where a reply or a
  // verb stands after a blank, an arrow or a comma.
  constexpr std::size_t kHead = 200;
  for (std::size_t at = 0; at < line.size() && at < kHead; ++at) {
    if (at > 0) {
      const char before = line[at - 1];
      if (before != ' ' && before != ',' && before != '>' && before != '<' && before != ':' &&
          before != '"' && before != '\'')
        continue;
    }
    const std::string_view rest = line.substr(at);
    if (verb_at(rest)) return rest;
    if (!reply_code_at(rest) || rest.size() < 4) continue;
    // "… 250 220 …" in a table is no dialogue: a reply stands alone or behind an arrow or a colon.
    const std::string_view before = trim(line.substr(0, at));
    if (before.empty() || before.ends_with(">") || before.ends_with("<") || before.ends_with(":") ||
        before.ends_with("<<") || before.ends_with(",") || before.ends_with("<~") ||
        before.ends_with("<-") || before.ends_with("**") || before.ends_with("\"") ||
        before.ends_with("S") || before.ends_with("reply"))
      return rest;
  }
  return {};
}

std::unique_ptr<Dialect> make_smtp_dialogue() {
  return std::make_unique<SmtpDialogue>();
}

}  // namespace postern::explain
