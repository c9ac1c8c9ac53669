// Certificates pasted as PEM (RFC 7468): a file's content, s_client -showcerts. What they say of
// themselves is a fact; whether they would do is judged by the rules.
#pragma once

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_pem_blocks();

}  // namespace postern::explain
