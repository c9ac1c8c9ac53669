// Words of Exim's main log and debug output.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    {"ssl verify error",
     Fact::verification_failed,
     {},
     "name mismatch|expired|self signed|local issuer|certificate is not|revoked|first certificate"},
    {"certificate name mismatch", Fact::name_mismatch},
    {"certificate verification failed", Fact::verification_failed},
    {"required tls certificate status not received", Fact::staple_missing},
    {"received bad ocsp", Fact::revocation_unknown},
    {"bad ocsp response", Fact::revocation_unknown},
    {"received tls status response", Fact::revocation_unknown, "expired|invalid|unparse|fail|bad"},
    {"server certificate status", Fact::revocation_unknown, "unknown"},
    {"dane error: tlsa lookup", Fact::dane_missing, "not dnssec|insecure"},
    {"dane error: tlsa lookup fail", Fact::dane_missing},
    {"dane error: tlsa lookup defer", Fact::tlsa_failed},
    {"dane error", Fact::tlsa_failed, "servfail|timeout"},
    {"dane attempt failed",
     Fact::tlsa_mismatch,
     {},
     "handshake fail|no shared|protocol version|eof|reset|timed out"},
    {"no usable tlsa", Fact::dane_missing},
    {"smtp protocol synchronization error", Fact::tls_on_plain_port, "\\026\\003|\\x16"},
    {"tls error on connection", Fact::handshake_failed, {}, "(recv)|(send)"},
    {"tls session failure: delivering unencrypted", Fact::handshake_failed},
    {"starttls required before auth", Fact::tls_demanded, {}, {}, Side::server},
    {"host lookup did not complete", Fact::dns_failed},
    {"lowest numbered mx record points to local host", Fact::dns_failed},
    {"cv=dane", Fact::tls_used},
    {"cv=yes", Fact::tls_used},
    {"cv=no", Fact::tls_used},
    {" c=\"250", Fact::delivered},
    {"tls certificate", Fact::key_unreadable, "not readable|cannot load|cannot read|cannot open"},
    {"error in file", Fact::key_unreadable, "tls"},
    {"cert/key setup", Fact::key_unreadable, {}, "key values mismatch|mismatch"},
    {"ssl ctx use certificate chain file", Fact::key_unreadable, {}, "key values mismatch"},
    {"ssl ctx use privatekey file", Fact::key_unreadable, {}, "key values mismatch"},
    {"ssl ctx use certificate file", Fact::key_unreadable, {}, "key values mismatch"},
    // its own refusals of what clients sent, over TLS or not
    {"rejected rcpt",
     Fact::not_tls,
     {},
     "tls required|without tls|unencrypted|encryption|certificate required"},
    {"rejected mail",
     Fact::not_tls,
     {},
     "tls required|without tls|unencrypted|encryption|certificate required"},
    {"rejected after data", Fact::not_tls},
    {"temporary internal error", Fact::starttls_refused, "tls|starttls"},
};

}  // namespace

std::span<const Recogniser> exim_words() {
  return std::span(kWords);
}

}  // namespace postern::explain
