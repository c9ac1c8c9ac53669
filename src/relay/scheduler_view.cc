// What waits why, as JSON for queue, trace and status.
#include <algorithm>

#include "base/json.h"
#include "relay/scheduler_work.h"

namespace postern::relay {

Json Scheduler::destination_view(const std::string& key) const {
  Json out = Json::object();
  const DestinationState* state = work_->find(key);
  if (state == nullptr) {
    out["state"] = "idle";
    return out;
  }
  if (state->blocker) {
    out["state"] = "blocked";
    out["blocker"] = blocker_view(*state->blocker, 0);
    out["code"] = state->blocker->verdict.code;
    out["last_error"] = state->blocker->last_error;
    out["next_attempt"] = format_rfc3339(state->blocker->next_probe);
    return out;
  }
  const std::optional<Time> next =
      state->next_attempt ? state->next_attempt : state->deferred_until;
  out["state"] = state->sessions > 0 ? "active" : next ? "deferred" : "idle";
  out["code"] = state->last_code;
  out["last_error"] = state->last_error;
  out["next_attempt"] = next ? Json(format_rfc3339(*next)) : Json(nullptr);
  return out;
}

Json Scheduler::view(const std::vector<store::DestinationCount>& counts) const {
  const Time now = work_->context.clock.now();
  Json blockers = Json::array();
  Json rows = Json::array();
  for (const store::DestinationCount& count : counts) {
    const DestinationState* state = work_->find(count.destination);
    if (state != nullptr && state->blocker) {
      blockers.push_back(blocker_view(*state->blocker, count.messages));
      continue;
    }
    const std::optional<policy::Destination> destination =
        policy::Destination::parse(count.destination);
    if (!destination) continue;
    const bool waits = state != nullptr && state->next_attempt.has_value();
    const std::uint64_t aside = state == nullptr ? 0 : state->deferred.size();
    Json row = Json::object();
    row["next_hop"] = destination->next_hop;
    row["queued"] = waits ? 0 : count.pending - std::min(count.pending, aside);
    row["deferred"] = waits ? count.pending : aside;
    row["last_error"] =
        state == nullptr || state->last_error.empty() ? Json(nullptr) : Json(state->last_error);
    const Json present = destination_view(count.destination);
    row["next_attempt"] = present.value("next_attempt", Json(nullptr));
    row["connector"] = destination->connector;
    row["policy"] = destination->policy;
    row["key"] = count.destination;
    row["code"] = state == nullptr ? "none" : state->last_code;
    row["messages"] = count.messages;
    row["held"] = count.held;
    row["oldest"] = format_rfc3339(count.oldest);
    const std::vector<std::string> findings = work_->findings.texts_of(*destination, now);
    if (!findings.empty()) row["findings"] = findings;
    rows.push_back(std::move(row));
  }
  Json out = Json::object();
  out["blockers"] = std::move(blockers);
  out["destinations"] = std::move(rows);
  out["findings"] = work_->findings.view(now);
  return out;
}

}  // namespace postern::relay
