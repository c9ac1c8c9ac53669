#include "relay/connectors.h"

#include <algorithm>

#include "relay/reception_events.h"

namespace postern::relay {
namespace {

using policy::ReceiveConnector;
using policy::ReceiveTls;

// A certificate that nobody would judge is not asked for: some clients stumble over the question.
bool asks_for_certificate(const policy::Config& config, const ReceiveConnector& connector) {
  const auto mutual = [](const policy::Partner& partner) {
    return partner.receive == ReceiveTls::mutual;
  };
  return connector.tls == ReceiveTls::mutual || !connector.client_domains.empty() ||
         std::ranges::any_of(config.partners, mutual);
}

std::vector<x509::Certificate> announced(const Snapshot& snapshot,
                                         const ReceiveConnector& connector) {
  std::vector<x509::Certificate> out;
  for (const auto& set : snapshot.materials->trust.pick(connector.announce_cas)) {
    for (const x509::Anchor& anchor : set->anchors()) out.push_back(anchor.certificate);
  }
  return out;
}

// Of an immutable snapshot, so a choice can be made anew for every name on any thread.
std::shared_ptr<const tls::Credential> choose(const Snapshot& snapshot,
                                              const ReceiveConnector& connector,
                                              std::string_view sni, Time now) {
  const policy::Selection selection = policy::select_server_certificate(
      *snapshot.config, connector, snapshot.materials->certificates, sni, now);
  return selection.index ? snapshot.materials->credentials[*selection.index] : nullptr;
}

Result<std::shared_ptr<const tls::ServerContext>> make_context(
    const std::shared_ptr<const Snapshot>& snapshot, const ReceiveConnector& connector,
    const Clock& clock) {
  tls::ServerSettings settings;
  settings.select = [snapshot, &connector, &clock](std::string_view sni) {
    return choose(*snapshot, connector, sni, clock.now());
  };
  settings.request_client_certificate = asks_for_certificate(*snapshot->config, connector);
  settings.announce_cas = announced(*snapshot, connector);
  settings.min_version = connector.min_tls;
  return tls::ServerContext::create(std::move(settings));
}

void add_tls(Connector& connector, const Clock& clock) {
  const Snapshot& snapshot = *connector.snapshot;
  const ReceiveConnector& config = *connector.config;
  const policy::Selection selection = policy::select_server_certificate(
      *snapshot.config, config, snapshot.materials->certificates, "", clock.now());
  std::string problem = selection.reason;
  if (selection.index) {
    auto context = make_context(connector.snapshot, config, clock);
    if (context) {
      connector.tls = std::move(*context);
      if (selection.code == "none") return;
      log::write(kCertificateFinding,
                 {{"connector", config.name}, {"code", selection.code}, {"text", problem}});
      return;
    }
    problem = context.error().what();
  }
  connector.no_certificate = true;
  log::write(kNoCertificate, {{"connector", config.name},
                              {"asked", selection.asked},
                              {"code", selection.code},
                              {"text", problem}});
}

}  // namespace

bool Connector::requires_tls() const {
  return config->tls == ReceiveTls::required || config->tls == ReceiveTls::mutual;
}

Connectors make_connectors(const std::shared_ptr<const Snapshot>& snapshot, const Clock& clock) {
  Connectors out;
  for (const ReceiveConnector& config : snapshot->config->receive) {
    auto connector = std::make_shared<Connector>();
    connector->snapshot = snapshot;
    connector->config = &config;
    connector->fqdn = config.fqdn.empty() ? snapshot->config->server.hostname : config.fqdn;
    if (config.tls != ReceiveTls::none || config.implicit_tls) add_tls(*connector, clock);
    out.push_back(std::move(connector));
  }
  return out;
}

}  // namespace postern::relay
