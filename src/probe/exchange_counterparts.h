// Who stands on the other side of an Exchange connector, and what he asks of its certificate:
// Exchange Online by its connectors (or by what the Hybrid Configuration Wizard sets up, where they
// are not in the export), and partners with domain security. Private to this module.
#pragma once

#include <string>
#include <vector>

#include "probe/preflight_case.h"

namespace postern::probe {

struct ExchangeCounterpart {
  Counterpart asks;
  // TlsSenderCertificateName in its <I>…<S>… form: compared whole, in place of a name.
  std::string pin;
  std::string cloud_connector;         // of Exchange Online; empty: assumed, or a partner
  bool needs_accepted_domain = false;  // tenant attribution: one of our accepted domains on it
};

// `known_as`: the name under which the old certificate was known, for what is assumed.
[[nodiscard]] std::vector<ExchangeCounterpart> counterparts_of(
    const explain::ExchangeEstate& estate, const explain::ExchangeReceiveConnector& connector,
    const std::string& known_as);
[[nodiscard]] std::vector<ExchangeCounterpart> counterparts_of(
    const explain::ExchangeEstate& estate, const explain::ExchangeSendConnector& connector,
    const std::string& known_as);

// Does anything in the export belong to a hybrid organization?
[[nodiscard]] bool is_hybrid(const explain::ExchangeEstate& estate);

}  // namespace postern::probe
