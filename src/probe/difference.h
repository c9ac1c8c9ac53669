// Split brain: facts in which the hosts and addresses of one target are not alike. Pure.
#pragma once

#include <vector>

#include "probe/check_report.h"

namespace postern::probe {

// "1 of 3 hosts presents another certificate: ..."; none where all are alike, or one host is all.
[[nodiscard]] std::vector<Difference> differences(const CheckReport& report);

}  // namespace postern::probe
