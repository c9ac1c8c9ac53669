// Postern's own connectors: the new files written over those of one [certificates.NAME].
#include <algorithm>

#include "base/text.h"
#include "probe/preflight_case.h"
#include "x509/names.h"

namespace postern::probe {
namespace {

using policy::LoadedCertificate;
using policy::Selection;

constexpr const char* kNewName = "new";

bool is_called(const LoadedCertificate& one, const std::string& text) {
  return one.name == text ||
         (!one.chain.empty() && (iequals(one.chain.front().thumbprint(), text) ||
                                 iequals(one.chain.front().sha256(), text)));
}

bool is_like(const PreflightCase& c, const LoadedCertificate& one) {
  if (one.chain.empty()) return false;
  const x509::Certificate& leaf = one.chain.front();
  return x509::same_distinguished_name(leaf.subject(), c.leaf().subject()) ||
         std::ranges::any_of(leaf.dns_names(), [&](const auto& name) { return c.bears(name); });
}

std::optional<std::size_t> replaced_by(PreflightCase& c) {
  const policy::CertificateStore& store = *c.inputs.certificates;
  const std::string& asked = c.inputs.replaces;
  const auto it = std::ranges::find_if(store, [&](const LoadedCertificate& one) {
    return asked.empty() ? is_like(c, one) : is_called(one, asked);
  });
  if (it == store.end()) return std::nullopt;
  c.report.replaces = it->name;
  c.report.replaces_how = asked.empty() ? "bears the same names" : "named by --replaces";
  return static_cast<std::size_t>(it - store.begin());
}

class Simulation {
 public:
  explicit Simulation(PreflightCase& c)
      : c_(c), config_(*c.inputs.config), before_(*c.inputs.certificates), after_(before_) {
    old_ = replaced_by(c);
    const NewCertificate& fresh = c.inputs.certificate;
    LoadedCertificate one;
    one.name = old_ ? before_[*old_].name : kNewName;
    one.chain = fresh.chain;
    one.key_usable = fresh.key_fits.value_or(true);
    one.problem = one.key_usable ? "" : fresh.key_problem;
    one.problem_code = one.key_usable ? "" : fresh.key_problem_code;
    one.chain_file = fresh.file;
    one.key_file = fresh.key_file;
    new_ = old_.value_or(after_.size());
    if (old_) {
      after_[*old_] = std::move(one);
    } else {
      after_.push_back(std::move(one));
    }
  }

  void run() {
    if (old_ && !before_[*old_].chain.empty()) {
      report_lost_names(c_, x509::presented_names(before_[*old_].chain.front()),
                        "certificate " + before_[*old_].name);
    }
    for (const policy::ReceiveConnector& one : config_.receive) receive(one);
    for (const policy::SendConnector& one : config_.send) send(one);
    command();
  }

 private:
  [[nodiscard]] std::string label(const policy::CertificateStore& store, const Selection& selection,
                                  bool fresh) const {
    if (!selection.index) return {};
    return store[*selection.index].name + (fresh && selection.index == new_ ? " (new)" : "");
  }

  // What is presented, and the faults of selection that were not there before.
  void row(const std::string& connector, const Selection& before, const Selection& after) {
    PresentedRow out;
    out.connector = connector;
    out.before = label(before_, before, false);
    out.after = out.later = label(after_, after, true);
    out.reason = after.reason;
    out.candidates = after.candidates;
    c_.report.presented.push_back(std::move(out));
    if (after.code == "none" || after.code == before.code) return;
    c_.add(after.index ? Impact::warning : Impact::breaks, after.code, "whoever meets " + connector,
           connector, after.reason + ".");
    if (after.code == "tlscertificatename-stale") stale_.push_back(connector);
  }

  void receive(const policy::ReceiveConnector& connector) {
    if (connector.tls == policy::ReceiveTls::none && !connector.implicit_tls) return;
    const std::string name = connector.fqdn.empty() ? config_.server.hostname : connector.fqdn;
    c_.want_name(name);
    const std::string whose = "receive connector " + connector.name;
    const auto select = [&](const policy::CertificateStore& store) {
      return policy::select_server_certificate(config_, connector, store, "", c_.inputs.now);
    };
    const Selection before = select(before_);
    const Selection after = select(after_);
    row(whose, before, after);
    if (after.index != new_) return not_taken(whose, name, before, after);
    Counterpart sender;
    sender.who = "senders that authenticate " + name;
    sender.host = name;
    sender.knows_our_sets = true;
    sender.reference = {{name, "fqdn of " + whose}};
    compare(sender, whose, before);
  }

  // Neither the replaced one nor a new one beside it is what this connector takes.
  void not_taken(const std::string& whose, const std::string& name, const Selection& before,
                 const Selection& after) {
    if (!after.index || old_ || before.index != after.index) return;
    c_.add(Impact::note, "wrong-certificate-selected", "whoever meets " + whose, whose,
           "It goes on presenting " + before_[*after.index].name + " for " + name +
               ": the new certificate is not taken.");
  }

  void send(const policy::SendConnector& connector) {
    if (connector.certificate.empty() || connector.tls == verdict::Level::none) return;
    const std::string whose = "send connector " + connector.name;
    const auto select = [&](const policy::CertificateStore& store) {
      return policy::select_client_certificate(connector, store, c_.inputs.now);
    };
    const Selection before = select(before_);
    const Selection after = select(after_);
    row(whose, before, after);
    if (after.index != new_) return;
    Counterpart server;
    server.who = "peers of " + whose + " that check our client certificate";
    server.judged = verdict::Judged::client;
    server.host = config_.server.hostname;
    server.knows_our_sets = true;
    server.level = verdict::Level::validate;
    compare(server, whose, before);
  }

  // Who was content with the old chain must be content with the new one.
  void compare(const Counterpart& who, const std::string& connector, const Selection& before) {
    const verdict::Verdict now = c_.judge(who, c_.inputs.certificate.chain);
    if (now.ok) return;
    const bool was_so = before.index && !before_[*before.index].chain.empty() &&
                        c_.judge(who, before_[*before.index].chain).code == now.code;
    c_.add(was_so ? Impact::note : Impact::breaks, now.code, who.who, connector,
           now.cause + (was_so ? " It was so before." : ""), now);
    if (!was_so || now.code != "root-in-wrong-store" || who.trusts_our_sets) return;
    // A private CA, as before: those who come were given its root, and look at the rest.
    Counterpart informed = who;
    informed.who += " and trust our CA";
    informed.trusts_our_sets = true;
    compare(informed, connector, before);
  }

  void command() {
    const NewCertificate& fresh = c_.inputs.certificate;
    std::string chain = fresh.file;
    std::string key = fresh.key_file.empty() ? "KEY.pem" : fresh.key_file;
    if (fresh.pfx) {
      chain = fresh.file + ".pem";
      key = fresh.file + ".key";
      c_.report.commands.push_back(
          {"here",
           {"openssl pkcs12 -in " + fresh.file + " -nokeys -out " + chain,
            "openssl pkcs12 -in " + fresh.file + " -nocerts -nodes -out " + key},
           "Postern reads chain and key as PEM; the key file is for its own user alone."});
    }
    PreflightCommand put{"postern.toml", {}, {}};
    put.lines = {"[certificates." + after_[new_].name + "]", "chain = \"" + chain + "\"",
                 "key   = \"" + key + "\""};
    put.why = old_ ? "Or write the new files over " + before_[*old_].chain_file + " and " +
                         before_[*old_].key_file + "; both are taken up within seconds."
                   : "A new entry; connectors find it by the names that it bears.";
    c_.report.commands.push_back(std::move(put));
    if (!stale_.empty()) {
      PreflightCommand pin{"postern.toml",
                           {"certificate = \"" + after_[new_].name + "\""},
                           "In " + join(stale_, ", ") +
                               ": by its name a renewal never breaks it; in the same edit, for the "
                               "pin that stands there now fits no certificate any more."};
      c_.report.commands.push_back(std::move(pin));
    }
    c_.report.commands.push_back(
        {"here", {"postern config check", "postern cert list"}, "What the gateway makes of it."});
  }

  PreflightCase& c_;
  const policy::Config& config_;
  const policy::CertificateStore& before_;
  policy::CertificateStore after_;
  std::optional<std::size_t> old_;
  std::size_t new_ = 0;
  std::vector<std::string> stale_;
};

}  // namespace

void simulate_postern(PreflightCase& c) {
  if (c.inputs.config == nullptr || c.inputs.certificates == nullptr) return;
  Simulation(c).run();
}

}  // namespace postern::probe
