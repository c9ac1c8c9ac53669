#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "verdict/evidence.h"
#include "verdict/json_reader.h"
#include "verdict/json_words.h"

namespace postern::verdict {
namespace {

// ---- out ---------------------------------------------------------------------------------------

// Peers send what they like: text goes into the JSON as valid UTF-8 on one line.
Json text(std::string_view octets) {
  constexpr std::size_t kMaxStoredTextOctets = 4000;
  return printable(octets, kMaxStoredTextOctets);
}

Json texts(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const std::string& entry : list) out.push_back(text(entry));
  return out;
}

Json octets_list(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const std::string& entry : list) out.push_back(to_base64(entry));
  return out;
}

// As the peer sent it: the enhanced code stands in front of the text again.
Json reply_json(const std::optional<mail::Reply>& reply) {
  if (!reply) return nullptr;
  const std::string prefix = reply->enhanced() ? reply->enhanced()->str() + " " : std::string();
  Json lines = Json::array();
  for (const std::string& line : reply->lines()) lines.push_back(text(prefix + line));
  return {{"code", reply->code()}, {"lines", std::move(lines)}};
}

Json certificates_json(const std::vector<x509::Certificate>& chain) {
  Json out = Json::array();
  for (const x509::Certificate& certificate : chain) out.push_back(certificate.pem());
  return out;
}

Json alert_json(std::optional<int> alert) {
  return alert ? Json(*alert) : Json(nullptr);
}

Json dns_json(const DnsEvidence& dns) {
  return {{"mx", to_string(dns.mx)},
          {"address", to_string(dns.address)},
          {"null_mx", dns.null_mx},
          {"detail", text(dns.detail)}};
}

Json smtp_json(const SmtpEvidence& smtp) {
  return {{"greeting", reply_json(smtp.greeting)},
          {"helo_only", smtp.helo_only},
          {"ehlo_reply", reply_json(smtp.ehlo_reply)},
          {"keywords", texts(smtp.keywords)},
          {"starttls_offered", smtp.starttls_offered},
          {"starttls_reply", reply_json(smtp.starttls_reply)},
          {"tls_keywords", texts(smtp.tls_keywords)},
          {"refusal", reply_json(smtp.refusal)}};
}

Json tls_json(const TlsEvidence& tls) {
  return {
      {"attempted", tls.attempted},
      {"completed", tls.completed},
      {"confirmed", tls.confirmed},
      {"resumed", tls.resumed},
      {"implicit", tls.implicit},
      {"version", tls.version},
      {"cipher", tls.cipher},
      {"sni", text(tls.sni)},
      {"error", text(tls.error)},
      {"error_reason", text(tls.error_reason)},
      {"alert_received", alert_json(tls.alert_received)},
      {"alert_sent", alert_json(tls.alert_sent)},
      {"certificate_requested", tls.certificate_requested},
      {"ca_names_octets", tls.ca_names_octets},
      {"ca_names_count", tls.ca_names_count},
      {"own_certificate", tls.own_certificate ? Json(tls.own_certificate->pem()) : Json(nullptr)},
      {"presented", certificates_json(tls.presented)},
      {"ocsp_staple", to_base64(tls.ocsp_staple)}};
}

Json fetched_json(const FetchedEvidence& fetched) {
  Json fetches = Json::array();
  for (const Fetch& one : fetched.fetches) {
    fetches.push_back({{"kind", to_string(one.kind)},
                       {"url", text(one.url)},
                       {"certificate", one.certificate},
                       {"ok", one.ok},
                       {"error", text(one.error)},
                       {"octets", one.octets},
                       {"sha256", one.sha256},
                       {"cached", one.cached}});
  }
  return {{"fetches", std::move(fetches)},
          {"ocsp", octets_list(fetched.ocsp_der)},
          {"crls", octets_list(fetched.crls_der)},
          {"issuers", certificates_json(fetched.issuers)}};
}

// ---- in ----------------------------------------------------------------------------------------

Result<mail::Reply> read_reply(const JsonReader& in) {
  constexpr std::uint64_t kMaxCode = 599;  // RFC 5321 s4.2.1
  std::uint64_t code = 0;
  std::vector<std::string> lines;
  TRY_VOID(in.read_number("code", code, kMaxCode));
  TRY_VOID(in.read("lines", lines, kMaxStoredLines));
  return mail::Reply::from_peer(static_cast<int>(code), std::move(lines));
}

Result<x509::Certificate> read_certificate(const std::string& pem) {
  TRY(const std::vector<x509::Certificate> found, x509::parse_pem(pem));
  if (found.size() != 1) return invalid("a stored certificate is one PEM block");
  return found.front();
}

Result<void> read_certificates(const JsonReader& in, std::string_view name,
                               std::vector<x509::Certificate>& out) {
  std::vector<std::string> pems;
  TRY_VOID(in.read(name, pems, kMaxStoredCertificates));
  for (const std::string& pem : pems) {
    TRY(x509::Certificate certificate, read_certificate(pem));
    out.push_back(std::move(certificate));
  }
  return {};
}

Result<void> read_size(const JsonReader& in, std::string_view name, std::size_t& out) {
  std::uint64_t value = 0;
  TRY_VOID(in.read_number(name, value, std::numeric_limits<std::uint32_t>::max()));
  out = static_cast<std::size_t>(value);
  return {};
}

Result<DnsEvidence> read_dns(const JsonReader& in) {
  DnsEvidence out;
  TRY_VOID(in.read("mx", out.mx, parse_dns_status));
  TRY_VOID(in.read("address", out.address, parse_dns_status));
  TRY_VOID(in.read("null_mx", out.null_mx));
  TRY_VOID(in.read("detail", out.detail));
  return out;
}

Result<SmtpEvidence> read_smtp(const JsonReader& in) {
  SmtpEvidence out;
  TRY_VOID(in.read_part("greeting", out.greeting, read_reply));
  TRY_VOID(in.read("helo_only", out.helo_only));
  TRY_VOID(in.read_part("ehlo_reply", out.ehlo_reply, read_reply));
  TRY_VOID(in.read("keywords", out.keywords, kMaxStoredLines));
  TRY_VOID(in.read("starttls_offered", out.starttls_offered));
  TRY_VOID(in.read_part("starttls_reply", out.starttls_reply, read_reply));
  TRY_VOID(in.read("tls_keywords", out.tls_keywords, kMaxStoredLines));
  TRY_VOID(in.read_part("refusal", out.refusal, read_reply));
  return out;
}

Result<void> read_tls_session(const JsonReader& in, TlsEvidence& out) {
  TRY_VOID(in.read("attempted", out.attempted));
  TRY_VOID(in.read("completed", out.completed));
  TRY_VOID(in.read("confirmed", out.confirmed));
  TRY_VOID(in.read("resumed", out.resumed));
  TRY_VOID(in.read("implicit", out.implicit));
  TRY_VOID(in.read("version", out.version));
  TRY_VOID(in.read("cipher", out.cipher));
  TRY_VOID(in.read("sni", out.sni));
  TRY_VOID(in.read("error", out.error));
  TRY_VOID(in.read("error_reason", out.error_reason));
  TRY_VOID(in.read("alert_received", out.alert_received));
  return in.read("alert_sent", out.alert_sent);
}

Result<void> read_tls_certificates(const JsonReader& in, TlsEvidence& out) {
  TRY_VOID(in.read("certificate_requested", out.certificate_requested));
  TRY_VOID(read_size(in, "ca_names_octets", out.ca_names_octets));
  TRY_VOID(read_size(in, "ca_names_count", out.ca_names_count));
  std::string own;
  TRY_VOID(in.read("own_certificate", own));
  if (!own.empty()) {
    TRY(x509::Certificate certificate, read_certificate(own));
    out.own_certificate = std::move(certificate);
  }
  TRY_VOID(read_certificates(in, "presented", out.presented));
  return in.read_octets("ocsp_staple", out.ocsp_staple);
}

Result<void> read_octets_list(const JsonReader& in, std::string_view name, std::size_t max,
                              std::vector<std::string>& out) {
  return in.read_words(name, out, max, from_base64, "base64");
}

Result<Fetch> read_fetch(const JsonReader& in) {
  Fetch out;
  TRY_VOID(in.read("kind", out.kind, parse_fetch_kind));
  TRY_VOID(in.read("url", out.url));
  TRY_VOID(in.read("certificate", out.certificate));
  TRY_VOID(in.read("ok", out.ok));
  TRY_VOID(in.read("error", out.error));
  TRY_VOID(in.read_number("octets", out.octets, std::numeric_limits<std::uint32_t>::max()));
  TRY_VOID(in.read("sha256", out.sha256));
  TRY_VOID(in.read("cached", out.cached));
  return out;
}

Result<FetchedEvidence> read_fetched(const JsonReader& in) {
  FetchedEvidence out;
  TRY_VOID(in.read_parts("fetches", out.fetches, kMaxStoredFetches, read_fetch));
  TRY_VOID(read_octets_list(in, "ocsp", kMaxStoredFetches, out.ocsp_der));
  TRY_VOID(read_octets_list(in, "crls", kMaxStoredCrls, out.crls_der));
  TRY_VOID(read_certificates(in, "issuers", out.issuers));
  return out;
}

Result<TlsEvidence> read_tls(const JsonReader& in) {
  TlsEvidence out;
  TRY_VOID(read_tls_session(in, out));
  TRY_VOID(read_tls_certificates(in, out));
  return out;
}

}  // namespace

Json to_json(const Evidence& evidence) {
  return {{"judged", to_string(evidence.judged)},
          {"time", format_rfc3339(evidence.time)},
          {"host", text(evidence.host)},
          {"address", text(evidence.address)},
          {"port", evidence.port},
          {"stage", to_string(evidence.stage)},
          {"stop", to_string(evidence.stop)},
          {"error", text(evidence.error)},
          {"dns", dns_json(evidence.dns)},
          {"smtp", smtp_json(evidence.smtp)},
          {"tls", tls_json(evidence.tls)},
          {"crls", octets_list(evidence.crls_der)},
          {"fetched", fetched_json(evidence.fetched)}};
}

Result<Evidence> evidence_from_json(const Json& json) {
  TRY(const JsonReader in, JsonReader::of(json, "evidence"));
  Evidence out;
  TRY_VOID(in.read("judged", out.judged, parse_judged));
  TRY_VOID(in.read("time", out.time));
  TRY_VOID(in.read("host", out.host));
  TRY_VOID(in.read("address", out.address));
  std::uint64_t port = 0;
  TRY_VOID(in.read_number("port", port, std::numeric_limits<std::uint16_t>::max()));
  out.port = static_cast<std::uint16_t>(port);
  TRY_VOID(in.read("stage", out.stage, parse_stage));
  TRY_VOID(in.read("stop", out.stop, parse_stop));
  TRY_VOID(in.read("error", out.error));
  TRY_VOID(in.read_part("dns", out.dns, read_dns));
  TRY_VOID(in.read_part("smtp", out.smtp, read_smtp));
  TRY_VOID(in.read_part("tls", out.tls, read_tls));
  TRY_VOID(read_octets_list(in, "crls", kMaxStoredCrls, out.crls_der));
  TRY_VOID(in.read_part("fetched", out.fetched, read_fetched));
  return out;
}

}  // namespace postern::verdict
