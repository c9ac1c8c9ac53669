// Credentials and contexts from the certificate factory, for the tests of tls and of what stands on
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tls/engine.h"
#include "tls/materials.h"
#include "x509/testing/factory.h"

namespace postern::tls::testing {

// `leaf` with its key, and `above` it as further certificates of the chain.
[[nodiscard]] std::shared_ptr<const Credential> make_credential(
    const x509::testing::Issued& leaf, const std::vector<x509::Certificate>& above = {});
// Presents `credential` whatever name is asked for. Ends the program when it cannot.
[[nodiscard]] std::shared_ptr<const ServerContext> make_server_context(
    std::shared_ptr<const Credential> credential, bool request_client_certificate = false);

}  // namespace postern::tls::testing
