#include "relay/findings.h"

#include <algorithm>

#include "base/json.h"

namespace postern::relay {

std::vector<Finding> Findings::note(const policy::Destination& destination, const NextHopLook& look,
                                    Time now) {
  const std::string key = destination.key();
  const std::string used = describe(look.target);
  // The host in use may have a finding too: what could not be found out about it.
  const bool clean = std::ranges::find(look.findings, used, &Finding::host) == look.findings.end();
  std::erase_if(entries_, [&](const auto& entry) {
    const auto& [whose, host] = entry.first;
    return whose == key && ((clean && host == used) || !look.hosts.contains(host));
  });
  std::vector<Finding> fresh;
  for (const Finding& finding : look.findings) {
    const auto [entry, added] =
        entries_.try_emplace({key, finding.host}, Entry{destination, finding.text, now, now});
    if (added || entry->second.text != finding.text) fresh.push_back(finding);
    entry->second.text = finding.text;
    entry->second.seen = now;
  }
  make_room(now);
  return fresh;
}

void Findings::make_room(Time now) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.seen + kFindingAge < now; });
  while (entries_.size() > kMaxFindings) {
    entries_.erase(std::ranges::min_element(entries_, {},
                                            [](const auto& entry) { return entry.second.seen; }));
  }
}

std::vector<std::string> Findings::texts_of(const policy::Destination& destination,
                                            Time now) const {
  std::vector<std::string> out;
  const std::string key = destination.key();
  for (auto at = entries_.lower_bound({key, ""}); at != entries_.end() && at->first.first == key;
       ++at) {
    if (at->second.seen + kFindingAge >= now) out.push_back(at->second.text);
  }
  return out;
}

Json Findings::view(Time now) const {
  Json out = Json::array();
  for (const auto& [place, entry] : entries_) {
    if (entry.seen + kFindingAge < now) continue;
    Json row = Json::object();
    row["next_hop"] = entry.destination.next_hop;
    row["connector"] = entry.destination.connector;
    row["host"] = place.second;
    row["text"] = entry.text;
    row["since"] = format_rfc3339(entry.since);
    row["seen"] = format_rfc3339(entry.seen);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace postern::relay
