// What an administrator should know beside the verdict: things that work today and will not
// tomorrow, or that are wrong without being in the way. Pure.
#pragma once

#include <vector>

#include "probe/check_report.h"

namespace postern::probe {

struct FindingOptions {
  Time now{};
  Duration expiry_warning{};
  Duration expiry_critical{};
};

// Of the whole report, worst first, one a code and text with all hosts it is true of.
[[nodiscard]] std::vector<Finding> find_all(const CheckReport& report,
                                            const FindingOptions& options);
// "mx1.contoso.com [192.0.2.1]"; the address alone where that is the host.
[[nodiscard]] std::string place_of(const observe::Target& target);

}  // namespace postern::probe
