// SMTP dialogues in whatever way they were pasted or logged: telnet, "In:"/"Out:" transcripts,
// "<=" and "=>", "SMTP<<", swaks' "<~", Exchange's protocol logs. What matters is the greeting, the
// EHLO keywords before TLS, and what STARTTLS was answered with.
#pragma once

#include <optional>
#include <string_view>

#include "explain/dialects/dialect.h"

namespace postern::explain {

// One session, fed with what was said. Who speaks is known by the words.
class DialogueTracker {
 public:
  // A line without marks of direction: "250-STARTTLS", "EHLO client.test".
  // Result: a dialogue that is complete now (the last line of an EHLO reply, a reply to STARTTLS).
  std::optional<SeenDialogue> said(std::string_view words);
  [[nodiscard]] bool open() const { return state_ != State::idle; }
  void reset() { *this = {}; }

 private:
  enum class State { idle, in_ehlo_reply, starttls_sent };
  std::optional<SeenDialogue> reply(std::string_view code, bool last, std::string_view text);
  void keyword(std::string_view text);

  State state_ = State::idle;
  bool ehlo_sent_ = false;
  bool over_tls_ = false;
  SeenDialogue seen_;
};

// The SMTP words of a line that a program or a person put something before; empty: none are in it.
[[nodiscard]] std::string_view smtp_words_of(std::string_view line);

[[nodiscard]] std::unique_ptr<Dialect> make_smtp_dialogue();

}  // namespace postern::explain
