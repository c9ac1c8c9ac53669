// From the JSON of docs/json/ to text for people. Pure: the same facts give the same text, which
// test/golden/ holds.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "cli/text.h"

namespace postern::cli {

// Hosts that are broken beside a working one, of queue and status.
[[nodiscard]] std::string render_findings(const Json& findings, const Style& style);
[[nodiscard]] std::string render_queue(const Json& queue, const Style& style);
[[nodiscard]] std::string render_message(const Json& message, const Style& style);
[[nodiscard]] std::string render_trace(const Json& messages, const Style& style);  // an array
[[nodiscard]] std::string render_verdict(const Json& verdict, const Style& style);
[[nodiscard]] std::string render_verification(const Json& answer, const Style& style);
[[nodiscard]] std::string render_code(const Json& entry, const Style& style);
[[nodiscard]] std::string render_explain(const Json& report, const Style& style);
[[nodiscard]] std::string render_check(const Json& report, const Style& style);
[[nodiscard]] std::string render_status(const Json& status, const Style& style);
[[nodiscard]] std::string render_certificates(const Json& certificates, const Style& style);
[[nodiscard]] std::string render_selection(const Json& selection, const Style& style);
[[nodiscard]] std::string render_preflight(const Json& report, const Style& style);
[[nodiscard]] std::string render_trust(const Json& trust, const Style& style);
[[nodiscard]] std::string render_trust_audit(const Json& audit, const Style& style);
// For send: the verdict of the hop in one line; what became of each recipient, or what it waits
// for.
[[nodiscard]] std::string render_hop(const Json& verdict, const Style& style);
[[nodiscard]] std::string render_fate(const Json& message, const Style& style);

}  // namespace postern::cli
