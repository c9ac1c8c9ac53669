#include "cli/certificate_file.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/command.h"
#include "x509/certificate_file.h"

namespace postern::cli {

Result<std::vector<x509::Certificate>> read_certificates(
    const std::string& path, const std::optional<std::string>& password) {
  TRY(const std::string octets, read_file(path));
  auto out = x509::parse_certificates(octets, password);
  if (!out) return invalid(path + ": " + out.error().detail());
  return out;
}

Result<x509::CertificateFile> parse_certificate_file(const std::string& name,
                                                     std::string_view octets,
                                                     const std::optional<std::string>& password) {
  Result<x509::CertificateFile> file = x509::parse_certificate_file(octets, password);
  if (!file) return invalid(name + ": " + file.error().detail());
  const std::vector<x509::Certificate>& chain = file->certificates;
  const auto is_ca = [](const x509::Certificate& one) { return one.is_ca(); };
  if (chain.front().is_ca() && !chain.front().self_signed() && !std::ranges::all_of(chain, is_ca)) {
    return invalid(name + ": the first certificate is that of the CA " +
                   printable(chain.front().subject(), 200) + "; expected is the leaf first");
  }
  return file;
}

Result<x509::CertificateFile> read_certificate_file(const std::string& path,
                                                    const std::optional<std::string>& password) {
  TRY(const std::string octets, read_file(path));
  return parse_certificate_file(path, octets, password);
}

Result<std::optional<std::string>> read_password(const std::string& path) {
  if (path.empty()) return std::nullopt;
  TRY(const std::string text, read_file(path));
  std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

}  // namespace postern::cli
