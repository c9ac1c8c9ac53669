#include "admin/certificates.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "x509/names.h"
#include "x509/path.h"

namespace postern::admin {
namespace {

const std::string kSystem = "system";  // the distribution's public roots

// RootCAType in Postern's words. The dates of the certificate are its status, not its class: they
// are judged at a time at which it was valid.
struct Class {
  const char* name;
  std::string set;  // with the anchor that makes it trusted
};

Class class_of(const std::vector<x509::Certificate>& chain, const policy::LoadedTrust& trust,
               Time now) {
  const x509::Certificate& leaf = chain.front();
  x509::PathOptions options;
  options.now = std::clamp(now, leaf.not_before(), std::max(leaf.not_before(), leaf.not_after()));
  options.purpose =
      leaf.eku_allows_server() ? x509::Purpose::tls_server : x509::Purpose::tls_client;
  const auto anchored_in = [&](const x509::TrustSets& sets) {
    const x509::PathResult path = x509::find_path(chain, sets, {}, options);
    return path.anchor ? path.anchor->provenance.set : std::string();
  };
  if (const std::string set = anchored_in(trust.pick({kSystem})); !set.empty())
    return {"public", set};
  const std::string set = anchored_in(trust.others({kSystem}));
  if (leaf.self_signed()) return {"self-signed", set};
  return set.empty() ? Class{"none", ""} : Class{"private", set};
}

struct Status {
  std::string word;
  std::string detail;  // a sentence; empty where the word says all
};

// What peers that trust what is trusted here would find: dates, a path, revocation as far as CRLs
// are at hand.
Status path_status(const std::vector<x509::Certificate>& chain, const policy::LoadedTrust& trust,
                   Time now) {
  const x509::Certificate& leaf = chain.front();
  x509::PathOptions options;
  options.now = now;
  options.check_revocation = true;
  options.purpose =
      leaf.eku_allows_server() ? x509::Purpose::tls_server : x509::Purpose::tls_client;
  x509::RevocationData data;
  for (const auto& [set, crls] : trust.crls)
    data.crls_der.insert(data.crls_der.end(), crls.begin(), crls.end());
  const x509::PathResult path = x509::find_path(chain, trust.sets, data, options);
  if (path.ok || path.faults.empty()) return {"Valid", {}};
  const x509::PathFault& first = path.faults.front();
  constexpr std::pair<std::string_view, const char*> kWords[] = {
      {"revoked", "Revoked"},
      {"incomplete-chain", "IncompleteChain"},
      {"untrusted-root", "Untrusted"},
      {"self-signed", "Untrusted"},
      {"expired", "Expired"},
      {"not-yet-valid", "NotYetValid"},
      {"wrong-key-usage", "WrongKeyUsage"}};
  for (const auto& [code, word] : kWords) {
    if (first.code == code) return {word, first.detail};
  }
  return {"BadChain", first.detail};
}

Status status_of(const policy::LoadedCertificate& one, const policy::LoadedTrust& trust, Time now) {
  if (one.chain.empty()) return {"Unreadable", {}};
  if (!one.key_usable) return {"KeyProblem", {}};
  const x509::Certificate& leaf = one.chain.front();
  if (now > leaf.not_after()) return {"Expired", {}};
  if (now < leaf.not_before()) return {"NotYetValid", {}};
  if (!one.problem.empty()) return {"Unusable", {}};
  if (!leaf.eku_allows_server() && !leaf.eku_allows_client()) return {"WrongKeyUsage", {}};
  return path_status(one.chain, trust, now);
}

// Which connectors present it when no name is asked for.
Json services_of(const policy::Config& config, const policy::CertificateStore& store,
                 std::size_t index, Time now) {
  Json out = Json::array();
  for (const policy::ReceiveConnector& connector : config.receive) {
    if (connector.tls == policy::ReceiveTls::none && !connector.implicit_tls) continue;
    if (policy::select_server_certificate(config, connector, store, "", now).index == index)
      out.push_back("receive " + connector.name);
  }
  for (const policy::SendConnector& connector : config.send) {
    if (connector.certificate.empty()) continue;
    if (policy::select_client_certificate(connector, store, now).index == index)
      out.push_back("send " + connector.name);
  }
  return out;
}

Json certificate_json(const policy::LoadedCertificate& one, const policy::LoadedTrust& trust,
                      Time now) {
  Json out = Json::object();
  out["name"] = one.name;
  const Status status = status_of(one, trust, now);
  out["status"] = status.word;
  out["status_detail"] = status.detail.empty() ? Json(nullptr) : Json(status.detail);
  out["problem"] = one.problem.empty() ? Json(nullptr) : Json(one.problem);
  out["problem_code"] = one.problem_code.empty() ? "none" : one.problem_code;
  out["chain_file"] = one.chain_file;
  out["key_file"] = one.key_file;
  if (one.chain.empty()) return out;
  const x509::Certificate& leaf = one.chain.front();
  const Class kind = class_of(one.chain, trust, now);
  out["subject"] = leaf.subject();
  out["names"] = x509::presented_names(leaf);
  out["issuer"] = leaf.issuer();
  out["serial"] = leaf.serial();
  out["not_before"] = format_rfc3339(leaf.not_before());
  out["not_after"] = format_rfc3339(leaf.not_after());
  out["thumbprint"] = leaf.thumbprint();
  out["sha256"] = leaf.sha256();
  out["key_type"] = leaf.key_type();
  out["exchange_name"] = x509::exchange_certificate_name(leaf);
  out["chain_length"] = one.chain.size();
  out["class"] = kind.name;
  out["trust_set"] = kind.set.empty() ? Json(nullptr) : Json(kind.set);
  return out;
}

Json anchor_json(const x509::Anchor& anchor) {
  Json out = Json::object();
  out["subject"] = anchor.certificate.subject();
  out["sha256"] = anchor.certificate.sha256();
  out["not_before"] = format_rfc3339(anchor.certificate.not_before());
  out["not_after"] = format_rfc3339(anchor.certificate.not_after());
  out["file"] = anchor.provenance.file;
  out["added"] = format_rfc3339(anchor.provenance.added);
  out["added_by"] = anchor.provenance.added_by;
  out["partner"] = anchor.provenance.partner;
  return out;
}

Json set_json(const x509::TrustSet& set, bool anchors_too) {
  Json out = Json::object();
  out["name"] = set.name();
  out["count"] = set.anchors().size();
  if (!anchors_too) return out;
  out["anchors"] = Json::array();
  for (const x509::Anchor& anchor : set.anchors()) out["anchors"].push_back(anchor_json(anchor));
  return out;
}

std::string connector_names(const policy::Config& config) {
  std::vector<std::string> names;
  for (const policy::ReceiveConnector& one : config.receive) names.push_back("receive." + one.name);
  for (const policy::SendConnector& one : config.send) names.push_back("send." + one.name);
  return join(names, ", ");
}

// "internet" is a receive connector, or else a send connector; "receive.internet" and
// "send.internet" say which where both bear the name.
Result<policy::Selection> select(const Loaded& loaded, const std::string& connector,
                                 const std::string& sni) {
  const bool only_receive = connector.starts_with("receive.");
  const bool only_send = connector.starts_with("send.");
  const std::string_view name = std::string_view(connector).substr(only_receive ? 8
                                                                   : only_send  ? 5
                                                                                : 0);
  const auto* receive = only_send ? nullptr : loaded.config.find_receive(name);
  const auto* send = only_receive ? nullptr : loaded.config.find_send(name);
  if (receive != nullptr) {
    return policy::select_server_certificate(loaded.config, *receive, loaded.certificates, sni,
                                             loaded.now);
  }
  if (send == nullptr) {
    return invalid("there is no connector '" + printable(connector, 80) +
                   "'; the configuration has " + connector_names(loaded.config));
  }
  if (!sni.empty())
    return invalid("a server name (SNI) is for receive connectors; " + connector + " sends");
  return policy::select_client_certificate(*send, loaded.certificates, loaded.now);
}

}  // namespace

Json certificates_json(const Loaded& loaded) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < loaded.certificates.size(); ++i) {
    Json row = certificate_json(loaded.certificates[i], loaded.trust, loaded.now);
    row["services"] = services_of(loaded.config, loaded.certificates, i, loaded.now);
    rows.push_back(std::move(row));
  }
  Json out = Json::object();
  out["certificates"] = std::move(rows);
  return out;
}

Result<Json> selection_json(const Loaded& loaded, const std::string& connector,
                            const std::string& sni) {
  TRY(const policy::Selection selection, select(loaded, connector, sni));
  Json out = Json::object();
  out["asked"] = selection.asked;
  out["chosen"] = nullptr;
  out["code"] = selection.code;
  out["reason"] = selection.reason;
  out["candidates"] = Json::array();
  for (const policy::Candidate& one : selection.candidates) {
    if (one.chosen) out["chosen"] = one.name;
    out["candidates"].push_back(
        {{"name", one.name}, {"chosen", one.chosen}, {"reason", one.reason}});
  }
  return out;
}

Result<Json> trust_json(const Loaded& loaded, const std::string& set) {
  std::vector<std::string> names;
  Json sets = Json::array();
  for (const auto& one : loaded.trust.sets) {
    names.push_back(one->name());
    if (set.empty() || one->name() == set)
      sets.push_back(set_json(*one, one->name() != kSystem || set == kSystem));
  }
  if (sets.empty()) {
    return invalid("there is no trust set '" + printable(set, 80) + "'; the configuration has " +
                   join(names, ", "));
  }
  Json out = Json::object();
  out["sets"] = std::move(sets);
  return out;
}

}  // namespace postern::admin
