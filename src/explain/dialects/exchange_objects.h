// Exchange's settings and certificates out of exports (explain/exchange.h), as observations.
#pragma once

#include <memory>

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_exchange_objects();

}  // namespace postern::explain
