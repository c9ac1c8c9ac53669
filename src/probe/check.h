// postern check: one target looked at as a sender sees it, judged, and the causes told apart. Every
// look goes through observe::look, every decision through verdict::judge; what is here only plans,
// compares and words.
//
// One check is: DNS; then, side by side, every address in every view; then the few views that can
// separate the candidates of a failing code; then pure work. All of it ends by the deadline.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "fetch/fetcher.h"
#include "io/awaitable.h"
#include "io/executor.h"
#include "policy/config.h"
#include "probe/check_report.h"
#include "tls/materials.h"

namespace postern::probe {

constexpr Duration kDefaultCheckTime{30'000};

struct CheckOptions {
  std::optional<SenderKind> as;  // nullopt: postern where a configuration is given
  std::vector<std::string> names;
  std::uint16_t port = 0;  // where the target names none; 0: the connector's, or 25
  bool implicit_tls = false;
  bool mine = false;           // the server is ours
  bool quick = false;          // one session an address, and more only where one fails
  std::string another_source;  // for the counter-test; empty: chosen among our own addresses
  Duration timeout = kDefaultCheckTime;
  Duration expiry_warning{30 * 24 * 3'600'000LL};
  Duration expiry_critical{7 * 24 * 3'600'000LL};
};

// What a check stands on; all of it outlives the check. `given_trust`: sets that count whoever is
// judged as, besides "system".
struct Surroundings {
  const policy::Config& config;
  bool configured = false;  // `config` came from a file
  const tls::Materials& materials;
  std::vector<std::string> given_trust;
  std::string client_certificate;  // of config.certificates, to present; empty: the connector's
  dns::Resolver& resolver;
  fetch::Fetcher* fetcher = nullptr;  // revocation and issuers; nullptr: nothing is fetched
  const Clock& clock;
  io::Executor executor;
  std::function<void(const std::string&)> progress;  // a line for people; may be empty
};

// Never fails: what could not be seen is in the report.
[[nodiscard]] io::Task<CheckReport> check(Surroundings surroundings, CheckTarget target,
                                          CheckOptions options);

}  // namespace postern::probe
