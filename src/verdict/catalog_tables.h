// The rows of the catalog by subject; catalog.cc joins them. Private to this module.
#pragma once

#include <vector>

#include "verdict/catalog.h"

namespace postern::verdict {

[[nodiscard]] std::vector<CatalogEntry> network_entries();      // dns, network, smtp
[[nodiscard]] std::vector<CatalogEntry> handshake_entries();    // tls-handshake
[[nodiscard]] std::vector<CatalogEntry> certificate_entries();  // trust, identity, validity,
                                                                // revocation
[[nodiscard]] std::vector<CatalogEntry> selection_entries();    // selection-binding,
                                                                // connector-policy
[[nodiscard]] std::vector<CatalogEntry> other_entries();        // dane, mta-sts, queue, other
// Puts the words of Postfix and Exim into the entries.
void add_wordings(std::vector<CatalogEntry>& entries);

}  // namespace postern::verdict
