#include "probe/check_report.h"

#include <algorithm>
#include <array>

namespace postern::probe {

std::string_view to_string(View view) {
  constexpr std::array<std::string_view, 10> kNames{
      "main",       "without-sni",  "domain-sni",
      "tls1.2",     "legacy",       "anything",
      "other-mode", "other-source", "without-client-certificate",
      "aia"};
  return kNames.at(static_cast<std::size_t>(view));
}

std::string_view to_string(CounterTest::Result result) {
  constexpr std::array<std::string_view, 4> kNames{"clean", "differs", "same", "impossible"};
  return kNames.at(static_cast<std::size_t>(result));
}

std::string_view to_string(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames{"info", "warning", "critical"};
  return kNames.at(static_cast<std::size_t>(severity));
}

const ViewResult* HostReport::find(View view) const {
  const auto found = std::ranges::find(views, view, &ViewResult::view);
  return found == views.end() ? nullptr : &*found;
}

bool only_old_tls(const HostReport& host) {
  const auto completes = [&](View view, bool newer) {
    const ViewResult* const seen = host.find(view);
    if (seen == nullptr || !seen->evidence.tls.completed) return false;
    const std::string& version = seen->evidence.tls.version;
    return (version == "TLSv1.2" || version == "TLSv1.3") == newer;
  };
  return !host.evidence.tls.completed && completes(View::legacy, false) &&
         !completes(View::tls1_2, true) && !completes(View::anything, true);
}

Severity CheckReport::severity() const {
  Severity worst = verdict.ok ? Severity::info : Severity::critical;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

}  // namespace postern::probe
