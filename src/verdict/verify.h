// `postern verify`: one chain before the judge, with a session around it that came to its end.
// Pure: certificates, time and revocation data come in. Nothing is trusted but the anchors of the
// request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "x509/names.h"
#include "x509/path.h"

namespace postern::verdict {

struct VerifyRequest {
  std::vector<x509::Certificate> presented = {};  // leaf first, then a bag
  x509::TrustSets trust = {};
  std::vector<x509::ReferenceName> names = {};  // one match is enough; empty: no name is asked for
  x509::RevocationData revocation = {};
  x509::PathOptions options = {};
};

struct VerifyAnswer {
  bool ok = false;
  std::string code = "none";  // of the catalog; "unsupported": a CRL that is not evaluated
  std::string detail = {};
  std::optional<std::size_t> depth = {};  // of the certificate at fault; 0: the leaf
  x509::PathResult path = {};
};

// A name as people write it: U-labels become A-labels, an address loses its brackets.
[[nodiscard]] x509::ReferenceName reference_name(x509::NameKind kind, std::string_view text);

// Certificates and revocation data are taken: lists can be long. Of the options, check_revocation
// and require_revocation say which of the judge's three modes is meant.
[[nodiscard]] VerifyAnswer verify(VerifyRequest request);

}  // namespace postern::verdict
