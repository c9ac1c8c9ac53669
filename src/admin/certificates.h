// Certificates and trust sets as JSON: what is in force in a gateway, or what the files have. Pure.
// Forms: docs/json/.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "base/result.h"
#include "policy/config.h"
#include "policy/route.h"
#include "policy/selection.h"

namespace postern::admin {

// What the three answers are made of; all of one snapshot.
struct Loaded {
  const policy::Config& config;
  const policy::CertificateStore& certificates;
  const policy::LoadedTrust& trust;
  Time now{};
};

[[nodiscard]] Json certificates_json(const Loaded& loaded);
// Which certificate `connector` presents and for each other one why not. Errors: invalid, when
// there is no such connector or `sni` is given for one that sends.
[[nodiscard]] Result<Json> selection_json(const Loaded& loaded, const std::string& connector,
                                          const std::string& sni);
// One set with its anchors, or all of them (`set` empty; then only the number of those of
// "system", which are many). Errors: invalid, when there is no such set.
[[nodiscard]] Result<Json> trust_json(const Loaded& loaded, const std::string& set);

}  // namespace postern::admin
