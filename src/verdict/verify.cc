#include "verdict/verify.h"

#include <algorithm>

#include "base/text.h"
#include "mail/idna.h"
#include "verdict/judge_case.h"

namespace postern::verdict {
namespace {

std::string asked_names(const VerifyRequest& request) {
  std::vector<std::string> names;
  for (const x509::ReferenceName& name : request.names) names.push_back(name.value);
  return listed(names);
}

// A name that is none stays as it is: it matches nothing, and is shown as it came.
std::string a_labels(std::string_view domain) {
  const Result<std::string> converted = mail::to_a_labels(domain);
  return converted ? *converted : std::string(domain);
}

}  // namespace

x509::ReferenceName reference_name(x509::NameKind kind, std::string_view text) {
  if (kind == x509::NameKind::dns) return {kind, a_labels(text)};
  if (kind == x509::NameKind::ip) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (istarts_with(text, "IPv6:")) text.remove_prefix(5);  // RFC 5321 s4.1.3
    return {kind, std::string(text)};
  }
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return {kind, std::string(text)};
  return {kind, std::string(text.substr(0, at + 1)) + a_labels(text.substr(at + 1))};
}

VerifyAnswer verify(const VerifyRequest& request) {
  VerifyAnswer out;
  out.path = find_path(request.presented, request.trust, request.revocation, request.options);
  if (!out.path.ok) {
    const x509::PathFault& fault = out.path.faults.front();
    out.code = fault.code;
    out.detail = fault.detail;
    out.depth = fault.depth;
    return out;
  }
  const x509::Certificate& leaf = request.presented.front();
  const bool named =
      request.names.empty() || std::ranges::any_of(request.names, [&](const auto& name) {
        return x509::name_matches(leaf, name);
      });
  if (!named) {
    out.code = "name-mismatch";
    out.detail = "the certificate bears " + listed(x509::presented_names(leaf)) + "; wanted is " +
                 asked_names(request);
    out.depth = 0;
    return out;
  }
  out.ok = true;
  return out;
}

}  // namespace postern::verdict
