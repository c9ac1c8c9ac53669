#include "explain/case.h"

namespace postern::explain {
namespace {

std::string key_of(const Observation& o) {
  std::string key = std::to_string(static_cast<int>(o.fact)) + '\n' + std::to_string(o.number) +
                    '\n' + std::to_string(static_cast<int>(o.said_by)) + '\n' + o.counterpart +
                    '\n' + o.connector + '\n' + o.wanted + '\n' + o.presented;
  if (o.certificate) key += '\n' + o.certificate->subject + '\n' + o.certificate->thumbprint;
  if (o.setting) key += '\n' + o.setting->object + '\n' + o.setting->name;
  if (o.dialogue) {
    key += '\n' + o.dialogue->greeting + '\n' + o.dialogue->starttls_reply;
    for (const std::string& word : o.dialogue->keywords) key += '\n' + word;
  }
  return key;
}

}  // namespace

void Case::add(Observation observation) {
  const auto [place, fresh] = index_.try_emplace(key_of(observation), sightings_.size());
  if (fresh && sightings_.size() >= kMaxSightings) {
    index_.erase(place);
    ++dropped_;
    return;
  }
  if (fresh) {
    sightings_.push_back({.first = observation, .spans = {}, .count = 0, .since = {}, .until = {}});
  }
  Sighting& seen = sightings_[place->second];
  seen.count += observation.weight;
  if (seen.spans.size() < kMaxSpans) seen.spans.push_back(observation.span);
  if (!observation.time) return;
  if (!seen.since || *observation.time < *seen.since) seen.since = observation.time;
  if (!seen.until || *observation.time > *seen.until) seen.until = observation.time;
}

const Sighting* Case::find(Fact fact) const {
  for (const Sighting& seen : sightings_) {
    if (seen.first.fact == fact) return &seen;
  }
  return nullptr;
}

std::vector<const Sighting*> Case::all(Fact fact) const {
  std::vector<const Sighting*> out;
  for (const Sighting& seen : sightings_) {
    if (seen.first.fact == fact) out.push_back(&seen);
  }
  return out;
}

}  // namespace postern::explain
