// From a configuration file to a snapshot: config's parse, tls's load, policy's selection, in one
// place for serve, reload and `config check`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config_file.h"
#include "relay/context.h"
#include "tls/materials.h"

namespace postern::relay {

struct Configuration {
  std::shared_ptr<const Snapshot>
      snapshot;  // nullptr when the file could not be read or has errors
  std::vector<config::Diagnostic> diagnostics;
  bool materials_changed = false;    // against `previous`
  std::vector<tls::Notice> notices;  // of certificates and trust sets
  [[nodiscard]] bool ok() const { return snapshot != nullptr; }
};

// Blocking. `previous`: the materials in force, for the rules of reload; nullptr at start.
[[nodiscard]] Configuration load_configuration(const std::string& file,
                                               const tls::Materials* previous, Time now);

}  // namespace postern::relay
