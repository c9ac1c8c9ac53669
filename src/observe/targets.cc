// Where the mail of a next hop may be handed in. Source: RFC 5321 s5.1, RFC 7505 (null MX).
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "base/text.h"
#include "io/gather.h"
#include "mail/idna.h"
#include "observe/look.h"

namespace postern::observe {
namespace {

using Status = verdict::DnsEvidence::Status;
using Steady = std::chrono::steady_clock;

// What a host behind a usable one may take longer than that one.
constexpr Duration kStragglerTime{500};

bool usable(Status status) {
  return status == Status::secure || status == Status::insecure;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

// One of our own listeners: what is sent there comes back.
bool is_own(const TargetRequest& request, const std::string& address, std::uint16_t port) {
  return std::ranges::any_of(request.own_listeners, [&](const policy::Endpoint& own) {
    const bool any = own.host == "0.0.0.0" || own.host == "::";
    const auto mine = [&] {
      return is_loopback(address) ||
             std::ranges::find(request.own_addresses, address) != request.own_addresses.end();
    };
    return own.port == port && (own.host == address || (any && mine()));
  });
}

void note_ttl(Targets& out, Duration ttl) {
  if (ttl == Duration::zero()) return;
  out.ttl = out.ttl == Duration::zero() ? ttl : std::min(out.ttl, ttl);
}

struct Found {
  bool any = false;
  bool own = false;  // an address of it is a listener of ours
};

// The hosts of a next hop while they are looked up. Shared with those who ask: they may go on when
// nobody waits any more.
struct LookUps {
  LookUps(io::Executor executor, std::size_t hosts) : answers(hosts), news(executor) {}
  std::vector<std::optional<dns::AddressAnswer>> answers;
  io::Signal news;

  [[nodiscard]] bool complete() const {
    return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); });
  }
  // The first host that has an address is known: nobody before it can turn up any more.
  [[nodiscard]] bool first_is_known() const {
    for (const auto& answer : answers) {
      if (!answer) return false;
      if (!answer->addresses.empty()) return true;
    }
    return false;
  }
};

io::Task<bool> ask(dns::Resolver& resolver, std::string host, std::shared_ptr<LookUps> all,
                   std::size_t at) {
  dns::AddressAnswer answer = co_await resolver.addresses(std::move(host));
  all->answers[at] = std::move(answer);
  all->news.notify();
  co_return true;
}

io::Task<void> ask_all(io::Executor executor, std::vector<io::Task<bool>> questions) {
  const std::vector<bool> done =
      co_await io::gather(executor, "addresses", std::move(questions), kLookupsAtOnce);
  (void)done;
}

// What DNS knows of each host, in their order. The first usable one is not kept waiting by those
// behind it: they have kStragglerTime more.
io::Task<std::vector<dns::AddressAnswer>> look_up(io::Executor executor, dns::Resolver& resolver,
                                                  std::vector<policy::Endpoint> hosts) {
  const auto all = std::make_shared<LookUps>(executor, hosts.size());
  std::vector<io::Task<bool>> questions;
  for (std::size_t i = 0; i < hosts.size(); ++i)
    questions.push_back(ask(resolver, hosts[i].host, all, i));
  executor.spawn("addresses", ask_all(executor, std::move(questions)));
  const auto rounds = static_cast<Duration::rep>(1 + hosts.size() / kLookupsAtOnce);
  auto until = Steady::now() + rounds * dns::kDnsTimeout + kStragglerTime;
  bool shortened = false;
  while (!all->complete() && Steady::now() < until) {
    if (!shortened && all->first_is_known()) {
      until = std::min(until, Steady::now() + kStragglerTime);
      shortened = true;
    }
    const auto left = std::chrono::ceil<Duration>(until - Steady::now());
    const bool news = co_await all->news.wait(left);
    (void)news;
  }
  std::vector<dns::AddressAnswer> out;
  for (const std::optional<dns::AddressAnswer>& answer : all->answers) {
    out.push_back(answer.value_or(dns::AddressAnswer()));
    if (!answer) out.back().detail = "no answer in time";
  }
  co_return out;
}

// Every address of one host becomes a target. What DNS said is kept for the case that nothing is
// found.
Found add_host(const TargetRequest& request, const policy::Endpoint& host,
               const dns::AddressAnswer& answer, verdict::DnsEvidence dns, Targets& out) {
  Found found;
  note_ttl(out, answer.ttl);
  dns.address = answer.status;
  if (!answer.detail.empty()) dns.detail = answer.detail;
  for (const std::string& address : answer.addresses) {
    if (is_own(request, address, host.port)) {
      found.own = true;
      continue;
    }
    if (out.list.size() >= kMaxTargets) break;
    Target target;
    target.host = host.host;
    target.address = address;
    target.port = host.port;
    target.dns = dns;
    out.list.push_back(std::move(target));
    found.any = true;
  }
  if (!found.any && !found.own && out.missing.size() < kMaxTargets)
    out.missing.push_back(Target{host.host, "", host.port, dns});
  // The worst trouble is the one to tell: an answer that is missing for now outweighs one that is
  // no.
  if (!usable(answer.status) && !usable(out.dns.address)) out.dns = dns;
  if (usable(answer.status)) out.dns.address = answer.status;
  return found;
}

void set_problem(Targets& out, std::string code, std::string words, bool permanent) {
  out.problem_code = std::move(code);
  out.problem = std::move(words);
  out.permanent = permanent;
}

void explain_nothing(Targets& out, const std::string& name) {
  const std::string detail = out.dns.detail.empty() ? std::string() : ": " + out.dns.detail;
  if (out.dns.mx == Status::bogus || out.dns.address == Status::bogus) {
    return set_problem(out, "dnssec-bogus",
                       "the DNS answer for " + name + " fails DNSSEC validation" + detail, false);
  }
  if (out.dns.mx == Status::no_such_name) {
    return set_problem(out, "dns-resolution-failure", "the domain " + name + " does not exist",
                       true);
  }
  set_problem(out, "dns-resolution-failure", "no usable MX or address record of " + name + detail,
              false);
}

io::Task<void> resolve_smart_hosts(io::Executor executor, dns::Resolver& resolver,
                                   const TargetRequest& request, Targets& out) {
  const std::vector<dns::AddressAnswer> answers =
      co_await look_up(executor, resolver, request.hosts);
  std::string names;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const policy::Endpoint& host = request.hosts[i];
    const Found found = add_host(request, host, answers[i], verdict::DnsEvidence(), out);
    if (found.own)
      set_problem(out, "mail-loop", "smart host " + host.str() + " is a listener of our own", true);
    names += (names.empty() ? "" : ", ") + host.str();
  }
  if (out.list.empty() && out.problem_code != "mail-loop") explain_nothing(out, names);
}

// MX records from the most preferred on; ours and what is less preferred are left out (RFC 5321
// s5.1).
std::vector<dns::MxRecord> without_us(const std::vector<dns::MxRecord>& records,
                                      const std::vector<std::string>& own_names, bool& dropped) {
  const auto ours = std::ranges::find_if(records, [&](const dns::MxRecord& r) {
    return std::ranges::any_of(own_names, [&](const auto& own) { return iequals(r.host, own); });
  });
  if (ours == records.end()) return records;
  dropped = true;
  std::vector<dns::MxRecord> out;
  for (const dns::MxRecord& record : records) {
    if (record.preference < ours->preference) out.push_back(record);
  }
  return out;
}

// The domain without MX records, or an address literal (RFC 5321 s2.3.5): itself the host.
io::Task<Found> resolve_itself(io::Executor executor, dns::Resolver& resolver,
                               const TargetRequest& request, std::string host,
                               verdict::DnsEvidence dns, Targets& out) {
  const std::vector<policy::Endpoint> itself{{std::move(host), request.port}};
  const std::vector<dns::AddressAnswer> answers = co_await look_up(executor, resolver, itself);
  co_return add_host(request, itself.front(), answers.front(), std::move(dns), out);
}

// Addresses of the MX hosts. True: the list ends with ourselves.
io::Task<bool> resolve_mx_hosts(io::Executor executor, dns::Resolver& resolver,
                                const TargetRequest& request,
                                const std::vector<dns::MxRecord>& records, Targets& out) {
  std::vector<policy::Endpoint> hosts;
  for (std::size_t i = 0; i < std::min(records.size(), kMaxTargets); ++i)
    hosts.push_back({records[i].host, request.port});
  const std::vector<dns::AddressAnswer> answers = co_await look_up(executor, resolver, hosts);
  const verdict::DnsEvidence dns = out.dns;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Found found = add_host(request, hosts[i], answers[i], dns, out);
    // This host is us by address: what is less preferred must not be tried either.
    if (found.own && !found.any) co_return true;
  }
  co_return false;
}

io::Task<void> resolve_mx(io::Executor executor, dns::Resolver& resolver,
                          const TargetRequest& request, std::string domain, Targets& out) {
  const dns::MxAnswer mx = co_await resolver.mx(domain);
  note_ttl(out, mx.ttl);
  out.dns.mx = mx.status;
  out.dns.null_mx = mx.null_mx;
  out.dns.detail = mx.detail;
  if (mx.null_mx) {
    set_problem(out, "null-mx", "the domain " + domain + " takes no mail (null MX)", true);
    co_return;
  }
  if (mx.status == Status::no_data) {
    verdict::DnsEvidence dns = out.dns;
    dns.detail = "no MX, address record used";
    const Found found =
        co_await resolve_itself(executor, resolver, request, domain, std::move(dns), out);
    if (found.own && !found.any)
      set_problem(out, "mail-loop", "mail for " + domain + " leads back to ourselves", true);
    if (out.list.empty() && out.problem_code == "none") explain_nothing(out, domain);
    co_return;
  }
  if (!usable(mx.status)) {
    explain_nothing(out, domain);
    co_return;
  }
  bool dropped = false;
  const std::vector<dns::MxRecord> records = without_us(mx.records, request.own_names, dropped);
  const bool ends_here = co_await resolve_mx_hosts(executor, resolver, request, records, out);
  if (!out.list.empty()) co_return;
  if (dropped || ends_here) {
    set_problem(out, "mail-loop", "the MX records of " + domain + " lead back to ourselves", true);
  } else {
    explain_nothing(out, domain);
  }
}

}  // namespace

io::Task<Targets> resolve_targets(io::Executor executor, dns::Resolver& resolver,
                                  TargetRequest request) {
  Targets out;
  out.problem_code = "none";
  if (!request.hosts.empty()) {
    co_await resolve_smart_hosts(executor, resolver, request, out);
  } else if (request.domain.starts_with('[')) {
    std::string address = request.domain.substr(1, request.domain.size() - 2);
    if (istarts_with(address, "IPv6:")) address.erase(0, 5);
    verdict::DnsEvidence nothing_asked;
    const Found found = co_await resolve_itself(executor, resolver, request, std::move(address),
                                                std::move(nothing_asked), out);
    if (found.own && !found.any)
      set_problem(out, "mail-loop", request.domain + " is ourselves", true);
  } else {
    const Result<std::string> ascii = mail::to_a_labels(request.domain);
    if (!ascii) {
      set_problem(out, "dns-resolution-failure", ascii.error().what(), true);
      co_return out;
    }
    std::string domain = *ascii;
    co_await resolve_mx(executor, resolver, request, std::move(domain), out);
  }
  if (!out.list.empty()) {
    out.problem_code = "none";
    out.problem.clear();
    out.permanent = false;
  }
  co_return out;
}

}  // namespace postern::observe
