// Verdict: every check, the one primary code, whose fault, what cures it. The JSON's fixed names
// are in DESIGN.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "verdict/fetched.h"
#include "verdict/tls_policy.h"

namespace postern::verdict {

enum class CheckResult { pass, fail, unknown, not_asked };
enum class Fault {
  none,
  client,
  server,
  path,
  ca,
  dns,
  unknown
};  // roles of the judged session; none: clean
enum class Certainty { certain, likely, possible };
// What was reached, whatever was asked (two ranked facts, never one): is it encrypted, is the peer
// authenticated.
enum class Assurance { none, encrypted, validated, authenticated, mutual };

[[nodiscard]] std::string_view to_string(CheckResult r);
[[nodiscard]] std::string_view to_string(Fault f);
[[nodiscard]] std::string_view to_string(Certainty c);
[[nodiscard]] std::string_view to_string(Assurance a);

struct Check {
  std::string name;  // "starttls", "handshake", "chain", "validity", "identity", "revocation",
                     // "client-certificate", "version", ...
  CheckResult result = CheckResult::not_asked;
  std::string code;    // catalog code where it failed or is unknown; "none" otherwise
  std::string detail;  // with the facts: "wanted partner.example (tls_domain of send connector
                       // partner), presented wrong.example"
};

struct TrustedBy {  // the anchor that made it trusted, and how it got there
  std::string subject, sha256, set, file, added_by, partner;
  Time added{};
};

struct Verdict {
  VerdictId id;
  bool ok = false;            // mail may flow under the policy
  std::string code = "none";  // primary; "none" when clean
  std::string layer;          // of the code, from the catalog
  Fault fault = Fault::none;
  std::optional<bool> ours;  // nullopt: cannot be said
  Certainty certainty = Certainty::certain;
  std::string
      reference_identifier;  // the one that matched, else all that were asked joined by ", "
  std::vector<Check> checks;
  std::string cause;              // one or two sentences with the facts of this case
  std::vector<std::string> cure;  // steps, for the one whose fault it is
  Level asked = Level::none;
  Assurance reached = Assurance::none;
  std::string asked_by;  // TlsPolicy::set_by
  std::string tls_version, cipher;
  std::vector<std::string> chain_sha256;  // as presented, leaf first
  std::optional<TrustedBy> anchor;
  std::string by_exception;           // code that an exception let pass; empty: none
  std::vector<std::string> evidence;  // the lines that decided
  // Facts that could be fetched, in the order in which they should be tried: for each certificate
  // whose state is unknown its OCSP responders, then its CRLs. Of the Evidence's own fetches it
  // takes no notice: what was tried in vain is still wanted.
  std::vector<Want> wants;
  std::string host, address;  // of the Evidence
  Time time{};
};

[[nodiscard]] Json to_json(const Verdict& verdict);
[[nodiscard]] Result<Verdict> verdict_from_json(const Json& json);

}  // namespace postern::verdict
