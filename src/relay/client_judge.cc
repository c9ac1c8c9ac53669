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

io::Task<void> ClientJudge::after_handshake(const net::Stream& stream, std::string helo) {
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
  if (!facts_.tls) co_return;
  std::optional<verdict::TlsPolicy> policy;
  if (config.tls == ReceiveTls::mutual) {
    policy = policy::receive_policy(*connector_->snapshot->config, config, nullptr, trust, now);
  } else if (!config.client_domains.empty() && !evidence_.tls.presented.empty()) {
    policy = policy::client_policy(config, trust);
  }
  if (!policy) co_return;
  Judgement judgement = co_await judge(*policy);
  session_ = std::move(judgement);
  facts_.verdict = session_->verdict;
  facts_.authenticated = !session_->name.empty();
  facts_.authenticated_name = session_->name;
}

io::Task<Judgement*> ClientJudge::under(const policy::Partner& partner) {
  if (!facts_.tls) co_return nullptr;
  const auto found = partners_.find(partner.name);
  if (found != partners_.end()) co_return &found->second;
  const Snapshot& snapshot = *connector_->snapshot;
  const auto& trust = partner.trust.empty() ? connector_->config->trust : partner.trust;
  evidence_.crls_der = snapshot.materials->trust.crls_of(trust);
  const verdict::TlsPolicy policy =
      policy::receive_policy(*snapshot.config, *connector_->config, &partner,
                             snapshot.materials->trust, context_.clock.now());
  Judgement judgement = co_await judge(policy);
  co_return &partners_.emplace(partner.name, std::move(judgement)).first->second;
}

io::Task<Judgement> ClientJudge::judge(const verdict::TlsPolicy& policy) {
  Judgement out;
  const observe::Judging judging = context_.judging();
  out.verdict = co_await observe::judge_and_fetch(judging, evidence_, policy);
  const Time now = context_.clock.now();
  if (authenticates(out.verdict) && !evidence_.tls.presented.empty()) {
    out.name = matched_name(evidence_.tls.presented.front(), policy);
  }
  out.key = connector_->config->name + "|" + policy.set_by + "|" + facts_.address + "|" +
            out.verdict.code + "|" + out.verdict.by_exception;
  for (const std::string& fingerprint : out.verdict.chain_sha256) out.key += "|" + fingerprint;
  const std::optional<VerdictId> known = memory_.find(out.key, now);
  out.stored = known.has_value();
  out.verdict.id = known ? *known : VerdictId::make(now);
  co_return out;
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
  out.evidence_json = dump_json(verdict::to_json(verdict::for_storage(evidence_)));
  return out;
}

void ClientJudge::stored(Judgement& judgement) {
  judgement.stored = true;
  memory_.remember(judgement.key, judgement.verdict.id, context_.clock.now());
}

}  // namespace postern::relay
