// One [certificates.NAME] from its two files. Within tls only.
#pragma once

#include <memory>
#include <string>

#include "tls/materials.h"

namespace postern::tls {

struct LoadedCredential {
  std::shared_ptr<const Credential> credential;  // never null; its facts say what is wrong
  std::string warning;  // usable, yet something should be put right; empty: nothing
};
[[nodiscard]] LoadedCredential load_credential(const policy::CertificateConfig& config);
// The same chain with the same key, or the same problem.
[[nodiscard]] bool same_credential(const Credential& a, const Credential& b);

}  // namespace postern::tls
