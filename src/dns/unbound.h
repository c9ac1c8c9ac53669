// The resolver behind make_resolver with what only tests set. Within dns only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dns/resolver.h"

namespace postern::dns {

struct UnboundOptions {
  std::vector<policy::Endpoint> servers;  // empty: the system's, and its hosts file
  std::string trust_anchor;               // file; empty: answers are not validated
  Duration timeout = kDnsTimeout;
  // Zones answered in this process: (name, unbound's zone type) and resource records as text.
  std::vector<std::pair<std::string, std::string>> local_zones;
  std::vector<std::string> local_data;
};
[[nodiscard]] Result<std::unique_ptr<Resolver>> make_unbound(io::Runtime& runtime,
                                                             const UnboundOptions& options);

}  // namespace postern::dns
