// Words of Postfix: smtp(8), smtpd(8), tlsproxy(8), postconf and the TLS policy table, 2.x to 3.11.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    {"disabling tls support",
     Fact::no_certificate,
     {},
     "cannot get|digest|private key|cannot load|cipher|protocol"},
    {"cannot get rsa certificate from file", Fact::key_unreadable},
    {"cannot get rsa private key from file", Fact::key_unreadable},
    {"cannot get ecdsa certificate from file", Fact::key_unreadable},
    {"cannot get ecdsa private key from file", Fact::key_unreadable},
    {"cannot get dsa certificate from file", Fact::key_unreadable},
    {"cannot get private key from file", Fact::key_unreadable},
    {"cannot get certificate from file", Fact::key_unreadable},
    {"cannot load certification authority data", Fact::trust_store_missing},
    {"cannot load ca certificate and key data", Fact::key_unreadable},
    {"cannot load certificate", Fact::key_unreadable},
    {"error loading certificates", Fact::key_unreadable},
    {"error loading private keys and certificates", Fact::key_unreadable},
    {"error loading chain from", Fact::key_unreadable},
    {"cannot load rsa certificate and key data", Fact::key_unreadable},
    {"cannot load ecdsa certificate and key data", Fact::key_unreadable},
    {"fopen:permission denied", Fact::key_unreadable},
    {"bio new file", Fact::key_unreadable, "no such file|permission denied"},
    {"permission denied", Fact::key_unreadable, ".pem|.key|.crt|private key|fullchain|certificate"},
    {"no such file or directory", Fact::key_unreadable, ".pem|.key|.crt|fullchain|privkey",
     "dh.pem|dhparam|dh2048|dh512|dh1024|cafile|ca bundle|ca certificates|cacert"},
    {"no such file or directory", Fact::trust_store_missing,
     "ca bundle|ca certificates|cacert|cafile"},
    {"wrapper mode request dropped", Fact::starttls_refused},
    {"tls context initialization failed", Fact::starttls_refused},
    {"tls library initialization failed", Fact::defect},
    {"client tls configuration problem", Fact::policy_broken},
    {"server tls configuration problem", Fact::policy_broken},
    {"attribute \"match\" has empty value", Fact::policy_broken},
    {"invalid security level", Fact::policy_broken},
    {"invalid tls policy", Fact::policy_broken},
    {"invalid tls level", Fact::policy_broken},
    {"invalid attribute", Fact::policy_broken, "tls policy"},
    {"tls policy maps", Fact::policy_broken,
     "lookup error|empty value|invalid|malformed|unsupported|error"},
    {"tls policy lookup error", Fact::policy_broken},
    {"invalid tls protocol", Fact::policy_broken},
    {"invalid value", Fact::policy_broken, "smtp tls|smtpd tls|tls protocols"},
    {"unknown protocol or", Fact::policy_broken, "tls"},
    {"fingerprint mismatch", Fact::pin_mismatch},
    {"fingerprint does not match", Fact::pin_mismatch},
    {"not trusted by local or tlsa policy", Fact::pin_mismatch, {}, "tlsa record"},
    {"no matching fingerprint", Fact::pin_mismatch},
    {"tls session verification failed", Fact::verification_failed},
    {"trusted tls connection established", Fact::tls_used, {}, "untrusted"},
    {"untrusted tls connection established", Fact::tls_used},
    {"verified tls connection established", Fact::tls_used},
    {"anonymous tls connection established", Fact::tls_used},
    {"status=sent", Fact::delivered},
    {"non dnssec destination", Fact::dane_missing},
    {"no tlsa records found", Fact::dane_missing, "dane only|deferred|bounced|required"},
    {"tlsa lookup error", Fact::tlsa_failed},
    {"no usable tlsa records", Fact::dane_missing},
    {"dane tlsa lookup problem", Fact::tlsa_failed},
    {"untrusted peer credential", Fact::verification_failed},
};

}  // namespace

std::span<const Recogniser> postfix_words() {
  return kWords;
}

}  // namespace postern::explain
