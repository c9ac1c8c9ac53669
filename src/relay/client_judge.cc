#include "relay/client_judge.h"

#include <algorithm>

#include "base/json.h"
#include "policy/route.h"
#include "verdict/judge.h"
#include "x509/names.h"

namespace postern::relay {
namespace {

using policy::ReceiveTls;

// The presented name that one of the reference identifiers matched.
std::string matched_name(const x509::Certificate& leaf, const verdict::TlsPolicy& policy) {
  for (const verdict::ReferenceIdentifier& reference : policy.reference) {
    for (const std::string& name : leaf.dns_names()) {
      if (x509::dns_name_matches(name, reference.name)) return name;
    }
    if (x509::match_name(leaf, reference.name, policy.legacy_cn) != x509::NameMatch::no) {
      return reference.name;
    }
  }
  return {};
}

// With every stored verdict of a client goes its evidence; CRLs larger than this stay out of it.
constexpr std::size_t kMaxStoredCrlOctets = 64 * 1024;

// Of a longer chain the leaf alone is kept; the verdict has the fingerprints of all. An honest
// chain is a quarter of this.
constexpr std::size_t kMaxStoredChainOctets = 16 * 1024;

void bound_chain(std::vector<x509::Certificate>& presented) {
  std::size_t octets = 0;
  for (const x509::Certificate& one : presented) octets += one.der().size();
  if (octets > kMaxStoredChainOctets) presented.erase(presented.begin() + 1, presented.end());
}

// Mail may flow by an exception; that does not make the client known.
bool authenticates(const verdict::Verdict& verdict) {
  return verdict.ok && verdict.reached == verdict::Assurance::mutual &&
         verdict.by_exception.empty();
}

}  // namespace

std::optional<VerdictId> VerdictMemory::find(const std::string& key, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || now - found->second.at > kVerdictReuse) return std::nullopt;
  return found->second.id;
}

void VerdictMemory::remember(const std::string& key, VerdictId id, Time now) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    order_.erase(found->second.place);
    entries_.erase(found);
  } else if (entries_.size() >= kMaxRememberedVerdicts) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  const auto place = order_.insert(order_.end(), key);
  entries_[key] = {id, now, place};
}

ClientJudge::ClientJudge(Context& context, std::shared_ptr<const Connector> connector,
                         VerdictMemory& memory)
    : context_(context), connector_(std::move(connector)), memory_(memory) {
  evidence_.judged = verdict::Judged::client;
}

void ClientJudge::in_the_clear(const net::Stream& stream) {
  facts_.address = evidence_.address = stream.peer_address();
  evidence_.port = stream.peer_port();
}

void ClientJudge::after_handshake(const net::Stream& stream, const std::string& helo) {
  const Time now = context_.clock.now();
  const policy::ReceiveConnector& config = *connector_->config;
  evidence_.time = now;
  evidence_.host = helo;
  evidence_.tls = stream.tls_evidence();
  evidence_.tls.implicit = config.implicit_tls;
  evidence_.smtp.starttls_offered = !config.implicit_tls;
  evidence_.stage = evidence_.tls.completed ? verdict::Stage::done : verdict::Stage::handshake;
  evidence_.stop = evidence_.tls.completed ? verdict::Stop::none : verdict::Stop::error;
  const policy::LoadedTrust& trust = connector_->snapshot->materials->trust;
  evidence_.crls_der = trust.crls_of(config.trust);
  session_.reset();
  partners_.clear();
  facts_.tls = evidence_.tls.completed;
  if (!facts_.tls) return;
  if (config.tls == ReceiveTls::mutual) {
    session_ =
        judge(policy::receive_policy(*connector_->snapshot->config, config, nullptr, trust, now));
  } else if (!config.client_domains.empty() && !evidence_.tls.presented.empty()) {
    session_ = judge(policy::client_policy(config, trust));
  }
  if (!session_) return;
  facts_.verdict = session_->verdict;
  facts_.authenticated = !session_->name.empty();
  facts_.authenticated_name = session_->name;
}

Judgement* ClientJudge::under(const policy::Partner& partner) {
  if (!facts_.tls) return nullptr;
  const auto found = partners_.find(partner.name);
  if (found != partners_.end()) return &found->second;
  const Snapshot& snapshot = *connector_->snapshot;
  const auto& trust = partner.trust.empty() ? connector_->config->trust : partner.trust;
  evidence_.crls_der = snapshot.materials->trust.crls_of(trust);
  Judgement judgement =
      judge(policy::receive_policy(*snapshot.config, *connector_->config, &partner,
                                   snapshot.materials->trust, context_.clock.now()));
  return &partners_.emplace(partner.name, std::move(judgement)).first->second;
}

Judgement ClientJudge::judge(const verdict::TlsPolicy& policy) const {
  const Time now = context_.clock.now();
  Judgement out;
  out.verdict = verdict::judge(evidence_, policy, now);
  if (authenticates(out.verdict) && !evidence_.tls.presented.empty()) {
    out.name = matched_name(evidence_.tls.presented.front(), policy);
  }
  out.key = connector_->config->name + "|" + policy.set_by + "|" + facts_.address + "|" +
            out.verdict.code + "|" + out.verdict.by_exception;
  for (const std::string& fingerprint : out.verdict.chain_sha256) out.key += "|" + fingerprint;
  const std::optional<VerdictId> known = memory_.find(out.key, now);
  out.stored = known.has_value();
  out.verdict.id = known ? *known : VerdictId::make(now);
  return out;
}

std::string ClientJudge::failure(const std::error_code& error) const {
  const Time now = context_.clock.now();
  verdict::TlsPolicy policy =
      policy::receive_policy(*connector_->snapshot->config, *connector_->config, nullptr,
                             connector_->snapshot->materials->trust, now);
  // Who tried TLS wanted it; the question is why it failed, not whether it had to succeed.
  policy.level = std::max(policy.level, verdict::Level::encrypt);
  verdict::Evidence evidence = evidence_;
  evidence.stop = net::stop_of(error);
  return verdict::judge(evidence, policy, now).code;
}

store::StoredVerdict ClientJudge::stored_form(const Judgement& judgement) const {
  store::StoredVerdict out;
  out.id = judgement.verdict.id;
  out.time = judgement.verdict.time;
  out.json = dump_json(verdict::to_json(judgement.verdict));
  verdict::Evidence evidence = evidence_;
  std::erase_if(evidence.crls_der,
                [](const std::string& crl) { return crl.size() > kMaxStoredCrlOctets; });
  bound_chain(evidence.tls.presented);
  out.evidence_json = dump_json(verdict::to_json(evidence));
  return out;
}

void ClientJudge::stored(Judgement& judgement) {
  judgement.stored = true;
  memory_.remember(judgement.key, judgement.verdict.id, context_.clock.now());
}

}  // namespace postern::relay
