#include "tls/trust_files.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "tls/files.h"
#include "x509/certificate_file.h"
#include "x509/revocation.h"

namespace postern::tls {
namespace {

constexpr std::string_view kEndOfBlock = "-----END ";

// "# added-by: ops" and kin in the text above a certificate. A date that cannot be read is a
// problem: a record that is silently dropped would be a wrong answer later.
Result<void> read_record(std::string_view comment, x509::Provenance& provenance) {
  for (const std::string_view line : split(comment, '\n')) {
    std::string_view text = trim(line);
    if (!text.starts_with('#')) continue;
    text = trim(text.substr(1));
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(text.substr(0, colon));
    const std::string_view value = trim(text.substr(colon + 1));
    if (iequals(key, "added-by")) provenance.added_by = printable(value);
    if (iequals(key, "partner")) provenance.partner = printable(value);
    if (iequals(key, "added")) {
      TRY(provenance.added, parse_rfc3339(value));
    }
  }
  return {};
}

// One block at a time, so that each certificate goes with the text above it.
Result<std::vector<x509::Anchor>> anchors_of(std::string_view octets,
                                             const x509::Provenance& defaults) {
  const std::string plain = x509::plain_text(octets);
  std::string_view text = plain;
  std::vector<x509::Anchor> out;
  while (!text.empty()) {
    std::size_t end = text.find(kEndOfBlock);
    if (end != std::string_view::npos) end = text.find('\n', end);
    const std::string_view block = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t begin = block.find("-----BEGIN ");
    if (begin == std::string_view::npos || !block.substr(begin).contains("CERTIFICATE-----"))
      continue;
    x509::Provenance provenance = defaults;
    TRY_VOID(read_record(block.substr(0, begin), provenance));
    auto certificates = x509::parse_pem(block);
    if (!certificates)
      return invalid("after " + std::to_string(out.size()) +
                     " good certificates: " + certificates.error().detail());
    for (x509::Certificate& certificate : *certificates)
      out.push_back({std::move(certificate), provenance});
  }
  if (out.empty())
    return invalid(x509::describe_content(octets) +
                   "; expected is at least one certificate in PEM form");
  return out;
}

Result<std::vector<x509::Anchor>> read_anchors(const policy::TrustConfig& config,
                                               const std::string& path) {
  TRY(const FileContent file, read_file(path));
  const x509::Provenance defaults{config.name, path, file.modified, config.added_by,
                                  config.partner};
  auto anchors = anchors_of(file.octets, defaults);
  if (!anchors) return invalid(path + ": " + anchors.error().detail());
  return anchors;
}

Result<std::vector<std::string>> read_crls(const std::string& path) {
  TRY(const FileContent file, read_file(path));
  auto crls = x509::parse_crls(file.octets);
  if (!crls) return invalid(path + ": " + crls.error().detail());
  return crls;
}

}  // namespace

const std::vector<std::string> kSystemRootFiles = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian and its kin
    "/etc/pki/tls/certs/ca-bundle.crt",    // Red Hat and its kin
    "/etc/ssl/ca-bundle.pem",              // SUSE
};

LoadedSet load_trust_set(const policy::TrustConfig& config, std::vector<std::string>& watched) {
  LoadedSet out;
  std::vector<x509::Anchor> anchors;
  std::set<std::string> seen;
  for (const std::string& pattern : config.files) {
    const Expanded expanded = expand(pattern);
    watched.insert(watched.end(), expanded.watched.begin(), expanded.watched.end());
    for (const std::string& path : expanded.files) {
      auto read = read_anchors(config, path);
      if (!read) out.problems.push_back("trust set " + config.name + ": " + read.error().what());
      if (!read) continue;
      for (x509::Anchor& anchor : *read)
        if (seen.insert(anchor.certificate.sha256()).second) anchors.push_back(std::move(anchor));
    }
  }
  for (const std::string& pattern : config.crls) {
    const Expanded expanded = expand(pattern);
    watched.insert(watched.end(), expanded.watched.begin(), expanded.watched.end());
    for (const std::string& path : expanded.files) {
      auto read = read_crls(path);
      if (!read) out.problems.push_back("trust set " + config.name + ": " + read.error().what());
      if (read) out.crls.insert(out.crls.end(), read->begin(), read->end());
    }
  }
  if (anchors.empty() && out.problems.empty())
    out.problems.push_back("trust set " + config.name + ": no file matches " +
                           join(config.files, ", ") + "; nobody is trusted by it");
  out.set = std::make_shared<const x509::TrustSet>(config.name, std::move(anchors));
  return out;
}

policy::TrustConfig system_trust() {
  policy::TrustConfig config;
  config.name = "system";
  for (const std::string& file : kSystemRootFiles)
    if (config.files.empty() && read_file(file)) config.files = {file};
  if (config.files.empty()) config.files = {kSystemRootFiles.front()};
  return config;
}

bool same_anchors(const x509::TrustSet& a, const x509::TrustSet& b) {
  const auto same = [](const x509::Anchor& x, const x509::Anchor& y) {
    const x509::Provenance& p = x.provenance;
    const x509::Provenance& q = y.provenance;
    return x.certificate == y.certificate && p.file == q.file && p.added == q.added &&
           p.added_by == q.added_by && p.partner == q.partner;
  };
  return std::ranges::equal(a.anchors(), b.anchors(), same);
}

}  // namespace postern::tls
