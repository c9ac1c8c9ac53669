// Whose fault is a chain that ends nowhere: the one who presents too little, a private CA, or the
// verifier who has no, or old, roots? The words alone often fit all three; who issued it decides.
#include <algorithm>
#include <array>

#include "explain/details.h"
#include "explain/phrases.h"
#include "explain/rules/rule.h"
#include "x509/certificate.h"

namespace postern::explain {
namespace {

using verdict::Certainty;

// Folded parts of names of CAs in the public programmes, past and present.
constexpr std::string_view kPublicIssuers =
    "let's encrypt|lets encrypt|isrg|dst root|identrust|digicert|geotrust|rapidssl|thawte|verisign|"
    "symantec|sectigo|comodo|usertrust|addtrust|globalsign|entrust|godaddy|go daddy|starfield|"
    "google trust|gts ca|gts root|amazon|baltimore cybertrust|quovadis|swisssign|equifax|actalis|"
    "certum|t telesec|buypass|zerossl|startcom|wosign|trustwave|network solutions|gandi|"
    "microsoft azure|microsoft rsa|telia|harica|certigna|d trust|e1,|e5,|o=internet security";
// Of those the ones that are roots, so that nobody can leave them out of a chain.
constexpr std::string_view kPublicRoots =
    "isrg root|dst root ca|addtrust external|baltimore cybertrust|digicert global root|"
    "digicert high assurance|globalsign root|geotrust global ca|equifax secure|thawte primary|"
    "thawte premium|usertrust rsa cert|comodo rsa certification|aaa certificate services|"
    "gts root|google trust services llc, cn = gts root|entrust root|starfield root|"
    "go daddy root|class 3 public primary|quovadis root|verisign class 3";
// Their servers are watched by thousands: an unknown issuer there is the verifier's own trouble.
constexpr std::string_view kGreatProviders =
    "google.com|gmail|googlemail|outlook.com|protection.outlook|hotmail|office365|yahoodns|yahoo."
    "com|"
    "icloud.com|apple.com|protonmail|proton.me|messagingengine|amazonaws|sendgrid|mailgun|gmx.net|"
    "web.de|kundenserver|t online.de";

std::string words_of(const Sighting& sighting) {
  std::string out = fold(sighting.first.counterpart);
  for (const Span& span : sighting.spans) out += " " + fold(span.text);
  return out;
}

Candidate candidate(std::string_view code, Certainty certainty, int order, const Sighting& because,
                    std::string sentence = {}) {
  return {.code = std::string(code),
          .certainty = certainty,
          .rank = Rank::mechanism,
          .order = order,
          .sentence = std::move(sentence),
          .because = {&because},
          .rule = "trust"};
}

// Names of public roots that have expired, while newer ones carry the same certificates: a library
// that still walks to them calls sound chains expired (AddTrust in May 2020, DST Root CA X3 in
// September 2021).
constexpr std::string_view kExpiredRoots = "dst root ca x3|addtrust external";

constexpr int kOrder = -5;  // below expiry, names and DANE: their words are clearer

// The chain as presented is one certificate that another one signed.
bool presented_alone(const Case& seen) {
  const auto shown = seen.all(Fact::certificate);
  const auto of_server = [](const Sighting* one) {
    return one->first.dialect == "openssl s_client";
  };
  return std::ranges::count_if(shown, of_server) == 1 &&
         std::ranges::none_of(shown, [&](const Sighting* one) {
           return of_server(one) && x509::same_distinguished_name(one->first.certificate->subject,
                                                                  one->first.certificate->issuer);
         });
}

void judge_expired_root(const Sighting& sighting, Candidates& candidates) {
  const bool root = sighting.first.number > 0 || sighting.first.presented.empty();
  const std::string words =
      fold(sighting.first.presented) + " " + fold(sighting.spans.front().text);
  if (!root || !contains_any(words, kExpiredRoots)) return;
  Candidate own = candidate("local-trust-store-outdated", Certainty::likely, 0, sighting,
                            "What expired is an old public root, not the server's certificate: the "
                            "verifier's library or bundle still walks to it.");
  own.rank = Rank::joined;
  candidates.add(std::move(own));
}

// No more is said than that it did not verify: trust and names are what fails most.
void judge_vague(const Sighting& sighting, Candidates& candidates) {
  for (const auto& [code, order] :
       {std::pair("untrusted-root", 5), std::pair("name-mismatch", 4)}) {
    Candidate vague = candidate(code, Certainty::possible, order, sighting);
    vague.rank = Rank::symptom;
    candidates.add(std::move(vague));
  }
}

// Where mail went through all the same, nobody had asked for more.
void judge_unverified(const Case& seen, const Sighting& sighting, Candidates& candidates) {
  if (!seen.has(Fact::delivered)) return judge_vague(sighting, candidates);
  Candidate fine = candidate("none", Certainty::likely, 0, sighting);
  fine.rank = Rank::health;
  candidates.add(std::move(fine));
}

void judge_unknown_issuer(const Case& seen, const Sighting& sighting, Candidates& candidates) {
  const std::string words = words_of(sighting);
  const Sighting* const missing = seen.find(Fact::trust_store_missing);
  if (missing != nullptr || contains_any(words, kGreatProviders) ||
      contains_any(words, kPublicRoots)) {
    Candidate own = candidate("local-trust-store-outdated", Certainty::likely, kOrder + 3, sighting,
                              "The chain is that of a public CA; the verifier does not know its "
                              "root.");
    if (missing != nullptr) own.because.push_back(missing);
    candidates.add(std::move(own));
    candidates.add(candidate("untrusted-root", Certainty::possible, kOrder, sighting));
    candidates.add(candidate("incomplete-chain", Certainty::possible, kOrder - 1, sighting));
    return;
  }
  const bool leaf_alone = seen.has(Fact::leaf_alone) || presented_alone(seen);
  if (contains_any(words, kPublicIssuers)) {
    // A public intermediate that the verifier has not: not sent, or the roots are missing.
    candidates.add(candidate("incomplete-chain", Certainty::likely, kOrder + 2, sighting));
    candidates.add(candidate("local-trust-store-outdated", Certainty::possible, kOrder, sighting));
    return;
  }
  const bool named_issuer = sighting.first.fact == Fact::untrusted;
  candidates.add(candidate("incomplete-chain", leaf_alone ? Certainty::likely : Certainty::possible,
                           named_issuer && !leaf_alone ? kOrder : kOrder + 1, sighting));
  candidates.add(candidate("untrusted-root", named_issuer ? Certainty::likely : Certainty::possible,
                           named_issuer ? kOrder + 1 : kOrder, sighting));
}

}  // namespace

void apply_trust(const Case& seen, Candidates& candidates) {
  for (const Sighting& sighting : seen.sightings()) {
    switch (sighting.first.fact) {
      case Fact::expired:
        judge_expired_root(sighting, candidates);
        break;
      case Fact::self_signed:
        candidates.add(candidate("self-signed", Certainty::likely, kOrder + 2, sighting));
        break;
      case Fact::self_signed_in_chain:
        candidates.add(candidate("untrusted-root", Certainty::likely, kOrder + 1, sighting));
        break;
      case Fact::leaf_alone:
        candidates.add(candidate("incomplete-chain", Certainty::likely, kOrder + 2, sighting));
        break;
      case Fact::no_issuer:
      case Fact::untrusted:
        judge_unknown_issuer(seen, sighting, candidates);
        break;
      case Fact::verification_failed:
        judge_vague(sighting, candidates);
        break;
      case Fact::unverified:
        judge_unverified(seen, sighting, candidates);
        break;
      case Fact::tls_used:
        // Postfix says "Untrusted" of a session that it lets go on all the same.
        if (words_of(sighting).find("untrusted tls connection") != std::string::npos &&
            contains_any(words_of(sighting), kGreatProviders)) {
          candidates.add(candidate("local-trust-store-outdated", Certainty::likely, kOrder,
                                   sighting,
                                   "The server's chain is public and sound; the verifier has no "
                                   "roots to check it with. Mail goes on all the same."));
        }
        break;
      default:
        break;
    }
  }
}

}  // namespace postern::explain
