// The moment at the head of a log line, as mail systems write it.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace postern::explain {

// RFC 3339 ("2017-04-14T17:00:41.125Z", an offset, a blank in place of T; without a zone: UTC),
// and syslog's "Mar 23 11:21:31", which has no year: the latest that is not after `latest`.
// nullopt: the line does not begin with one, a few octets of brackets apart.
[[nodiscard]] std::optional<Time> log_time(std::string_view line, Time latest);

}  // namespace postern::explain
