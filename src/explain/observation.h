// What a text says, as typed facts, and where it says it. A dialect turns lines into observations;
// rules turn observations into causes. A fact names the mechanism that was reported ("the verifier
// found the certificate expired"), never the conclusion ("the server's renewal failed").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "x509/certificate.h"

namespace postern::explain {

enum class Fact : std::uint8_t {
  // names and connections
  dns_failed,
  dns_bogus,
  null_mx,
  refused,
  timed_out,
  unreachable,
  connect_failed,  // no more is said
  lost,            // the connection ended without a word
  large_packets,   // small packets pass, large ones vanish
  // STARTTLS as such
  dialogue,            // greeting and EHLO reply as seen: Observation::dialogue
  not_offered,         // the client wanted TLS, the server does not offer it
  masked,              // keywords or banner overwritten: a device on the way
  starttls_refused,    // offered, and answered with 4xx or 5xx
  tls_demanded,        // the server wants STARTTLS before it goes on
  starttls_needed_by,  // "451 5.7.3 STARTTLS is required to send mail": said of the next hop
  tls_on_plain_port,   // TLS records where SMTP was expected
  plain_on_tls_port,   // SMTP where TLS was expected
  blocklisted,
  // the handshake
  version_mismatch,
  no_protocols,  // the own list of versions is empty
  no_cipher,
  weak_key,
  sni_needed,
  ca_list_long,
  alert,             // Observation::number
  handshake_failed,  // no more is said
  handshake_silent,  // it hung
  token_invalid,     // Schannel took what came for no TLS
  socket_error,      // Exchange: cut off during the handshake
  intercepted,       // a product between the ends answers with its own certificate
  // certificates of clients
  client_certificate_missing,
  client_certificate_declined,
  not_attributed,  // Exchange Online finds no connector for the session
  // what a verifier found
  expired,
  expires_soon,
  not_yet_valid,
  clock_wrong,
  self_signed,
  self_signed_in_chain,
  no_issuer,      // the issuer of some certificate is not at hand
  leaf_alone,     // nothing but a leaf came, its issuer is unknown
  untrusted,      // no more is said
  name_mismatch,  // Observation::wanted, presented
  wrong_usage,
  revoked,
  revocation_unknown,
  staple_missing,
  bad_signature,
  verification_failed,  // no more is said
  pin_mismatch,
  trust_store_missing,  // the verifier's own bundle
  root_store_registry,  // Exchange: RootCAType Registry on a certificate of a public CA
  // the own certificate and key
  certificate_not_found,  // Observation::wanted: a host name
  pinned_not_found,       // Observation::wanted: <I>..<S>..
  no_certificate,         // none is configured or bound
  key_unreadable,
  key_mismatch,
  policy_broken,
  // DANE and MTA-STS
  tlsa_mismatch,
  tlsa_failed,
  dane_missing,  // demanded, and not there
  sts_fetch_failed,
  sts_mx_mismatch,
  sts_failed,  // no more is said
  // the rest
  defect,
  not_tls,
  queue_expired,
  tls_used,    // a session went on over TLS
  unverified,  // so it did, though the certificate did not verify
  delivered,   // a message was accepted
  cosmetic,    // frightening words that mean nothing
  tls_named,   // TLS or certificates are spoken of, and no more is understood
  certificate,
  setting,
};
constexpr std::size_t kFacts = static_cast<std::size_t>(Fact::setting) + 1;

// Which end of the session reports it.
enum class Side : std::uint8_t { unknown, client, server };

struct Span {
  std::string source;  // file name
  std::uint64_t line = 0;
  std::string text;  // printable, bounded
};

struct SeenCertificate {
  Side presented_by = Side::unknown;
  std::string subject, issuer, thumbprint;
  std::vector<std::string> names;
  std::optional<Time> not_before, not_after;
  std::string root_ca_type, services;  // of Get-ExchangeCertificate
  std::optional<bool> has_key;
  int depth = 0;                           // 0: the leaf
  std::optional<x509::Certificate> whole;  // where the text holds all of it
};

struct SeenDialogue {
  std::string greeting;
  std::vector<std::string> keywords;  // EHLO keywords before TLS
  std::string starttls_reply;
  bool starttls_sent = false;
};

struct SeenSetting {  // of a connector or of a configuration file
  std::string object, name, value;
};

struct Observation {
  Fact fact{};
  Span span;
  Side said_by = Side::unknown;
  std::string_view dialect;  // of the recogniser, with static storage
  std::string counterpart;   // the other end, as it is named
  std::string connector, session;
  std::optional<Time> time;
  std::string wanted, presented;  // names
  int number = 0;                 // alert, reply code, event, depth
  std::uint64_t weight = 1;       // sessions it stands for (TLS-RPT counts them)
  std::optional<SeenCertificate> certificate;
  std::optional<SeenDialogue> dialogue;
  std::optional<SeenSetting> setting;
};

}  // namespace postern::explain
