// A blocker: why everything for one destination waits, with its history and its clock. Pure state
// and decisions; the scheduler owns timers and I/O. Identified by (next hop, connector, policy), so
// it survives changes of its code. See docs/blockers.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "policy/config.h"
#include "policy/route.h"
#include "verdict/verdict.h"

namespace postern::relay {

struct BlockerChange {
  Time at{};
  std::string code;
  std::string cause;
};

struct Blocker {
  BlockerId id;
  policy::Destination destination;
  Time since{};
  Time next_probe{};
  Duration interval{};  // the last wait between probes
  std::vector<BlockerChange>
      history;               // oldest first, at most kMaxHistory (the first is always kept)
  verdict::Verdict verdict;  // the present one; its code is the blocker's code
  std::vector<std::string> findings;  // of other hosts of the next hop, as sentences
  std::string last_error;             // wrapped form for every message behind it
  std::string
      targets;  // what DNS or the configuration said at the last look: a change triggers a probe
  Time targets_expire{};  // when that is to be asked again
  bool alerted = false;
  bool trial = false;  // a clean verdict was seen: the oldest message is under way alone
};
constexpr std::size_t kMaxHistory = 50;

[[nodiscard]] Blocker start_blocker(const policy::Destination& destination,
                                    const verdict::Verdict& verdict, std::string last_error,
                                    const policy::QueueConfig& queue, Time now);
// A probe or trial failed: new code in the history when it differs; interval doubles up to
// probe_max, `jitter` in [0,1) spreads by ±10 %. Returns true when the code changed (alert). A
// change of code starts the intervals again at probe_min.
[[nodiscard]] bool update_blocker(Blocker& blocker, const verdict::Verdict& verdict,
                                  std::string last_error, const policy::QueueConfig& queue,
                                  Time now, double jitter);
// Ordinary trouble (refused, timed out, 4xx) in place of a verdict: code and history stay, the
// interval doubles.
void postpone_blocker(Blocker& blocker, std::string last_error, const policy::QueueConfig& queue,
                      Time now, double jitter);
[[nodiscard]] Json to_json(const Blocker& blocker);  // stored form
[[nodiscard]] Result<Blocker> blocker_from_json(const Json& json);
// The form of `queue --json` (DESIGN.md), `messages` filled in by the caller.
[[nodiscard]] Json blocker_view(const Blocker& blocker, std::uint64_t messages);

}  // namespace postern::relay
