#include "verdict/judge_case.h"

#include <algorithm>

#include "base/text.h"
#include "verdict/catalog.h"
#include "x509/names.h"

namespace postern::verdict {
namespace {

constexpr std::size_t kMaxQuotedOctets = 300;
constexpr std::size_t kMaxListedNames = 10;

Fault mirrored(Fault fault) {
  if (fault == Fault::client) return Fault::server;
  if (fault == Fault::server) return Fault::client;
  return fault;
}

}  // namespace

std::string quoted(std::string_view octets) {
  return printable(octets, kMaxQuotedOctets);
}

std::string reply_line(std::string_view what, const std::optional<mail::Reply>& reply) {
  return std::string(what) + ": " + (reply ? quoted(reply->str()) : "none");
}

std::string listed(const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kMaxListedNames);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) out += (i == 0 ? "" : ", ") + quoted(names[i]);
  if (shown < names.size()) out += " and " + std::to_string(names.size() - shown) + " more";
  return out.empty() ? "no name" : out;
}

std::string wanted_names(const TlsPolicy& policy) {
  std::vector<std::string> names;
  for (const ReferenceIdentifier& reference : policy.reference) names.push_back(reference.name);
  return join(names, ", ");
}

std::string trust_set_names(const x509::TrustSets& sets) {
  std::vector<std::string> names;
  for (const auto& set : sets) names.push_back(set->name());
  return names.empty() ? "no set" : join(names, ", ");
}

std::string day(Time t) {
  std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
  std::ranges::replace(text, 'T', ' ');
  return text;
}

std::string certificate_line(std::string_view what, const x509::Certificate& certificate) {
  return std::string(what) + ": " + quoted(certificate.subject()) +
         "; names: " + listed(x509::presented_names(certificate)) +
         "; issuer: " + quoted(certificate.issuer()) + "; valid " + day(certificate.not_before()) +
         " to " + day(certificate.not_after()) + "; SHA-256 " + certificate.sha256();
}

std::string Case::peer() const {
  std::string out = sending() ? "" : "the client ";
  out += evidence.host.empty() ? evidence.address : evidence.host;
  if (!evidence.address.empty() && evidence.address != evidence.host && !evidence.host.empty()) {
    out += " [" + evidence.address + "]";
  }
  if (sending() && evidence.port != 0) out += ":" + std::to_string(evidence.port);
  return quoted(out);
}

Finding Case::finding(std::string_view code, std::string cause) const {
  const CatalogEntry& entry = catalog_entry(code);
  Finding out;
  out.code = code;
  out.fault = sending() || entry.names_role ? entry.usual_fault : mirrored(entry.usual_fault);
  out.cause = std::move(cause);
  return out;
}

void Case::pass(std::string_view check, std::string detail) {
  verdict.checks.push_back({std::string(check), CheckResult::pass, "none", std::move(detail)});
}

void Case::not_asked(std::string_view check, std::string detail) {
  verdict.checks.push_back({std::string(check), CheckResult::not_asked, "none", std::move(detail)});
}

void Case::unknown(std::string_view check, std::string_view code, std::string detail) {
  verdict.checks.push_back(
      {std::string(check), CheckResult::unknown, std::string(code), std::move(detail)});
}

void Case::fail(std::string_view check, Finding found, bool required) {
  std::string detail = found.cause;
  if (!required) {
    detail += " Not required at level " + std::string(to_string(policy.level)) + ".";
  }
  verdict.checks.push_back({std::string(check), CheckResult::fail, found.code, std::move(detail)});
  if (required) findings.push_back(std::move(found));
}

}  // namespace postern::verdict
