// What was seen of everything, folded: observations that say the same of the same peers are one
// sighting with a count. Bounded, so a log of any size fits.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "explain/observation.h"

namespace postern::explain {

constexpr std::size_t kMaxSightings = 20'000;
constexpr std::size_t kMaxSpans = 3;  // lines shown of one sighting

struct Sighting {
  Observation first;
  std::vector<Span> spans;
  std::uint64_t count = 0;  // of lines or, where a report counts them, of sessions
  std::optional<Time> since, until;
};

class Case {
 public:
  void add(Observation observation);

  [[nodiscard]] const std::vector<Sighting>& sightings() const { return sightings_; }
  [[nodiscard]] const Sighting* find(Fact fact) const;  // the first; null: none
  [[nodiscard]] bool has(Fact fact) const { return find(fact) != nullptr; }
  [[nodiscard]] std::vector<const Sighting*> all(Fact fact) const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  std::vector<Sighting> sightings_;
  std::map<std::string, std::size_t> index_;
  std::uint64_t dropped_ = 0;
};

}  // namespace postern::explain
