// From counter-tests to blame: what the verdict alone could not know. Pure. Never changes `ok`.
#pragma once

#include <optional>
#include <vector>

#include "probe/check_report.h"

namespace postern::probe {

// Who plays which role, for `ours`.
struct Roles {
  SenderKind as = SenderKind::postern;
  bool server_is_ours = false;  // --mine
};

// The verdict of `host` with code, fault, certainty and cause as its counter-tests make them.
[[nodiscard]] verdict::Verdict diagnose(const HostReport& host,
                                        const std::vector<CounterTest>& tests);
[[nodiscard]] std::optional<bool> ours(verdict::Fault fault, const Roles& roles);

}  // namespace postern::probe
