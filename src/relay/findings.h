// Hosts that are broken beside a working one: mail flows, so that nothing waits that would show
// them. Kept until the host is seen clean, is no longer a target, or kFindingAge has passed. In
// memory: after a restart the next session that meets the host tells anew. Main loop only.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json_fwd.h"
#include "policy/route.h"
#include "relay/next_hop.h"

namespace postern::relay {

constexpr Duration kFindingAge{24 * 3600 * 1000};  // since it was last seen
constexpr std::size_t kMaxFindings = 500;          // the one seen longest ago makes room

class Findings {
 public:
  // What a session's look saw: `look` came to a host that works. Returns those that are new.
  std::vector<Finding> note(const policy::Destination& destination, const NextHopLook& look,
                            Time now);
  [[nodiscard]] std::vector<std::string> texts_of(const policy::Destination& destination,
                                                  Time now) const;
  // [{"next_hop","connector","host","text","since","seen"}] for queue and status.
  [[nodiscard]] Json view(Time now) const;

 private:
  struct Entry {
    policy::Destination destination;
    std::string text;
    Time since{}, seen{};
  };
  void make_room(Time now);

  std::map<std::pair<std::string, std::string>, Entry> entries_;  // (destination's key, host)
};

}  // namespace postern::relay
