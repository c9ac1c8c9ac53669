#include "policy/exchange_selection.h"

#include <algorithm>

#include "base/text.h"
#include "x509/names.h"

namespace postern::policy {
namespace {

std::string day(Time t) {
  return format_rfc3339(t).substr(0, 10);
}

// The CN of "CN=mail.contoso.com, O=Contoso"; empty where there is none.
std::string_view common_name(std::string_view subject) {
  for (const std::string_view part : split(subject, ',')) {
    const std::string_view trimmed = trim(part);
    if (istarts_with(trimmed, "CN=")) return trim(trimmed.substr(3));
  }
  return {};
}

// Does it fit what the connector looks for, and if not, why.
struct Fit {
  bool fits = false;
  std::string why_not;
};

Fit fit_by_pin(const StoredCertificate& one, const x509::IssuerSubject& pin) {
  const bool issuer = x509::same_distinguished_name(one.issuer, pin.issuer);
  const bool subject = x509::same_distinguished_name(one.subject, pin.subject);
  if (issuer && subject) return {true, {}};
  if (subject) return {false, "same subject, but issued by " + one.issuer};
  if (issuer) return {false, "same issuer, but its subject is " + one.subject};
  return {false, "neither issuer nor subject are those that the connector names"};
}

Fit fit_by_name(const StoredCertificate& one, const std::string& fqdn) {
  const std::optional<bool> bears = stored_certificate_bears(one, fqdn);
  if (bears == true) return {true, {}};
  if (!bears) {
    return {false,
            "the export does not show all of its names; " + fqdn + " is none of those shown"};
  }
  return {false, "no name of it is " + fqdn};
}

bool expired(const StoredCertificate& one, Time now) {
  return one.not_after && now > *one.not_after;
}
bool early(const StoredCertificate& one, Time now) {
  return one.not_before && now < *one.not_before;
}

// Step 9: the first valid one of a CA, and only if there is none a self-signed one; an expired one
// is still offered where nothing else is there.
int rank(const StoredCertificate& one, Time now) {
  if (expired(one, now) || early(one, now) || !one.valid) return 2;
  return one.self_signed == true ? 1 : 0;
}

bool better(const StoredCertificate& a, const StoredCertificate& b, ExchangeReading reading,
            Time now) {
  if (rank(a, now) != rank(b, now)) return rank(a, now) < rank(b, now);
  const bool by_start = reading == ExchangeReading::newest_start;
  const auto& first = by_start ? a.not_before : a.not_after;
  const auto& second = by_start ? b.not_before : b.not_after;
  if (first == second) return false;  // as they stand in the store
  return first.value_or(Time{}) > second.value_or(Time{});
}

std::string why_behind(const StoredCertificate& loser, const StoredCertificate& winner,
                       ExchangeReading reading, Time now) {
  if (rank(loser, now) != rank(winner, now)) {
    if (expired(loser, now)) return "expired " + day(*loser.not_after);
    if (early(loser, now)) return "valid only from " + day(*loser.not_before);
    if (!loser.valid) return "its status is not Valid";
    return "self-signed, and " + winner.label + " is issued by a CA";
  }
  const bool by_start = reading == ExchangeReading::newest_start;
  const auto& mine = by_start ? loser.not_before : loser.not_after;
  const auto& best = by_start ? winner.not_before : winner.not_after;
  if (!mine || !best || *mine == *best)
    return "equal to " + winner.label + ", which stands first in the store";
  return std::string(by_start ? "valid from " : "ends ") + day(*mine) + ", " + winner.label + " " +
         (by_start ? "from " : "ends ") + day(*best) + ", which is later";
}

std::string words_of(const StoredCertificate& one, std::string_view code) {
  if (code == "expired") return ", although it expired " + day(*one.not_after);
  if (code == "not-yet-valid") return ", although it is valid only from " + day(*one.not_before);
  if (code == "certificate-not-bound")
    return ", although it is not enabled for SMTP: TLS will fail";
  return {};
}

std::string finding_with(const StoredCertificate& one, Time now) {
  if (expired(one, now)) return "expired";
  if (early(one, now)) return "not-yet-valid";
  return one.smtp == false ? "certificate-not-bound" : "none";
}

class Selecting {
 public:
  Selecting(const ExchangeWanted& wanted, const std::vector<StoredCertificate>& store,
            ExchangeReading reading, Time now)
      : wanted_(wanted), store_(store), reading_(reading), now_(now) {}

  Selection run() && {
    if (wanted_.tls_certificate_name.empty()) {
      out_.asked = "name " + wanted_.fqdn + " of " + wanted_.whose;
    } else {
      out_.asked = "TlsCertificateName of " + wanted_.whose;
      pin_ = x509::parse_exchange_certificate_name(wanted_.tls_certificate_name);
    }
    for (std::size_t i = 0; i < store_.size(); ++i) consider(i);
    if (out_.index) {
      say_chosen();
    } else {
      say_none();
    }
    for (std::size_t i = 0; i < store_.size(); ++i) out_.candidates.push_back(candidate(i));
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool pinned() const { return !wanted_.tls_certificate_name.empty(); }

  [[nodiscard]] Fit fit(const StoredCertificate& one) const {
    if (!pinned()) return fit_by_name(one, wanted_.fqdn);
    if (!pin_) return {false, "the connector's TlsCertificateName is not <I>issuer<S>subject"};
    return fit_by_pin(one, *pin_);
  }

  void consider(std::size_t i) {
    const StoredCertificate& one = store_[i];
    if (one.private_key == false || !fit(one).fits) return;
    if (!out_.index || better(one, store_[*out_.index], reading_, now_)) out_.index = i;
  }

  void say_chosen() {
    const StoredCertificate& best = store_[*out_.index];
    out_.code = finding_with(best, now_);
    out_.reason = best.label + " is the one that " + wanted_.whose +
                  (pinned() ? " names" : " finds by its name " + wanted_.fqdn) +
                  words_of(best, out_.code);
  }

  void say_none() {
    const auto keyless =
        std::ranges::find_if(store_, [&](const StoredCertificate& one) { return fit(one).fits; });
    if (keyless != store_.end()) {
      out_.code = "private-key-inaccessible";
      out_.reason = keyless->label + " fits " + wanted_.whose + " but has no private key";
    } else if (pinned() && !pin_) {
      out_.code = "tls-policy-misconfigured";
      out_.reason = "TlsCertificateName of " + wanted_.whose + " is not <I>issuer<S>subject";
    } else if (pinned()) {
      out_.code = "tlscertificatename-stale";
      out_.reason = wanted_.whose + " names " + wanted_.tls_certificate_name +
                    ", which no certificate of the store bears";
    } else {
      out_.code = "certificate-missing-for-fqdn";
      out_.reason = "no certificate of the store bears " + wanted_.fqdn;
    }
  }

  [[nodiscard]] Candidate candidate(std::size_t i) const {
    const StoredCertificate& one = store_[i];
    if (out_.index == i) return {one.label, true, "chosen" + words_of(one, out_.code)};
    const Fit how = fit(one);
    if (!how.fits) return {one.label, false, how.why_not};
    if (one.private_key == false) return {one.label, false, "it has no private key"};
    return {one.label, false, why_behind(one, store_[*out_.index], reading_, now_)};
  }

  const ExchangeWanted& wanted_;
  const std::vector<StoredCertificate>& store_;
  const ExchangeReading reading_;
  const Time now_;
  std::optional<x509::IssuerSubject> pin_;
  Selection out_;
};

}  // namespace

std::string_view to_string(ExchangeReading reading) {
  return reading == ExchangeReading::newest_start ? "newest start" : "newest expiry";
}

std::optional<bool> stored_certificate_bears(const StoredCertificate& certificate,
                                             std::string_view name) {
  const bool found = iequals(common_name(certificate.subject), name) ||
                     std::ranges::any_of(certificate.names, [&](const std::string& presented) {
                       return x509::dns_name_matches(presented, name);
                     });
  if (found) return true;
  if (!certificate.names_complete) return std::nullopt;
  return false;
}

Selection select_exchange_certificate(const ExchangeWanted& wanted,
                                      const std::vector<StoredCertificate>& store,
                                      ExchangeReading reading, Time now) {
  return Selecting(wanted, store, reading, now).run();
}

}  // namespace postern::policy
