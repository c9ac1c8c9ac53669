#include "policy/trust_audit.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace postern::policy {
namespace {

constexpr const char* kSystem = "system";
constexpr int kMinSecurityBits = 112;

std::string day(Time t) {
  return format_rfc3339(t).substr(0, 10);
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

class Audit {
 public:
  Audit(const Config& config, const LoadedTrust& trust, Time now)
      : config_(config), trust_(trust), now_(now) {}

  std::vector<TrustFinding> run() && {
    for (const auto& set : trust_.sets) {
      if (set->name() != kSystem || replaces_system()) look_at(*set);
    }
    for (const ReceiveConnector& one : config_.receive) look_at_announced(one);
    std::vector<TrustFinding> out;
    for (const bool grave : {true, false}) {
      std::ranges::copy_if(out_, std::back_inserter(out),
                           [&](const TrustFinding& one) { return one.grave == grave; });
    }
    return out;
  }

 private:
  [[nodiscard]] bool replaces_system() const {
    return std::ranges::find(config_.trust, kSystem, &TrustConfig::name) != config_.trust.end();
  }

  // Who trusts this set: "receive connector internet", "partner fabrikam".
  [[nodiscard]] std::vector<std::string> users_of(const std::string& set) const {
    std::vector<std::string> out;
    for (const ReceiveConnector& one : config_.receive) {
      if (has(one.trust, set)) out.push_back("receive connector " + one.name);
    }
    for (const SendConnector& one : config_.send) {
      if (has(one.trust, set)) out.push_back("send connector " + one.name);
    }
    for (const Partner& one : config_.partners) {
      if (has(one.trust, set)) out.push_back("partner " + one.name);
    }
    return out;
  }

  void add(TrustFault fault, bool grave, const x509::TrustSet& set, const x509::Anchor* anchor,
           std::string text, std::string cure) {
    TrustFinding one{fault, grave, set.name(), {}, {}, {}, std::move(text), std::move(cure)};
    if (anchor != nullptr) {
      one.subject = anchor->certificate.subject();
      one.sha256 = anchor->certificate.sha256();
      one.file = anchor->provenance.file;
    }
    out_.push_back(std::move(one));
  }

  void look_at(const x509::TrustSet& set) {
    const std::vector<std::string> users = users_of(set.name());
    if (users.empty()) {
      add(TrustFault::unused, false, set, nullptr, "No connector and no partner trusts this set.",
          "Name it in `trust` where it is needed, or take [trust." + set.name() + "] away.");
    }
    for (const x509::Anchor& anchor : set.anchors()) {
      look_at_facts(set, anchor);
      look_at_place(set, anchor, users);
    }
  }

  static std::string remove(const x509::TrustSet& set, const x509::Anchor& anchor) {
    return "postern trust remove " + set.name() + " " + anchor.certificate.sha256() +
           " --by WHO --why TEXT";
  }

  void look_at_facts(const x509::TrustSet& set, const x509::Anchor& anchor) {
    const x509::Certificate& one = anchor.certificate;
    if (now_ > one.not_after()) {
      add(TrustFault::expired, true, set, &anchor,
          "It expired " + day(one.not_after()) + "; whoever it vouched for is refused.",
          "Get the new root from them on a second way; then " + remove(set, anchor));
    } else if (one.not_after() - now_ < kAnchorExpiryAhead) {
      add(TrustFault::expiring, false, set, &anchor, "It ends " + day(one.not_after()) + ".",
          "Ask for the new root now, and add it beside this one: postern trust add");
    }
    if (!one.is_ca()) {
      add(TrustFault::no_ca, false, set, &anchor,
          "It is no CA: it vouches for itself alone, and ends with the next renewal.",
          "Add the root that issues it, if there is one.");
    }
    if (one.security_bits() < kMinSecurityBits) {
      add(TrustFault::weak, true, set, &anchor,
          "Its key (" + one.key_type() + ") is weak: nothing that it issued is accepted.",
          "Ask for the root that took its place; then " + remove(set, anchor));
    }
  }

  void look_at_place(const x509::TrustSet& set, const x509::Anchor& anchor,
                     const std::vector<std::string>& users) {
    if (set.name() != kSystem) {
      for (const auto& other : trust_.pick({kSystem})) {
        if (other->find(anchor.certificate) == nullptr) continue;
        add(TrustFault::duplicate, false, set, &anchor,
            "The distribution's public roots have it already (set system).",
            "Where system is trusted too it is needless: " + remove(set, anchor));
      }
    }
    const std::string& partner = anchor.provenance.partner;
    if (partner.empty()) return;
    const Partner* known = config_.find_partner(partner);
    if (known == nullptr) {
      add(TrustFault::unused, false, set, &anchor,
          "It was added for partner " + printable(partner, 80) + ", which is not configured.",
          remove(set, anchor));
      return;
    }
    look_at_partner(set, anchor, *known, users);
  }

  void look_at_partner(const x509::TrustSet& set, const x509::Anchor& anchor,
                       const Partner& partner, const std::vector<std::string>& users) {
    // A partner without sets of his own is judged by those of the connector.
    if (!partner.trust.empty() && !has(partner.trust, set.name())) {
      add(TrustFault::wrong_set, true, set, &anchor,
          "It was added for partner " + partner.name + ", who trusts only " +
              join(partner.trust, ", ") + ": there it does not count.",
          "Add it to one of these (postern trust add), then " + remove(set, anchor));
    }
    std::vector<std::string> others;
    for (const std::string& user : users) {
      if (user != "partner " + partner.name) others.push_back(user);
    }
    if (others.empty() || partner.trust.empty()) return;
    add(TrustFault::wrong_set, false, set, &anchor,
        "It was added for partner " + partner.name + ", but " + join(others, ", ") +
            " trusts the set too: this root may vouch for any name there.",
        "Give the partner a set of his own: [trust." + partner.name + "]");
  }

  void look_at_announced(const ReceiveConnector& connector) {
    const AnnouncedNames names = announced_names(trust_.pick(connector.announce_cas));
    if (names.octets <= kWarnAnnouncedOctets) return;
    const bool grave = names.octets > kMaxAnnouncedOctets;
    TrustFinding one;
    one.fault = TrustFault::announced;
    one.grave = grave;
    one.set = join(connector.announce_cas, ", ");
    one.text = "receive connector " + connector.name + " announces " + std::to_string(names.count) +
               " CA names, " + std::to_string(names.octets) + " octets; " +
               (grave ? "Windows clients cut the list at 16384 and then fail (Schannel 36885)."
                      : "some clients cope with less.");
    one.cure = "Name a smaller set in announce_cas, or leave it out: no list suits every client.";
    out_.push_back(std::move(one));
  }

  const Config& config_;
  const LoadedTrust& trust_;
  const Time now_;
  std::vector<TrustFinding> out_;
};

}  // namespace

std::string_view to_string(TrustFault fault) {
  switch (fault) {
    case TrustFault::unused:
      return "unused";
    case TrustFault::wrong_set:
      return "wrong-set";
    case TrustFault::expired:
      return "expired";
    case TrustFault::expiring:
      return "expiring";
    case TrustFault::no_ca:
      return "no-ca";
    case TrustFault::weak:
      return "weak";
    case TrustFault::duplicate:
      return "duplicate";
    case TrustFault::announced:
      return "announced";
  }
  return "unused";
}

AnnouncedNames announced_names(const x509::TrustSets& sets) {
  AnnouncedNames out;
  for (const auto& set : sets) {
    for (const x509::Anchor& anchor : set->anchors()) {
      out.octets += 2 + anchor.certificate.subject_der().size();  // length and name
      ++out.count;
    }
  }
  return out;
}

std::vector<TrustFinding> audit_trust(const Config& config, const LoadedTrust& trust, Time now) {
  return Audit(config, trust, now).run();
}

}  // namespace postern::policy
