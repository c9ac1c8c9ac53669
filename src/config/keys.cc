#include "config/keys.h"

namespace postern::config {
namespace {

using policy::AlertConfig;
using policy::CertificateConfig;
using policy::Partner;
using policy::QueueConfig;
using policy::ReceiveConnector;
using policy::ReceiveTls;
using policy::SendConnector;
using policy::ServerConfig;
using policy::StarttlsReply;
using policy::Timeouts;
using policy::TrustConfig;
using verdict::PolicyException;

enum class Need { optional, required };

template <class K, class T>
Key<T> key(std::string name, typename K::Type T::* member, std::string about,
           Need need = Need::optional) {
  const T defaults{};
  KeyInfo info{std::move(name), K::type(),        K::format(defaults.*member),
               K::allowed(),    std::move(about), need == Need::required};
  return {std::move(info), [member](Reader& reader, const Value& value, T& out) {
            K::read(reader, value, out.*member);
          }};
}

// A table within a table: `exception = { ... }`.
struct Exception {
  using Type = PolicyException;
  static std::string type() { return "table"; }
  static std::string allowed() { return "see `[partner.NAME.exception]`"; }
  static void read(Reader& reader, const Value& value, PolicyException& out) {
    constexpr std::string_view kExample =
        "{ accept = \"untrusted-root\", until = 2026-12-01T00:00:00Z, by = \"ops\", why = \"...\" "
        "}";
    if (expect(reader, value, Value::Kind::table, kExample)) {
      read_table(reader, value, exception_keys(), out);
    }
  }
  static std::string format(const PolicyException&) { return {}; }
};

template <class T>
std::vector<KeyInfo> infos(const Keys<T>& keys) {
  std::vector<KeyInfo> out;
  for (const Key<T>& one : keys) out.push_back(one.info);
  return out;
}

}  // namespace

const Keys<ServerConfig>& server_keys() {
  using S = ServerConfig;
  static const Keys<S> kKeys = {
      key<Fqdn>("hostname", &S::hostname,
                "The name of this host in EHLO, Received and DSNs; fully qualified.",
                Need::required),
      key<StoreUrl>("store", &S::store,
                    "The database of messages, blockers and trace; its folder is made, mode 0700."),
      key<List<DnsServer>>("dns", &S::dns, "DNS servers to ask; empty: those of the system."),
      key<Path>(
          "trust_anchor", &S::dns_trust_anchor,
          "DNSSEC root key, such as /usr/share/dns/root.key; absent: answers are not validated."),
      key<Size>("body_memory", &S::body_memory,
                "Bodies up to this size stay in memory; larger ones stream to files beside the "
                "store."),
      key<Size>("min_free_space", &S::min_free_space,
                "With less free disk space new mail is deferred with 452."),
      key<Count<0, 1024>>("threads", &S::threads, "Threads that serve sessions; 0: one a core."),
      key<Path>("log_file", &S::log_file, "The operator's log; absent: standard error only."),
      key<Path>("protocol_log", &S::protocol_log,
                "Folder of the protocol logs; absent: none are written."),
      key<Size>("protocol_log_max_size", &S::protocol_log_max_size,
                "A protocol log of this size is closed and the next one begun."),
      key<Size>("protocol_log_max_total", &S::protocol_log_max_total,
                "Beyond this size of all protocol logs the oldest go first; 0: no limit."),
      key<PositiveSpan>("protocol_log_max_age", &S::protocol_log_max_age,
                        "Protocol logs older than this are removed."),
      key<List<FetchPlace>>(
          "fetch_allow", &S::fetch_allow,
          "Where revocation lists and OCSP responders may be asked beyond the public internet: "
          "certificates name these URLs, and those of strangers may name anything."),
      key<ProxyUrl>("fetch_proxy", &S::fetch_proxy,
                    "Proxy for these; absent: http_proxy, https_proxy, all_proxy and no_proxy of "
                    "the environment."),
  };
  return kKeys;
}

const Keys<QueueConfig>& queue_keys() {
  using Q = QueueConfig;
  static const Keys<Q> kKeys = {
      key<PositiveSpan>("probe_min", &Q::probe_min,
                        "First wait between two probes of a blocked next hop; doubles."),
      key<PositiveSpan>("probe_max", &Q::probe_max, "Longest wait between two probes."),
      key<PositiveSpan>("retry_min", &Q::retry_min,
                        "First back-off of a destination after an ordinary temporary failure; "
                        "doubles."),
      key<PositiveSpan>("retry_max", &Q::retry_max, "Longest back-off of a destination."),
      key<PositiveSpan>("delay_notice_blocked", &Q::delay_notice_blocked,
                        "A sender is told of the delay after this time behind a blocker."),
      key<PositiveSpan>("delay_notice", &Q::delay_notice,
                        "A sender is told of the delay after this time otherwise."),
      key<PositiveSpan>("lifetime", &Q::lifetime,
                        "A message this old is returned, or `overdue` behind a blocker (RFC 5321 "
                        "4.5.4.1)."),
      key<PositiveSpan>("blocker_lifetime", &Q::blocker_lifetime,
                        "A message this old is returned even behind a blocker."),
      key<Span>("retain_expired", &Q::retain_expired,
                "Expired messages can be resubmitted for this long."),
      key<Span>("retain_delivered", &Q::retain_delivered,
                "Delivered messages can be resubmitted for this long; 0: not at all."),
      key<Span>("retain_trace", &Q::retain_trace, "What happened to a message is kept this long."),
      key<Size>("retain_expired_size", &Q::retain_expired_size,
                "Beyond this size the oldest expired messages go first."),
      key<Size>("retain_delivered_size", &Q::retain_delivered_size,
                "Beyond this size the oldest delivered messages go first."),
      key<Size>("retain_trace_size", &Q::retain_trace_size,
                "Beyond this size the oldest trace goes first."),
      key<Count<1, 1000>>("max_sessions_per_destination", &Q::max_sessions_per_destination,
                          "Sessions at one time to one destination."),
      key<Count<1>>("max_messages_per_session", &Q::max_messages_per_session,
                    "Messages sent over one session before it is closed."),
  };
  return kKeys;
}

const Keys<Timeouts>& timeout_keys() {
  using T = Timeouts;
  static const Keys<T> kKeys = {
      key<PositiveSpan>("connect", &T::connect, "Sending: the TCP connection."),
      key<PositiveSpan>("greeting", &T::greeting, "Sending: the 220 greeting."),
      key<PositiveSpan>("helo", &T::helo, "Sending: the reply to EHLO or HELO."),
      key<PositiveSpan>("starttls", &T::starttls, "Sending: the reply to STARTTLS."),
      key<PositiveSpan>("handshake", &T::handshake, "Sending: the TLS handshake."),
      key<PositiveSpan>("mail", &T::mail, "Sending: the reply to MAIL."),
      key<PositiveSpan>("rcpt", &T::rcpt, "Sending: the reply to RCPT."),
      key<PositiveSpan>("data", &T::data, "Sending: the 354 reply to DATA."),
      key<PositiveSpan>("body_block", &T::body_block, "Sending: each block of a body written."),
      key<PositiveSpan>("final_dot", &T::final_dot, "Sending: the reply after the body."),
      key<PositiveSpan>("quit", &T::quit, "Sending: the reply to QUIT."),
      key<PositiveSpan>("server_command", &T::server_command, "Receiving: the next command."),
      key<PositiveSpan>("server_body", &T::server_body, "Receiving: the next block of a body."),
      key<PositiveSpan>("server_handshake", &T::server_handshake, "Receiving: the TLS handshake."),
      key<PositiveSpan>("server_session", &T::server_session,
                        "Receiving: a session without an accepted message, counted from the last "
                        "one or the start; then 421 4.4.2."),
  };
  return kKeys;
}

const Keys<CertificateConfig>& certificate_keys() {
  using C = CertificateConfig;
  static const Keys<C> kKeys = {
      key<Path>("chain", &C::chain, "PEM file: the leaf first, then its intermediates.",
                Need::required),
      key<Path>("key", &C::key, "PEM file: the leaf's private key.", Need::required),
  };
  return kKeys;
}

const Keys<TrustConfig>& trust_keys() {
  using T = TrustConfig;
  static const Keys<T> kKeys = {
      key<List<Path>>("files", &T::files,
                      "PEM files with anchors: paths, globs like `roots/*.pem`, or folders (their "
                      "*.pem, *.crt, *.cer). Required but in `[trust.system]`, where it replaces "
                      "the distribution's roots."),
      key<List<Path>>("crls", &T::crls, "CRL files (PEM or DER) for certificates below this set."),
      key<Text>("added_by", &T::added_by,
                "Who added the anchors; shown where a file has nothing recorded."),
      key<Text>("partner", &T::partner,
                "For whom they were added; shown where a file has nothing recorded."),
  };
  return kKeys;
}

const Keys<ReceiveConnector>& receive_keys() {
  using R = ReceiveConnector;
  static const Keys<R> kKeys = {
      key<List<ListenAddress>>("listen", &R::listen,
                               "Where it listens. IPv6 sockets take IPv6 only.", Need::required),
      key<Fqdn>("fqdn", &R::fqdn,
                "Its name in the greeting and for the choice of a certificate; absent: "
                "server.hostname."),
      key<Word<ReceiveTls>>("tls", &R::tls,
                            "`required`: no mail without STARTTLS; `mutual`: nor without a client "
                            "certificate that bears one of client_domains."),
      key<Flag>("implicit_tls", &R::implicit_tls, "TLS from the first octet (port 465 style)."),
      key<CertificateReference>("certificate", &R::certificate,
                                "What it presents; absent: chosen by fqdn."),
      key<List<Net>>("allow_from", &R::allow_from, "Clients that may connect; empty: all."),
      key<List<Domain>>("accept_domains", &R::accept_domains,
                        "Recipient domains that any client may address."),
      key<List<Net>>("relay_from", &R::relay_from,
                     "Clients that may address any recipient. Never the whole internet."),
      key<Flag>("relay_for_clients", &R::relay_for_clients,
                "Clients authenticated by client_domains may address any recipient, from "
                "sender_domains. The null reverse-path has no domain: notices of such a client to "
                "the outside need relay_from."),
      key<List<Domain>>("sender_domains", &R::sender_domains,
                        "Reverse-path domains that such a client may use, to relay or to keep "
                        "organization headers. Required with relay_for_clients."),
      key<List<ReferenceName>>("client_domains", &R::client_domains,
                               "Names one of which a client certificate must bear to count. "
                               "Required with tls = \"mutual\". It authenticates and never by "
                               "itself permits relaying."),
      key<List<Text>>("trust", &R::trust, "Trust sets that count for client certificates."),
      key<List<Text>>("announce_cas", &R::announce_cas,
                      "Trust sets whose names the request for a client certificate lists; empty: "
                      "none, which every client copes with."),
      key<Word<verdict::TlsVersion>>("min_tls", &R::min_tls, "Lowest TLS version."),
      key<Word<verdict::Revocation>>("revocation", &R::revocation,
                                     "How client certificates are checked; `required`: an unknown "
                                     "answer counts as a failure."),
      key<Flag>("legacy_cn", &R::legacy_cn,
                "The subject CN counts where a certificate has no SAN dNSName."),
      key<Flag>("keep_organization_headers", &R::keep_organization_headers,
                "Keeps X-MS-Exchange-Organization-*, -Forest-* and -CrossPremises-* of "
                "authenticated clients, from sender_domains where these are given; else they are "
                "removed. Names that many tenants share need sender_domains."),
      key<Word<StarttlsReply>>(
          "starttls_reply", &R::starttls_reply,
          "The refusal of clear text: RFC 3207's 530, or Exchange's 451 5.7.3."),
      key<Text>("send_via", &R::send_via,
                "Send connector for all mail taken here; absent: by recipient domain."),
      key<Size>("max_message_size", &R::max_message_size, "Larger messages are refused (SIZE)."),
      key<Count<100>>("max_recipients", &R::max_recipients,
                      "Recipients of one message; at least 100 (RFC 5321 4.5.3.1.8)."),
      key<Count<1, 1000>>("max_received_hops", &R::max_received_hops,
                          "Received fields from which on a message is in a loop."),
      key<Count<1>>("max_connections", &R::max_connections, "Connections at one time."),
      key<Count<1>>("max_connections_per_client", &R::max_connections_per_client,
                    "Connections at one time from one address."),
      key<Count<1>>("max_messages_per_session", &R::max_messages_per_session,
                    "Messages in one session."),
      key<Count<>>("connection_rate_per_minute", &R::connection_rate_per_minute,
                   "New connections a minute from one address; 0: no limit."),
      key<Count<>>("message_rate_per_minute", &R::message_rate_per_minute,
                   "Messages a minute from one address; 0: no limit."),
      key<Flag>("allow_bare_newlines", &R::allow_bare_newlines,
                "Takes bare CR and LF in a body and writes CRLF; else they are refused, which "
                "closes SMTP smuggling."),
      key<Flag>("protocol_log", &R::protocol_log, "Writes a protocol log, if there is a folder."),
  };
  return kKeys;
}

const Keys<SendConnector>& send_keys() {
  using S = SendConnector;
  static const Keys<S> kKeys = {
      key<List<Domain>>("domains", &S::domains,
                        "Recipient domains it serves; the most specific pattern of all connectors "
                        "wins.",
                        Need::required),
      key<List<HostPort>>("hosts", &S::hosts, "Smart hosts in order; absent: MX."),
      key<Path>("drop", &S::drop, "A folder that takes the messages as .eml files; then no hosts."),
      key<Word<verdict::Level>>("tls", &S::tls, "The TLS level; docs/terms.md has the scale."),
      key<Flag>("implicit_tls", &S::implicit_tls, "TLS from the first octet (port 465 style)."),
      key<ReferenceName>("tls_domain", &S::tls_domain,
                         "The name the server's certificate must bear; absent: the recipient's "
                         "domain. Required with hosts from `authenticate` on."),
      key<CertificateReference>("certificate", &S::certificate,
                                "Presented as client; absent: none."),
      key<List<Text>>("trust", &S::trust, "Trust sets that count for the server's certificate."),
      key<Word<verdict::TlsVersion>>("min_tls", &S::min_tls, "Lowest TLS version."),
      key<Word<verdict::Revocation>>("revocation", &S::revocation,
                                     "How the server's certificates are checked; `required`: an "
                                     "unknown answer holds the mail."),
      key<Flag>("legacy_cn", &S::legacy_cn,
                "The subject CN counts where a certificate has no SAN dNSName."),
      key<Fqdn>("helo", &S::helo, "Its name in EHLO; absent: server.hostname."),
      key<IpAddress>("source_address", &S::source_address,
                     "IPv4 address to send from; absent: the system's choice."),
      key<IpAddress>("source_address6", &S::source_address6,
                     "IPv6 address to send from; absent: the system's choice."),
      key<Port>("port", &S::port, "Port of MX hosts."),
      key<Flag>("protocol_log", &S::protocol_log, "Writes a protocol log, if there is a folder."),
  };
  return kKeys;
}

const Keys<Partner>& partner_keys() {
  using P = Partner;
  static const Keys<P> kKeys = {
      key<List<Domain>>("domains", &P::domains, "The partner's mail domains.", Need::required),
      key<Optional<Word<verdict::Level>>>("send", &P::send,
                                          "TLS level of mail to these domains; absent: the "
                                          "connector's."),
      key<Optional<Word<ReceiveTls>>>("receive", &P::receive,
                                      "MAIL FROM these domains only over TLS (`required`), or only "
                                      "over a client certificate that bears one of names "
                                      "(`mutual`)."),
      key<List<ReferenceName>>("names", &P::names,
                               "Names one of which the partner's certificate must bear.",
                               Need::required),
      key<List<Text>>("trust", &P::trust, "Trust sets that count; empty: the connector's."),
      key<Optional<Word<verdict::Revocation>>>(
          "revocation", &P::revocation,
          "How the partner's certificates are checked; absent: "
          "as the connector says."),
      key<Optional<Exception>>("exception", &P::exception,
                               "One cause that is accepted until a date, recorded."),
  };
  return kKeys;
}

const Keys<PolicyException>& exception_keys() {
  using E = PolicyException;
  static const Keys<E> kKeys = {
      key<CatalogCode>("accept", &E::accept, "The cause that is accepted, as verdicts name it.",
                       Need::required),
      key<Timestamp>("until", &E::until, "When it ends by itself.", Need::required),
      key<Text>("by", &E::by, "Who decided it.", Need::required),
      key<Text>("why", &E::why, "The reason, for the record.", Need::required),
  };
  return kKeys;
}

const Keys<policy::Config>& admin_keys() {
  static const Keys<policy::Config> kKeys = {
      key<UnixSocket>("listen", &policy::Config::admin_socket,
                      "The control socket, mode 0600; absent: `unix:var/postern.sock`, beside the "
                      "configuration file."),
  };
  return kKeys;
}

const Keys<AlertConfig>& alert_keys() {
  using A = AlertConfig;
  static const Keys<A> kKeys = {
      key<List<MailAddress>>("mail", &A::mail, "Mail addresses to tell."),
      key<MailAddress>("mail_from", &A::mail_from,
                       "From of such mail; absent: postmaster@ and server.hostname."),
      key<List<Text>>("exec", &A::exec,
                      "Program and arguments; the alert comes as JSON on standard input."),
      key<WebUrl>("webhook", &A::webhook, "Takes the alert as JSON by POST."),
      key<List<Span>>("expiry_warnings", &A::expiry_warnings,
                      "How long before a certificate expires to warn."),
  };
  return kKeys;
}

const std::vector<SectionInfo>& sections() {
  static const std::vector<SectionInfo> kSections = {
      {"server", false, "The gateway as a whole.", infos(server_keys())},
      {"queue", false, "Times and limits of the queue.", infos(queue_keys())},
      {"timeouts", false, "How long each step may take (RFC 5321 4.5.3.2).", infos(timeout_keys())},
      {"certificates", true,
       "A certificate of our own. docs/certificates.md says which is presented.",
       infos(certificate_keys())},
      {"trust", true,
       "A trust set: anchors that connectors and partners name. `system` is always there: the "
       "distribution's public roots.",
       infos(trust_keys())},
      {"receive", true, "A receive connector.", infos(receive_keys())},
      {"send", true, "A send connector.", infos(send_keys())},
      {"partner", true,
       "Domain security: what holds for mail to and from a partner's domains, across connectors.",
       infos(partner_keys())},
      {"admin", false, "The control socket.", infos(admin_keys())},
      {"alert", false,
       "Who is told when a blocker starts, changes or ends, and what else needs care.",
       infos(alert_keys())},
  };
  return kSections;
}

void report_unknown_key(Reader& reader, const Entry& entry, const std::vector<std::string>& known) {
  std::string message = quoted(entry.key) + " is no key here";
  const std::string near = did_you_mean(entry.key, known);
  std::vector<std::string> elsewhere;
  for (const SectionInfo& section : sections()) {
    for (const KeyInfo& one : section.keys) {
      if (one.name == entry.key) {
        elsewhere.push_back("[" + section.name + (section.named ? ".NAME]" : "]"));
      }
    }
  }
  if (!near.empty()) {
    message += " (did you mean " + near + "?)";
  } else if (!elsewhere.empty()) {
    message += "; it belongs in " + join(elsewhere, " or ");
  } else {
    message += "; known are " + join(known, ", ");
  }
  reader.error(entry.place, std::move(message));
}

void report_missing_key(Reader& reader, Place place, const KeyInfo& key) {
  reader.error(place,
               "lacks the required key " + quoted(key.name) + " (" + key.type + "): " + key.about);
}

}  // namespace postern::config
