// The catalog: one table of every code Postern ever says, with its meaning, cure and names
// elsewhere. docs/verdicts.md is generated from it (postern docs verdicts). The minimum is the
// incident taxonomy; codes keep name and meaning.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_fwd.h"
#include "mail/reply.h"
#include "verdict/verdict.h"

namespace postern::verdict {

// Texts of cures hold facts in braces: {peer} {wanted} {presented} {subject} {issuer} {from}
// {until} {anchor} {anchor_file} {anchor_set} {sets} {own} {who} {port}. judge puts in those of the
// case; the documentation shows them as they stand.
struct CatalogEntry {
  std::string_view code;        // "name-mismatch"
  std::string_view layer;       // "certificate-identity"
  std::string_view definition;  // one sentence: the cause in general
  // Where the evidence does not say otherwise, for a sending session (the judged peer is the
  // server). judge mirrors client and server when it judges a client, except where the code itself
  // names the role, as client-certificate-missing does.
  Fault usual_fault = Fault::unknown;
  bool names_role = false;
  std::vector<std::string_view> cure_postern = {};   // what the operator of Postern does
  std::vector<std::string_view> cure_exchange = {};  // what the Exchange side of the session does
  std::vector<std::string_view> cure_postfix = {};   // what the Postfix side does
  std::string_view exchange = {};                    // "SubjectMismatch"; empty: none
  std::string_view exchange_online = {};             // "450 4.4.317", "450 4.7.320"
  std::string_view tls_rpt = {};                     // RFC 8460 result type
  std::string_view openssl = {};                     // "X509_V_ERR_HOSTNAME_MISMATCH"
  std::string_view postfix = {};                     // words of its log; X stands for the host
  std::string_view exim = {};
  // What Postern answers or writes in a DSN; class 4 (5 where permanent, 2 for `none` and
  // findings).
  mail::EnhancedCode status = {};
  bool blocks = false;   // sending: a blocker (TLS and policy causes), else ordinary back-off
  bool finding = false;  // said by check and preflight beside a verdict, never the code of one
};

[[nodiscard]] std::span<const CatalogEntry> catalog();
// Never null: an unknown code is a broken invariant.
[[nodiscard]] const CatalogEntry& catalog_entry(std::string_view code);
[[nodiscard]] const CatalogEntry* find_catalog_entry(std::string_view code);
// The names of the same thing elsewhere: (whose word, the word or empty).
[[nodiscard]] std::array<std::pair<std::string_view, std::string_view>, 6> names_elsewhere(
    const CatalogEntry& entry);
[[nodiscard]] Json to_json(const CatalogEntry& entry);  // docs/json/explain-code.md
[[nodiscard]] std::string catalog_markdown();

}  // namespace postern::verdict
