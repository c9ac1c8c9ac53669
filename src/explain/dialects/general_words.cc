// What people and products say in their own words, of which no list is complete: a word for what
// went wrong beside a word for what it went wrong with. A loose match counts below a library's own
// words (rules/words.cc), so these speak where nobody else does.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr std::string_view kOfCertificates =
    "certificate|cert |certs |cert:|cert,|cert.|ca cert|x509|x.509";
constexpr std::string_view kOfStarttls =
    " tls|starttls|\"tls|secure connection|encrypted connection";
constexpr std::string_view kOfTls =
    " tls|starttls|\"tls|ssl|secure connection|secure session|encrypted connection";

// "does not match" of other things than names
constexpr std::string_view kOtherMatches =
    "fingerprint|thumbprint|private key|key values|tlsa|dane|mta sts|sts policy|digest|pinned|"
    "tlscertificatename|modulus|signature|serial|spf|dkim|dmarc|forward dns|password|version|"
    "protocol|cipher|key type|content type|public key";
constexpr std::string_view kNotExpired =
    "alert|received fatal|will be expired|not expired|expired: no|expired: false|expired=false|"
    "expired\": false|expired\":false|crl|signature expired|rrsig|message expired|queue|session "
    "expired|token|password|timeout|ticket|cache|replaced the expired|replaced an expired";
// "not supported" of other things than STARTTLS
constexpr std::string_view kOtherSupport =
    "tls 1|tlsv1|tls1|tls v1|cipher|version|protocol|alpn|sni|ssl3|sslv3|ssl 3|curve|signature|"
    "group|renegotiat|requiretls|extension|\"starttls not supported\"|result type|auth|digest|"
    "algorithm|certificate";
constexpr std::string_view kNoVersion =
    "not supported|no longer support|unsupported|not allowed|not permitted|not accept|no longer "
    "accept|too old|is below|not support|n't support";
constexpr std::string_view kVersionDemanded =
    "not support|n't support|unsupported|or higher|or later|or newer|or above|at least|minimum|"
    "upgrade|only tls 1.2|is required";
constexpr std::string_view kOtherKeys = "ssh|dkim|domainkey|rndc|gpg|dnskey";
constexpr std::string_view kOtherLookups =
    "tlsa|reverse|client host|ptr|mta sts|rbl|dnsbl|rdns|ldap|database|mysql|redis|client "
    "hostname|rejected";
// A reply to a command that comes after TLS may still be about it.
constexpr std::string_view kAboutTls =
    "starttls|tls required|tls is|require tls|requires tls|use tls|encrypt|certificate|secure conn";

constexpr Recogniser kWords[] = {
    // names
    {"not match", Fact::name_mismatch,
     "certificate|cert |cert's|altname|common name|subject alt| cn ", kOtherMatches},
    {"mismatch", Fact::name_mismatch,
     "certificate|common name|altname|hostname|host name|server name|cn mismatch", kOtherMatches},
    {"not valid for", Fact::name_mismatch, kOfCertificates,
     "purpose|usage|server auth|client auth|any names|time|date"},
    {"only valid for", Fact::name_mismatch, kOfCertificates, "days|hours|purpose|until"},
    {"does not contain", Fact::name_mismatch, "certificate's|subjectaltname| san |hostname in cert",
     "personal store|private key"},
    {"not listed in", Fact::name_mismatch, "certificate| san ", "sts|revo|crl"},
    {"issued to", Fact::name_mismatch, "expected|instead of|rather than|but we|but connect",
     kOtherMatches},

    // validity
    {"expired", Fact::expired, kOfCertificates, kNotExpired},
    {"no longer valid", Fact::expired, kOfCertificates},
    {"validity period", Fact::expired, "outside|not within|has ended|is over|past",
     "rrsig|signature"},
    {"past its", Fact::expired, "valid|expir|end date", "rrsig"},
    {"days ago", Fact::expired, "cert expir|certificate expir|expired"},
    {"not yet", Fact::not_yet_valid,
     "yet valid|yet active|yet activated|yet been activated|yet become valid",
     "expired or is not yet|expired or not yet|crl"},
    {"in the future", Fact::not_yet_valid, "certificate|not before|notbefore|valid from",
     "crl|message"},
    {"jan  1 00:", Fact::clock_wrong, " 1970", "not before|notbefore|not after|notafter|valid"},
    {"jan 1 00:", Fact::clock_wrong, " 1970", "not before|notbefore|not after|notafter|valid"},
    {"1970 01 01", Fact::clock_wrong,
     "system clock|system time|local time|current time|device time"},

    // trust
    {"not trusted", Fact::untrusted, kOfCertificates,
     "client certificate|server certificate not trusted|trusted by local|trusted root|tlsa"},
    {"untrusted certificate", Fact::untrusted},
    {"untrusted cert", Fact::untrusted},
    {"untrusted ca", Fact::untrusted, {}, "store"},
    {"by a trusted", Fact::untrusted, "not signed|not issued|n't signed|n't issued|isn't"},
    {"from a trusted", Fact::untrusted, "not from|isn't from|is not", "client"},
    {"unknown authority", Fact::untrusted, kOfCertificates, "alert|remote error"},
    {"untrusted authority", Fact::untrusted, kOfCertificates},
    {"authority is not trusted", Fact::untrusted},
    {"authority that is not trusted", Fact::untrusted},
    {"authority not trusted", Fact::untrusted},
    {"authority is unknown", Fact::untrusted, {}, "alert|remote error"},
    {"incomplete chain", Fact::leaf_alone},
    {"chain is incomplete", Fact::leaf_alone},
    {"chain is not complete", Fact::leaf_alone},
    {"chain not complete", Fact::leaf_alone},
    {"incomplete certificate chain", Fact::leaf_alone},
    {"certificate chain is incomplete", Fact::leaf_alone},
    {"missing intermediate", Fact::leaf_alone},
    {"intermediate", Fact::leaf_alone,
     "is missing|are missing|not sent|not present|not included|n't sent|n't included|omit",
     "replaced|key"},
    {"signed by itself", Fact::self_signed},
    {"self signed", Fact::self_signed,
     "not trusted|untrusted|reject|refuse|not accept|not allowed|n't accept|disallowed",
     "chain|self signed cert"},
    {"revoked", Fact::revoked, kOfCertificates,
     "alert|not revoked|revoked: no|revoked: false|none revoked|whether|if the"},

    // verification, no more said
    {"not be verified", Fact::verification_failed, kOfCertificates},
    {"not be validated", Fact::verification_failed, kOfCertificates},
    {"could not verify", Fact::verification_failed, kOfCertificates},
    {"cannot verify", Fact::verification_failed, kOfCertificates},
    {"unable to verify", Fact::verification_failed, kOfCertificates, "first|leaf"},
    {"failed to verify", Fact::verification_failed, kOfCertificates, "x509:|signature|dkim"},
    {"failed validation", Fact::verification_failed, kOfCertificates, "dane|sts|dnssec"},
    {"verification failed", Fact::verification_failed, kOfCertificates, "dane|tlsa|dkim|x509:"},
    {"verification failure", Fact::verification_failed, kOfCertificates, "dane|tlsa|dkim|x509:"},
    {"invalid certificate",
     Fact::verification_failed,
     {},
     "certificate chain length|ca certificate"},
    {"certificate invalid", Fact::verification_failed},
    {"certificate is invalid", Fact::verification_failed},
    {"certificate is not valid", Fact::verification_failed, {}, "current time|valid for"},

    // versions and ciphers
    {"tls 1.0", Fact::version_mismatch, kNoVersion, "cipher"},
    {"tls 1.1", Fact::version_mismatch, kNoVersion, "cipher"},
    {"tlsv1.0", Fact::version_mismatch, kNoVersion, "cipher"},
    {"tlsv1.1", Fact::version_mismatch, kNoVersion, "cipher"},
    {"tls 1.2", Fact::version_mismatch, kVersionDemanded, "cipher|recommend"},
    {"tls version", Fact::version_mismatch,
     "not support|unsupported|too low|too old|mismatch|not accept|reject|incompatible|outdated|not "
     "allowed|insufficient"},
    {"protocol version", Fact::version_mismatch,
     "not support|unsupported|too low|too old|not accept|reject|incompatible|outdated|not allowed",
     "http|milter|alert"},
    {"agree on", Fact::version_mismatch, "protocol version|tls version|ssl version|a protocol"},
    {"agree on", Fact::no_cipher, "cipher|algorithm", "version"},
    {"in common", Fact::no_cipher, "no cipher|no suite|no algorithm|none of the cipher"},
    {"no common", Fact::version_mismatch, "protocol|tls version", "cipher"},
    {"no common", Fact::no_cipher, "cipher|suite|algorithm"},
    {"no shared", Fact::no_cipher, "cipher|suite|algorithm"},
    {"no mutual", Fact::no_cipher, "cipher|suite|algorithm"},
    {"no acceptable", Fact::no_cipher, "cipher|suite|algorithm"},
    {"no compatible", Fact::no_cipher, "cipher|suite|algorithm"},
    {"no overlap", Fact::no_cipher, "cipher|suite|algorithm"},
    {"cipher mismatch", Fact::no_cipher},
    {"cipher suite mismatch", Fact::no_cipher},
    {"too weak", Fact::weak_key, "key|dh |diffie|signature|hash|digest|certificate",
     "encryption too weak|password"},
    {"too short", Fact::weak_key, "key|prime|modulus|dh param", "password|helo|message"},
    {"too small", Fact::weak_key, "dh |diffie|rsa|prime|modulus|key size|key length",
     "disk|space|buffer|record|fragment"},

    // STARTTLS
    {"not support", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"doesn't support", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"isn't supported", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"no support for", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"unsupported by", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"not offer", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"doesn't offer", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"didn't offer", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"not advertis", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"doesn't advertis", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"didn't advertis", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"not announc", Fact::not_offered, kOfStarttls, kOtherSupport},
    {"no tls support", Fact::not_offered},
    {"no starttls support", Fact::not_offered},
    {"missing starttls", Fact::not_offered},
    {"starttls missing", Fact::not_offered},
    {"starttls is missing", Fact::not_offered},

    // the handshake, no more said
    {"handshake", Fact::handshake_failed,
     "abort|unsuccessful|could not|couldn't|unable|broken|not complete|terminated|incomplete",
     "alert|timed out|timeout"},
    {"negotiation fail", Fact::handshake_failed, kOfTls},
    {"could not negotiate", Fact::handshake_failed, kOfTls, "cipher|auth"},
    {"unable to negotiate", Fact::handshake_failed, kOfTls, "cipher|auth"},
    {"failed to negotiate", Fact::handshake_failed, kOfTls, "cipher|auth"},
    {"cannot negotiate", Fact::handshake_failed, kOfTls, "cipher|auth"},
    {"successfully negotiated", Fact::handshake_failed, "not be"},
    {"could not establish", Fact::handshake_failed, kOfTls},
    {"couldn't establish", Fact::handshake_failed, kOfTls},
    {"unable to establish", Fact::handshake_failed, kOfTls},
    {"failed to establish", Fact::handshake_failed, kOfTls},
    {"cannot establish", Fact::handshake_failed, kOfTls},
    {"not be established", Fact::handshake_failed, kOfTls},

    // keys
    {"private key", Fact::key_unreadable,
     "cannot read|could not read|unable to read|not readable|cannot open|could not open|failed to "
     "open|not found|is missing|inaccessible|cannot access|access denied|not accessible|no access|"
     "cannot be loaded|could not be loaded|failed to load|unable to load|passphrase|decrypt",
     kOtherKeys},
    {"private key", Fact::key_mismatch,
     "not match|mismatch|n't match|not belong|not correspond|different key", kOtherKeys},
    {"key file", Fact::key_unreadable,
     "permission denied|unreadable|cannot read|could not read|cannot open|unsafe|readable by "
     "others|group readable|world readable",
     kOtherKeys},

    // names and connections
    {"could not resolve", Fact::dns_failed, {}, kOtherLookups},
    {"couldn't resolve", Fact::dns_failed, {}, kOtherLookups},
    {"cannot resolve", Fact::dns_failed, {}, kOtherLookups},
    {"can't resolve", Fact::dns_failed, {}, kOtherLookups},
    {"unable to resolve", Fact::dns_failed, {}, kOtherLookups},
    {"failed to resolve", Fact::dns_failed, {}, kOtherLookups},
    {"name resolution", Fact::dns_failed, "fail|error|timed out", kOtherLookups},
    {"no mx", Fact::dns_failed, "no mx for|found|resolv|available|usable", kOtherLookups},
    {"mx lookup", Fact::dns_failed, "fail|error|timed out|timeout|servfail"},
    {"unknownhostexception", Fact::dns_failed},
    {"host unknown", Fact::dns_failed, "name server"},
    {"name server", Fact::dns_failed, "timeout|timed out", kOtherLookups},
    // no more is said than that there was no connection
    {"unable to connect to", Fact::connect_failed},
    {"could not connect to", Fact::connect_failed},
    {"couldn't connect to", Fact::connect_failed},
    {"cannot connect to", Fact::connect_failed, {}, "remote server [message"},
    {"can't connect to", Fact::connect_failed},
    {"failed to connect to", Fact::connect_failed},
    {"connection attempt failed", Fact::connect_failed},
    {"connection was refused", Fact::refused, {}, "policy|milter|unix:|database|mysql"},
    {"refused the connection", Fact::refused, {}, "policy|milter|unix:|database|mysql"},
    {"no connection could be made", Fact::refused},
    {"timed out", Fact::timed_out, "connect to |connecting to|connection to |tcp connect",
     "tls|ssl|handshake|while|starttls|dns|conversation|reading|banner|milter|policy|unix:"},

    // tools that look and find all in order
    {"certificate is trusted", Fact::tls_used, {}, "not "},
    {"cert validated: ok", Fact::tls_used},
    {"certificate validated", Fact::tls_used, {}, "not |fail"},
    {"cert hostname verified", Fact::tls_used},
    {"certificate matches", Fact::tls_used, {}, "not |no |none"},
    {"hostname matches", Fact::tls_used, {}, "not |no |none"},
    {"handshake was completed", Fact::tls_used},
    {"handshake completed", Fact::tls_used, {}, "not "},
    {"handshake successful", Fact::tls_used},

    // A recipient, a sender or a message was refused: TLS was settled before.
    {"in reply to rcpt to", Fact::not_tls, {}, kAboutTls},
    {"in reply to mail from", Fact::not_tls, {}, kAboutTls},
    {"in reply to data command", Fact::not_tls, {}, kAboutTls},
    {"in reply to end of data", Fact::not_tls, {}, kAboutTls},
    {"after rcpt to", Fact::not_tls, "error from remote", kAboutTls},
    {"after mail from", Fact::not_tls, "error from remote", kAboutTls},
    {"after end of data", Fact::not_tls, "error from remote", kAboutTls},
    {"after pipelined", Fact::not_tls, "error from remote", kAboutTls},
    {"does not like recipient", Fact::not_tls, {}, kAboutTls},
    {"does not like sender", Fact::not_tls, {}, kAboutTls},
    {"failed after i sent the message", Fact::not_tls, {}, kAboutTls},
    {"smtprecipientsrefused", Fact::not_tls, {}, kAboutTls},
    {"smtpsenderrefused", Fact::not_tls, {}, kAboutTls},
    {"smtpdataerror", Fact::not_tls, {}, kAboutTls},
    {"smtpauthenticationerror", Fact::not_tls, {}, "starttls"},
    {"smtpaddressfailedexception", Fact::not_tls, {}, kAboutTls},
    {"authenticationfailedexception", Fact::not_tls, {}, "starttls"},
    {"eenvelope", Fact::not_tls, {}, kAboutTls},
    {"code: 'eauth'", Fact::not_tls},
    {"could not authenticate", Fact::not_tls, {}, "starttls|certificate"},
    {"data not accepted", Fact::not_tls, {}, kAboutTls},
    {"following recipients failed", Fact::not_tls, {}, kAboutTls},
    // limits, quotas, recipients, content
    {"unexpected volume", Fact::not_tls},
    {"user complaints", Fact::not_tls},
    {"unusual rate", Fact::not_tls},
    {"unusual traffic", Fact::not_tls},
    {"sending limit", Fact::not_tls},
    {"limit exceeded", Fact::not_tls, "mail|message|rcpt|recipient|connection|rate|sending",
     kAboutTls},
    {"exceeded", Fact::not_tls, "messages per|per hour|hourly|daily|recipients|connections",
     kAboutTls},
    {"mailbox quota", Fact::not_tls},
    {"quota", Fact::not_tls, "exceed|full|over|reached"},
    {"account disabled", Fact::not_tls},
    {"account is disabled", Fact::not_tls},
    {"account has been disabled", Fact::not_tls},
    {"unknown recipient", Fact::not_tls},
    {"recipient unknown", Fact::not_tls},
    {"invalid recipient", Fact::not_tls},
    {"address unknown", Fact::not_tls},
    {"as spam", Fact::not_tls, "reject|block|refuse|classif|detect|550|554|mark"},
    {"is spam", Fact::not_tls, "reject|block|refuse|550|554"},
    {"spam content", Fact::not_tls},
    {"spam score", Fact::not_tls, "reject|block|refuse|550|554"},
};

}  // namespace

std::span<const Recogniser> general_words() {
  return kWords;
}

}  // namespace postern::explain
