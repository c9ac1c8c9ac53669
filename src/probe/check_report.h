// What `postern check` found: the facts of every host, how each was judged, and what follows.
// Values only; check.h makes them, report_json.cc writes them down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "mail/reply.h"
#include "observe/look.h"
#include "probe/check_target.h"
#include "probe/sender.h"
#include "probe/sts.h"
#include "verdict/dane.h"
#include "verdict/evidence.h"
#include "verdict/verdict.h"

namespace postern::probe {

// Ways to look at one address. `main` is the sender's own and the one that is judged; the others
// tell causes apart.
enum class View {
  main,
  without_sni,
  domain_sni,    // the target's domain in place of the host's name
  tls1_2,        // TLS 1.2 alone
  legacy,        // TLS 1.0 and 1.1 alone
  anything,      // every version, cipher and key size
  other_mode,    // TLS from the first byte in place of STARTTLS, or the other way round
  other_source,  // another address of ours
  without_client_certificate,  // where one was presented
  issuers,                     // no look: the main one with the missing issuers fetched by AIA
};
[[nodiscard]] std::string_view to_string(View view);

struct ViewResult {
  View view = View::main;
  verdict::Evidence evidence;
  verdict::Verdict verdict;
};

// A session in the clear, to see what a server takes there.
struct ClearSession {
  bool looked = false;                          // it came to an EHLO reply
  std::optional<mail::Reply> mail_from;         // to MAIL FROM:<> without TLS
  std::optional<mail::Reply> starttls_unasked;  // to STARTTLS where EHLO does not list it
  std::optional<mail::Reply> unknown_verb;      // to a verb that no server knows
};

struct DaneFacts {
  verdict::DnsEvidence::Status status = verdict::DnsEvidence::Status::not_asked;
  std::string name;  // "_25._tcp.mx1.contoso.com"
  std::vector<verdict::TlsaRecord> records;
  std::string detail;
};

// What a sender that enforces MTA-STS makes of one MX host (RFC 8461 s4.1, s4.2).
struct StsHost {
  bool listed = false;  // by the policy's mx
  verdict::Verdict verdict;
};

struct HostReport {
  observe::Target target;
  verdict::TlsPolicy policy;
  verdict::Evidence evidence;
  verdict::Verdict verdict;
  std::string judged_code;  // before the counter-tests said more
  std::vector<ViewResult> views;
  ClearSession clear;
  DaneFacts dane;
  std::optional<StsHost> sts;  // where there is a policy and this is an MX host
  [[nodiscard]] const ViewResult* find(View view) const;
};
// TLS 1.0 or 1.1 completes and nothing newer does, however weak.
[[nodiscard]] bool only_old_tls(const HostReport& host);

// One question asked besides, and what it says about the cause.
struct CounterTest {
  enum class Result { clean, differs, same, impossible };
  std::string host, address;  // of the host it was asked about
  std::string name;           // "without-sni", "other-trust-set", "other-address", ...
  Result result = Result::impossible;
  std::string code;    // what it came to; empty where it is no judgement
  std::string answer;  // a sentence
};
[[nodiscard]] std::string_view to_string(CounterTest::Result result);

enum class Severity { info, warning, critical };
[[nodiscard]] std::string_view to_string(Severity severity);

struct Finding {
  std::string code;  // of the catalog, or a word of docs/check.md
  Severity severity = Severity::info;
  std::vector<std::string> hosts;
  std::string text;
  std::string cure;  // empty: there is nothing to do
};

// One fact in which hosts or addresses are not alike.
struct Difference {
  std::string fact;  // "verdict", "certificate", "version", "keywords", ...
  std::string text;  // "1 of 3 hosts has another certificate: ..."
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;  // value, hosts
};

struct SenderView {
  SenderKind kind = SenderKind::postern;
  verdict::Verdict verdict;  // the decisive one
};

struct CheckReport {
  CheckTarget target;
  SenderKind as = SenderKind::postfix_verify;
  Time started{};
  Duration took{};
  bool timed_out = false;
  verdict::DnsEvidence dns;
  verdict::Verdict verdict;  // the target's
  std::vector<HostReport> hosts;
  std::vector<observe::Target> missing;  // MX hosts without an address
  StsFacts sts;
  std::vector<CounterTest> counter_tests;
  std::vector<Finding> findings;  // worst first
  std::vector<Difference> differences;
  std::vector<SenderView> senders;
  std::vector<std::string> notes;           // sentences: what this answer does not cover
  [[nodiscard]] Severity severity() const;  // of all: info means sound
};

// docs/json/check.md.
[[nodiscard]] Json to_json(const CheckReport& report);
// One line and exit code for Nagios-like monitors.
struct NagiosLine {
  int exit = 3;
  std::string text;
};
[[nodiscard]] NagiosLine nagios_line(const CheckReport& report);

}  // namespace postern::probe
