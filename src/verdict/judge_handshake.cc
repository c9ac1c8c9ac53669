// Rules of the handshake: why it failed, and whether the session outlived it. In TLS 1.3 a client's
// handshake ends before the server has judged the client's certificate (RFC 8446 s4.4.2.4), so a
// refusal of that certificate shows only afterwards.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "verdict/judge_case.h"
#include "verdict/reply_words.h"

namespace postern::verdict {
namespace {

constexpr std::size_t kMaxCaNamesOctets = 16 * 1024;  // Schannel's limit: event 36885

// TLS alerts, RFC 8446 s6.2 and RFC 5246 s7.2.
struct Alert {
  int number;
  std::string_view name;
};
constexpr std::array<Alert, 22> kAlerts{{{0, "close_notify"},
                                         {10, "unexpected_message"},
                                         {20, "bad_record_mac"},
                                         {40, "handshake_failure"},
                                         {42, "bad_certificate"},
                                         {43, "unsupported_certificate"},
                                         {44, "certificate_revoked"},
                                         {45, "certificate_expired"},
                                         {46, "certificate_unknown"},
                                         {47, "illegal_parameter"},
                                         {48, "unknown_ca"},
                                         {49, "access_denied"},
                                         {50, "decode_error"},
                                         {51, "decrypt_error"},
                                         {70, "protocol_version"},
                                         {71, "insufficient_security"},
                                         {80, "internal_error"},
                                         {86, "inappropriate_fallback"},
                                         {109, "missing_extension"},
                                         {112, "unrecognized_name"},
                                         {116, "certificate_required"},
                                         {120, "no_application_protocol"}}};

std::string alert_name(int number) {
  const auto found = std::ranges::find(kAlerts, number, &Alert::number);
  const std::string_view name = found == kAlerts.end() ? "unknown" : found->name;
  return std::to_string(number) + " (" + std::string(name) + ")";
}

// Alerts by which a peer declines a certificate.
bool declines_certificate(std::optional<int> alert) {
  return alert && *alert >= 42 && *alert <= 49 && *alert != 47;
}

struct Reading {
  std::string_view code;
  Certainty certainty = Certainty::certain;
};

// OpenSSL's words, lower case, symbolic or not.
struct Words {
  std::string_view needle;
  std::string_view code;
};
constexpr std::array<Words, 24> kWords{{
    {"unsupported protocol", "protocol-version-mismatch"},
    {"no protocols available", "protocol-version-mismatch"},
    {"wrong ssl version", "protocol-version-mismatch"},
    {"version too low", "protocol-version-mismatch"},
    {"alert protocol version", "protocol-version-mismatch"},
    {"no shared cipher", "no-shared-cipher"},
    {"no ciphers available", "no-shared-cipher"},
    {"no suitable signature algorithm", "no-shared-cipher"},
    {"no suitable key share", "no-shared-cipher"},
    {"no shared signature algorithms", "no-shared-cipher"},
    {"alert insufficient security", "no-shared-cipher"},
    {"wrong version number", "wrong-tls-mode-for-port"},
    {"http request", "wrong-tls-mode-for-port"},
    {"packet length too long", "wrong-tls-mode-for-port"},
    {"not ssl record", "wrong-tls-mode-for-port"},
    {"dh key too small", "weak-key-or-hash"},
    {"ee key too small", "weak-key-or-hash"},
    {"ca key too small", "weak-key-or-hash"},
    {"ca md too weak", "weak-key-or-hash"},
    {"md too weak", "weak-key-or-hash"},
    {"excessive message size", "ca-list-too-long"},
    {"peer did not return a certificate", "client-certificate-missing"},
    {"alert unrecognized name", "sni-required"},
    {"alert certificate required", "client-certificate-missing"},
}};

std::string words_of(const TlsEvidence& tls) {
  std::string text = lower(tls.error + " " + tls.error_reason);
  std::ranges::replace(text, '_', ' ');
  return text;
}

// The server declined, or missed, our certificate: which of the two?
std::string_view client_certificate_code(const TlsEvidence& tls) {
  return tls.own_certificate ? "client-certificate-not-accepted" : "client-certificate-missing";
}

std::optional<Reading> read_alert_of_server(const TlsEvidence& tls) {
  const std::optional<int> alert = tls.alert_received;
  if (alert == 116) return Reading{"client-certificate-missing"};
  if (declines_certificate(alert)) {
    if (tls.own_certificate) return Reading{"client-certificate-not-accepted"};
    if (tls.certificate_requested) {
      return Reading{"client-certificate-missing", Certainty::likely};
    }
  }
  // In TLS 1.2 a server that misses the certificate says handshake_failure (RFC 5246 s7.4.6).
  if (alert == 40 && tls.certificate_requested) {
    return Reading{client_certificate_code(tls), Certainty::likely};
  }
  return std::nullopt;
}

std::optional<Reading> read_alert_of_client(const TlsEvidence& tls) {
  if (declines_certificate(tls.alert_received)) return Reading{"server-certificate-not-accepted"};
  if (tls.alert_sent == 116) return Reading{"client-certificate-missing"};
  return std::nullopt;
}

std::optional<Reading> read_common_alert(const TlsEvidence& tls) {
  if (tls.alert_received == 70 || tls.alert_sent == 70) {
    return Reading{"protocol-version-mismatch"};
  }
  if (tls.alert_received == 71) return Reading{"no-shared-cipher"};
  if (tls.alert_received == 112 || (tls.alert_received == 109 && tls.sni.empty())) {
    return Reading{"sni-required", Certainty::likely};
  }
  if (tls.alert_received == 40 || tls.alert_sent == 40) {
    return Reading{"no-shared-cipher", Certainty::likely};
  }
  return std::nullopt;
}

Reading read_failure(const Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  if (c.sending() && tls.ca_names_octets > kMaxCaNamesOctets) {
    return {"ca-list-too-long", Certainty::likely};
  }
  const auto by_role = c.sending() ? read_alert_of_server(tls) : read_alert_of_client(tls);
  if (by_role) return *by_role;
  const std::string words = words_of(tls);
  for (const auto& [needle, code] : kWords) {
    if (words.find(needle) != std::string::npos) return {code};
  }
  if (const auto common = read_common_alert(tls)) return *common;
  if (c.evidence.stop == Stop::timeout) return {"handshake-timeout"};
  // Hung up after it asked for a certificate: TLS stacks that say nothing do so.
  const bool hung_up = c.evidence.stop == Stop::closed || c.evidence.stop == Stop::reset;
  if (c.sending() && hung_up && tls.certificate_requested) {
    return {client_certificate_code(tls), Certainty::possible};
  }
  return {"handshake-failed"};
}

std::vector<std::string> tls_lines(const Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  std::vector<std::string> lines;
  if (tls.alert_received) lines.push_back("TLS alert received: " + alert_name(*tls.alert_received));
  if (tls.alert_sent) lines.push_back("TLS alert sent: " + alert_name(*tls.alert_sent));
  if (!tls.error.empty()) lines.push_back("TLS error: " + quoted(tls.error));
  if (tls.ca_names_octets > kMaxCaNamesOctets) {
    lines.push_back("CertificateRequest: " + std::to_string(tls.ca_names_count) + " CA names, " +
                    std::to_string(tls.ca_names_octets) + " octets");
  }
  if (c.evidence.smtp.refusal) lines.push_back(reply_line("refusal", c.evidence.smtp.refusal));
  if (lines.empty()) lines.push_back("TLS: " + std::string(to_string(c.evidence.stop)));
  return lines;
}

std::string handshake_cause(const Case& c, const Reading& reading) {
  std::string cause = "The TLS handshake with " + c.peer() + " failed";
  if (reading.code == "handshake-timeout") cause += ": it fell silent";
  if (reading.code == "client-certificate-missing") {
    cause += ": a client certificate is wanted and none was presented";
  }
  if (reading.code == "client-certificate-not-accepted") {
    cause += ": it declines our certificate " + quoted(c.evidence.tls.own_certificate->subject());
  }
  if (reading.code == "server-certificate-not-accepted") cause += ": it declines our certificate";
  return cause + ". " + tls_lines(c).front() + ".";
}

void judge_failed(Case& c) {
  const Reading reading = read_failure(c);
  Finding found = c.finding(reading.code, handshake_cause(c, reading));
  found.certainty = reading.certainty;
  found.evidence = tls_lines(c);
  c.fail("handshake", std::move(found), c.at_least(Level::encrypt));
}

// A refusal that belongs to TLS: 454 (RFC 3207 s4), or security and policy status (RFC 3463 s3.8).
bool refuses_for_security(const mail::Reply& reply) {
  if (speaks_of_blocklist(reply)) return false;
  const bool security = reply.enhanced() && reply.enhanced()->subject == 7;
  return reply.code() == 454 || security ||
         lower(reply.str()).find("certificate") != std::string::npos;
}

// Exchange Online's words where no connector attributes the session to the tenant.
bool refuses_attribution(const mail::Reply& reply) {
  const std::string text = reply.str();
  return text.find("RestrictDomainsToCertificate") != std::string::npos ||
         text.find("TenantAttribution") != std::string::npos ||
         text.find("TenantInboundAttribution") != std::string::npos;
}

void judge_refusal(Case& c, const mail::Reply& refusal) {
  const TlsEvidence& tls = c.evidence.tls;
  const std::string said =
      c.peer() + " refuses the session over TLS: '" + quoted(refusal.str()) + "'.";
  std::string_view code = refusal.transient() ? "peer-deferred" : "peer-rejected";
  Certainty certainty = Certainty::certain;
  if (speaks_of_blocklist(refusal)) {
    code = "ip-blocklisted";
    certainty = Certainty::likely;
  } else if (tls.certificate_requested && refuses_for_security(refusal)) {
    code = client_certificate_code(tls);
    certainty = Certainty::likely;
  }
  Finding found = c.finding(code, said);
  found.certainty = certainty;
  found.evidence = tls_lines(c);
  c.fail("session", std::move(found), true);
}

// Ended without a word right after the handshake.
void judge_hang_up(Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  Reading reading{"connection-lost"};
  if (c.evidence.stop == Stop::timeout) reading = {"smtp-timeout"};
  if (const auto alert = read_alert_of_server(tls)) {
    reading = *alert;
  } else if (tls.certificate_requested && !tls.confirmed && c.evidence.stop != Stop::timeout) {
    reading = {client_certificate_code(tls), Certainty::likely};
  }
  Finding found = c.finding(reading.code, "The session with " + c.peer() +
                                              " ended right after the TLS handshake. " +
                                              tls_lines(c).front() + ".");
  found.certainty = reading.certainty;
  found.evidence = tls_lines(c);
  // Below `encrypt` the way on is a new session in clear text, as after a failed handshake.
  c.fail("session", std::move(found), c.at_least(Level::encrypt));
}

void judge_after_handshake(Case& c) {
  const Evidence& e = c.evidence;
  if (e.smtp.refusal && refuses_attribution(*e.smtp.refusal)) {
    Finding found = c.finding("connector-certificate-mismatch",
                              c.peer() + " does not attribute the session to the tenant: '" +
                                  quoted(e.smtp.refusal->str()) + "'.");
    found.evidence = {reply_line("refusal", e.smtp.refusal)};
    return c.fail("session", std::move(found), true);
  }
  if (e.stage > Stage::second_ehlo || e.stop == Stop::none) return;
  if (e.smtp.refusal) return judge_refusal(c, *e.smtp.refusal);
  judge_hang_up(c);
}

int version_rank(std::string_view version) {
  constexpr std::array<std::string_view, 4> kOldestFirst{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
  const auto found = std::ranges::find(kOldestFirst, version);
  return found == kOldestFirst.end() ? -1 : static_cast<int>(found - kOldestFirst.begin());
}

void judge_version(Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  const std::string_view least = to_string(c.policy.min_version);
  if (version_rank(tls.version) >= version_rank(least)) return c.pass("version", tls.version);
  Finding found = c.finding("protocol-version-mismatch",
                            c.peer() + " speaks " + quoted(tls.version) + "; " + c.policy.set_by +
                                " asks for " + std::string(least) + " or later.");
  found.excusable = true;
  found.evidence = {"TLS version: " + quoted(tls.version)};
  c.fail("version", std::move(found), c.at_least(Level::encrypt));
}

}  // namespace

void judge_handshake(Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  if (!tls.attempted) return c.not_asked("handshake", "TLS was not begun");
  if (!tls.completed) return judge_failed(c);
  c.pass("handshake", quoted(tls.version + " " + tls.cipher) + (tls.resumed ? ", resumed" : ""));
  judge_version(c);
  if (c.sending()) judge_after_handshake(c);
}

}  // namespace postern::verdict
