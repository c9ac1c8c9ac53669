// For the tests of this module: a whole text in, the report out.
#pragma once

#include <algorithm>

#include "explain/explainer.h"

namespace postern::explain {

// Fed in pieces of `step` octets, read on the 21st of November 2026.
inline Report explain_text(std::string_view text, std::size_t step = std::string_view::npos) {
  Options options;
  options.now = *parse_rfc3339("2026-11-21T00:00:00Z");
  Explainer explainer(options);
  explainer.begin("paste");
  for (std::size_t at = 0; at < text.size(); at += std::min(step, text.size() - at))
    explainer.feed(text.substr(at, step));
  explainer.end();
  return explainer.report();
}

inline std::string first_code(const Report& report) {
  if (report.outcome == Outcome::healthy) return "none";
  if (report.outcome == Outcome::not_tls) return "not-tls";
  return report.causes.empty() ? std::string(to_string(report.outcome)) : report.causes[0].code;
}

}  // namespace postern::explain
