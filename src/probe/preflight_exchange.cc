// An Exchange organization from its saved output: which certificate each connector presents now,
// with the new one imported and enabled for SMTP beside the old one, and when the old one is gone.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "policy/exchange_selection.h"
#include "probe/exchange_counterparts.h"
#include "probe/preflight_case.h"

namespace postern::probe {
namespace {

using explain::ExchangeCertificate;
using explain::ExchangeReceiveConnector;
using explain::ExchangeSendConnector;
using policy::ExchangeReading;
using policy::ExchangeWanted;
using policy::Selection;
using policy::StoredCertificate;

constexpr std::size_t kShortThumbprint = 8;
constexpr std::size_t kMaxProblemsShown = 20;

std::string cn_or_first(const std::string& subject, const std::vector<std::string>& names) {
  for (const std::string_view part : split(subject, ',')) {
    if (istarts_with(trim(part), "CN=")) return lower(trim(trim(part).substr(3)));
  }
  return names.empty() ? std::string() : lower(names.front());
}

bool names_smtp(const ExchangeCertificate& one) {
  return one.services && std::ranges::find(*one.services, "SMTP") != one.services->end();
}

StoredCertificate stored_of(const ExchangeCertificate& one) {
  StoredCertificate out;
  out.thumbprint = one.thumbprint;
  out.label = printable(one.thumbprint.substr(0, kShortThumbprint)) + "… (" +
              printable(cn_or_first(one.subject, one.domains), 80) + ")";
  out.subject = one.subject;
  out.issuer = one.issuer;
  out.names = one.domains;
  out.names_complete = one.domains_complete;
  out.not_before = one.not_before;
  out.not_after = one.not_after;
  out.private_key = one.has_private_key;
  if (one.services) out.smtp = names_smtp(one);
  out.self_signed = one.self_signed;
  for (const char* bad : {"Revoked", "Invalid", "Untrusted", "PendingRequest"})
    out.valid = out.valid && !iequals(one.status, bad);
  return out;
}

StoredCertificate stored_of(const PreflightCase& c) {
  StoredCertificate out;
  out.thumbprint = c.leaf().thumbprint();
  out.label = "the new certificate";
  out.subject = c.leaf().subject();
  out.issuer = c.leaf().issuer();
  out.names = c.leaf().dns_names();
  out.not_before = c.leaf().not_before();
  out.not_after = c.leaf().not_after();
  out.private_key = c.inputs.certificate.key_fits;
  out.smtp = true;  // the commands enable it before anything else
  out.self_signed = c.leaf().self_signed();
  return out;
}

struct Stages {
  std::vector<StoredCertificate> before, after, later;
};

class Simulation {
 public:
  explicit Simulation(PreflightCase& c) : c_(c), estate_(*c.inputs.exchange) {
    new_ = stored_of(c);
    for (const ExchangeCertificate& one : estate_.certificates) {
      if (one.thumbprint != new_.thumbprint) continue;
      repairs_.already_imported = true;
      new_.private_key = one.has_private_key;
    }
    find_replaced();
  }

  void run() {
    for (const ExchangeReading reading :
         {ExchangeReading::newest_start, ExchangeReading::newest_expiry}) {
      c_.reading = policy::to_string(reading);
      for (const ExchangeReceiveConnector& one : estate_.receive) receive(one, reading);
      for (const ExchangeSendConnector& one : estate_.send) send(one, reading);
    }
    c_.reading.clear();
    hybrid();
    if (old_) report_lost_names(c_, old_->domains, "the old one");
    say_what_is_missing();
    repair();
  }

 private:
  // ---- the certificate that goes --------------------------------------------------------------

  [[nodiscard]] bool is_like(const ExchangeCertificate& one) const {
    return x509::same_distinguished_name(one.subject, new_.subject) ||
           std::ranges::any_of(one.domains, [&](const auto& name) { return c_.bears(name); });
  }

  void find_replaced() {
    const std::string& asked = c_.inputs.replaces;
    for (const ExchangeCertificate& one : estate_.certificates) {
      if (one.thumbprint == new_.thumbprint) continue;
      const bool fits = asked.empty()
                            ? is_like(one) && names_smtp(one)
                            : iequals(one.thumbprint, asked) ||
                                  (!one.friendly_name.empty() && one.friendly_name == asked);
      if (!fits) continue;
      const bool first = !old_ || presented(one) > presented(*old_) ||
                         (presented(one) == presented(*old_) && one.not_after > old_->not_after);
      if (first) old_ = &one;
    }
    if (!old_ && asked.empty()) find_presented();
    if (!old_) return;
    c_.report.replaces = old_->thumbprint;
    c_.report.replaces_how = !asked.empty()   ? "named by --replaces"
                             : is_like(*old_) ? "bears the same names"
                                              : "is what the connectors present now";
    known_as_ = cn_or_first(old_->subject, old_->domains);
  }

  // Not alike, yet the one that the connectors name or find by CA-issued preference.
  void find_presented() {
    for (const ExchangeCertificate& one : estate_.certificates) {
      if (one.thumbprint == new_.thumbprint || one.self_signed == true || presented(one) == 0)
        continue;
      if (!old_ || presented(one) > presented(*old_)) old_ = &one;
    }
  }

  // On how many connectors it is presented now.
  [[nodiscard]] std::size_t presented(const ExchangeCertificate& one) const {
    const auto is_it = [&](const ExchangeWanted& wanted, const std::string& server) {
      const std::vector<StoredCertificate> store = stages(server).before;
      const Selection now = policy::select_exchange_certificate(
          wanted, store, ExchangeReading::newest_start, c_.inputs.now);
      return now.index && store[*now.index].thumbprint == one.thumbprint;
    };
    return static_cast<std::size_t>(
        std::ranges::count_if(estate_.receive,
                              [&](const auto& r) { return is_it(wanted_by(r), r.server); }) +
        std::ranges::count_if(estate_.send, [&](const auto& s) {
          return !s.tls_certificate_name.empty() && is_it(wanted_by(s), source_of(s));
        }));
  }

  // ---- the stores -----------------------------------------------------------------------------

  [[nodiscard]] Stages stages(const std::string& server) const {
    Stages out;
    for (const ExchangeCertificate& one : estate_.certificates) {
      if (!explain::same_server(one.server, server)) continue;
      const StoredCertificate stored = stored_of(one);
      out.before.push_back(stored);
      if (one.thumbprint == new_.thumbprint) continue;
      out.after.push_back(stored);
      if (old_ == nullptr || one.thumbprint != old_->thumbprint) out.later.push_back(stored);
    }
    out.after.push_back(new_);
    out.later.push_back(new_);
    return out;
  }

  static std::string source_of(const ExchangeSendConnector& connector) {
    return connector.source_servers.empty() ? std::string() : connector.source_servers.front();
  }

  [[nodiscard]] std::string server_fqdn(const std::string& server) const {
    for (const ExchangeCertificate& one : estate_.certificates) {
      if (explain::same_server(one.server, server) && one.server.contains('.'))
        return lower(one.server);
    }
    return lower(server);
  }

  [[nodiscard]] ExchangeWanted wanted_by(const ExchangeReceiveConnector& one) const {
    return {one.tls_certificate_name, one.fqdn.empty() ? server_fqdn(one.server) : one.fqdn,
            "receive connector " + printable(one.identity)};
  }
  [[nodiscard]] ExchangeWanted wanted_by(const ExchangeSendConnector& one) const {
    return {one.tls_certificate_name, one.fqdn.empty() ? server_fqdn(source_of(one)) : one.fqdn,
            "send connector " + printable(one.identity)};
  }

  // ---- one connector --------------------------------------------------------------------------

  struct Outcome {
    Selection before, after, later;
    bool was_old = false, is_new = false;
  };

  [[nodiscard]] Outcome select(const ExchangeWanted& wanted, const Stages& stores,
                               ExchangeReading reading) const {
    const auto in = [&](const std::vector<StoredCertificate>& store) {
      return policy::select_exchange_certificate(wanted, store, reading, c_.inputs.now);
    };
    Outcome out{in(stores.before), in(stores.after), in(stores.later), false, false};
    out.was_old = out.before.index && old_ != nullptr &&
                  stores.before[*out.before.index].thumbprint == old_->thumbprint;
    out.is_new = out.after.index && stores.after[*out.after.index].thumbprint == new_.thumbprint;
    return out;
  }

  void add_row(const ExchangeWanted& wanted, const Stages& stores, const Outcome& found) {
    const auto label = [](const std::vector<StoredCertificate>& store, const Selection& selection) {
      return selection.index ? store[*selection.index].label : std::string();
    };
    PresentedRow row{wanted.whose,
                     label(stores.before, found.before),
                     label(stores.after, found.after),
                     label(stores.later, found.later),
                     found.after.reason,
                     c_.reading,
                     found.after.candidates};
    for (PresentedRow& other : c_.report.presented) {
      if (other.connector != row.connector || other.before != row.before ||
          other.after != row.after || other.later != row.later)
        continue;
      other.reading.clear();
      return;
    }
    c_.report.presented.push_back(std::move(row));
  }

  // What selection itself breaks. True: once all is repaired, this connector presents the new one.
  bool judge_selection(const ExchangeWanted& wanted, const Outcome& found, const char* in_event,
                       std::vector<std::string>& pin_anew, const std::string& identity) {
    if (found.is_new) {
      if (found.after.code != "none" && found.after.code != found.before.code)
        c_.add(Impact::breaks, found.after.code, "whoever meets it", wanted.whose,
               found.after.reason + ".");
      return true;
    }
    if (!found.was_old) return false;
    const std::string until = old_->not_after ? " on " + day_of(*old_->not_after) : std::string();
    if (new_.private_key == false) {
      c_.add(Impact::breaks, "private-key-inaccessible", "whoever meets it", wanted.whose,
             "The new certificate has no private key, so it is never presented: the old one stays "
             "until it ends" +
                 until + ".");
      return true;
    }
    if (!wanted.tls_certificate_name.empty() && !is_named_by(wanted)) {
      c_.add(Impact::breaks, "tlscertificatename-stale", "whoever meets it", wanted.whose,
             "It names " + printable(wanted.tls_certificate_name) +
                 "; the new certificate is issued by " + printable(new_.issuer) + " for " +
                 printable(new_.subject) + ", so it is not presented. When the old one ends" +
                 until + " or is removed, " + in_event + ".");
      note(pin_anew, identity);
      return true;
    }
    not_preferred(wanted, found, until, in_event);
    const bool can_be_found = !wanted.tls_certificate_name.empty() || c_.bears(wanted.fqdn);
    if (can_be_found && !same_pair()) note(pin_anew, identity);
    return can_be_found;
  }

  // The connector's TlsCertificateName fits the new one as well.
  [[nodiscard]] bool is_named_by(const ExchangeWanted& wanted) const {
    const auto pin = x509::parse_exchange_certificate_name(wanted.tls_certificate_name);
    return pin && x509::same_distinguished_name(pin->issuer, new_.issuer) &&
           x509::same_distinguished_name(pin->subject, new_.subject);
  }

  // The connector could take it, and takes the old one; or does not find it by its name at all.
  void not_preferred(const ExchangeWanted& wanted, const Outcome& found, const std::string& until,
                     const char* in_event) {
    if (wanted.tls_certificate_name.empty() && !c_.bears(wanted.fqdn)) {
      c_.want_name(wanted.fqdn);
      c_.add(Impact::breaks, "certificate-missing-for-fqdn", "whoever meets it", wanted.whose,
             "It looks for " + printable(wanted.fqdn) +
                 ", which the new certificate does not bear. When the old one ends" + until +
                 " or is removed, " + in_event + ".");
      return;
    }
    const std::string cure =
        same_pair() ? "Issuer and subject are the same, so no TlsCertificateName tells them apart: "
                      "remove the old one as soon as the new one is enabled."
                    : "Name the new one in TlsCertificateName.";
    c_.add(Impact::breaks, "wrong-certificate-selected", "whoever meets it", wanted.whose,
           "The old certificate goes on being presented until it ends" + until +
               ": the new one is " + found.after.candidates.back().reason + ". " + cure);
    remove_first_ = remove_first_ || same_pair();
  }

  // A TlsCertificateName cannot tell the new one from the old one.
  [[nodiscard]] bool same_pair() const {
    return x509::same_distinguished_name(old_->issuer, new_.issuer) &&
           x509::same_distinguished_name(old_->subject, new_.subject);
  }

  static void note(std::vector<std::string>& list, const std::string& one) {
    if (std::ranges::find(list, one) == list.end()) list.push_back(one);
  }

  void receive(const ExchangeReceiveConnector& one, ExchangeReading reading) {
    if (one.enabled == false) return;
    const ExchangeWanted wanted = wanted_by(one);
    const bool offers = !one.auth_mechanism ||
                        std::ranges::any_of(*one.auth_mechanism, [](const std::string& word) {
                          return iequals(word, "Tls");
                        });
    if (!offers) {
      c_.add(Impact::note, "none", "nobody", wanted.whose,
             "Its AuthMechanism has no Tls, so it offers no STARTTLS and presents nothing.");
      return;
    }
    const Stages stores = stages(one.server);
    const Outcome found = select(wanted, stores, reading);
    add_row(wanted, stores, found);
    const bool concerned =
        judge_selection(wanted, found, "STARTTLS is no longer offered (event 12014)",
                        repairs_.receive, one.identity);
    if (!concerned && !found.was_old) return;
    for (const ExchangeCounterpart& who : counterparts_of(estate_, one, known_as_))
      judge_by(who, wanted.whose);
  }

  void send(const ExchangeSendConnector& one, ExchangeReading reading) {
    if (one.enabled == false || one.ignore_starttls == true) return;
    const ExchangeWanted wanted = wanted_by(one);
    const Stages stores = stages(source_of(one));
    const Outcome found = select(wanted, stores, reading);
    add_row(wanted, stores, found);
    const bool concerned =
        judge_selection(wanted, found,
                        "its queue stands with 454 4.7.5 The certificate specified in "
                        "TlsCertificateName of the SendConnector could not be found",
                        repairs_.send, one.identity);
    if (!concerned && !found.was_old) return;
    for (const ExchangeCounterpart& who : counterparts_of(estate_, one, known_as_))
      judge_by(who, wanted.whose);
  }

  // ---- the other side -------------------------------------------------------------------------

  void judge_by(const ExchangeCounterpart& who, const std::string& whose) {
    const verdict::Verdict verdict = c_.judge(who.asks, c_.inputs.certificate.chain);
    for (const verdict::ReferenceIdentifier& one : who.asks.reference) c_.want_name(one.name);
    if (!verdict.ok) report(who, whose, verdict);
    if (!who.pin.empty()) compare_pin(who, whose);
    if (who.needs_accepted_domain) ask_accepted_domain(who, whose);
  }

  [[nodiscard]] bool was_so_before(const ExchangeCounterpart& who, std::string_view code) const {
    if (old_ == nullptr) return false;
    if (code == "self-signed") return old_->self_signed == true;
    if (code != "name-mismatch") return false;
    const StoredCertificate old = stored_of(*old_);
    return std::ranges::all_of(who.asks.reference, [&](const auto& wanted) {
      return policy::stored_certificate_bears(old, wanted.name) == false;
    });
  }

  void report(const ExchangeCounterpart& who, const std::string& whose,
              const verdict::Verdict& verdict) {
    const bool client = who.asks.judged == verdict::Judged::client;
    const bool name = verdict.code == "name-mismatch";
    const bool before = was_so_before(who, verdict.code);
    // The field's word for a client certificate that a cloud connector does not know.
    const std::string code = name && client ? "connector-certificate-mismatch" : verdict.code;
    c_.add(before ? Impact::warning : Impact::breaks, code, who.asks.who, whose,
           verdict.cause + (before ? " With the old certificate it is so already." : ""), verdict);
    if (!name || who.cloud_connector.empty() || c_.leaf().dns_names().empty()) return;
    auto& list = client ? repairs_.inbound : repairs_.outbound;
    const std::pair<std::string, std::string> one(who.cloud_connector,
                                                  c_.leaf().dns_names().front());
    if (std::ranges::find(list, one) == list.end()) list.push_back(one);
  }

  void compare_pin(const ExchangeCounterpart& who, const std::string& whose) {
    const auto pin = x509::parse_exchange_certificate_name(who.pin);
    const bool same = pin && x509::same_distinguished_name(pin->issuer, new_.issuer) &&
                      x509::same_distinguished_name(pin->subject, new_.subject);
    if (same) return;
    c_.add(Impact::breaks, "connector-certificate-mismatch", who.asks.who, whose,
           "It expects " + printable(who.pin) + " (TlsSenderCertificateName); the new one is " +
               x509::exchange_certificate_name(c_.leaf()) + ".");
    note_inbound(who.cloud_connector);
  }

  void note_inbound(const std::string& connector) {
    const std::pair<std::string, std::string> one(connector,
                                                  x509::exchange_certificate_name(c_.leaf()));
    if (std::ranges::find(repairs_.inbound, one) == repairs_.inbound.end())
      repairs_.inbound.push_back(one);
  }

  // The tenant is found by an accepted domain on the certificate: else 550 5.7.64.
  void ask_accepted_domain(const ExchangeCounterpart& who, const std::string& whose) {
    if (estate_.accepted.empty()) return;
    const bool borne = std::ranges::any_of(estate_.accepted, [&](const auto& accepted) {
      const std::string below = "." + accepted.domain;
      return std::ranges::any_of(c_.leaf().dns_names(), [&](const std::string& name) {
        return iequals(name, accepted.domain) || iends_with(name, below);
      });
    });
    if (borne) return;
    c_.add(Impact::breaks, "sender-domain-not-on-certificate", who.asks.who, whose,
           "None of the accepted domains is on the new certificate, so its mail is not taken for "
           "this tenant's (550 5.7.64).");
  }

  // ---- the rest -------------------------------------------------------------------------------

  void hybrid() {
    for (const explain::HybridConfiguration& one : estate_.hybrid) {
      if (one.tls_certificate_name.empty() || is_named_by({one.tls_certificate_name, {}, {}}))
        continue;
      repairs_.hybrid = true;
      c_.add(Impact::warning, "tlscertificatename-stale", "the Hybrid Configuration Wizard",
             "hybrid configuration",
             "It names " + printable(one.tls_certificate_name) +
                 "; the wizard's next run would put that back on the connectors.");
    }
  }

  void say_what_is_missing() {
    auto& missing = c_.report.not_looked_at;
    if (estate_.certificates.empty())
      missing.push_back(
          "Get-ExchangeCertificate is not in the export: what is presented today "
          "cannot be said.");
    if (estate_.receive.empty() && estate_.send.empty())
      missing.push_back("Neither Get-ReceiveConnector nor Get-SendConnector is in the export.");
    if (is_hybrid(estate_) && estate_.inbound.empty() && estate_.outbound.empty())
      missing.push_back(
          "Get-InboundConnector and Get-OutboundConnector of Exchange Online are not in the "
          "export: "
          "what the Hybrid Configuration Wizard sets up was assumed.");
    if (is_hybrid(estate_) && estate_.accepted.empty())
      missing.push_back(
          "Get-AcceptedDomain is not in the export: whether an accepted domain is on "
          "the certificate was not asked.");
    for (std::size_t i = 0; i < std::min(estate_.problems.size(), kMaxProblemsShown); ++i)
      missing.push_back(estate_.problems[i].where.str() + ": " + estate_.problems[i].text + ".");
    if (estate_.problems.size() > kMaxProblemsShown)
      missing.push_back("and " + std::to_string(estate_.problems.size() - kMaxProblemsShown) +
                        " more remarks about the export.");
  }

  void repair() {
    // Where the old one lies; else wherever there is a connector.
    for (const ExchangeCertificate& one : estate_.certificates) {
      if (old_ != nullptr && one.thumbprint == old_->thumbprint && !one.server.empty())
        note(repairs_.servers, one.server);
    }
    if (repairs_.servers.empty()) {
      for (const ExchangeReceiveConnector& one : estate_.receive) {
        if (!one.server.empty()) note(repairs_.servers, one.server);
      }
    }
    if (repairs_.servers.empty()) repairs_.servers.emplace_back();
    repairs_.services = {"SMTP"};
    if (old_ != nullptr && old_->services) {
      for (const char* service : {"IIS", "IMAP", "POP"}) {
        if (std::ranges::find(*old_->services, service) != old_->services->end())
          repairs_.services.emplace_back(service);
      }
    }
    repairs_.key_is_missing = repairs_.already_imported && new_.private_key == false;
    if (old_ != nullptr) repairs_.old_thumbprint = old_->thumbprint;
    repairs_.remove_at_once = remove_first_;
    command_exchange(c_, repairs_);
  }

  PreflightCase& c_;
  const explain::ExchangeEstate& estate_;
  StoredCertificate new_;
  const ExchangeCertificate* old_ = nullptr;
  std::string known_as_;
  ExchangeRepairs repairs_;
  bool remove_first_ = false;
};

}  // namespace

void simulate_exchange(PreflightCase& c) {
  if (c.inputs.exchange != nullptr) Simulation(c).run();
}

}  // namespace postern::probe
