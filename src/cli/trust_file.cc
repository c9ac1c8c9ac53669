#include "cli/trust_file.h"

#include <algorithm>

#include "base/text.h"

namespace postern::cli {
namespace {

Result<void> check_line(std::string_view option, std::string_view text) {
  if (trim(text).empty()) return invalid(std::string(option) + " is empty: it is the record");
  // A line break would let a record pretend to be another one, or a certificate.
  if (printable(text) != text)
    return invalid(std::string(option) + " must be one line of printable text");
  return {};
}

std::string block_of(const x509::Certificate& certificate, const AnchorRecord& record) {
  std::string out = "# subject: " + printable(certificate.subject()) + "\n";
  out += "# added-by: " + record.by + "\n";
  out += "# added: " + format_rfc3339(record.added) + "\n";
  if (!record.partner.empty()) out += "# partner: " + record.partner + "\n";
  return out + certificate.pem();
}

}  // namespace

Result<AddedAnchors> add_anchors(std::string_view file,
                                 const std::vector<x509::Certificate>& certificates,
                                 const AnchorRecord& record) {
  TRY_VOID(check_line("--by", record.by));
  if (!record.partner.empty()) {
    TRY_VOID(check_line("--partner", record.partner));
  }
  std::vector<x509::Certificate> there;
  if (!trim(file).empty()) {
    // A file of comments alone is an empty one.
    if (Result<std::vector<x509::Certificate>> parsed = x509::parse_pem(file))
      there = std::move(*parsed);
    else if (file.contains("-----BEGIN"))
      return invalid("the set's file is broken: " + parsed.error().detail());
  }
  AddedAnchors out;
  out.text = file;
  if (!out.text.empty() && !out.text.ends_with('\n')) out.text += '\n';
  for (const x509::Certificate& certificate : certificates) {
    if (!certificate.is_ca() && !certificate.self_signed())
      return invalid(certificate.subject() +
                     " is no CA certificate; an anchor is the root, not the server's certificate");
    if (std::ranges::find(there, certificate) != there.end()) {
      out.already_there.push_back(certificate);
      continue;
    }
    if (!out.text.empty()) out.text += '\n';
    out.text += block_of(certificate, record);
    there.push_back(certificate);
    out.added.push_back(certificate);
  }
  return out;
}

}  // namespace postern::cli
