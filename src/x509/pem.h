// The blocks of a PEM text. Text around them and blocks of other kinds are skipped. Source: RFC
// 7468.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::x509 {

struct PemBlock {
  std::size_t number = 0;  // among all blocks of the text, from 1
  std::string label;
  std::string der;
};

// The blocks whose label is one of `labels`. Errors: invalid (block N is broken: why); more than
// kMaxPemCertificates of them.
[[nodiscard]] Result<std::vector<PemBlock>> read_pem_blocks(
    std::string_view text, const std::vector<std::string_view>& labels);

}  // namespace postern::x509
