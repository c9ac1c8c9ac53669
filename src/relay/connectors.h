// Receive connectors made ready from one snapshot: which certificate a client sees, whether it is
// asked for its own. Immutable; a session keeps the one it began with. Internal to reception.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "relay/context.h"
#include "tls/engine.h"

namespace postern::relay {

struct Connector {
  std::shared_ptr<const Snapshot> snapshot;
  const policy::ReceiveConnector* config = nullptr;  // within the snapshot
  std::string fqdn;
  // nullptr: tls = "none", or no certificate can be presented (`no_certificate`).
  std::shared_ptr<const tls::ServerContext> tls;
  bool no_certificate = false;

  // Mail is taken over TLS only, whatever the partner.
  [[nodiscard]] bool requires_tls() const;
};
using Connectors = std::vector<std::shared_ptr<const Connector>>;

// In the order of the configuration. A connector without a certificate to present is told in the
// operator's log and does not offer STARTTLS (Exchange's event 12014). `clock` outlives the result.
[[nodiscard]] Connectors make_connectors(const std::shared_ptr<const Snapshot>& snapshot,
                                         const Clock& clock);

}  // namespace postern::relay
