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

}  // namespace postern::cli
