// TLS-RPT reports (RFC 8460 s4.4): JSON that a sending domain mails to a receiving one.
#pragma once

#include <memory>

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_tls_report();

}  // namespace postern::explain
