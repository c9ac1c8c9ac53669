#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "probe/check_report.h"
#include "probe/finding.h"
#include "x509/names.h"

namespace postern::probe {
namespace {

constexpr std::size_t kMaxReplyOctets = 400;

std::string shown(const mail::Reply& reply) {
  return printable(reply.str(), kMaxReplyOctets);
}

Json reply_json(const std::optional<mail::Reply>& reply) {
  return reply ? Json(shown(*reply)) : Json(nullptr);
}

Json texts(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const std::string& one : list) out.push_back(printable(one));
  return out;
}

Json certificate_json(const x509::Certificate& certificate) {
  return {{"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"names", texts(x509::presented_names(certificate))},
          {"not_before", format_rfc3339(certificate.not_before())},
          {"not_after", format_rfc3339(certificate.not_after())},
          {"serial", certificate.serial()},
          {"key", certificate.key_type()},
          {"signature", certificate.signature_algorithm()},
          {"ca", certificate.is_ca()},
          {"crl_urls", texts(certificate.crl_urls())},
          {"ocsp_urls", texts(certificate.ocsp_urls())},
          {"aia_urls", texts(certificate.aia_urls())},
          {"sha256", certificate.sha256()},
          {"thumbprint", certificate.thumbprint()}};
}

Json chain_json(const verdict::Evidence& evidence) {
  Json out = Json::array();
  for (const x509::Certificate& certificate : evidence.tls.presented)
    out.push_back(certificate_json(certificate));
  return out;
}

Json tls_json(const verdict::TlsEvidence& tls) {
  if (!tls.attempted) return nullptr;
  return {{"completed", tls.completed},
          {"implicit", tls.implicit},
          {"version", tls.version},
          {"cipher", tls.cipher},
          {"sni", tls.sni},
          {"error", printable(tls.error)},
          {"staple_octets", tls.ocsp_staple.size()},
          {"client_certificate_requested", tls.certificate_requested},
          {"ca_names", tls.ca_names_count},
          {"ca_names_octets", tls.ca_names_octets}};
}

Json view_json(const ViewResult& seen) {
  const verdict::TlsEvidence& tls = seen.evidence.tls;
  Json out = {{"view", to_string(seen.view)},
              {"code", seen.verdict.code},
              {"stage", to_string(seen.evidence.stage)},
              {"version", tls.version},
              {"cipher", tls.cipher},
              {"sni", tls.sni},
              {"names", Json::array()},
              {"leaf_sha256", ""}};
  if (tls.presented.empty()) return out;
  out["names"] = texts(x509::presented_names(tls.presented.front()));
  out["leaf_sha256"] = tls.presented.front().sha256();
  return out;
}

Json dane_json(const DaneFacts& dane) {
  Json records = Json::array();
  for (const verdict::TlsaRecord& record : dane.records)
    records.push_back(verdict::format_tlsa(record));
  return {{"name", dane.name},
          {"status", to_string(dane.status)},
          {"records", records},
          {"detail", printable(dane.detail)}};
}

Json sts_json(const StsFacts& sts) {
  Json out = {{"status", to_string(sts.status)},
              {"id", printable(sts.id)},
              {"problem", printable(sts.problem)},
              {"mode", nullptr},
              {"max_age_s", nullptr},
              {"mx", Json::array()}};
  if (!sts.policy) return out;
  out["mode"] = to_string(sts.policy->mode);
  out["max_age_s"] = sts.policy->max_age.count();
  out["mx"] = texts(sts.policy->mx);
  return out;
}

Json host_json(const HostReport& host) {
  const verdict::Evidence& seen = host.evidence;
  Json views = Json::array();
  for (const ViewResult& view : host.views) views.push_back(view_json(view));
  return {
      {"host", host.target.host},
      {"address", host.target.address},
      {"port", host.target.port},
      {"verdict", verdict::to_json(host.verdict)},
      {"judged_code", host.judged_code},
      {"stage", to_string(seen.stage)},
      {"dns",
       {{"mx", to_string(host.target.dns.mx)}, {"address", to_string(host.target.dns.address)}}},
      {"greeting", reply_json(seen.smtp.greeting)},
      {"keywords", texts(seen.smtp.keywords)},
      {"starttls_reply", reply_json(seen.smtp.starttls_reply)},
      {"tls_keywords", texts(seen.smtp.tls_keywords)},
      {"refusal", reply_json(seen.smtp.refusal)},
      {"tls", tls_json(seen.tls)},
      {"chain", chain_json(seen)},
      {"clear_text",
       {{"mail_from", reply_json(host.clear.mail_from)},
        {"starttls_unasked", reply_json(host.clear.starttls_unasked)},
        {"unknown_verb", reply_json(host.clear.unknown_verb)}}},
      {"dane", dane_json(host.dane)},
      {"mta_sts", host.sts ? Json{{"listed", host.sts->listed},
                                  {"ok", host.sts->verdict.ok},
                                  {"code", host.sts->verdict.code}}
                           : Json(nullptr)},
      {"views", views}};
}

Json test_json(const CounterTest& test) {
  return {{"host", test.host}, {"address", test.address},
          {"name", test.name}, {"result", to_string(test.result)},
          {"code", test.code}, {"answer", printable(test.answer)}};
}

Json finding_json(const Finding& finding) {
  return {{"code", finding.code},
          {"severity", to_string(finding.severity)},
          {"hosts", texts(finding.hosts)},
          {"text", printable(finding.text)},
          {"cure", printable(finding.cure)}};
}

Json difference_json(const Difference& difference) {
  Json groups = Json::array();
  for (const auto& [value, hosts] : difference.groups)
    groups.push_back({{"value", printable(value)}, {"hosts", texts(hosts)}});
  return {{"fact", difference.fact}, {"text", difference.text}, {"groups", groups}};
}

template <class T, class Write>
Json list_json(const std::vector<T>& list, Write write) {
  Json out = Json::array();
  for (const T& one : list) out.push_back(write(one));
  return out;
}

}  // namespace

Json to_json(const CheckReport& report) {
  Json out = {{"target", report.target.text},
              {"ok", report.verdict.ok},
              {"severity", to_string(report.severity())},
              {"as", to_string(report.as)},
              {"asks", describe(report.as)},
              {"started", format_rfc3339(report.started)},
              {"took_ms", report.took.count()},
              {"timed_out", report.timed_out}};
  out["verdict"] = verdict::to_json(report.verdict);
  out["counter_tests"] = list_json(report.counter_tests, test_json);
  out["findings"] = list_json(report.findings, finding_json);
  out["differences"] = list_json(report.differences, difference_json);
  out["senders"] = list_json(report.senders, [](const SenderView& one) {
    return Json{{"as", to_string(one.kind)}, {"ok", one.verdict.ok}, {"code", one.verdict.code}};
  });
  out["dns"] = {{"mx", to_string(report.dns.mx)},
                {"address", to_string(report.dns.address)},
                {"null_mx", report.dns.null_mx},
                {"detail", printable(report.dns.detail)}};
  out["mta_sts"] = sts_json(report.sts);
  out["notes"] = texts(report.notes);
  out["hosts"] = list_json(report.hosts, host_json);
  return out;
}

NagiosLine nagios_line(const CheckReport& report) {
  const Severity severity = report.severity();
  constexpr std::string_view kWords[] = {"OK", "WARNING", "CRITICAL"};
  NagiosLine line;
  line.exit = static_cast<int>(severity);
  line.text = "SMTP-TLS " + std::string(kWords[line.exit]) + " - " + report.target.text + ": ";
  if (!report.verdict.ok)
    line.text += report.verdict.code + ": " + report.verdict.cause;
  else if (severity != Severity::info)
    line.text += report.findings.front().code + ": " + report.findings.front().text;
  else
    line.text += "sound as " + std::string(to_string(report.as));
  // What stands behind a bar is performance data.
  std::ranges::replace(line.text, '|', '/');
  std::optional<Time> first_end;
  for (const HostReport& host : report.hosts) {
    if (host.evidence.tls.presented.empty()) continue;
    const Time end = host.evidence.tls.presented.front().not_after();
    first_end = first_end ? std::min(*first_end, end) : end;
  }
  line.text += " | time=" + std::to_string(report.took.count()) +
               "ms hosts=" + std::to_string(report.hosts.size());
  if (first_end)
    line.text +=
        " days_left=" +
        std::to_string(std::chrono::floor<std::chrono::days>(*first_end - report.started).count());
  return line;
}

}  // namespace postern::probe
