#include "cli/fetch_settings.h"

namespace postern::cli {

fetch::Settings fetch_settings(const policy::ServerConfig& server, const x509::TrustSets& roots) {
  fetch::Settings out = fetch::settings_of(server);
  for (const auto& set : roots)
    for (const x509::Anchor& anchor : set->anchors()) out.roots_pem += anchor.certificate.pem();
  return out;
}

}  // namespace postern::cli
