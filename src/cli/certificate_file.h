// A certificate file as people have it: PEM or DER, in the encodings of Windows. What it holds in
// place of a certificate is said, with what was expected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/certificate.h"

namespace postern::cli {

// The chain as it stands, the leaf first. Errors: invalid, with the file, what was found and what
// was expected; also where a CA stands before the leaf.
[[nodiscard]] Result<std::vector<x509::Certificate>> read_certificate_file(const std::string& path);
// The same of octets; `name` is for the errors.
[[nodiscard]] Result<std::vector<x509::Certificate>> parse_certificate_file(
    const std::string& name, std::string_view octets);

}  // namespace postern::cli
