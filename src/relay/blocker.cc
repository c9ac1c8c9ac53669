#include "relay/blocker.h"

#include <algorithm>

#include "base/json.h"
#include "relay/jitter.h"

namespace postern::relay {
namespace {

void schedule_next(Blocker& blocker, const policy::QueueConfig& queue, Time now, double jitter) {
  blocker.interval = blocker.interval == Duration::zero()
                         ? queue.probe_min
                         : std::min(blocker.interval * 2, queue.probe_max);
  blocker.next_probe = now + spread(blocker.interval, jitter);
}

Json history_json(const Blocker& blocker) {
  Json out = Json::array();
  for (const BlockerChange& change : blocker.history) {
    Json entry = Json::object();
    entry["at"] = format_rfc3339(change.at);
    entry["code"] = change.code;
    entry["cause"] = change.cause;
    out.push_back(std::move(entry));
  }
  return out;
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Time> time_of(const Json& json, const char* key) {
  return parse_rfc3339(text_of(json, key));
}

std::vector<std::string> texts_of(const Json& json, const char* key) {
  std::vector<std::string> out;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return out;
  for (const Json& item : *found) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

}  // namespace

Blocker start_blocker(const policy::Destination& destination, const verdict::Verdict& verdict,
                      std::string last_error, const policy::QueueConfig& queue, Time now) {
  Blocker blocker;
  blocker.id = BlockerId::make(now);
  blocker.destination = destination;
  blocker.since = now;
  blocker.interval = queue.probe_min;
  blocker.next_probe = now + queue.probe_min;
  blocker.history.push_back({now, verdict.code, verdict.cause});
  blocker.verdict = verdict;
  blocker.last_error = std::move(last_error);
  return blocker;
}

bool update_blocker(Blocker& blocker, const verdict::Verdict& verdict, std::string last_error,
                    const policy::QueueConfig& queue, Time now, double jitter) {
  const bool changed = verdict.code != blocker.verdict.code;
  if (changed) {
    // The first entry says since when; the oldest of the others makes room.
    if (blocker.history.size() >= kMaxHistory) blocker.history.erase(blocker.history.begin() + 1);
    blocker.history.push_back({now, verdict.code, verdict.cause});
    blocker.interval = Duration::zero();
  }
  blocker.verdict = verdict;
  blocker.last_error = std::move(last_error);
  schedule_next(blocker, queue, now, jitter);
  return changed;
}

void postpone_blocker(Blocker& blocker, std::string last_error, const policy::QueueConfig& queue,
                      Time now, double jitter) {
  blocker.last_error = std::move(last_error);
  schedule_next(blocker, queue, now, jitter);
}

Json to_json(const Blocker& blocker) {
  Json out = Json::object();
  out["id"] = blocker.id.str();
  out["destination"] = blocker.destination.key();
  out["since"] = format_rfc3339(blocker.since);
  out["next_probe"] = format_rfc3339(blocker.next_probe);
  out["interval_ms"] = blocker.interval.count();
  out["history"] = history_json(blocker);
  out["verdict"] = verdict::to_json(blocker.verdict);
  out["findings"] = blocker.findings;
  out["last_error"] = blocker.last_error;
  out["targets"] = blocker.targets;
  out["targets_expire"] = format_rfc3339(blocker.targets_expire);
  out["alerted"] = blocker.alerted;
  return out;
}

Result<Blocker> blocker_from_json(const Json& json) {
  if (!json.is_object()) return invalid("a stored blocker is no JSON object");
  Blocker blocker;
  const auto id = BlockerId::parse(text_of(json, "id"));
  const auto destination = policy::Destination::parse(text_of(json, "destination"));
  if (!id || !destination) return invalid("a stored blocker lacks its id or destination");
  blocker.id = *id;
  blocker.destination = *destination;
  TRY(blocker.since, time_of(json, "since"));
  TRY(blocker.next_probe, time_of(json, "next_probe"));
  TRY(blocker.targets_expire, time_of(json, "targets_expire"));
  const auto interval = json.find("interval_ms");
  if (interval != json.end() && interval->is_number_integer())
    blocker.interval = Duration(interval->get<std::int64_t>());
  const auto verdict = json.find("verdict");
  if (verdict == json.end()) return invalid("a stored blocker lacks its verdict");
  TRY(blocker.verdict, verdict::verdict_from_json(*verdict));
  const auto history = json.find("history");
  if (history != json.end() && history->is_array()) {
    for (const Json& entry : *history) {
      BlockerChange change;
      TRY(change.at, time_of(entry, "at"));
      change.code = text_of(entry, "code");
      change.cause = text_of(entry, "cause");
      blocker.history.push_back(std::move(change));
      if (blocker.history.size() >= kMaxHistory) break;
    }
  }
  blocker.findings = texts_of(json, "findings");
  blocker.last_error = text_of(json, "last_error");
  blocker.targets = text_of(json, "targets");
  const auto alerted = json.find("alerted");
  blocker.alerted = alerted != json.end() && alerted->is_boolean() && alerted->get<bool>();
  return blocker;
}

Json blocker_view(const Blocker& blocker, std::uint64_t messages) {
  const verdict::Verdict& verdict = blocker.verdict;
  Json out = Json::object();
  out["id"] = blocker.id.str();
  out["next_hop"] = blocker.destination.next_hop;
  out["connector"] = blocker.destination.connector;
  out["policy"] = blocker.destination.policy;
  out["code"] = verdict.code;
  out["fault"] = std::string(verdict::to_string(verdict.fault));
  out["ours"] = verdict.ours ? Json(*verdict.ours) : Json(nullptr);
  out["messages"] = messages;
  out["since"] = format_rfc3339(blocker.since);
  out["next_probe"] = format_rfc3339(blocker.next_probe);
  out["history"] = history_json(blocker);
  out["verdict"] = verdict::to_json(verdict);
  out["cause"] = verdict.cause;
  out["cure"] = verdict.cure;
  out["last_error"] = blocker.last_error;
  out["key"] = blocker.destination.key();
  if (!blocker.findings.empty()) out["findings"] = blocker.findings;
  return out;
}

}  // namespace postern::relay
