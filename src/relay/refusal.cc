#include "relay/refusal.h"

#include <algorithm>

#include "verdict/catalog.h"
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

std::optional<LateRefusal> judge_late_refusal(const NextHopLook& look,
                                              std::vector<Outcome>& outcomes, Time now) {
  const auto refused = std::ranges::find(outcomes, Kind::blocked, &Outcome::kind);
  if (refused == outcomes.end()) return std::nullopt;
  LateRefusal late{look.evidence, {}};
  verdict::add_late_refusal(late.evidence, refused->remote);
  late.verdict = verdict::judge(late.evidence, look.policy, now);
  const verdict::CatalogEntry* entry = verdict::find_catalog_entry(late.verdict.code);
  const bool blocks = !late.verdict.ok && entry != nullptr && entry->blocks;
  for (Outcome& outcome : outcomes) {
    if (outcome.kind != Kind::blocked) continue;
    if (blocks) {
      outcome.code = late.verdict.code;
      outcome.explanation = late.verdict.cause;
    } else {
      outcome = ordinary_refusal(std::move(outcome));
    }
  }
  if (!blocks) return std::nullopt;
  return late;
}

void set_apart(std::vector<Outcome>& outcomes) {
  for (Outcome& outcome : outcomes) {
    if (outcome.kind != Kind::blocked) continue;
    outcome.kind = Kind::temporary;
    outcome.scope = outcome.said == Said::rcpt ? Scope::recipient : Scope::message;
    outcome.explanation += " Other mail goes the same way, so this message waits alone.";
  }
}

}  // namespace postern::relay
