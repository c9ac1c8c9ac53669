// The configuration as values: what the TOML file says, checked and with names resolved to indexes
// by name. Immutable once loaded; shared as shared_ptr<const Config>, swapped whole on reload.
// Every default stands here. Keys: docs/configuration.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mail/domain.h"
#include "verdict/tls_policy.h"

namespace postern::policy {

using namespace std::chrono_literals;

// Where in the configuration a value stands: for messages that come up later than parsing.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  [[nodiscard]] std::string str() const;  // "postern.toml:12:9"
};

// The canonical form (inet_ntop's) of a textual IP address; nullopt: it is none.
[[nodiscard]] std::optional<std::string> canonical_address(std::string_view text);

struct Endpoint {
  std::string host;  // name or textual IP without brackets
  std::uint16_t port = 25;
  [[nodiscard]] std::string str() const;  // "host:25", "[::1]:25"
  // "host", "host:port", "192.0.2.1:25", "[::1]:25"; addresses become canonical (inet_ntop's),
  // names lower case. Errors: invalid, with what would be right.
  [[nodiscard]] static Result<Endpoint> parse(std::string_view text,
                                              std::uint16_t default_port = 25);
  bool operator==(const Endpoint&) const = default;
};

// Where a fetch may go beyond the public internet: a network, or a name pattern.
using FetchPlace = std::variant<mail::Network, mail::DomainPattern>;

struct ServerConfig {
  std::string hostname;                            // FQDN for EHLO, Received, DSN
  std::string store = "sqlite:var/postern.db";     // the path is absolute after loading
  std::vector<Endpoint> dns;                       // empty: the system's resolvers
  std::string dns_trust_anchor;                    // file; empty: answers are not validated
  std::uint64_t body_memory = 256 * 1024;          // larger bodies stream to files beside the store
  std::uint64_t min_free_space = 64 << 20;         // below: 452 for new mail
  unsigned threads = 0;                            // 0: one per core
  std::string log_file;                            // empty: stderr only
  std::string protocol_log;                        // folder of the protocol logs; empty: off
  std::uint64_t protocol_log_max_size = 10 << 20;  // per file, then a new one
  std::uint64_t protocol_log_max_total = 1ULL << 30;  // of the folder; the oldest files go first
  Duration protocol_log_max_age = 30 * 24h;
  // CRLs, OCSP and issuers, whose URLs the certificates of others choose.
  std::vector<FetchPlace> fetch_allow;  // besides the public internet
  std::string fetch_proxy;              // URL; "none"; empty: the environment's
  Location where;
};

struct QueueConfig {
  Duration probe_min = 5s, probe_max = 5min;     // blockers
  Duration retry_min = 1min, retry_max = 30min;  // ordinary back-off per destination, doubling
  Duration delay_notice_blocked = 15min, delay_notice = 4h;
  Duration lifetime = 5 * 24h;  // RFC 5321 s4.5.4.1
  Duration blocker_lifetime = 14 * 24h;
  Duration retain_expired = 14 * 24h, retain_delivered = 0ms, retain_trace = 30 * 24h;
  std::uint64_t retain_expired_size = 1ULL << 30, retain_delivered_size = 1ULL << 30,
                retain_trace_size = 1ULL << 30;
  unsigned max_sessions_per_destination = 4;
  unsigned max_messages_per_session = 100;
  Location where;
};

struct Timeouts {  // RFC 5321 s4.5.3.2 defaults (client side), server side s4.5.3.2.7
  Duration connect = 30s, greeting = 5min, helo = 5min, starttls = 2min, handshake = 1min,
           mail = 5min, rcpt = 5min, data = 2min, body_block = 3min, final_dot = 10min, quit = 5s;
  Duration server_command = 5min, server_body = 5min, server_handshake = 1min;
  Duration server_session = 10min;  // since the last accepted message, or the start
};

struct CertificateConfig {
  std::string name;
  std::string chain, key;  // absolute paths
  Location where;
};

struct TrustConfig {
  std::string name;
  std::vector<std::string>
      files;  // absolute paths and globs; a folder counts as folder/*.pem, *.crt, *.cer
  std::vector<std::string> crls;  // CRL files
  std::string added_by, partner;  // provenance where the file has none recorded
  Location where;
};

enum class ReceiveTls { none, opportunistic, required, mutual };
enum class StarttlsReply { rfc, exchange };

struct ReceiveConnector {
  std::string name;
  std::vector<Endpoint> listen;
  std::string fqdn;  // empty: server.hostname
  ReceiveTls tls = ReceiveTls::opportunistic;
  bool implicit_tls = false;
  std::string certificate;                // as written; empty: chosen by fqdn
  std::vector<mail::Network> allow_from;  // clients that may connect; empty: all
  std::vector<mail::DomainPattern> accept_domains;
  std::vector<mail::Network> relay_from;
  bool relay_for_clients = false;
  std::vector<mail::DomainPattern>
      sender_domains;  // reverse-path domains a client that relays by certificate may use
  std::vector<std::string> client_domains;
  std::vector<std::string> trust = {"system"};
  std::vector<std::string> announce_cas;
  verdict::TlsVersion min_tls = verdict::TlsVersion::tls1_2;
  verdict::Revocation revocation = verdict::Revocation::when_published;
  bool legacy_cn = false;
  bool keep_organization_headers = false;
  StarttlsReply starttls_reply = StarttlsReply::rfc;
  std::uint64_t max_message_size = 150ULL << 20;
  // Send connector for all mail taken here, whatever the recipient's domain; empty: by domain.
  std::string send_via;
  unsigned max_recipients = 1000;    // RFC 5321 s4.5.3.1.8: at least 100
  unsigned max_received_hops = 100;  // RFC 5321 s6.3: "normally at least 100"
  unsigned max_connections = 5000;
  unsigned max_connections_per_client = 500;
  unsigned max_messages_per_session = 1000;
  unsigned connection_rate_per_minute = 0;  // and client address; 0: no limit
  unsigned message_rate_per_minute = 0;     // and client address; 0: no limit
  bool allow_bare_newlines = false;  // never towards the next hop: bare CR/LF refused by default
  bool protocol_log = true;
  Location where;
};

struct SendConnector {
  std::string name;
  std::vector<mail::DomainPattern> domains;
  std::vector<Endpoint> hosts;  // smart hosts in order; empty and no drop: MX
  std::string drop;             // absolute folder; then no hosts
  verdict::Level tls = verdict::Level::opportunistic;
  bool implicit_tls = false;
  std::string tls_domain;
  std::string certificate;  // as written; empty: none is presented
  std::vector<std::string> trust = {"system"};
  verdict::TlsVersion min_tls = verdict::TlsVersion::tls1_2;
  verdict::Revocation revocation = verdict::Revocation::when_published;
  bool legacy_cn = false;
  std::string helo;                             // empty: server.hostname
  std::string source_address, source_address6;  // to bind; empty: the system's choice
  std::uint16_t port = 25;                      // for MX hosts
  bool protocol_log = true;
  Location where;
};

// Domain security: per sender and recipient domain, across connectors.
struct Partner {
  std::string name;
  std::vector<mail::DomainPattern> domains;
  std::optional<verdict::Level> send;             // overrides the connector's level
  std::optional<ReceiveTls> receive;              // only `mutual` or `required`
  std::vector<std::string> names;                 // reference identifiers
  std::vector<std::string> trust;                 // empty: the connector's
  std::optional<verdict::Revocation> revocation;  // overrides the connector's
  std::optional<verdict::PolicyException> exception;
  Location where;
};

struct AlertConfig {
  std::vector<std::string> mail;
  std::string mail_from;          // empty: postmaster@server.hostname
  std::vector<std::string> exec;  // program and arguments; the alert's JSON on its standard input
  std::string webhook;            // http or https URL; POST of the alert's JSON
  std::vector<Duration> expiry_warnings = {30 * 24h, 14 * 24h, 3 * 24h};
  Location where;
};

struct Config {
  std::string file;  // absolute; empty: built in memory
  ServerConfig server;
  QueueConfig queue;
  Timeouts timeouts;
  std::vector<CertificateConfig> certificates;
  std::vector<TrustConfig>
      trust;  // without "system", unless the file overrides it by [trust.system]
  std::vector<ReceiveConnector> receive;
  std::vector<SendConnector> send;
  std::vector<Partner> partners;
  std::string admin_socket;  // absolute path; empty only for what was built in memory
  AlertConfig alert;

  [[nodiscard]] const SendConnector* find_send(std::string_view name) const;
  [[nodiscard]] const ReceiveConnector* find_receive(std::string_view name) const;
  [[nodiscard]] const Partner* find_partner(std::string_view name) const;
};

}  // namespace postern::policy
