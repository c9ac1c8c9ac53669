#include "probe/check.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "io/gather.h"
#include "observe/judgement.h"
#include "policy/route.h"
#include "probe/check_session.h"
#include "probe/counter_test.h"
#include "probe/diagnosis.h"
#include "probe/difference.h"
#include "probe/finding.h"
#include "verdict/judge.h"

namespace postern::probe {
namespace {

using Steady = std::chrono::steady_clock;
using Status = verdict::DnsEvidence::Status;
struct Done {};

// Shares of the whole time: DNS may not eat that of the looks, nor they that of the counter-tests.
constexpr int kDnsShare = 3;
constexpr double kFirstRoundShare = 0.6;
constexpr Duration kLeastTime{100};

// Every view that is taken without a reason to: the facts of a full report.
constexpr std::array kFullViews{View::without_sni, View::domain_sni, View::tls1_2, View::legacy};

class Checker {
 public:
  Checker(Surroundings surroundings, CheckTarget target, CheckOptions options)
      : in_(std::move(surroundings)), options_(std::move(options)), began_(Steady::now()) {
    report_.target = std::move(target);
    report_.started = in_.clock.now();
  }
  io::Task<CheckReport> run();

 private:
  void choose_sender();
  void choose_connector();
  void settle_session();
  [[nodiscard]] observe::TargetRequest target_request() const;
  void take_targets(observe::Targets targets);
  [[nodiscard]] bool worth_a_look(View view, const HostReport& host) const;
  io::Task<void> first_round();
  io::Task<void> second_round();
  void judge_all();
  void judge_sts();
  void judge_target();
  void conclude();
  [[nodiscard]] CounterFacts counter_facts() const;
  [[nodiscard]] SenderView as_sender(SenderKind kind) const;
  void say(const std::string& words) const {
    if (in_.progress) in_.progress(report_.target.text + ": " + words);
  }
  [[nodiscard]] observe::Judging fetching() const {
    observe::Judging judging;
    judging.fetcher = in_.fetcher;
    judging.clock = &in_.clock;
    judging.limit = left();
    return judging;
  }
  [[nodiscard]] Duration left() const {
    const auto spent = std::chrono::duration_cast<Duration>(Steady::now() - began_);
    return std::max(options_.timeout - spent, kLeastTime);
  }

  // The slots are the report's, which outlives every task: gather awaits them all.
  io::Task<Done> fill_view(observe::Target target, View view, Duration time, ViewResult* slot);
  io::Task<Done> fill_issuers(HostReport* host, ViewResult* slot);
  io::Task<Done> fill_main(observe::Target target, Duration time, HostReport* slot);
  io::Task<Done> fill_clear(observe::Target target, Duration time, ClearSession* slot);
  io::Task<Done> fill_dane(observe::Target target, Duration time, DaneFacts* slot);
  io::Task<Done> fill_sts(Duration time);

  Surroundings in_;
  CheckOptions options_;
  Steady::time_point began_;
  CheckReport report_;
  SenderFacts facts_;
  SessionSettings session_{in_.executor,
                           in_.clock,
                           {},
                           {},
                           {},
                           {},
                           {},
                           true,
                           false,
                           nullptr,
                           verdict::TlsVersion::tls1_2,
                           {},
                           {}};
  const policy::SendConnector* connector_ = nullptr;  // of the configuration, for --as postern
};

// Is there what a sender with DANE or MTA-STS would enforce?
bool promises_by_dns(const CheckReport& report) {
  const auto& policy = report.sts.policy;
  return (policy && policy->mode != verdict::StsMode::none) ||
         std::ranges::any_of(report.hosts, [](const HostReport& host) {
           return !host.dane.records.empty() && host.dane.status == Status::secure;
         });
}

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The connector whose smart host this is; nullptr: none.
const policy::SendConnector* connector_of_host(const policy::Config& config,
                                               const CheckTarget& target) {
  for (const policy::SendConnector& connector : config.send) {
    for (const policy::Endpoint& host : connector.hosts) {
      if (host.host == target.name && host.port == target.port.value_or(kSmtpPort))
        return &connector;
    }
  }
  return nullptr;
}

// A recipient domain that the connector is for, where the target is only a host of it.
std::string domain_of(const policy::SendConnector& connector, const CheckTarget& target) {
  for (const mail::DomainPattern& pattern : connector.domains) {
    if (!pattern.text().starts_with('*')) return pattern.text();
  }
  return target.name;
}

void Checker::choose_connector() {
  if (!in_.configured || report_.as != SenderKind::postern) return;
  std::string domain = report_.target.name;
  const policy::SendConnector* by_host = connector_of_host(in_.config, report_.target);
  if (by_host != nullptr) domain = domain_of(*by_host, report_.target);
  const Result<policy::Destination> destination =
      policy::route(in_.config, domain, by_host == nullptr ? std::string_view() : by_host->name);
  if (!destination) return;
  connector_ = in_.config.find_send(destination->connector);
  if (connector_ == nullptr || !connector_->drop.empty()) return;
  facts_.own = policy::send_policy(in_.config, *destination, in_.materials.trust,
                                   in_.materials.certificates, report_.started);
  const std::vector<std::string> trusted =
      joined(policy::send_trust(in_.config, *destination), in_.given_trust);
  facts_.own->trust = in_.materials.trust.pick(trusted);
  facts_.own->other_sets = in_.materials.trust.others(trusted);
  session_.crls_der = in_.materials.trust.crls_of(trusted);
}

void Checker::choose_sender() {
  report_.as =
      options_.as.value_or(in_.configured ? SenderKind::postern : SenderKind::postfix_verify);
  facts_.domain = report_.target.name;
  facts_.names = options_.names;
  const std::vector<std::string> trusted = joined({"system"}, in_.given_trust);
  facts_.trust = in_.materials.trust.pick(trusted);
  facts_.other_sets = in_.materials.trust.others(trusted);
  facts_.client_certificate = in_.client_certificate;
  session_.crls_der = in_.materials.trust.crls_of(trusted);
  choose_connector();
}

void Checker::settle_session() {
  session_.helo = in_.config.server.hostname;
  session_.domain = report_.target.name;
  session_.timeouts = in_.config.timeouts;
  session_.another_source = options_.another_source;
  session_.implicit_tls = options_.implicit_tls || report_.target.implicit_by_port();
  std::string certificate = in_.client_certificate;
  if (facts_.own && connector_ != nullptr) {
    if (!connector_->helo.empty()) session_.helo = connector_->helo;
    session_.source_address = connector_->source_address;
    session_.source_address6 = connector_->source_address6;
    session_.implicit_tls = session_.implicit_tls || connector_->implicit_tls;
    session_.use_tls = facts_.own->level != verdict::Level::none;
    session_.min_version = facts_.own->min_version;
    if (certificate.empty()) {
      const policy::Selection own = policy::select_client_certificate(
          *connector_, in_.materials.certificates, report_.started);
      if (own.index) session_.credential = in_.materials.credentials[*own.index];
    }
  }
  if (certificate.empty()) return;
  for (const auto& credential : in_.materials.credentials) {
    if (credential->facts.name == certificate && credential->facts.key_usable)
      session_.credential = credential;
  }
}

observe::TargetRequest Checker::target_request() const {
  observe::TargetRequest request;
  const CheckTarget& target = report_.target;
  request.domain = target.name;
  if (connector_ != nullptr) request.port = connector_->port;
  if (options_.port != 0) request.port = options_.port;
  if (!target.maybe_domain())
    request.hosts = {policy::Endpoint{target.name, target.port.value_or(request.port)}};
  else if (connector_ != nullptr)
    request.hosts = connector_->hosts;
  return request;
}

void Checker::take_targets(observe::Targets targets) {
  report_.dns = targets.dns;
  report_.missing = std::move(targets.missing);
  for (observe::Target& target : targets.list) {
    HostReport host;
    host.policy = sender_policy(report_.as, facts_, target.host);
    host.target = std::move(target);
    report_.hosts.push_back(std::move(host));
  }
}

bool Checker::worth_a_look(View view, const HostReport& host) const {
  if (!session_.use_tls && view != View::main && view != View::other_source) return false;
  const bool named = host.target.host != host.target.address;
  switch (view) {
    case View::without_sni:
      return named;
    case View::domain_sni:
      return !report_.target.literal && host.target.host != report_.target.name;
    case View::other_source:
      return !session_.another_source.empty();
    case View::without_client_certificate:
      return session_.credential != nullptr;
    case View::issuers:
      return in_.fetcher != nullptr;
    default:
      return true;
  }
}

io::Task<Done> Checker::fill_view(observe::Target target, View view, Duration time,
                                  ViewResult* slot) {
  slot->view = view;
  slot->evidence = co_await look_once(session_, target, view, time);
  co_return Done{};
}

io::Task<Done> Checker::fill_issuers(HostReport* host, ViewResult* slot) {
  observe::Judging judging = fetching();
  judging.fetch_issuers = true;
  slot->evidence = host->evidence;
  (void)co_await observe::judge_and_fetch(judging, slot->evidence, host->policy);
  slot->evidence = verdict::with_fetched_issuers(slot->evidence);
  co_return Done{};
}

io::Task<Done> Checker::fill_main(observe::Target target, Duration time, HostReport* slot) {
  slot->evidence = co_await look_once(session_, target, View::main, time);
  say(place_of(target) + " " + std::string(to_string(slot->evidence.stage)) +
      (slot->evidence.tls.completed ? " " + slot->evidence.tls.version : ""));
  const observe::Judging own = fetching();
  slot->verdict = co_await observe::judge_and_fetch(own, slot->evidence, slot->policy);
  // Every kind of sender is judged by this Evidence: what the one that asks most of revocation
  // wants to know has to be in it.
  const verdict::TlsPolicy strictest =
      sender_policy(SenderKind::exchange_online, facts_, target.host);
  const observe::Judging theirs = fetching();
  (void)co_await observe::judge_and_fetch(theirs, slot->evidence, strictest);
  co_return Done{};
}

io::Task<Done> Checker::fill_clear(observe::Target target, Duration time, ClearSession* slot) {
  *slot = co_await look_in_clear(session_, target, time);
  co_return Done{};
}

io::Task<Done> Checker::fill_dane(observe::Target target, Duration time, DaneFacts* slot) {
  slot->name = "_" + std::to_string(target.port) + "._tcp." + target.host;
  io::Task<dns::RecordsAnswer> question = in_.resolver.records(slot->name, dns::RecordType::tlsa);
  std::optional<dns::RecordsAnswer> answer =
      co_await io::within(in_.executor, "tlsa", std::move(question), time);
  if (!answer) co_return Done{};
  slot->status = answer->status;
  slot->detail = answer->detail;
  for (const std::string& rdata : answer->records) {
    if (auto record = verdict::decode_tlsa(rdata)) slot->records.push_back(std::move(*record));
  }
  co_return Done{};
}

io::Task<Done> Checker::fill_sts(Duration time) {
  io::Task<StsFacts> question = look_up_sts(in_.resolver, in_.fetcher, report_.target.name, time);
  std::optional<StsFacts> facts =
      co_await io::within(in_.executor, "mta-sts", std::move(question), time);
  if (facts) report_.sts = std::move(*facts);
  co_return Done{};
}

// Everything that needs no answer of anything else, at once.
io::Task<void> Checker::first_round() {
  const Duration time = std::chrono::duration_cast<Duration>(left() * kFirstRoundShare);
  for (HostReport& host : report_.hosts) {
    if (options_.quick) continue;
    for (const View view : kFullViews) {
      if (worth_a_look(view, host)) host.views.emplace_back().view = view;
    }
  }
  std::vector<io::Task<Done>> tasks;
  for (HostReport& host : report_.hosts) {
    tasks.push_back(fill_main(host.target, time, &host));
    for (ViewResult& view : host.views)
      tasks.push_back(fill_view(host.target, view.view, time, &view));
    if (!options_.quick && !session_.implicit_tls)
      tasks.push_back(fill_clear(host.target, time, &host.clear));
    if (host.target.host != host.target.address)
      tasks.push_back(fill_dane(host.target, time, &host.dane));
  }
  if (report_.target.maybe_domain()) tasks.push_back(fill_sts(time));
  (void)co_await io::gather(in_.executor, "check", std::move(tasks));
}

// What can tell the candidates of each failure apart, and was not seen yet.
io::Task<void> Checker::second_round() {
  const Duration time = left();
  std::vector<std::pair<HostReport*, std::size_t>> fresh;
  std::vector<HostReport*> unseen_clear;
  for (HostReport& host : report_.hosts) {
    for (const View view : separating_views(host)) {
      if (host.find(view) != nullptr || !worth_a_look(view, host)) continue;
      fresh.emplace_back(&host, host.views.size());
      host.views.emplace_back().view = view;
    }
    if (!host.clear.looked && options_.quick && host.verdict.code.starts_with("starttls-"))
      unseen_clear.push_back(&host);
  }
  std::vector<io::Task<Done>> tasks;
  for (const auto& [host, index] : fresh) {
    if (host->views[index].view == View::issuers) {
      tasks.push_back(fill_issuers(host, &host->views[index]));
      continue;
    }
    tasks.push_back(fill_view(host->target, host->views[index].view, time, &host->views[index]));
  }
  for (HostReport* host : unseen_clear)
    tasks.push_back(fill_clear(host->target, time, &host->clear));
  if (tasks.empty()) co_return;
  say(std::to_string(tasks.size()) + " counter-tests");
  (void)co_await io::gather(in_.executor, "counter-test", std::move(tasks));
}

void Checker::judge_all() {
  const Time now = report_.started;
  for (HostReport& host : report_.hosts) {
    host.verdict = verdict::judge(host.evidence, host.policy, now);
    host.judged_code = host.verdict.code;
    for (ViewResult& seen : host.views)
      seen.verdict = verdict::judge(seen.evidence, host.policy, now);
  }
}

// Smart hosts of a connector are no MX hosts: the domain's policy does not speak of them.
void Checker::judge_sts() {
  if (report_.as == SenderKind::postern && promises_by_dns(report_))
    report_.notes.emplace_back(
        "Postern does not enforce DANE and MTA-STS yet when it sends: they are reported here.");
  if (!report_.sts.policy || report_.dns.mx == Status::not_asked) return;
  for (HostReport& host : report_.hosts) {
    const verdict::TlsPolicy policy = sts_sender_policy(host.target.host, facts_.trust);
    host.sts = StsHost{verdict::lists_mx(*report_.sts.policy, host.target.host),
                       verdict::judge(host.evidence, policy, report_.started)};
  }
}

// The target's verdict is that of the host its mail would go to; without any, that of its DNS.
void Checker::judge_target() {
  if (report_.hosts.empty()) {
    verdict::Evidence nowhere;
    nowhere.host = report_.target.name;
    nowhere.time = report_.started;
    nowhere.dns = report_.dns;
    nowhere.stop = verdict::Stop::error;
    report_.verdict = verdict::judge(
        nowhere, sender_policy(report_.as, facts_, report_.target.name), report_.started);
    return;
  }
  std::vector<verdict::Verdict> verdicts;
  std::vector<verdict::Evidence> seen;
  for (const HostReport& host : report_.hosts) {
    verdicts.push_back(host.verdict);
    seen.push_back(host.evidence);
  }
  report_.verdict = verdicts[verdict::decisive(verdicts, seen)];
}

CounterFacts Checker::counter_facts() const {
  CounterFacts out;
  out.every_set = in_.materials.trust.sets;
  out.now = report_.started;
  out.known_names.emplace_back(in_.config.server.hostname, "this machine");
  for (const policy::SendConnector& connector : in_.config.send) {
    if (!connector.tls_domain.empty())
      out.known_names.emplace_back(connector.tls_domain,
                                   "tls_domain of send connector " + connector.name);
  }
  for (const policy::Partner& partner : in_.config.partners) {
    for (const std::string& name : partner.names)
      out.known_names.emplace_back(name, "names of partner " + partner.name);
  }
  return out;
}

// The same Evidence under another sender's policy.
SenderView Checker::as_sender(SenderKind kind) const {
  SenderView out;
  out.kind = kind;
  if (report_.hosts.empty()) {
    out.verdict = report_.verdict;
    return out;
  }
  std::vector<verdict::Verdict> verdicts;
  std::vector<verdict::Evidence> seen;
  for (const HostReport& host : report_.hosts) {
    const verdict::TlsPolicy policy = sender_policy(kind, facts_, host.target.host);
    verdicts.push_back(verdict::judge(host.evidence, policy, report_.started));
    seen.push_back(host.evidence);
  }
  out.verdict = verdicts[verdict::decisive(verdicts, seen)];
  return out;
}

void Checker::conclude() {
  const CounterFacts facts = counter_facts();
  const Roles roles{report_.as, options_.mine};
  std::vector<std::vector<CounterTest>> tests;
  for (std::size_t i = 0; i < report_.hosts.size(); ++i)
    tests.push_back(counter_tests(report_, i, facts));
  for (std::size_t i = 0; i < report_.hosts.size(); ++i) {
    HostReport& host = report_.hosts[i];
    host.verdict = diagnose(host, tests[i]);
    host.verdict.ours = ours(host.verdict.fault, roles);
    report_.counter_tests.insert(report_.counter_tests.end(), tests[i].begin(), tests[i].end());
  }
  judge_sts();
  judge_target();
  report_.verdict.ours = ours(report_.verdict.fault, roles);
  for (const SenderKind kind : all_sender_kinds()) report_.senders.push_back(as_sender(kind));
  report_.differences = differences(report_);
  report_.findings =
      find_all(report_, {report_.started, options_.expiry_warning, options_.expiry_critical});
}

io::Task<CheckReport> Checker::run() {
  choose_sender();
  settle_session();
  say("asking DNS");
  io::Task<observe::Targets> question =
      observe::resolve_targets(in_.executor, in_.resolver, target_request());
  std::optional<observe::Targets> targets = co_await io::within(
      in_.executor, "targets", std::move(question), options_.timeout / kDnsShare);
  if (targets) {
    take_targets(std::move(*targets));
  } else {
    report_.timed_out = true;
    report_.dns.mx = Status::failed;
    report_.dns.detail = "no answer in time";
  }
  co_await first_round();
  judge_all();
  co_await second_round();
  judge_all();
  conclude();
  report_.took = std::chrono::duration_cast<Duration>(Steady::now() - began_);
  report_.timed_out = report_.timed_out || report_.took >= options_.timeout;
  co_return std::move(report_);
}

}  // namespace

io::Task<CheckReport> check(Surroundings surroundings, CheckTarget target, CheckOptions options) {
  Checker checker(std::move(surroundings), std::move(target), std::move(options));
  co_return co_await checker.run();
}

}  // namespace postern::probe
