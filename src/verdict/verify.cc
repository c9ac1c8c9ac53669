#include "verdict/verify.h"

#include <algorithm>

#include "base/text.h"
#include "mail/idna.h"
#include "verdict/judge_case.h"

namespace postern::verdict {
namespace {

// A name that is none stays as it is: it matches nothing, and is shown as it came.
std::string a_labels(std::string_view domain) {
  const Result<std::string> converted = mail::to_a_labels(domain);
  return converted ? *converted : std::string(domain);
}

// What a session was that presented this chain, as far as the rules ask: TLS from the first byte to
// its end.
Evidence finished_session(VerifyRequest& request) {
  Evidence out;
  const bool server = request.options.purpose == x509::Purpose::tls_server;
  out.judged = server ? Judged::server : Judged::client;
  out.time = request.options.now;
  out.host = "the peer";
  out.stage = Stage::done;
  out.tls.attempted = out.tls.completed = out.tls.confirmed = out.tls.implicit = true;
  out.tls.version = "TLSv1.3";
  out.tls.presented = std::move(request.presented);
  out.crls_der = std::move(request.revocation.crls_der);
  out.fetched.ocsp_der = std::move(request.revocation.ocsp_der);
  return out;
}

TlsPolicy policy_of(const VerifyRequest& request) {
  TlsPolicy out;
  out.level = request.names.empty() ? Level::validate : Level::authenticate;
  out.trust = request.trust;
  out.set_by = "the request";
  out.revocation = request.options.require_revocation ? Revocation::required
                   : request.options.check_revocation ? Revocation::when_published
                                                      : Revocation::off;
  return out;
}

// Of the certificates whose state must be known and is not, the one nearest the leaf.
void tell_unknown(VerifyAnswer& out) {
  const auto unknown = std::ranges::find(out.path.revocation, x509::RevocationState::unknown,
                                         &x509::RevocationStatus::state);
  if (unknown == out.path.revocation.end()) return;
  out.depth = static_cast<std::size_t>(unknown - out.path.revocation.begin());
  if (unknown->unsupported) out.code = "unsupported";
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

VerifyAnswer verify(VerifyRequest request) {
  const Evidence evidence = finished_session(request);
  const TlsPolicy policy = policy_of(request);
  const ChainRules rules{request.options, request.names};
  Judgement judged = judge_chain(evidence, policy, rules, request.options.now);
  VerifyAnswer out;
  out.ok = judged.verdict.ok;
  out.code = judged.verdict.code;
  out.path = std::move(judged.path);
  if (out.ok) return out;
  out.detail = judged.verdict.cause;
  const auto fault = std::ranges::find(out.path.faults, out.code, &x509::PathFault::code);
  if (fault != out.path.faults.end()) {
    out.depth = fault->depth;
    out.detail = fault->detail;
  } else if (out.code == "name-mismatch") {
    out.depth = 0;
  } else if (out.code == "revocation-unreachable") {
    tell_unknown(out);
  }
  return out;
}

}  // namespace postern::verdict
