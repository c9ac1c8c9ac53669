// Words of other mail programs where they do not just repeat their TLS library: Sendmail,
// OpenSMTPD, qmail, Stalwart, KumoMTA, Haraka, maddy, mox, chasquid, msmtp, mail libraries.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    // Sendmail
    {"403 4.7.0", Fact::handshake_failed, "tls"},
    {"verifymsg=ok", Fact::tls_used},
    {"starttls=client, error: connect failed", Fact::handshake_failed, {}, {}, Side::client},
    {"starttls=server, error: accept failed", Fact::handshake_failed, {}, {}, Side::server},
    {"starttls=client, error", Fact::handshake_failed, {}, {}, Side::client},
    {"starttls=server, error", Fact::handshake_failed, {}, {}, Side::server},
    {"starttls=client, relay=", Fact::tls_used, {}, "verify=fail"},
    {"starttls=server, relay=", Fact::tls_used, {}, "verify=fail"},
    {"starttls=client, relay=", Fact::unverified, "verify=fail"},
    {"starttls=server, relay=", Fact::unverified, "verify=fail"},
    {"tls srvr", Fact::verification_failed, "reject|fail"},
    {"load verify locs", Fact::trust_store_missing, "fail"},
    {"file unsafe", Fact::key_unreadable, "starttls|cert|key"},
    {"starttls: file", Fact::key_unreadable, "unsafe|readable|missing"},
    {"group readable file", Fact::key_unreadable},
    // OpenSMTPD
    {"smtp out: ssl", Fact::verification_failed, "fail|mismatch|error"},
    {"certificate check failed", Fact::verification_failed},
    {"server certificate verification failed", Fact::verification_failed},
    {"peer certificate verification failed", Fact::verification_failed},
    {"cert check=\"unverified\"", Fact::tls_used},
    {"cert check=\"valid\"", Fact::tls_used},
    {"ca failure: ", Fact::trust_store_missing},
    // Stalwart, KumoMTA, mox
    {"matched by dane", Fact::tlsa_mismatch, "no cert|none"},
    {"unauthorized mx", Fact::sts_mx_mismatch},
    {"mta sts policy does not", Fact::sts_mx_mismatch},
    {"tls is not available or unauthenticated but required", Fact::verification_failed, {}, "tls:"},
    {"no usable mxs", Fact::verification_failed, "tls", "x509|servfail|dns:"},
    {"certificate fingerprint", Fact::pin_mismatch, "does not match|mismatch|differs|not match"},
    {"fingerprint", Fact::pin_mismatch, "mismatch|does not match|changed|not match|doesn't match",
     "ssh"},
    {"public key pin", Fact::pin_mismatch},
    // clients
    {"starttls is required for this account", Fact::not_offered},
    // A server that waits for TLS greets nobody in clear text.
    {"220 but got an empty response", Fact::plain_on_tls_port},
    {"set tls starttls", Fact::plain_on_tls_port, "off"},
    {"smtp connect() failed", Fact::handshake_failed, "tls|ssl"},
    {"smtpnotsupportederror", Fact::not_offered, "starttls"},
    {"please run connect() first", Fact::not_tls},
    // clocks
    {"clock", Fact::clock_wrong, "skew|wrong|is set to|behind|ahead|in the past|in the future",
     "is synchronized"},
    {"certificate is not valid: current time", Fact::clock_wrong},
    {"system time", Fact::clock_wrong, "wrong|incorrect|1970|not set|in the past"},
    // certificates at rest
    {"does not contain the name", Fact::certificate_not_found},
    {"no certificate found for", Fact::certificate_not_found},
    {"no certificate for", Fact::certificate_not_found},
    {"no such certificate", Fact::certificate_not_found},
    {"certificate not found", Fact::certificate_not_found},
    {"missing certificate", Fact::no_certificate},
    {"no tls certificate", Fact::no_certificate},
};

}  // namespace

std::span<const Recogniser> mta_words() {
  return kWords;
}

}  // namespace postern::explain
