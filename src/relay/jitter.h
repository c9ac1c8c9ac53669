// Waits are spread, so that what failed together is not tried together.
#pragma once

#include "base/clock.h"

namespace postern::relay {

// ±10 % of `interval`, by `jitter` in [0,1).
[[nodiscard]] inline Duration spread(Duration interval, double jitter) {
  const double by = static_cast<double>(interval.count()) * 0.2 * (jitter - 0.5);
  return interval + Duration(static_cast<Duration::rep>(by));
}

}  // namespace postern::relay
