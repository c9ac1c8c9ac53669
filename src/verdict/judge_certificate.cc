// Rules of the peer's certificate: a path to an anchor that counts, dates, strength, use,
// revocation, and the name. All are computed whenever a chain was seen; the level says which
// decide.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "verdict/judge_case.h"
#include "x509/names.h"
#include "x509/path.h"
#include "x509/revocation_fetch.h"

namespace postern::verdict {
namespace {

constexpr std::size_t kMaxWants = 16;

using x509::Certificate;
using x509::PathFault;
using x509::PathResult;

bool lacks_anchor(std::string_view code) {
  return code == "untrusted-root" || code == "incomplete-chain" || code == "self-signed";
}

std::string_view check_of(std::string_view code) {
  if (code == "expired" || code == "not-yet-valid") return "validity";
  if (code == "revoked" || code == "revocation-unreachable") return "revocation";
  if (code == "wrong-key-usage") return "key-usage";
  if (code == "weak-key-or-hash") return "strength";
  return "chain";
}

x509::RevocationView revocation_data(const Evidence& e) {
  x509::RevocationView out;
  for (const auto* lists : {&e.crls_der, &e.fetched.crls_der})
    out.crls_der.insert(out.crls_der.end(), lists->begin(), lists->end());
  out.ocsp_der.assign(e.fetched.ocsp_der.begin(), e.fetched.ocsp_der.end());
  if (!e.tls.ocsp_staple.empty()) out.ocsp_der.emplace_back(e.tls.ocsp_staple);
  return out;
}

// Where everything must be known to be good, the search prefers a path of which it is; what remains
// unknown is for judge_revocation to say, which knows where it could be asked.
PathResult find(const Case& c, const x509::TrustSets& sets) {
  x509::PathOptions options = c.rules.path;
  options.purpose = c.sending() ? x509::Purpose::tls_server : x509::Purpose::tls_client;
  options.now = c.now;
  options.common_name_counts = c.policy.legacy_cn;
  options.check_revocation = c.policy.revocation != Revocation::off;
  options.require_revocation = c.policy.revocation == Revocation::required;
  PathResult found =
      x509::find_path(c.evidence.tls.presented, sets, revocation_data(c.evidence), options);
  std::erase_if(found.faults, x509::is_unknown_revocation);
  found.ok = found.anchor.has_value() && found.faults.empty();
  return found;
}

void want(Case& c, FetchKind kind, const std::vector<std::string>& urls,
          const Certificate& certificate, const std::string& ocsp_request = {}) {
  for (const std::string& url : urls) {
    if (!x509::is_fetchable(url)) continue;
    Want one{kind, url, certificate.sha256(), ocsp_request};
    auto& wants = c.verdict.wants;
    if (wants.size() < kMaxWants && std::ranges::find(wants, one) == wants.end()) {
      wants.push_back(std::move(one));
    }
  }
}

Facts facts_of(const Certificate& certificate) {
  return {{"subject", quoted(certificate.subject())},
          {"issuer", quoted(certificate.issuer())},
          {"from", day(certificate.not_before())},
          {"until", day(certificate.not_after())}};
}

// ---- chain -------------------------------------------------------------------------------------

// Known here, but in a set that does not count: Exchange's RootCAType Registry.
std::optional<x509::Anchor> anchor_elsewhere(const Case& c) {
  if (c.policy.other_sets.empty()) return std::nullopt;
  const PathResult other = find(c, c.policy.other_sets);
  const bool reached = other.anchor && std::ranges::none_of(other.faults, [](const PathFault& f) {
                         return check_of(f.code) == "chain";
                       });
  return reached ? other.anchor : std::nullopt;
}

Finding wrong_store(const Case& c, const x509::Anchor& anchor) {
  const x509::Provenance& from = anchor.provenance;
  const std::string subject = quoted(anchor.certificate.subject());
  Finding found =
      c.finding("root-in-wrong-store", "The chain of " + c.peer() + " ends in '" + subject +
                                           "', which stands in trust set " + from.set + " (" +
                                           quoted(from.file) + "); for " + c.policy.set_by +
                                           " only " + trust_set_names(c.policy.trust) + " counts.");
  found.fault = c.our_fault();
  found.facts = {{"anchor", subject}, {"anchor_file", quoted(from.file)}, {"anchor_set", from.set}};
  found.evidence.push_back("anchor: " + subject + ", SHA-256 " + anchor.certificate.sha256() +
                           ", set " + from.set + ", file " + quoted(from.file));
  return found;
}

Finding chain_fault(const Case& c, const PathResult& path, const PathFault& fault) {
  Finding found =
      c.finding(fault.code, "The certificate of " + c.peer() + ": " + quoted(fault.detail) + ".");
  // The details of faults are sentences; one full stop is enough.
  if (found.cause.ends_with("..")) found.cause.pop_back();
  if (lacks_anchor(fault.code)) {
    found.cause += " Trusted here: " + trust_set_names(c.policy.trust) + ".";
  }
  if (fault.depth < path.path.size()) {
    const Certificate& at = path.path[fault.depth];
    found.facts = facts_of(at);
    if (fault.depth != 0) {
      found.evidence.push_back(
          certificate_line("certificate " + std::to_string(fault.depth) + " of the path", at));
    }
  }
  return found;
}

void report_fault(Case& c, const PathResult& path, const PathFault& fault,
                  const std::optional<x509::Anchor>& elsewhere) {
  const bool misplaced = elsewhere && lacks_anchor(fault.code);
  Finding found = misplaced ? wrong_store(c, *elsewhere) : chain_fault(c, path, fault);
  found.excusable = true;
  found.evidence.insert(found.evidence.begin(),
                        certificate_line("presented leaf", c.evidence.tls.presented.front()));
  // Where the path ends without its root, the next certificate may be had from the last one's CA.
  const bool open_end = fault.code == "incomplete-chain" || fault.code == "untrusted-root";
  if (open_end && !misplaced && c.at_least(Level::validate) && !path.path.empty() &&
      !path.path.back().self_signed()) {
    want(c, FetchKind::aia, path.path.back().aia_urls(), path.path.back());
  }
  c.fail(check_of(fault.code), std::move(found), c.at_least(Level::validate));
}

void report_faults(Case& c, const PathResult& path) {
  const bool unanchored =
      std::ranges::any_of(path.faults, [](const PathFault& f) { return lacks_anchor(f.code); });
  const std::optional<x509::Anchor> elsewhere = unanchored ? anchor_elsewhere(c) : std::nullopt;
  std::vector<std::string_view> reported;
  for (const PathFault& fault : path.faults) {
    if (std::ranges::find(reported, fault.code) != reported.end()) continue;
    reported.push_back(fault.code);
    report_fault(c, path, fault, elsewhere);
  }
}

void pass_the_rest(Case& c, const PathResult& path) {
  for (const std::string_view check : {"chain", "validity", "strength", "key-usage"}) {
    const bool failed = std::ranges::any_of(
        path.faults, [&](const PathFault& f) { return check_of(f.code) == check; });
    if (failed) continue;
    std::string detail;
    if (check == "chain" && path.anchor) {
      detail = "anchor " + quoted(path.anchor->certificate.subject()) + " of set " +
               path.anchor->provenance.set;
    }
    c.pass(check, std::move(detail));
  }
}

void record_anchor(Case& c, const x509::Anchor& anchor) {
  const x509::Provenance& from = anchor.provenance;
  c.verdict.anchor = TrustedBy{.subject = anchor.certificate.subject(),
                               .sha256 = anchor.certificate.sha256(),
                               .set = from.set,
                               .file = from.file,
                               .added_by = from.added_by,
                               .partner = from.partner,
                               .added = from.added};
}

// ---- revocation --------------------------------------------------------------------------------

bool names_a_source(const Certificate& certificate) {
  return !certificate.crl_urls().empty() || !certificate.ocsp_urls().empty();
}

constexpr std::size_t kMaxToldFetches = 6;

// What became of the places that the certificate names; empty: none was asked.
std::string told_fetches(const Case& c, const Certificate& certificate) {
  std::vector<std::string> told;
  const auto named = [](const std::vector<std::string>& urls, const std::string& url) {
    return std::ranges::find(urls, url) != urls.end();
  };
  for (const Fetch& fetch : c.evidence.fetched.fetches) {
    const bool ocsp = fetch.kind == FetchKind::ocsp && fetch.certificate == certificate.sha256();
    const bool crl = fetch.kind == FetchKind::crl && named(certificate.crl_urls(), fetch.url);
    if (!ocsp && !crl) continue;
    told.push_back(std::string(to_string(fetch.kind)) + " " + quoted(fetch.url) + ": " +
                   (fetch.ok ? "came, but does not settle it" : quoted(fetch.error)));
  }
  for (const auto* urls : {&certificate.ocsp_urls(), &certificate.crl_urls()}) {
    for (const std::string& url : *urls) {
      if (!x509::is_fetchable(url))
        told.push_back(quoted(url) + ": not followed, only http and https are");
    }
  }
  if (told.size() > kMaxToldFetches) {
    const std::string more = std::to_string(told.size() - kMaxToldFetches) + " more";
    told.resize(kMaxToldFetches);
    told.push_back(more);
  }
  return join(told, "; ");
}

void judge_unknown_revocation(Case& c, const Certificate& certificate, const Certificate* issuer,
                              const x509::RevocationStatus& status) {
  std::string detail = "the revocation state of '" + quoted(certificate.subject()) +
                       "' is not known: " + quoted(status.detail);
  if (!names_a_source(certificate)) detail += "; the certificate names no place to ask";
  if (const std::string told = told_fetches(c, certificate); !told.empty())
    detail += " (" + told + ")";
  if (c.at_least(Level::validate)) {
    // OCSP before CRL: some kilobytes that are hours old, not megabytes that may be days old.
    const Result<std::string> request =
        issuer == nullptr ? Result<std::string>() : x509::ocsp_request(certificate, *issuer);
    if (issuer != nullptr && request)
      want(c, FetchKind::ocsp, certificate.ocsp_urls(), certificate, *request);
    want(c, FetchKind::crl, certificate.crl_urls(), certificate);
  }
  if (c.policy.revocation != Revocation::required) {
    // Nobody is asked over the network where the answer would decide nothing.
    if (!c.at_least(Level::validate)) return c.not_asked("revocation", detail);
    return c.unknown("revocation", "revocation-unreachable", detail);
  }
  Finding found =
      c.finding("revocation-unreachable", "For " + c.peer() + " " + detail + "; " +
                                              c.policy.set_by + " asks revocation = \"required\".");
  found.excusable = true;
  found.facts = facts_of(certificate);
  found.evidence = {certificate_line("certificate", certificate)};
  for (const auto* urls : {&certificate.ocsp_urls(), &certificate.crl_urls()}) {
    for (const std::string& url : *urls) found.evidence.push_back(quoted(url));
  }
  c.fail("revocation", std::move(found), c.at_least(Level::validate));
}

void judge_revocation(Case& c, const PathResult& path) {
  if (c.policy.revocation == Revocation::off) return c.not_asked("revocation", "switched off");
  if (!path.anchor) return c.not_asked("revocation", "there is no path to ask about");
  const bool reported = std::ranges::any_of(
      path.faults, [](const PathFault& f) { return check_of(f.code) == "revocation"; });
  if (reported) return;
  bool all_known = true;
  const std::size_t count = std::min(path.revocation.size(), path.path.size());
  for (std::size_t i = 0; i < count; ++i) {
    const bool matters =
        c.policy.revocation == Revocation::required || names_a_source(path.path[i]);
    if (path.revocation[i].state != x509::RevocationState::unknown || !matters) continue;
    all_known = false;
    const Certificate* issuer = i + 1 < path.path.size() ? &path.path[i + 1] : nullptr;
    judge_unknown_revocation(c, path.path[i], issuer, path.revocation[i]);
  }
  if (all_known) c.pass("revocation", "nothing that is published says revoked");
}

// ---- identity ----------------------------------------------------------------------------------

void judge_no_reference(Case& c) {
  if (!c.sending()) return c.not_asked("identity", "no names are asked for: any name counts");
  if (!c.at_least(Level::authenticate)) return c.not_asked("identity", "no name is asked for");
  Finding found = c.finding("tls-policy-misconfigured", c.policy.set_by + " asks level " +
                                                            std::string(to_string(c.policy.level)) +
                                                            " but names nobody.");
  found.excusable = true;
  found.evidence = {"policy: no reference identifier"};
  c.fail("identity", std::move(found), true);
}

// A name whose kind was said.
bool bears_one_of(Case& c, const Certificate& leaf) {
  for (const x509::ReferenceName& wanted : c.rules.names) {
    if (!x509::name_matches(leaf, wanted)) continue;
    c.name_ok = true;
    c.verdict.reference_identifier = wanted.value;
    c.pass("identity", quoted(wanted.value) + " by SAN");
    return true;
  }
  return false;
}

void judge_identity(Case& c) {
  const Certificate& leaf = c.evidence.tls.presented.front();
  if (c.policy.reference.empty() && c.rules.names.empty()) return judge_no_reference(c);
  if (bears_one_of(c, leaf)) return;
  for (const ReferenceIdentifier& wanted : c.policy.reference) {
    const auto match = x509::match_name(leaf, wanted.name, c.policy.legacy_cn);
    if (match == x509::NameMatch::no) continue;
    c.name_ok = true;
    c.verdict.reference_identifier = wanted.name;
    const std::string_view how =
        match == x509::NameMatch::legacy_cn ? " by the subject CN (legacy match)" : " by SAN";
    return c.pass("identity",
                  quoted(wanted.name) + " (" + quoted(wanted.origin) + ")" + std::string(how));
  }
  std::vector<std::string> asked;
  for (const x509::ReferenceName& wanted : c.rules.names) asked.push_back(wanted.value);
  for (const ReferenceIdentifier& wanted : c.policy.reference) {
    asked.push_back(wanted.name + " (" + wanted.origin + ")");
  }
  const std::string presented = listed(x509::presented_names(leaf));
  Finding found = c.finding("name-mismatch", "The certificate of " + c.peer() + " bears " +
                                                 presented + "; wanted is " + listed(asked) + ".");
  found.excusable = true;
  found.facts = facts_of(leaf);
  found.evidence = {certificate_line("presented leaf", leaf)};
  c.fail("identity", std::move(found), c.at_least(Level::authenticate));
}

void judge_nothing_presented(Case& c) {
  const bool required = c.evidence.tls.completed && c.at_least(Level::validate);
  if (!required) return c.not_asked("chain", "no certificate was presented");
  Finding found = c.sending()
                      ? c.finding("certificate-not-bound", c.peer() + " presents no certificate.")
                      : c.finding("client-certificate-missing",
                                  c.policy.set_by + " asks for a client certificate, and " +
                                      c.peer() + " presents none.");
  found.excusable = true;
  found.evidence = {"no certificate presented by " + c.peer()};
  c.fail("chain", std::move(found), true);
}

}  // namespace

void judge_certificate(Case& c) {
  if (c.evidence.tls.presented.empty()) return judge_nothing_presented(c);
  c.path = find(c, c.policy.trust);
  const PathResult& path = c.path;
  c.chain_ok = path.ok;
  if (path.ok && path.anchor) record_anchor(c, *path.anchor);
  report_faults(c, path);
  pass_the_rest(c, path);
  judge_revocation(c, path);
  judge_identity(c);
}

}  // namespace postern::verdict
