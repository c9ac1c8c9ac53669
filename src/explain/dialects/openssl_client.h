// openssl s_client (and what prints its verification alike): the walk up the chain with its
// errors, and the chain exactly as it was presented.
#pragma once

#include <memory>

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_openssl_client();

}  // namespace postern::explain
