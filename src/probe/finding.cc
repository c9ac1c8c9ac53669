#include "probe/finding.h"

#include <algorithm>

#include "base/text.h"
#include "tls/engine.h"
#include "verdict/catalog.h"
#include "x509/names.h"
#include "x509/path.h"

namespace postern::probe {
namespace {

using verdict::CheckResult;
using verdict::Evidence;
using Status = verdict::DnsEvidence::Status;

constexpr std::size_t kMaxListed = 300;  // octets of a list of names within a sentence

class Collector {
 public:
  Collector(const CheckReport& report, const FindingOptions& options)
      : report_(report), options_(options) {}
  std::vector<Finding> collect();

 private:
  void add(const HostReport& host, std::string_view code, Severity severity, std::string text,
           std::string cure = {}) {
    add_at(place_of(host.target), code, severity, std::move(text), std::move(cure));
  }
  void add_at(std::string place, std::string_view code, Severity severity, std::string text,
              std::string cure = {});
  void failed_checks(const HostReport& host);
  void expiry(const HostReport& host);
  void devices(const HostReport& host);
  void old_tls(const HostReport& host);
  void ca_list(const HostReport& host);
  void clear_text(const HostReport& host);
  void client_certificate(const HostReport& host);
  void dane(const HostReport& host);
  void missing_hosts();
  void sts();
  void sts_host(const HostReport& host, Severity severity);
  void unused_patterns(const verdict::StsPolicy& policy);

  const CheckReport& report_;
  const FindingOptions& options_;
  std::vector<Finding> found_;
};

std::string day(Time t) {
  return format_rfc3339(t).substr(0, 10);
}

// A code that the catalog lacks is a broken invariant: every code can be looked up.
void Collector::add_at(std::string place, std::string_view code, Severity severity,
                       std::string text, std::string cure) {
  const std::string_view known_code = verdict::catalog_entry(code).code;
  for (Finding& known : found_) {
    if (known.code != code || known.text != text) continue;
    if (std::ranges::find(known.hosts, place) == known.hosts.end())
      known.hosts.push_back(std::move(place));
    return;
  }
  found_.push_back(
      {std::string(known_code), severity, {std::move(place)}, std::move(text), std::move(cure)});
}

// A host beside a sound one, and what failed without being asked for.
void Collector::failed_checks(const HostReport& host) {
  if (!host.verdict.ok) {
    const Severity severity = report_.verdict.ok ? Severity::warning : Severity::critical;
    return add(host, host.verdict.code, severity, host.verdict.cause,
               host.verdict.cure.empty() ? std::string() : host.verdict.cure.front());
  }
  for (const verdict::Check& check : host.verdict.checks) {
    if (check.result == CheckResult::fail)
      add(host, check.code, Severity::warning, check.detail + " (not asked for by this sender)");
    else if (check.result == CheckResult::unknown)
      add(host, check.code, Severity::warning, check.detail);
  }
}

// Every link of the path that is used; a cross-signed root that is presented beside it never
// matters. Without a path: the leaf.
void Collector::expiry(const HostReport& host) {
  const Evidence& seen = host.evidence;
  if (seen.tls.presented.empty()) return;
  x509::PathOptions options;
  options.now = options_.now;
  const x509::PathResult path = x509::find_path(seen.tls.presented, host.policy.trust, {}, options);
  std::vector<x509::Certificate> links = path.path;
  if (!path.anchor || links.empty()) links = {seen.tls.presented.front()};
  for (std::size_t i = 0; i < links.size(); ++i) {
    const Duration left = links[i].not_after() - options_.now;
    if (left < Duration::zero() || left >= options_.expiry_warning) continue;
    const std::string which = i == 0                                 ? "the certificate"
                              : i + 1 == links.size() && path.anchor ? "the trusted root"
                                                                     : "the intermediate";
    add(host, "expiring", left < options_.expiry_critical ? Severity::critical : Severity::warning,
        which + " '" + printable(links[i].subject()) + "' expires " + day(links[i].not_after()) +
            ", in " + format_duration(left),
        i == 0 ? "Renew it, and look again with postern check."
               : "Ask the CA which chain replaces it.");
  }
}

void Collector::devices(const HostReport& host) {
  const ClearSession& clear = host.clear;
  const auto& greeting = host.evidence.smtp.greeting;
  const bool masked = greeting && greeting->str().find("****") != std::string::npos;
  if (masked)
    add(host, "device-on-the-way", Severity::warning,
        "the greeting is masked: '" + printable(greeting->str(), 60) + "'",
        "Switch off SMTP inspection in the firewall before the server (Cisco: no fixup, no inspect "
        "esmtp).");
  if (clear.unknown_verb && clear.unknown_verb->str().find("XXX") != std::string::npos)
    add(host, "device-on-the-way", Severity::warning,
        "an unknown verb is answered by a device: '" + printable(clear.unknown_verb->str(), 60) +
            "'",
        "Switch off SMTP inspection in the firewall before the server.");
}

void Collector::old_tls(const HostReport& host) {
  const ViewResult* const legacy = host.find(View::legacy);
  if (legacy == nullptr || !legacy->evidence.tls.completed) return;
  const bool only = only_old_tls(host);
  if (!only && !host.evidence.tls.completed) return;
  add(host, only ? "only-old-tls" : "old-tls-accepted", only ? Severity::critical : Severity::info,
      only ? "nothing newer than " + legacy->evidence.tls.version + " is spoken"
           : legacy->evidence.tls.version + " is still accepted (RFC 8996)",
      "Let the server speak TLS 1.2 and 1.3 alone.");
}

void Collector::ca_list(const HostReport& host) {
  const verdict::TlsEvidence& tls = host.evidence.tls;
  if (tls.ca_names_octets <= tls::kCaNamesWarnOctets) return;
  const bool too_long = tls.ca_names_octets > tls::kCaNamesMaxOctets;
  add(host, "ca-list-too-long", too_long ? Severity::critical : Severity::warning,
      "the request for a client certificate lists " + std::to_string(tls.ca_names_count) +
          " CAs in " + std::to_string(tls.ca_names_octets) + " octets; Windows reads " +
          std::to_string(tls::kCaNamesMaxOctets) + " (Schannel 36885)",
      "Trust fewer CAs for clients, or send no list.");
}

// Does it promise TLS somewhere: by MTA-STS, by TLSA, by REQUIRETLS?
bool promises_tls(const CheckReport& report, const HostReport& host) {
  const auto& keywords = host.evidence.smtp.tls_keywords;
  const bool sts = report.sts.policy && report.sts.policy->mode == verdict::StsMode::enforce;
  return sts || !host.dane.records.empty() ||
         std::ranges::find(keywords, "REQUIRETLS") != keywords.end();
}

void Collector::clear_text(const HostReport& host) {
  if (!host.clear.mail_from || !host.clear.mail_from->positive()) return;
  const bool promised = promises_tls(report_, host);
  add(host, "takes-mail-without-tls", promised ? Severity::warning : Severity::info,
      promised ? "it takes MAIL FROM before STARTTLS, although it promises TLS to its senders"
               : "it takes MAIL FROM before STARTTLS",
      promised ? "Demand STARTTLS on this listener." : "");
}

void Collector::client_certificate(const HostReport& host) {
  const verdict::TlsEvidence& tls = host.evidence.tls;
  if (report_.as != SenderKind::exchange_domain_security || !tls.completed ||
      tls.certificate_requested)
    return;
  add(host, "client-certificate-not-requested", Severity::warning,
      "domain security needs mutual TLS, and it did not ask for a client certificate",
      "Exchange: switch DomainSecureEnabled on for the receive connector.");
}

void Collector::dane(const HostReport& host) {
  const DaneFacts& dane = host.dane;
  if (dane.status == Status::bogus || dane.status == Status::failed)
    return add(host, dane.status == Status::bogus ? "dnssec-bogus" : "tlsa-lookup-failed",
               Severity::warning,
               "the TLSA records of " + dane.name + " cannot be had: " + dane.detail +
                   "; senders that use DANE hold their mail");
  if (dane.records.empty() || host.evidence.tls.presented.empty()) return;
  if (dane.status != Status::secure)
    add(host, "tlsa-not-secure", Severity::info,
        "TLSA records are published, and no DNSSEC that we validate covers them");
  const verdict::TlsaMatch match =
      verdict::match_tlsa(dane.records, host.evidence.tls.presented,
                          {host.target.host, report_.target.name}, options_.now);
  if (match.state == verdict::TlsaMatch::State::mismatch)
    add(host, "tlsa-mismatch", Severity::critical,
        "no TLSA record fits the certificate presented: " + match.detail,
        "Publish " + verdict::format_tlsa(verdict::make_tlsa(host.evidence.tls.presented.front())) +
            " at " + dane.name + ", then take the stale one away.");
}

void Collector::missing_hosts() {
  for (const observe::Target& target : report_.missing) {
    add_at(place_of(target), "dns-resolution-failure", Severity::warning,
           "the MX host has no address" +
               (target.dns.detail.empty() ? std::string() : ": " + printable(target.dns.detail)),
           "Give it an address record, or take it out of the MX records.");
  }
}

// What senders with MTA-STS would do; to them a host that the policy does not list is none.
void Collector::sts_host(const HostReport& host, Severity severity) {
  if (!host.sts->listed)
    add(host, "mta-sts-mx-mismatch", severity,
        "the MTA-STS policy does not list this MX host; it lists " +
            printable(join(report_.sts.policy->mx, ", "), kMaxListed),
        "Add it to the policy's mx lines, and give the TXT record a new id.");
  const verdict::Verdict& verdict = host.sts->verdict;
  const bool told = !host.verdict.ok && host.verdict.code == verdict.code;
  if (!verdict.ok && !told)
    add(host, verdict.code, severity, "senders with MTA-STS refuse it: " + verdict.cause,
        verdict.cure.empty() ? std::string() : verdict.cure.front());
}

void Collector::sts() {
  const StsFacts& sts = report_.sts;
  if (!sts.problem.empty())
    add_at(sts.problem_at, "mta-sts-policy-fetch-failed", Severity::warning, sts.problem,
           "Senders that have no older policy deliver as if there were none: repair host, "
           "certificate or text.");
  if (!sts.policy || sts.policy->mode == verdict::StsMode::none) return;
  const bool enforced = sts.policy->mode == verdict::StsMode::enforce;
  bool asked = false;
  for (const HostReport& host : report_.hosts) {
    if (!host.sts) continue;
    asked = true;
    sts_host(host, enforced ? Severity::critical : Severity::warning);
  }
  if (asked) unused_patterns(*sts.policy);
}

// Harmless, and mostly what a move has left behind.
void Collector::unused_patterns(const verdict::StsPolicy& policy) {
  const auto is_mx = [](const std::string& pattern) {
    return [&pattern](const observe::Target& target) {
      return x509::dns_name_matches(pattern, target.host);
    };
  };
  std::vector<std::string> unused;
  for (const std::string& pattern : policy.mx) {
    const bool used = std::ranges::any_of(report_.hosts, is_mx(pattern), &HostReport::target) ||
                      std::ranges::any_of(report_.missing, is_mx(pattern));
    if (!used) unused.push_back(pattern);
  }
  if (!unused.empty())
    add_at("mta-sts." + report_.target.name, "mta-sts-mx-mismatch", Severity::info,
           "the MTA-STS policy lists what is no MX host: " +
               printable(join(unused, ", "), kMaxListed));
}

std::vector<Finding> Collector::collect() {
  for (const HostReport& host : report_.hosts) {
    failed_checks(host);
    expiry(host);
    devices(host);
    old_tls(host);
    ca_list(host);
    clear_text(host);
    client_certificate(host);
    dane(host);
  }
  missing_hosts();
  sts();
  std::vector<Finding> worst_first;
  for (const Severity severity : {Severity::critical, Severity::warning, Severity::info}) {
    std::ranges::copy_if(found_, std::back_inserter(worst_first),
                         [&](const Finding& one) { return one.severity == severity; });
  }
  return worst_first;
}

}  // namespace

std::vector<Finding> find_all(const CheckReport& report, const FindingOptions& options) {
  return Collector(report, options).collect();
}

std::string place_of(const observe::Target& target) {
  if (target.address.empty() || target.host == target.address) return target.host;
  return target.host + " [" + target.address + "]";
}

}  // namespace postern::probe
