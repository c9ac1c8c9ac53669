// The answer: ranked causes of what was read, with the lines that decide, what was ruled out, the
// cure, and what would tell more. The JSON's fixed names are in DESIGN.md and docs/json/explain.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "explain/observation.h"
#include "explain/rules/rule.h"

namespace postern::explain {

enum class Outcome { cause, healthy, not_tls, undecided, unreadable };
[[nodiscard]] std::string_view to_string(Outcome outcome);

struct Question {  // a further output that would decide, and the command that prints it
  std::string what, command;
};

struct Cause {
  std::string code;
  verdict::Certainty certainty = verdict::Certainty::possible;
  verdict::Fault fault = verdict::Fault::unknown;
  std::optional<bool> ours;
  std::string cause;  // a sentence with the facts of this case
  std::vector<Span> evidence;
  std::vector<RuledOut> ruled_out;
  std::vector<std::string> cure;
};

struct Incident {  // one trouble with one counterpart
  std::string code, counterpart, connector;
  verdict::Certainty certainty = verdict::Certainty::possible;
  std::optional<Time> first, last;
  std::uint64_t lines = 0;
};

struct Report {
  Outcome outcome = Outcome::unreadable;
  std::vector<Cause> causes;  // best first
  std::vector<Incident> incidents;
  std::vector<Question> questions;
  std::vector<std::string> notes;  // what was skipped, and why
  std::uint64_t lines = 0, healthy = 0;
};

[[nodiscard]] Json to_json(const Report& report);

}  // namespace postern::explain
