// Names: what was wanted beside what was presented; and certificates that stand where another one
// was meant to stand.
#include <algorithm>

#include "base/text.h"
#include "explain/details.h"
#include "explain/rules/exchange_view.h"
#include "explain/rules/rule.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

std::string names_sentence(const Observation& o) {
  if (o.wanted.empty() && o.presented.empty()) return {};
  std::string out = o.counterpart.empty() ? "The other side" : o.counterpart;
  out += o.presented.empty() ? " presents a certificate without the name"
                             : " presents a certificate for " + o.presented;
  return out + (o.wanted.empty() ? "." : "; wanted was " + o.wanted + ".");
}

}  // namespace

void apply_names(const Case& seen, Candidates& candidates) {
  const Sighting* const mismatch = seen.find(Fact::name_mismatch);
  if (mismatch == nullptr) return;
  for (const Sighting* one : seen.all(Fact::name_mismatch)) {
    const Observation& o = one->first;
    const bool both = !o.wanted.empty() && !o.presented.empty() && host_like(o.wanted);
    candidates.add({.code = "name-mismatch",
                    .certainty = both ? Certainty::certain : Certainty::likely,
                    .rank = Rank::mechanism,
                    .order = 0,
                    .sentence = names_sentence(o),
                    .because = {one},
                    .rule = "names"});
  }
  for (const Sighting* shown : seen.all(Fact::certificate)) {
    const SeenCertificate& certificate = *shown->first.certificate;
    if (certificate.presented_by == Side::unknown || !self_issued(certificate)) continue;
    candidates.add(
        {.code = "wrong-certificate-selected",
         .certainty = Certainty::likely,
         .rank = Rank::joined,
         .order = 5,
         .sentence = "The server presents the certificate " + certificate.subject +
                     ", which it made for itself, in place of the one with the wanted name.",
         .because = {shown, mismatch},
         .rule = "own-certificate-in-place"});
  }
}

}  // namespace postern::explain
