#include <algorithm>

#include "base/text.h"
#include "config/config_file.h"
#include "policy/trust_audit.h"
#include "x509/names.h"
#include "x509/path.h"

namespace postern::config {
namespace {

using policy::CertificateStore;
using policy::Config;
using policy::LoadedCertificate;
using policy::LoadedTrust;
using policy::Location;
using policy::ReceiveConnector;
using policy::ReceiveTls;
using policy::Selection;
using policy::SendConnector;

std::string day(Time t) {
  return format_rfc3339(t).substr(0, 10);
}

class Check {
 public:
  Check(const Config& config, const CertificateStore& certificates, const LoadedTrust& trust,
        Time now)
      : config_(config), certificates_(certificates), trust_(trust), now_(now) {}

  std::vector<Diagnostic> run() {
    for (const auto& one : config_.certificates) check_certificate(one);
    for (const auto& one : config_.trust) check_trust(one);
    for (const auto& one : config_.receive) check_receive(one);
    for (const auto& one : config_.send) check_send(one);
    for (const auto& one : config_.partners) check_partner(one);
    return std::move(out_);
  }

 private:
  void error(const Location& where, std::string message) {
    out_.push_back({Severity::error, where, std::move(message)});
  }
  void warning(const Location& where, std::string message) {
    out_.push_back({Severity::warning, where, std::move(message)});
  }

  void check_certificate(const policy::CertificateConfig& configured) {
    const std::string path = "certificates." + configured.name;
    const auto loaded = std::ranges::find(certificates_, configured.name, &LoadedCertificate::name);
    if (loaded == certificates_.end()) {
      error(configured.where, path + ": was not loaded from " + configured.chain);
      return;
    }
    if (!loaded->problem.empty()) {
      error(configured.where, path + ": cannot be used: " + loaded->problem);
      return;
    }
    if (loaded->chain.empty()) return;
    check_dates(configured, loaded->chain.front());
    check_chain(configured, loaded->chain);
  }

  // A peer that does not fetch intermediates finds no way from the leaf to its root.
  void check_chain(const policy::CertificateConfig& configured,
                   const std::vector<x509::Certificate>& chain) {
    const x509::Certificate& leaf = chain.front();
    x509::PathOptions options;
    options.now = now_;
    if (!leaf.eku_allows_server()) options.purpose = x509::Purpose::tls_client;
    const x509::PathResult path = x509::find_path(chain, trust_.sets, {}, options);
    const bool incomplete = std::ranges::any_of(
        path.faults, [](const x509::PathFault& fault) { return fault.code == "incomplete-chain"; });
    if (!incomplete) return;
    warning(configured.where,
            "certificates." + configured.name + ": its issuer '" + printable(leaf.issuer(), 200) +
                "' stands neither in " + configured.chain +
                " nor in a trust set; if it is an intermediate, append it to that file, or peers "
                "refuse the certificate [incomplete-chain]");
  }

  void check_dates(const policy::CertificateConfig& configured, const x509::Certificate& leaf) {
    const std::string path = "certificates." + configured.name;
    const auto& spans = config_.alert.expiry_warnings;
    const Duration ahead = spans.empty() ? Duration::zero() : std::ranges::max(spans);
    if (now_ > leaf.not_after()) {
      warning(configured.where, path + ": expired " + day(leaf.not_after()) +
                                    "; put the renewed certificate in " + configured.chain);
    } else if (now_ < leaf.not_before()) {
      warning(configured.where, path + ": is valid only from " + day(leaf.not_before()));
    } else if (leaf.not_after() - now_ < ahead) {
      warning(configured.where, path + ": expires " + day(leaf.not_after()) + ", in " +
                                    format_duration(leaf.not_after() - now_));
    }
  }

  void check_trust(const policy::TrustConfig& configured) {
    const auto sets = trust_.pick({configured.name});
    if (sets.empty() || sets.front()->anchors().empty()) {
      error(configured.where, "trust." + configured.name + ": no certificate was found in " +
                                  (configured.files.empty() ? "the distribution's roots"
                                                            : join(configured.files, ", ")));
    }
  }

  // A peer compares the name it knows with the certificate: "" when they agree.
  [[nodiscard]] std::string name_finding(const Selection& selection, const std::string& name,
                                         std::string_view where_said) const {
    if (!selection.index) return {};
    const LoadedCertificate& presented = certificates_[*selection.index];
    const auto& leaf = presented.chain.front();
    if (x509::match_name(leaf, name, /*legacy_cn=*/true) != x509::NameMatch::no) return {};
    return "its name in the " + std::string(where_said) + ", " + name +
           ", is in neither SAN nor subject of the certificate it presents, " + presented.name +
           " (" + join(x509::presented_names(leaf), ", ") + "); set it to one of these";
  }

  void check_selection(const Location& where, const std::string& path, const Selection& selection) {
    if (!selection.index) {
      error(where, path + ": no certificate can be presented for " + selection.asked + ": " +
                       selection.reason + " [" + selection.code + "]");
    } else if (selection.code != "none") {
      warning(where, path + ": " + selection.reason + " [" + selection.code + "]");
    }
  }

  void check_receive(const ReceiveConnector& connector) {
    const std::string path = "receive." + connector.name;
    check_announced(connector);
    if (connector.tls == ReceiveTls::none) return;
    const Selection selection =
        policy::select_server_certificate(config_, connector, certificates_, {}, now_);
    check_selection(connector.where, path, selection);
    const std::string& name = connector.fqdn.empty() ? config_.server.hostname : connector.fqdn;
    const std::string finding = name_finding(selection, name, "greeting");
    if (!finding.empty()) warning(connector.where, path + ": " + finding);
  }

  void check_announced(const ReceiveConnector& connector) {
    const auto [octets, names] = policy::announced_names(trust_.pick(connector.announce_cas));
    if (octets <= policy::kWarnAnnouncedOctets) return;
    const std::string size = "receive." + connector.name + ": announce_cas would list " +
                             std::to_string(names) + " CA names, " + std::to_string(octets) +
                             " octets; ";
    if (octets > policy::kMaxAnnouncedOctets) {
      error(connector.where,
            size +
                "Windows clients cut the list at 16384 and then fail (Schannel event 36885); "
                "name a smaller set, or leave announce_cas out: no list suits every client");
    } else {
      warning(connector.where,
              size + "some clients cope with less; name a smaller set, or leave announce_cas out");
    }
  }

  void check_send(const SendConnector& connector) {
    if (connector.certificate.empty()) return;
    const std::string path = "send." + connector.name;
    const Selection selection = policy::select_client_certificate(connector, certificates_, now_);
    if (selection.code == "tlscertificatename-stale") {
      // A renewal by another issuer leaves the pin behind while all runs. To refuse the file then
      // would stop every destination at the next start; the pin holds up its own connector's mail
      // only, behind a blocker that names it.
      warning(connector.where, path + ": no certificate can be presented for " + selection.asked +
                                   ": " + selection.reason + "; mail that needs one waits [" +
                                   selection.code + "]");
    } else {
      check_selection(connector.where, path, selection);
    }
    const std::string& name = connector.helo.empty() ? config_.server.hostname : connector.helo;
    const std::string finding = name_finding(selection, name, "EHLO");
    if (!finding.empty()) warning(connector.where, path + ": " + finding);
  }

  void check_partner(const policy::Partner& partner) {
    if (!partner.exception || now_ < partner.exception->until) return;
    warning(partner.where, "partner." + partner.name + ".exception: ended " +
                               format_rfc3339(partner.exception->until) +
                               " and has no effect; remove it, or decide anew");
  }

  const Config& config_;
  const CertificateStore& certificates_;
  const LoadedTrust& trust_;
  Time now_;
  std::vector<Diagnostic> out_;
};

}  // namespace

std::vector<Diagnostic> check_loaded(const Config& config, const CertificateStore& certificates,
                                     const LoadedTrust& trust, Time now) {
  return Check(config, certificates, trust, now).run();
}

}  // namespace postern::config
