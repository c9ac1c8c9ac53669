// Who may do what on a receive connector: pure decisions, each with the reply the client reads.
// Never an open relay: recipients in accept_domains may be addressed by anyone; any other recipient
// only by a client in relay_from, or (relay_for_clients) by a client whose certificate was judged
// good, with a reverse-path in sender_domains.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mail/envelope.h"
#include "mail/reply.h"
#include "policy/config.h"
#include "verdict/verdict.h"

namespace postern::relay {

// What is known of the client when a command is decided.
struct ClientFacts {
  std::string address;  // textual IP
  bool tls = false;
  std::optional<verdict::Verdict>
      verdict;  // of its certificate; nullopt: no certificate was asked for, or no TLS
  bool authenticated = false;      // verdict ok and one of the connector's client_domains matched
  std::string authenticated_name;  // the presented name that matched
  // The presented name that matched one of the names of the sender's partner, under the partner's
  // policy. It proves who speaks for the partner's domain and permits nothing else: what the
  // connector grants to its own client_domains is not the partner's to have.
  std::string partner_name;

  // Whoever the certificate proves, for trace fields and records; empty: nobody.
  [[nodiscard]] const std::string& proven_name() const {
    return partner_name.empty() ? authenticated_name : partner_name;
  }
};

// Refusal of a connection (554 5.7.1), or nullopt.
[[nodiscard]] std::optional<mail::Reply> admit_connection(const policy::ReceiveConnector& connector,
                                                          const std::string& address);

// MAIL FROM. `partner_verdict`: the client's certificate judged under the partner's policy, when
// the reverse-path's domain belongs to a partner with `receive`; nullptr otherwise. Mutual mode
// without a good client certificate: 454 4.7.5 with the cause.
[[nodiscard]] mail::Reply admit_sender(const policy::ReceiveConnector& connector,
                                       const ClientFacts& client, const mail::Mailbox& sender,
                                       const policy::Partner* partner,
                                       const verdict::Verdict* partner_verdict);

// RCPT TO, after admit_sender was positive. "550 5.7.1 Unable to relay", as Exchange says it. A
// client that may not relay may not address "user%elsewhere@accepted" and the like either.
[[nodiscard]] mail::Reply admit_recipient(const policy::ReceiveConnector& connector,
                                          const ClientFacts& client, const mail::Mailbox& sender,
                                          const mail::Mailbox& recipient);

// Who reads what a bare `postmaster` is sent (RFC 5321 s4.5.1: every server has him): he of the
// first of accept_domains that is no wildcard; else who is alerted; else he of this server's name.
[[nodiscard]] mail::Mailbox postmaster(const policy::Config& config,
                                       const policy::ReceiveConnector& connector);

// True where the header firewall lets X-MS-Exchange-Organization-* and its kin pass: the connector
// says so, the client is one of its own client_domains, and the sender one of sender_domains where
// these are given: the name that many tenants share proves the service and not the tenant.
[[nodiscard]] bool keeps_organization_headers(const policy::ReceiveConnector& connector,
                                              const ClientFacts& client,
                                              const mail::Mailbox& sender);

// True when delay notices may go to the sender: he came by relay_from or a judged client
// certificate, the connector's or his partner's.
[[nodiscard]] bool sender_is_known(const policy::ReceiveConnector& connector,
                                   const ClientFacts& client);

}  // namespace postern::relay
