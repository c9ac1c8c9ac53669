// A certificate file as commands take it: read, with x509's words about what it holds in place of a
// certificate, and the leaf first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/certificate.h"

namespace postern::cli {

// The certificates of a file as they stand, in any order; `password`: of a PFX. Errors: invalid,
// with the file, what was found and what was expected.
[[nodiscard]] Result<std::vector<x509::Certificate>> read_certificates(
    const std::string& path, const std::optional<std::string>& password = std::nullopt);
// The chain as it stands, the leaf first, not of a PFX under a password. Errors: invalid, also
// where a CA stands before the leaf.
[[nodiscard]] Result<std::vector<x509::Certificate>> read_certificate_file(const std::string& path);
// The same of octets; `name` is for the errors.
[[nodiscard]] Result<std::vector<x509::Certificate>> parse_certificate_file(
    const std::string& name, std::string_view octets);

}  // namespace postern::cli
