// How commands fetch: as the configuration says, and believing over https whom they believe in
// judging.
#pragma once

#include "fetch/client.h"
#include "policy/config.h"
#include "x509/trust.h"

namespace postern::cli {

// `roots`: without any, the machine's own.
[[nodiscard]] fetch::Settings fetch_settings(const policy::ServerConfig& server,
                                             const x509::TrustSets& roots);

}  // namespace postern::cli
