#include "relay/refusal.h"

#include <algorithm>

#include "verdict/judge.h"
#include "verdict/reply_words.h"

namespace postern::relay {
namespace {

Outcome refused_here(int code, mail::EnhancedCode status, const std::string& words,
                     std::string explanation) {
  Outcome outcome;
  outcome.scope = Scope::message;
  outcome.kind = Kind::permanent;
  outcome.code = "not-tls";
  outcome.status = status;
  outcome.last_error = mail::Reply(code, status, words).str();
  outcome.explanation = std::move(explanation);
  return outcome;
}

}  // namespace

std::optional<std::vector<Outcome>> refused_by_ehlo(const smtp::Capabilities& capabilities,
                                                    const std::string& host,
                                                    const store::StoredMessage& message) {
  const std::optional<std::uint64_t>& size = capabilities.size;
  if (size && *size != 0 && message.facts.size > *size) {
    const Outcome outcome =
        refused_here(552, {5, 3, 4}, host + " takes at most " + std::to_string(*size) + " octets",
                     "The message is larger (" + std::to_string(message.facts.size) +
                         " octets) than the recipient's server takes.");
    return std::vector<Outcome>(message.recipients.size(), outcome);
  }
  if (message.facts.smtputf8 && !capabilities.smtputf8) {
    const Outcome outcome =
        refused_here(550, {5, 6, 7}, host + " does not offer SMTPUTF8",
                     "The message uses internationalized addresses, which the recipient's server "
                     "does not take.");
    return std::vector<Outcome>(message.recipients.size(), outcome);
  }
  return std::nullopt;
}

bool judge_late_refusal(NextHopLook& look, std::vector<Outcome>& outcomes, Time now) {
  const auto refused = std::ranges::find(outcomes, Kind::blocked, &Outcome::kind);
  if (refused == outcomes.end()) return false;
  verdict::add_late_refusal(look.evidence, refused->remote);
  look.verdict = verdict::judge(look.evidence, look.policy, now);
  for (Outcome& outcome : outcomes) {
    if (outcome.kind != Kind::blocked) continue;
    // Words that sound like TLS and that judge does not read so are an ordinary refusal.
    if (look.verdict.ok) {
      outcome.kind = Kind::temporary;
      continue;
    }
    outcome.code = look.verdict.code;
    outcome.explanation = look.verdict.cause;
  }
  return true;
}

}  // namespace postern::relay
