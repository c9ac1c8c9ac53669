// A certificate file as commands take it: read, with x509's words about what it holds in place of a
// certificate, and the leaf first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/certificate_file.h"

namespace postern::cli {

// The certificates of a file as they stand, in any order; `password`: of a PFX. Errors: invalid,
// with the file, what was found and what was expected.
[[nodiscard]] Result<std::vector<x509::Certificate>> read_certificates(
    const std::string& path, const std::optional<std::string>& password = std::nullopt);
// The chain as it stands, the leaf first, and what a PFX brings besides. Errors: invalid, also
// where a CA stands before the leaf.
[[nodiscard]] Result<x509::CertificateFile> read_certificate_file(
    const std::string& path, const std::optional<std::string>& password = std::nullopt);
// The same of octets; `name` is for the errors.
[[nodiscard]] Result<x509::CertificateFile> parse_certificate_file(
    const std::string& name, std::string_view octets,
    const std::optional<std::string>& password = std::nullopt);

// The password that a file holds: its first line. No file named: none.
[[nodiscard]] Result<std::optional<std::string>> read_password(const std::string& path);

}  // namespace postern::cli
