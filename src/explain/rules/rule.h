// Rules: from sightings to candidates for the cause. A rule is a small named thing: what it needs
// to have been seen, which code follows and how surely, and what it rules out. Rules know no text
// and no product's grammar; that is the dialects' work.
//
// Candidates are ranked by how near to the root of the trouble their fact stands: a connector that
// pins a missing certificate explains a server without STARTTLS, which explains mail that expired
// in a queue; so the first is the cause and the others are its consequences.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explain/case.h"
#include "verdict/verdict.h"

namespace postern::explain {

enum class Rank {
  health = 0,
  consequence = 10,  // queue expired, connection lost
  symptom = 20,      // the handshake failed, no more is said
  network = 30,
  refusal = 40,    // STARTTLS not offered, refused, demanded
  hint = 50,       // an alert, a word with several meanings
  mechanism = 60,  // a verifier's or handshake's clear word
  setting = 70,    // the own configuration, certificate or key
  joined = 80,     // several observations together
};

struct RuledOut {
  std::string code, why;
};

struct Candidate {
  std::string code;
  verdict::Certainty certainty = verdict::Certainty::possible;
  Rank rank = Rank::symptom;
  int order = 0;  // among candidates of one rank: the greater first
  std::string sentence = {};
  std::vector<const Sighting*> because = {};
  std::vector<std::string> cure = {};  // before the catalog's
  std::vector<RuledOut> ruled_out = {};
  std::string_view rule = {};
};
// One sighting, and the catalog's words for it.
[[nodiscard]] Candidate candidate(std::string_view code, verdict::Certainty certainty, Rank rank,
                                  int order, const Sighting& because, std::string_view rule);

class Candidates {
 public:
  // The better one stays where the code is there already; what both saw is kept.
  void add(Candidate candidate);
  [[nodiscard]] bool has(std::string_view code) const;
  void rule_out(std::string_view code, std::string why);
  // Best first; none of those that were ruled out, which stand with the first.
  [[nodiscard]] std::vector<Candidate> ranked() const;

 private:
  std::vector<Candidate> all_;
  std::vector<RuledOut> out_;
};

struct Rule {
  std::string_view name;
  void (*apply)(const Case& seen, Candidates& candidates);
};
// In the order in which they are applied.
[[nodiscard]] std::span<const Rule> rules();

[[nodiscard]] std::vector<Candidate> find_causes(const Case& seen);

// One file each.
void apply_words(const Case& seen, Candidates& candidates);
void apply_alerts(const Case& seen, Candidates& candidates);
void apply_dialogues(const Case& seen, Candidates& candidates);
void apply_certificates(const Case& seen, Candidates& candidates);
void apply_trust(const Case& seen, Candidates& candidates);
void apply_names(const Case& seen, Candidates& candidates);
void apply_exchange(const Case& seen, Candidates& candidates);
void apply_exchange_joins(const Case& seen, Candidates& candidates);
void apply_exchange_settings(const Case& seen, Candidates& candidates);
void apply_handshake(const Case& seen, Candidates& candidates);

}  // namespace postern::explain
