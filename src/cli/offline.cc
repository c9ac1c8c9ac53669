#include "cli/offline.h"

#include <algorithm>
#include <map>

#include "admin/api.h"
#include "base/json.h"
#include "relay/blocker.h"
#include "relay/control.h"

namespace postern::cli {
namespace {

// By destination key. One that cannot be read is left out: its mail shows as queued.
Result<std::map<std::string, relay::Blocker>> read_blockers(store::Store& store) {
  TRY(const std::vector<store::StoredBlocker> stored, store.blockers());
  std::map<std::string, relay::Blocker> out;
  for (const store::StoredBlocker& one : stored) {
    const Result<Json> json = parse_json(one.json);
    if (!json) continue;
    Result<relay::Blocker> blocker = relay::blocker_from_json(*json);
    if (blocker) out.emplace(one.destination, std::move(*blocker));
  }
  return out;
}

Json destination_row(const policy::Destination& destination, const store::DestinationCount& count) {
  Json row = Json::object();
  row["next_hop"] = destination.next_hop;
  row["queued"] = count.pending;
  row["deferred"] = 0;
  row["last_error"] = nullptr;
  row["next_attempt"] = nullptr;
  row["connector"] = destination.connector;
  row["policy"] = destination.policy;
  row["key"] = count.destination;
  row["code"] = "none";
  row["messages"] = count.messages;
  row["held"] = count.held;
  row["oldest"] = format_rfc3339(count.oldest);
  return row;
}

Json waits_behind(const relay::Blocker& blocker) {
  Json out = Json::object();
  out["state"] = "blocked";
  out["blocker"] = relay::blocker_view(blocker, 0);
  out["code"] = blocker.verdict.code;
  out["last_error"] = blocker.last_error;
  out["next_attempt"] = nullptr;
  return out;
}

bool has_code(const Json& message, const std::string& code) {
  return std::ranges::any_of(message["recipients"],
                             [&](const Json& one) { return one.value("code", "") == code; });
}

}  // namespace

Result<Json> offline_queue(store::Store& store) {
  TRY(const auto blockers, read_blockers(store));
  TRY(const std::vector<store::DestinationCount> counts, store.destinations());
  Json out = Json::object();
  out["live"] = false;
  out["blockers"] = Json::array();
  out["destinations"] = Json::array();
  for (const store::DestinationCount& count : counts) {
    const auto blocker = blockers.find(count.destination);
    if (blocker != blockers.end()) {
      out["blockers"].push_back(relay::blocker_view(blocker->second, count.messages));
      continue;
    }
    const std::optional<policy::Destination> destination =
        policy::Destination::parse(count.destination);
    if (destination) out["destinations"].push_back(destination_row(*destination, count));
  }
  return out;
}

Result<Json> offline_trace(store::Store& store, store::TraceFilter filter) {
  TRY(const auto blockers, read_blockers(store));
  std::vector<std::pair<std::string, Json>> views;
  for (const auto& [key, blocker] : blockers) views.emplace_back(key, waits_behind(blocker));
  // A waiting message's code is its blocker's, which the store's filter does not see.
  const std::string code = std::exchange(filter.code, "");
  const std::size_t limit = filter.limit;
  if (!code.empty()) filter.limit = admin::kMaxTraceLimit;
  TRY(const std::vector<store::TracedMessage> found, store.trace(filter));
  Json out = Json::array();
  for (const store::TracedMessage& message : found) {
    Json row = relay::message_json(message, views);
    if (!code.empty() && !has_code(row, code)) continue;
    if (out.size() >= limit) break;
    out.push_back(std::move(row));
  }
  return out;
}

Result<Json> offline_verdict(const store::StoredVerdict& stored) {
  Json out = Json::object();
  TRY(out["verdict"], parse_json(stored.json));
  if (!stored.evidence_json.empty()) {
    TRY(out["evidence"], parse_json(stored.evidence_json));
  }
  return out;
}

}  // namespace postern::cli
