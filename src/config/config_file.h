// The TOML file <-> policy::Config. Every key is in one table (keys.h), which checks, documents and
// reports: unknown keys, bad values and dangling names come with file, line, column, what is wrong
// and what would be right. Pure: text in, values out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/config.h"
#include "policy/route.h"
#include "policy/selection.h"

namespace postern::config {

enum class Severity { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  policy::Location where;
  std::string message;  // "send.cloud.tls: 'authentcate' is no TLS level; one of none,
                        // opportunistic, ... (did you mean authenticate?)"
  [[nodiscard]] std::string str() const;  // "postern.toml:12:9: error: ..."
};

struct Loaded {
  policy::Config config;
  std::vector<Diagnostic> diagnostics;
  [[nodiscard]] bool ok() const;  // no error among the diagnostics
};

// `file`: absolute path, for messages and to make relative paths absolute. All errors are reported,
// not only the first.
[[nodiscard]] Loaded parse_config(std::string_view toml, const std::string& file);

// What needs loaded certificates and trust besides: names of greeting against certificates,
// unusable certificates, announce_cas sizes, stale pins. cli joins tls's loading and this.
[[nodiscard]] std::vector<Diagnostic> check_loaded(const policy::Config& config,
                                                   const policy::CertificateStore& certificates,
                                                   const policy::LoadedTrust& trust, Time now);

// docs/configuration.md, generated from the key table.
[[nodiscard]] std::string configuration_markdown();
[[nodiscard]] std::string configuration_manual();  // postern.toml(5)

}  // namespace postern::config
