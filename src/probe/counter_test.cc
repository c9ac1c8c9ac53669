#include "probe/counter_test.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "verdict/judge.h"
#include "x509/names.h"
#include "x509/revocation_fetch.h"

namespace postern::probe {
namespace {

using Result = CounterTest::Result;

struct Plan {
  std::string_view code;
  std::vector<View> views;
};

const std::vector<Plan>& plans() {
  using enum View;
  static const std::vector<View> handshake{legacy, anything, tls1_2, without_sni};
  static const std::vector<View> certificate{without_sni, domain_sni};
  static const std::vector<View> way{other_source};
  static const std::vector<View> client{without_client_certificate, tls1_2};
  static const std::vector<Plan> all{
      {"protocol-version-mismatch", {legacy, anything}},
      {"no-shared-cipher", handshake},
      {"handshake-failed", handshake},
      {"handshake-timeout", {tls1_2, without_sni, other_source}},
      {"weak-key-or-hash", {anything, without_sni}},
      {"sni-required", {without_sni, domain_sni}},
      {"connection-lost", {other_mode, tls1_2, other_source}},
      {"smtp-timeout", {other_mode, other_source}},
      {"not-smtp", {other_mode}},
      {"wrong-tls-mode-for-port", {other_mode}},
      {"name-mismatch", certificate},
      {"expired", certificate},
      {"not-yet-valid", certificate},
      {"untrusted-root", certificate},
      {"self-signed", certificate},
      {"incomplete-chain", {without_sni, domain_sni, issuers}},
      {"root-in-wrong-store", {}},
      {"certificate-not-bound", certificate},
      {"starttls-not-offered", way},
      {"starttls-stripped-by-middlebox", way},
      {"starttls-rejected", {other_source, other_mode}},
      {"ip-blocklisted", way},
      {"greeting-rejected", way},
      {"connection-refused", way},
      {"connection-timeout", way},
      {"network-unreachable", way},
      {"client-certificate-missing", client},
      {"client-certificate-not-accepted", client},
  };
  return all;
}

std::string place(const observe::Target& target) {
  return target.host == target.address ? target.address : target.host + " [" + target.address + "]";
}

std::string what_was_done(View view, const ViewResult& seen) {
  switch (view) {
    case View::main:
      return "as the sender";
    case View::without_sni:
      return "without SNI";
    case View::domain_sni:
      return "with SNI " + seen.evidence.tls.sni;
    case View::tls1_2:
      return "with TLS 1.2 alone";
    case View::legacy:
      return "with TLS 1.0 and 1.1 alone";
    case View::anything:
      return "with every version, cipher and key size";
    case View::other_mode:
      return seen.evidence.tls.implicit ? "with TLS from the first byte" : "with STARTTLS";
    case View::other_source:
      return "from another address of ours";
    case View::without_client_certificate:
      return "without our client certificate";
    case View::issuers:
      return "with the missing issuers fetched by AIA";
  }
  return {};
}

const x509::Certificate* leaf(const verdict::Evidence& evidence) {
  return evidence.tls.presented.empty() ? nullptr : &evidence.tls.presented.front();
}

bool same_leaf(const verdict::Evidence& a, const verdict::Evidence& b) {
  const x509::Certificate* const one = leaf(a);
  const x509::Certificate* const other = leaf(b);
  if (one == nullptr || other == nullptr) return one == other;
  return *one == *other;
}

std::string bears(const verdict::Evidence& evidence) {
  const x509::Certificate* const one = leaf(evidence);
  return one == nullptr ? "no certificate" : join(x509::presented_names(*one), ", ");
}

// Which addresses the presented certificates name for their issuers, and what came of them.
std::string told_issuers(const ViewResult& seen) {
  std::vector<std::string> told;
  for (const verdict::Fetch& fetch : seen.evidence.fetched.fetches) {
    if (fetch.kind != verdict::FetchKind::aia) continue;
    told.push_back(printable(fetch.url) + ": " +
                   (fetch.ok ? std::to_string(fetch.octets) + " octets" : printable(fetch.error)));
  }
  for (const x509::Certificate& certificate : seen.evidence.tls.presented) {
    for (const std::string& url : certificate.aia_urls()) {
      if (!x509::is_fetchable(url))
        told.push_back(printable(url) + ": not followed, only http and https are");
    }
  }
  return told.empty() ? "no certificate names an address" : join(told, "; ");
}

// What a view came to, beside the main one.
std::string outcome_words(const HostReport& host, const ViewResult& seen) {
  const verdict::Evidence& evidence = seen.evidence;
  if (seen.view == View::other_mode && !evidence.tls.completed)
    return "no TLS comes about either: " + seen.verdict.code;
  if (evidence.tls.completed && !host.evidence.tls.completed)
    return "the handshake completes: " + evidence.tls.version + " " + evidence.tls.cipher;
  if (seen.verdict.ok) return "all is well";
  if (evidence.tls.completed && !same_leaf(evidence, host.evidence))
    return "another certificate is presented, for " + bears(evidence) + ": " + seen.verdict.code;
  if (seen.verdict.code == host.judged_code) return "the same: " + seen.verdict.code;
  return seen.verdict.code + ": " + seen.verdict.cause;
}

CounterTest from_view(const HostReport& host, const ViewResult& seen) {
  CounterTest out;
  out.host = host.target.host;
  out.address = host.target.address;
  out.name = to_string(seen.view);
  out.code = seen.verdict.code;
  const bool better = seen.evidence.tls.completed && !host.evidence.tls.completed;
  // The question is whether the mode is the cause; how the other one fails says nothing about that.
  const bool no_mode = seen.view == View::other_mode && !seen.evidence.tls.completed;
  if (no_mode)
    out.result = Result::same;
  else if (seen.verdict.ok)
    out.result = Result::clean;
  else if (better || seen.verdict.code != host.judged_code ||
           !same_leaf(seen.evidence, host.evidence))
    out.result = Result::differs;
  else
    out.result = Result::same;
  out.answer = what_was_done(seen.view, seen) + ": " + outcome_words(host, seen);
  if (seen.view == View::issuers) out.answer += " (" + told_issuers(seen) + ")";
  return out;
}

CounterTest about(const HostReport& host, std::string name, Result result, std::string answer) {
  CounterTest out;
  out.host = host.target.host;
  out.address = host.target.address;
  out.name = std::move(name);
  out.result = result;
  out.answer = std::move(answer);
  return out;
}

// The same host at another address, and the other hosts: is it this node alone?
void compare_hosts(const CheckReport& report, std::size_t index, std::vector<CounterTest>& out) {
  const HostReport& host = report.hosts[index];
  for (const bool same_host : {true, false}) {
    std::vector<std::string> clean, alike, other;
    for (std::size_t i = 0; i < report.hosts.size(); ++i) {
      const HostReport& one = report.hosts[i];
      if (i == index || (one.target.host == host.target.host) != same_host) continue;
      const std::string& code = one.judged_code;
      const std::string name = same_host ? one.target.address : place(one.target);
      if (one.verdict.ok)
        clean.push_back(name);
      else if (code == host.judged_code)
        alike.push_back(name);
      else
        other.push_back(name + " (" + code + ")");
    }
    if (clean.empty() && alike.empty() && other.empty()) continue;
    std::vector<std::string> parts;
    if (!clean.empty()) parts.push_back(join(clean, ", ") + " is sound");
    if (!alike.empty()) parts.push_back(join(alike, ", ") + " fails alike");
    if (!other.empty()) parts.push_back(join(other, ", ") + " fails otherwise");
    const Result result = !clean.empty()  ? Result::clean
                          : other.empty() ? Result::same
                                          : Result::differs;
    out.push_back(about(
        host, same_host ? "other-address" : "other-mx", result,
        std::string(same_host ? "another address of the host: " : "another host of the target: ") +
            join(parts, "; ")));
  }
}

bool lacks_trust(std::string_view code) {
  return code == "untrusted-root" || code == "self-signed" || code == "incomplete-chain" ||
         code == "root-in-wrong-store";
}

bool counts(const verdict::TlsPolicy& policy, const x509::TrustSet& set) {
  return std::ranges::any_of(policy.trust,
                             [&](const auto& one) { return one->name() == set.name(); });
}

// Each set that does not count, by itself.
void try_trust_sets(const HostReport& host, const CounterFacts& facts,
                    std::vector<CounterTest>& out) {
  std::vector<std::string> counting;
  for (const auto& set : host.policy.trust) counting.push_back(set->name());
  bool any = false;
  for (const auto& set : facts.every_set) {
    if (counts(host.policy, *set)) continue;
    any = true;
    verdict::TlsPolicy policy = host.policy;
    policy.trust = {set};
    policy.other_sets.clear();
    const verdict::Verdict verdict = verdict::judge(host.evidence, policy, facts.now);
    const bool trusted = verdict.anchor.has_value();
    CounterTest test =
        about(host, "other-trust-set",
              verdict.ok ? Result::clean
              : trusted  ? Result::differs
                         : Result::same,
              "with trust set " + set->name() + " alone: " +
                  (trusted ? "trusted by " + verdict.anchor->subject : "not trusted either"));
    test.code = verdict.code;
    out.push_back(std::move(test));
  }
  if (!any)
    out.push_back(about(host, "other-trust-set", Result::impossible,
                        "another trust set: none is known here besides " + join(counting, ", ") +
                            " (--trust FILE names one)"));
}

// Whose name does it bear?
void try_names(const CheckReport& report, const HostReport& host, const CounterFacts& facts,
               std::vector<CounterTest>& out) {
  const x509::Certificate* const presented = leaf(host.evidence);
  if (presented == nullptr) return;
  std::vector<std::pair<std::string, std::string>> candidates = {
      {host.target.host, "the host itself"}, {report.target.name, "the target"}};
  for (const HostReport& one : report.hosts)
    candidates.emplace_back(one.target.host, "another host of the target");
  candidates.insert(candidates.end(), facts.known_names.begin(), facts.known_names.end());
  std::vector<std::string> hits;
  for (const auto& [name, what] : candidates) {
    if (x509::match_name(*presented, name, true) == x509::NameMatch::no) continue;
    const std::string hit = name + " (" + what + ")";
    const bool known = std::ranges::any_of(
        hits, [&](const std::string& one) { return one.starts_with(name + " ("); });
    if (!known) hits.push_back(hit);
  }
  if (hits.empty())
    return out.push_back(
        about(host, "other-names", Result::same,
              "whose name does it bear: " + bears(host.evidence) + ", which is nobody known here"));
  CounterTest test = about(host, "other-names", Result::differs,
                           "whose name does it bear: that of " + join(hits, ", "));
  out.push_back(std::move(test));
}

std::string first_line(const std::optional<mail::Reply>& reply) {
  return reply ? "'" + printable(reply->str(), 200) + "'" : "no reply";
}

// Where STARTTLS is not listed: does the server know it all the same; does a device answer?
void read_clear_session(const HostReport& host, std::vector<CounterTest>& out) {
  const ClearSession& clear = host.clear;
  if (!clear.looked) return;
  if (clear.starttls_unasked) {
    const bool known = clear.starttls_unasked->code() == 220;
    out.push_back(
        about(host, "starttls-unasked", known ? Result::differs : Result::same,
              "STARTTLS although it is not listed: " + first_line(clear.starttls_unasked)));
  }
  if (clear.unknown_verb)
    out.push_back(about(
        host, "unknown-verb",
        clear.unknown_verb->str().find("XXX") != std::string::npos ? Result::differs : Result::same,
        "a verb that no server knows: " + first_line(clear.unknown_verb)));
}

}  // namespace

std::vector<View> separating_views(const HostReport& host) {
  if (host.verdict.ok) return {};
  const auto found = std::ranges::find(plans(), host.verdict.code, &Plan::code);
  if (found == plans().end()) return {};
  return found->views;
}

std::vector<CounterTest> counter_tests(const CheckReport& report, std::size_t index,
                                       const CounterFacts& facts) {
  std::vector<CounterTest> out;
  const HostReport& host = report.hosts[index];
  if (host.verdict.ok) return out;
  const std::vector<View> wanted = separating_views(host);
  for (const ViewResult& seen : host.views) {
    if (std::ranges::find(wanted, seen.view) != wanted.end()) out.push_back(from_view(host, seen));
  }
  compare_hosts(report, index, out);
  if (lacks_trust(host.judged_code)) try_trust_sets(host, facts, out);
  if (host.judged_code == "name-mismatch") try_names(report, host, facts, out);
  if (host.judged_code.starts_with("starttls-")) read_clear_session(host, out);
  return out;
}

}  // namespace postern::probe
