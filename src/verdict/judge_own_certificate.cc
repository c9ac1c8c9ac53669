// Rules of our own certificate as a client: could it be presented, and was it asked for.
#include "verdict/catalog.h"
#include "verdict/judge_case.h"

namespace postern::verdict {
namespace {

// Our policy names a certificate that cannot be used: certain, and ours to cure, so it comes before
// what the server makes of its absence.
void judge_problem(Case& c) {
  const TlsPolicy& p = c.policy;
  Finding found = c.finding(p.own_certificate_problem_code,
                            "The certificate of " + p.set_by +
                                " cannot be used: " + quoted(p.own_certificate_problem) + ".");
  found.fault = c.our_fault();
  found.evidence = {p.set_by + ": certificate " +
                    (p.own_certificate.empty() ? "(none)" : quoted(p.own_certificate)) + ": " +
                    quoted(p.own_certificate_problem)};
  // A server that does not ask would not have seen it.
  const bool wanted = c.evidence.tls.certificate_requested && c.at_least(Level::encrypt);
  c.fail("client-certificate", std::move(found), wanted || c.at_least(Level::mutual));
}

void judge_not_requested(Case& c) {
  Finding found = c.finding("client-certificate-not-requested",
                            c.policy.set_by + " asks for mutual TLS, and " + c.peer() +
                                " did not ask for our certificate.");
  found.excusable = true;
  found.evidence = {"no CertificateRequest in the handshake"};
  c.fail("client-certificate", std::move(found), true);
}

void judge_missing(Case& c) {
  Finding found =
      c.finding("client-certificate-missing", c.peer() + " asked for our certificate, and " +
                                                  c.policy.set_by + " has none to present.");
  found.excusable = true;
  found.evidence = {"CertificateRequest received, empty Certificate sent"};
  c.fail("client-certificate", std::move(found), c.at_least(Level::mutual));
}

}  // namespace

void judge_own_certificate(Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  if (!c.sending()) return;
  if (find_catalog_entry(c.policy.own_certificate_problem_code) != nullptr) return judge_problem(c);
  if (!tls.completed) return;
  // A resumed session carries the client authentication of the one it resumes (RFC 8446 s2.2).
  const bool requested = tls.certificate_requested || (tls.resumed && tls.own_certificate);
  c.ours_presented = requested && tls.own_certificate.has_value();
  if (c.ours_presented) {
    return c.pass("client-certificate", certificate_line("presented", *tls.own_certificate));
  }
  if (requested) return judge_missing(c);
  if (c.at_least(Level::mutual)) return judge_not_requested(c);
  c.not_asked("client-certificate", "the server did not ask");
}

}  // namespace postern::verdict
