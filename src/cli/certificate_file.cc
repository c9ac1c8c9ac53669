#include "cli/certificate_file.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/command.h"
#include "x509/certificate_file.h"

namespace postern::cli {

namespace {

using Certificates = Result<std::vector<x509::Certificate>>;

Certificates parse(const std::string& name, std::string_view octets,
                   const std::optional<std::string>& password) {
  Certificates out = x509::parse_certificates(octets, password);
  if (!out) return invalid(name + ": " + out.error().detail());
  return out;
}

}  // namespace

Certificates read_certificates(const std::string& path,
                               const std::optional<std::string>& password) {
  TRY(const std::string octets, read_file(path));
  return parse(path, octets, password);
}

Certificates parse_certificate_file(const std::string& name, std::string_view octets) {
  TRY(std::vector<x509::Certificate> chain, parse(name, octets, std::nullopt));
  const auto is_ca = [](const x509::Certificate& one) { return one.is_ca(); };
  if (chain.front().is_ca() && !chain.front().self_signed() && !std::ranges::all_of(chain, is_ca)) {
    return invalid(name + ": the first certificate is that of the CA " +
                   printable(chain.front().subject(), 200) + "; expected is the leaf first");
  }
  return chain;
}

Certificates read_certificate_file(const std::string& path) {
  TRY(const std::string octets, read_file(path));
  return parse_certificate_file(path, octets);
}

}  // namespace postern::cli
