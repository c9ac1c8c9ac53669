// Certificates that stand in the text as a whole become Evidence, and judge says what a client that
// checks them would make of them at the time of the text. Which roots a verifier trusts is not in
// the text, so a chain of several is taken to end in something trusted; a leaf alone is not.
#include <algorithm>
#include <map>

#include "explain/rules/rule.h"
#include "verdict/judge.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

struct Chain {
  std::vector<const Sighting*> seen;  // leaf first
  [[nodiscard]] const Observation& leaf() const { return seen.front()->first; }
  [[nodiscard]] const x509::Certificate& certificate() const { return *leaf().certificate->whole; }
  [[nodiscard]] bool presented() const { return leaf().certificate->presented_by != Side::unknown; }
};

// Of each source in the order in which they stand; what is no CA begins the next chain.
std::vector<Chain> chains_of(const Case& seen) {
  std::map<std::string, std::vector<Chain>> by_source;
  for (const Sighting* one : seen.all(Fact::certificate)) {
    const auto& whole = one->first.certificate->whole;
    if (!whole) continue;
    std::vector<Chain>& chains = by_source[one->first.span.source];
    if (chains.empty() || !whole->is_ca()) chains.emplace_back();
    chains.back().seen.push_back(one);
  }
  std::vector<Chain> out;
  for (auto& [source, chains] : by_source) {
    for (Chain& chain : chains) {
      // A file of roots is nobody's leaf.
      if (!chain.certificate().is_ca() || chain.presented()) out.push_back(std::move(chain));
    }
  }
  return out;
}

// When the text was written: its latest moment.
Time moment_of(const Case& seen, const Chain& chain) {
  std::optional<Time> latest;
  for (const Sighting& one : seen.sightings()) {
    if (one.until && !one.first.certificate)
      latest = std::max(latest.value_or(*one.until), *one.until);
  }
  return latest.value_or(chain.leaf().time.value_or(Time{}));
}

std::string wanted_of(const Case& seen, const Chain& chain) {
  if (!chain.leaf().wanted.empty()) return chain.leaf().wanted;
  const Sighting* const mismatch = seen.find(Fact::name_mismatch);
  return mismatch == nullptr ? "" : mismatch->first.wanted;
}

verdict::Evidence evidence_of(const Chain& chain, const std::string& wanted, Time now) {
  verdict::Evidence out;
  out.time = now;
  out.host = !chain.leaf().counterpart.empty() ? chain.leaf().counterpart
             : wanted.empty()                  ? "the server"
                                               : wanted;
  out.port = 25;
  out.stage = verdict::Stage::done;
  out.smtp.starttls_offered = true;
  out.tls.attempted = out.tls.completed = out.tls.confirmed = true;
  out.tls.version = "TLSv1.3";
  for (const Sighting* one : chain.seen)
    out.tls.presented.push_back(*one->first.certificate->whole);
  return out;
}

verdict::TlsPolicy policy_of(const Chain& chain, const std::string& wanted) {
  verdict::TlsPolicy out;
  out.level = wanted.empty() ? verdict::Level::validate : verdict::Level::authenticate;
  out.revocation = verdict::Revocation::off;
  out.set_by = "a client that checks it";
  if (!wanted.empty()) out.reference.push_back({wanted, "the name that was asked for"});
  const x509::Certificate& top = *chain.seen.back()->first.certificate->whole;
  const bool private_chain = chain.seen.size() == 1 && top.self_issued();
  if (!private_chain) {
    out.trust.push_back(std::make_shared<x509::TrustSet>("what the verifier trusts",
                                                         std::vector<x509::Anchor>{{top, {}}}));
  }
  return out;
}

void add(const Chain& chain, std::string code, std::string sentence, Certainty certainty, int order,
         Candidates& candidates) {
  candidates.add({.code = std::move(code),
                  .certainty = certainty,
                  .rank = certainty == Certainty::possible ? Rank::hint : Rank::mechanism,
                  .order = order,
                  .sentence = std::move(sentence),
                  .because = chain.seen,
                  .rule = "certificates"});
}

// Of a machine's own certificate in place of the right one the name says more than that nobody
// else signed it.
bool in_place_of_another(const verdict::Verdict& verdict, const Chain& chain) {
  return chain.presented() && verdict.code == "self-signed" &&
         std::ranges::any_of(verdict.checks, [](const verdict::Check& check) {
           return check.result == verdict::CheckResult::fail && check.code == "name-mismatch";
         });
}

std::string sentence_of(const verdict::Check& check, const verdict::Verdict& verdict,
                        const Chain& chain, const std::string& wanted) {
  const std::string& subject = chain.certificate().subject();
  if (check.code == "self-signed")
    return "The certificate of " + subject + " is its own issuer: nobody vouches for it.";
  if (check.code == "name-mismatch" && chain.presented())
    return "The server presents the certificate of " + subject + "; you asked for " + wanted + ".";
  return check.code == verdict.code ? verdict.cause : check.detail;
}

void judge_chain(const Case& seen, const Chain& chain, Candidates& candidates) {
  const std::string wanted = wanted_of(seen, chain);
  const Time now = moment_of(seen, chain);
  const verdict::Verdict verdict =
      verdict::judge(evidence_of(chain, wanted, now), policy_of(chain, wanted), now);
  const std::string primary = in_place_of_another(verdict, chain) ? "name-mismatch" : verdict.code;
  int order = 10;  // the judgement's own order of its findings
  for (const verdict::Check& check : verdict.checks) {
    if (check.result != verdict::CheckResult::fail || check.code == "none") continue;
    // Somebody's own certificate that signs itself is a fault only where it is presented.
    const bool doubtful = check.code == "self-signed" && !chain.presented();
    add(chain, check.code, sentence_of(check, verdict, chain, wanted),
        doubtful ? Certainty::possible : Certainty::likely, check.code == primary ? 11 : --order,
        candidates);
  }
}

// A leaf that another one signed, and nothing beside it: as presented it is too little. As pasted
// it may be all that somebody saved.
void judge_alone(const Case& seen, const Chain& chain, Candidates& candidates) {
  if (chain.seen.size() != 1 || chain.certificate().self_issued()) return;
  if (!chain.presented() || !seen.has(Fact::leaf_alone)) return;
  add(chain, "incomplete-chain",
      "Only the certificate of " + chain.certificate().subject() +
          " is presented, without that of " + chain.certificate().issuer() + ", which signed it.",
      Certainty::likely, 4, candidates);
}

}  // namespace

void apply_certificates(const Case& seen, Candidates& candidates) {
  for (const Chain& chain : chains_of(seen)) {
    judge_chain(seen, chain, candidates);
    judge_alone(seen, chain, candidates);
  }
}

}  // namespace postern::explain
