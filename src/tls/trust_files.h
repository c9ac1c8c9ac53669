// Trust sets and their revocation lists from files, with the provenance of every anchor. Within tls
// only; materials.h says what a PEM file may record about an anchor.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tls/materials.h"
#include "x509/trust.h"

namespace postern::tls {

struct LoadedSet {
  std::shared_ptr<const x509::TrustSet> set;
  std::vector<std::string> crls;
  std::vector<std::string> problems;  // sentences; each names its file
};

// All of it, whatever is wrong with parts: the caller decides what a problem means.
[[nodiscard]] LoadedSet load_trust_set(const policy::TrustConfig& config,
                                       std::vector<std::string>& watched);
// The distribution's public roots as a configuration, by the first file that exists.
[[nodiscard]] policy::TrustConfig system_trust();
// Same anchors with the same provenance.
[[nodiscard]] bool same_anchors(const x509::TrustSet& a, const x509::TrustSet& b);

}  // namespace postern::tls
