// The words of Evidence and Verdict read back from their JSON. Private to this module.
#pragma once

#include <optional>
#include <string_view>

#include "verdict/evidence.h"
#include "verdict/verdict.h"

namespace postern::verdict {

[[nodiscard]] std::optional<Judged> parse_judged(std::string_view text);
[[nodiscard]] std::optional<Stage> parse_stage(std::string_view text);
[[nodiscard]] std::optional<Stop> parse_stop(std::string_view text);
[[nodiscard]] std::optional<DnsEvidence::Status> parse_dns_status(std::string_view text);
[[nodiscard]] std::optional<FetchKind> parse_fetch_kind(std::string_view text);
[[nodiscard]] std::optional<CheckResult> parse_check_result(std::string_view text);
[[nodiscard]] std::optional<Fault> parse_fault(std::string_view text);
[[nodiscard]] std::optional<Certainty> parse_certainty(std::string_view text);
[[nodiscard]] std::optional<Assurance> parse_assurance(std::string_view text);

}  // namespace postern::verdict
