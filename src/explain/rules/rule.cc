#include "explain/rules/rule.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace postern::explain {

Candidate candidate(std::string_view code, verdict::Certainty certainty, Rank rank, int order,
                    const Sighting& because, std::string_view rule) {
  return {.code = std::string(code),
          .certainty = certainty,
          .rank = rank,
          .order = order,
          .because = {&because},
          .rule = rule};
}

void Candidates::add(Candidate candidate) {
  const auto same = std::ranges::find(all_, candidate.code, &Candidate::code);
  if (same == all_.end()) {
    all_.push_back(std::move(candidate));
    return;
  }
  const auto worth = [](const Candidate& one) {
    return std::tuple(one.rank, -static_cast<int>(one.certainty), one.order);
  };
  const bool better = worth(candidate) > worth(*same);
  Candidate& keep = better ? candidate : *same;
  const Candidate& other = better ? *same : candidate;
  for (const Sighting* seen : other.because) {
    if (std::ranges::find(keep.because, seen) == keep.because.end()) keep.because.push_back(seen);
  }
  if (better) *same = std::move(candidate);
}

bool Candidates::has(std::string_view code) const {
  return std::ranges::find(all_, code, &Candidate::code) != all_.end();
}

void Candidates::rule_out(std::string_view code, std::string why) {
  if (has(code)) out_.push_back({std::string(code), std::move(why)});
}

std::vector<Candidate> Candidates::ranked() const {
  std::vector<Candidate> out;
  for (const Candidate& one : all_) {
    if (std::ranges::find(out_, one.code, &RuledOut::code) == out_.end()) out.push_back(one);
  }
  std::ranges::sort(out, [](const Candidate& a, const Candidate& b) {
    if (a.rank != b.rank) return a.rank > b.rank;
    if (a.order != b.order) return a.order > b.order;
    if (a.certainty != b.certainty) return a.certainty < b.certainty;
    return a.code < b.code;
  });
  if (!out.empty()) {
    out.front().ruled_out.insert(out.front().ruled_out.end(), out_.begin(), out_.end());
  }
  return out;
}

std::span<const Rule> rules() {
  static constexpr auto kRules = std::to_array<Rule>({
      {"words", apply_words},
      {"alerts", apply_alerts},
      {"dialogues", apply_dialogues},
      {"certificates", apply_certificates},
      {"trust", apply_trust},
      {"names", apply_names},
      {"exchange", apply_exchange},
      {"exchange-settings", apply_exchange_settings},
      {"exchange-joins", apply_exchange_joins},
      {"handshake", apply_handshake},
  });
  return kRules;
}

std::vector<Candidate> find_causes(const Case& seen) {
  Candidates candidates;
  for (const Rule& rule : rules()) rule.apply(seen, candidates);
  std::vector<Candidate> out = candidates.ranked();
  // Two mechanisms in one text: neither is certain to be the one that matters.
  if (out.size() > 1 && out[0].certainty == verdict::Certainty::certain &&
      out[0].rank == Rank::mechanism && out[1].rank == Rank::mechanism) {
    out[0].certainty = verdict::Certainty::likely;
  }
  return out;
}

}  // namespace postern::explain
