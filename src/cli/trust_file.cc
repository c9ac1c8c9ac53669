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

constexpr std::size_t kMaxFileNameOctets = 40;
constexpr std::size_t kFileNameDigits = 8;

// The next block of a PEM file with the text above it; the rest of the file where there is none.
std::string_view take_block(std::string_view& text) {
  std::size_t end = text.find("-----END ");
  if (end != std::string_view::npos) end = text.find('\n', end);
  const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
  const std::string_view out = text.substr(0, size);
  text.remove_prefix(size);
  return out;
}

// What stands above the comment lines that go with the block's certificate.
std::string_view above_its_record(std::string_view block) {
  std::string_view kept = block.substr(0, std::min(block.size(), block.find("-----BEGIN ")));
  while (!kept.empty()) {
    const std::string_view without_end =
        kept.ends_with('\n') ? kept.substr(0, kept.size() - 1) : kept;
    const std::size_t before = without_end.rfind('\n');
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    if (!trim(kept.substr(start)).starts_with('#')) break;
    kept = kept.substr(0, start);
  }
  return kept;
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

std::string anchor_file_name(const x509::Certificate& certificate) {
  const std::string name =
      certificate.common_names().empty() ? std::string("root") : certificate.common_names().front();
  std::string out;
  for (const char c : lower(name).substr(0, kMaxFileNameOctets)) {
    if (is_alnum(c)) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return (out.empty() ? "root" : out) + "-" +
         lower(certificate.sha256().substr(0, kFileNameDigits)) + ".pem";
}

Result<RemovedAnchors> remove_anchor(std::string_view file, const x509::Certificate& certificate,
                                     const RemovalRecord& record) {
  TRY_VOID(check_line("--by", record.by));
  TRY_VOID(check_line("--why", record.why));
  RemovedAnchors out;
  bool found = false;
  while (!file.empty()) {
    const std::string_view block = take_block(file);
    if (!block.contains("-----BEGIN ")) {
      out.text += block;
      continue;
    }
    const Result<std::vector<x509::Certificate>> parsed = x509::parse_pem(block);
    const bool it = parsed && parsed->front() == certificate;
    found = found || it;
    out.any_left = out.any_left || (parsed && !it);
    out.text += it ? above_its_record(block) : block;
  }
  if (!found) return invalid("the set's file does not hold " + certificate.subject());
  if (!out.text.empty() && !out.text.ends_with('\n')) out.text += '\n';
  out.text += "# removed: " + format_rfc3339(record.removed) + " by " + record.by + ": " +
              record.why + "\n#   " + printable(certificate.subject()) + ", sha256 " +
              certificate.sha256() + "\n";
  return out;
}

}  // namespace postern::cli
