// The catalog: one table of every code Postern ever says, with its meaning, cure and names
// elsewhere. docs/codes.md is generated from it (postern docs codes). The minimum is the incident
// taxonomy; codes keep name and meaning.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "mail/reply.h"
#include "verdict/verdict.h"

namespace postern::verdict {

struct CatalogEntry {
  std::string_view code;        // "name-mismatch"
  std::string_view layer;       // "certificate-identity"
  std::string_view definition;  // one sentence: the cause in general
  Fault usual_fault;  // where the evidence does not say otherwise; roles: judged peer is server
                      // when sending
  std::vector<std::string_view> cure_postern;
  std::vector<std::string_view> cure_exchange;
  std::vector<std::string_view> cure_postfix;
  std::string_view exchange;         // "SubjectMismatch"; empty: none
  std::string_view exchange_online;  // "450 4.4.317", "450 4.7.320"
  std::string_view tls_rpt;          // RFC 8460 result type
  std::string_view openssl;          // "X509_V_ERR_HOSTNAME_MISMATCH"
  mail::EnhancedCode
      status;   // what Postern answers or writes in a DSN; class 4 (5 where permanent)
  bool blocks;  // sending: a blocker (TLS and policy causes) rather than ordinary back-off
};

[[nodiscard]] std::span<const CatalogEntry> catalog();
// Never null: an unknown code is a broken invariant.
[[nodiscard]] const CatalogEntry& catalog_entry(std::string_view code);
[[nodiscard]] const CatalogEntry* find_catalog_entry(std::string_view code);
[[nodiscard]] std::string catalog_markdown();

}  // namespace postern::verdict
