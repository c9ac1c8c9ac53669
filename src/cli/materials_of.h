// Certificates and trust sets as the files have them now, for commands that look at them. A
// configuration that serve would refuse for what its certificates are will do: telling so is what
// these commands are for.
#pragma once

#include <memory>

#include "admin/certificates.h"
#include "cli/command.h"
#include "policy/config.h"
#include "tls/materials.h"

namespace postern::cli {

struct FileMaterials {
  policy::Config config;
  std::shared_ptr<const tls::Materials> materials;
  Time now{};
  [[nodiscard]] admin::Loaded loaded() const {
    return {config, materials->certificates, materials->trust, now};
  }
};
// Errors: the configuration is not found, or does not parse (with its first error).
[[nodiscard]] Result<FileMaterials> load_file_materials(const Shell& shell, Time now);

}  // namespace postern::cli
