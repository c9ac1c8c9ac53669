#include "relay/next_hop.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "net/interfaces.h"
#include "verdict/judge.h"

namespace postern::relay {
namespace {

constexpr log::Event kClearTextAfterFailure{2101, log::Level::info, "tls.fallback"};

bool is_ipv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

std::string place(const observe::Target& target) {
  return policy::Endpoint{target.address, target.port}.str();
}

observe::TargetRequest target_request(const policy::Config& config,
                                      const policy::SendConnector& connector,
                                      const policy::Destination& destination) {
  observe::TargetRequest request;
  request.domain = destination.next_hop;
  request.hosts = connector.hosts;
  request.port = connector.port;
  request.own_names = {config.server.hostname};
  // Smart hosts were chosen by name: only MX answers can lead back here by surprise.
  if (connector.hosts.empty()) {
    for (const policy::ReceiveConnector& receive : config.receive) {
      request.own_listeners.insert(request.own_listeners.end(), receive.listen.begin(),
                                   receive.listen.end());
      if (!receive.fqdn.empty()) request.own_names.push_back(receive.fqdn);
    }
    request.own_addresses = net::interface_addresses();
  }
  return request;
}

std::string targets_text(const observe::Targets& targets) {
  if (targets.list.empty()) return targets.problem_code + ": " + targets.problem;
  std::vector<std::string> parts;
  for (const observe::Target& target : targets.list) parts.push_back(describe(target));
  std::ranges::sort(parts);  // equal preferences are shuffled: order is no change
  return join(parts, ", ");
}

// The credential that the connector names, when it can be used now.
std::shared_ptr<const tls::Credential> own_credential(const Snapshot& snapshot,
                                                      const policy::SendConnector& connector,
                                                      Time now) {
  if (connector.certificate.empty()) return nullptr;
  const policy::Selection selection =
      policy::select_client_certificate(connector, snapshot.materials->certificates, now);
  return selection.index ? snapshot.materials->credentials[*selection.index] : nullptr;
}

// What stays the same for every address of one look at a next hop.
struct Looking {
  Context& context;
  io::Executor executor;
  std::shared_ptr<const Snapshot> snapshot;
  const policy::SendConnector& connector;
  std::shared_ptr<const tls::Credential> credential;
  TlsSessions& tls_sessions;
  const policy::Destination& destination;
  const verdict::TlsPolicy& policy;
  bool resume = true;
};

observe::LookRequest look_request(const Looking& looking, const observe::Target& target,
                                  bool use_tls, SessionId session, const std::string& session_key,
                                  std::shared_ptr<SessionLog> protocol) {
  const policy::SendConnector& connector = looking.connector;
  observe::LookRequest request;
  request.target = target;
  request.helo =
      connector.helo.empty() ? looking.snapshot->config->server.hostname : connector.helo;
  request.source_address =
      is_ipv6(target.address) ? connector.source_address6 : connector.source_address;
  request.use_tls = use_tls;
  request.implicit_tls = connector.implicit_tls;
  request.tls.credential = looking.credential;
  request.tls.min_version = looking.policy.min_version;
  if (looking.resume) request.tls.resume = looking.tls_sessions.find(session_key);
  request.timeouts = looking.snapshot->config->timeouts;
  request.crls_der = looking.snapshot->materials->trust.crls_of(
      policy::send_trust(*looking.snapshot->config, looking.destination));
  *protocol = SessionLog(looking.context.protocol_log, Direction::send, connector.name, session,
                         connector.protocol_log);
  protocol->set_endpoints("", place(target));
  request.protocol = [protocol, remote = place(target)](char event, std::string_view data,
                                                        std::string_view words) {
    if (event == '+') protocol->set_endpoints(std::string(data), remote);
    protocol->write(event, event == '+' ? std::string_view() : data, words);
  };
  return request;
}

struct OneLook {
  observe::Look look;
  verdict::Verdict verdict;
  std::string session_key;
  SessionId session;
  std::shared_ptr<SessionLog> protocol;
};

io::Task<OneLook> look_and_judge(const Looking& looking, const observe::Target& target,
                                 bool use_tls) {
  OneLook out;
  const Time now = looking.context.clock.now();
  out.session = SessionId::make(now);
  out.session_key =
      looking.destination.key() + "|" + place(target) + "|" +
      (looking.credential ? looking.credential->facts.chain.front().sha256() : std::string());
  auto protocol = std::make_shared<SessionLog>();
  observe::LookRequest request =
      look_request(looking, target, use_tls, out.session, out.session_key, protocol);
  out.look = co_await observe::look(looking.executor, looking.context.clock, std::move(request));
  const verdict::TlsEvidence& seen = out.look.evidence.tls;
  if (seen.own_certificate) protocol->certificate(*seen.own_certificate, false);
  if (!seen.presented.empty()) protocol->certificate(seen.presented.front(), true);
  out.protocol = protocol;
  const observe::Judging judging = looking.context.judging();
  out.verdict = co_await observe::judge_and_fetch(judging, out.look.evidence, looking.policy);
  if (out.verdict.ok || !out.look.evidence.tls.resumed) co_return out;
  // Judged by the chain of an older handshake: what the peer presents now may be the cure.
  looking.tls_sessions.erase(out.session_key);
  if (out.look.ready)
    co_await observe::end_session(std::move(out.look.ready),
                                  looking.snapshot->config->timeouts.quit);
  co_return co_await look_and_judge(looking, target, use_tls);
}

// Opportunistic TLS that could not be had: the same host once more, in clear text (DESIGN, TLS
// levels).
bool may_fall_back(const OneLook& one, const verdict::TlsPolicy& policy) {
  const verdict::Evidence& seen = one.look.evidence;
  return policy.level == verdict::Level::opportunistic && !one.look.ready &&
         (seen.tls.attempted ||
          (seen.smtp.starttls_reply && !seen.smtp.starttls_reply->positive()));
}

bool usable(const OneLook& one) {
  return one.look.ready != nullptr && one.verdict.ok;
}

Finding finding(const observe::Target& target, const verdict::Verdict& verdict,
                std::string_view more = {}) {
  const std::string host = describe(target);
  return {host, host + ": " + verdict.code + (verdict.cause.empty() ? "" : ": " + verdict.cause) +
                    std::string(more)};
}

// What could not be found out about a host that is used all the same; one finding a host.
void add_unknowns(std::vector<Finding>& findings, const observe::Target& target,
                  const verdict::Verdict& verdict) {
  std::string what;
  for (const verdict::Check& check : verdict.checks) {
    if (check.result != verdict::CheckResult::unknown || check.code == "none") continue;
    what += (what.empty() ? "" : "; ") + check.code + ": " + check.detail;
  }
  const std::string host = describe(target);
  if (!what.empty()) findings.push_back({host, host + ": " + what});
}

void take(NextHopLook& out, OneLook& one, const observe::Target& target) {
  out.target = target;
  out.verdict = std::move(one.verdict);
  out.evidence = std::move(one.look.evidence);
  out.session = one.session;
  out.tls_session_key = std::move(one.session_key);
  out.ready = std::move(one.look.ready);
  out.protocol = one.protocol;
}

io::Task<void> close_unused(std::unique_ptr<observe::ReadySession> ready) {
  if (!ready) co_return;
  constexpr Duration kShort{1000};
  co_await observe::end_session(std::move(ready), kShort);
}

}  // namespace

std::string describe(const observe::Target& target) {
  return target.host == target.address
             ? place(target)
             : target.host + " [" + target.address + "]:" + std::to_string(target.port);
}

std::shared_ptr<const tls::Session> TlsSessions::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(sessions_, key, &decltype(sessions_)::value_type::first);
  return found == sessions_.end() ? nullptr : found->second;
}

void TlsSessions::put(const std::string& key, std::shared_ptr<const tls::Session> session) {
  if (!session) return;
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(sessions_, key, &decltype(sessions_)::value_type::first);
  if (found != sessions_.end()) {
    found->second = std::move(session);
    return;
  }
  if (sessions_.size() >= kMaxTlsSessions) sessions_.erase(sessions_.begin());
  sessions_.emplace_back(key, std::move(session));
}

void TlsSessions::erase(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.first == key; });
}

void TlsSessions::clear() {
  const std::lock_guard lock(mutex_);
  sessions_.clear();
}

io::Task<std::pair<std::string, Duration>> list_targets(Context& context, io::Executor executor,
                                                        std::shared_ptr<const Snapshot> snapshot,
                                                        policy::Destination destination) {
  const policy::SendConnector* connector = snapshot->config->find_send(destination.connector);
  if (connector == nullptr) co_return std::pair<std::string, Duration>();
  observe::TargetRequest request = target_request(*snapshot->config, *connector, destination);
  const observe::Targets targets =
      co_await observe::resolve_targets(executor, context.resolver, std::move(request));
  co_return std::pair<std::string, Duration>(targets_text(targets), targets.ttl);
}

io::Task<NextHopLook> look_at_next_hop(Context& context, io::Executor executor,
                                       TlsSessions& tls_sessions, NextHopRequest request) {
  NextHopLook out;
  const policy::Config& config = *request.snapshot->config;
  const policy::SendConnector* connector = config.find_send(request.destination.connector);
  if (connector == nullptr) {  // removed by a reload; the reroute that follows moves the mail
    out.failure =
        target_outcome("tls-policy-misconfigured",
                       "send connector " + request.destination.connector + " is gone", false);
    co_return out;
  }
  out.policy = policy::send_policy(config, request.destination, request.snapshot->materials->trust,
                                   request.snapshot->materials->certificates, context.clock.now());
  if (request.exception && request.exception->until > context.clock.now())
    out.policy.exception = request.exception;

  observe::TargetRequest target_question = target_request(config, *connector, request.destination);
  const observe::Targets targets =
      co_await observe::resolve_targets(executor, context.resolver, std::move(target_question));
  out.targets = targets_text(targets);
  out.ttl = targets.ttl;
  for (const observe::Target& target : targets.list) out.hosts.insert(describe(target));
  if (targets.list.empty()) {
    out.failure = target_outcome(targets.problem_code, targets.problem, targets.permanent);
    co_return out;
  }

  const Looking looking{context,
                        executor,
                        request.snapshot,
                        *connector,
                        own_credential(*request.snapshot, *connector, context.clock.now()),
                        tls_sessions,
                        request.destination,
                        out.policy,
                        request.resume};
  const bool tls = out.policy.level != verdict::Level::none;
  std::vector<verdict::Verdict> verdicts;
  std::vector<verdict::Evidence> seen;
  std::vector<observe::Target> tried;
  std::vector<SessionId> sessions;
  for (const observe::Target& target : targets.list) {
    if (std::ranges::find(request.skip, place(target)) != request.skip.end()) continue;
    OneLook one = co_await look_and_judge(looking, target, tls);
    if (may_fall_back(one, out.policy)) {
      out.findings.push_back(finding(target, one.verdict, " (sent in clear text: opportunistic)"));
      log::write(
          kClearTextAfterFailure,
          {{"host", describe(target)}, {"code", one.verdict.code}, {"cause", one.verdict.cause}});
      one = co_await look_and_judge(looking, target, false);
    }
    if (usable(one)) {
      add_unknowns(out.findings, target, one.verdict);
      for (std::size_t i = 0; i < verdicts.size(); ++i)
        out.findings.push_back(finding(tried[i], verdicts[i]));
      take(out, one, target);
      co_return out;
    }
    co_await close_unused(std::move(one.look.ready));
    verdicts.push_back(std::move(one.verdict));
    seen.push_back(std::move(one.look.evidence));
    tried.push_back(target);
    sessions.push_back(one.session);
  }
  if (verdicts.empty()) {  // every address was skipped: all failed earlier in this attempt
    out.failure =
        target_outcome("connection-lost", "no further host of the next hop to try", false);
    co_return out;
  }
  const std::size_t decisive = verdict::decisive(verdicts, seen);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (i != decisive) out.findings.push_back(finding(tried[i], verdicts[i]));
  }
  out.target = tried[decisive];
  out.verdict = verdicts[decisive];
  out.evidence = seen[decisive];
  out.session = sessions[decisive];
  out.failure = session_outcome(out.verdict, out.evidence);
  co_return out;
}

}  // namespace postern::relay
