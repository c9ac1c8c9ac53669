// A file of anchors with who added each, when and for whom, as comment lines above it
// (tls/materials.h reads them). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"

namespace postern::cli {

struct AnchorRecord {
  std::string by, partner;
  Time added{};
};
struct AddedAnchors {
  std::string text;  // of the whole file
  std::vector<x509::Certificate> added;
  std::vector<x509::Certificate> already_there;
};
// Errors: invalid, when a certificate is no CA or the record does not fit on its line.
[[nodiscard]] Result<AddedAnchors> add_anchors(std::string_view file,
                                               const std::vector<x509::Certificate>& certificates,
                                               const AnchorRecord& record);

// For a new file of a folder or pattern: "fabrikam-root-1f0c22aa.pem".
[[nodiscard]] std::string anchor_file_name(const x509::Certificate& certificate);

struct RemovalRecord {
  std::string by, why;
  Time removed{};
};
struct RemovedAnchors {
  std::string text;       // of the whole file, with the record as comment lines at its end
  bool any_left = false;  // another certificate stands in it
};
// Without `certificate` and the record above it. Errors: invalid, when it is not in the file, the
// file is broken, or the record does not fit on its lines.
[[nodiscard]] Result<RemovedAnchors> remove_anchor(std::string_view file,
                                                   const x509::Certificate& certificate,
                                                   const RemovalRecord& record);

}  // namespace postern::cli
