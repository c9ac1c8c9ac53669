#include "verdict/catalog_tables.h"

namespace postern::verdict {
namespace {

std::vector<CatalogEntry> reachability_entries() {
  return {
      {.code = "dns-resolution-failure",
       .layer = "dns",
       .definition =
           "The sender cannot turn the next hop's name into usable MX or address records.",
       .usual_fault = Fault::dns,
       .cure_postern = {"Look the name up by hand: dig MX {wanted}, then dig A and AAAA of each "
                        "host it names.",
                        "If only this machine fails, correct `dns` in [server] or the resolver it "
                        "names.",
                        "If nobody can resolve it, tell the owner of {wanted}; the mail is tried "
                        "again by itself."},
       .cure_exchange = {"Resolve-DnsName -Type MX {wanted}",
                         "Set-TransportService <server> -ExternalDNSAdapterEnabled $true "
                         "-ExternalDNSServers @()"},
       .cure_postfix = {"postconf smtp_host_lookup smtp_dns_support_level",
                        "Correct /etc/resolv.conf (and its copy in the chroot: postfix check)."},
       .exchange = "DnsRecordNotFound",
       .exchange_online = "450 4.4.312",
       .status = {4, 4, 3}},
      {.code = "null-mx",
       .layer = "dns",
       .definition = "The recipient's domain declares with a null MX that it takes no mail "
                     "(RFC 7505).",
       .usual_fault = Fault::server,
       .cure_postern = {"Correct the recipient's address: its domain takes no mail at all.",
                        "If the domain should take mail, its owner removes the record "
                        "'MX 0 .' and publishes a real MX."},
       .exchange_online = "550 5.1.10",
       .status = {5, 1, 10}},
      {.code = "mail-loop",
       .layer = "dns",
       .definition = "The next hop leads back to this server, or the message has already passed "
                     "through too many servers.",
       .usual_fault = Fault::client,
       .cure_postern = {"Run postern trace on the message and read its Received fields: they show "
                        "the circle.",
                        "If this server is the last hop for the domain, give it a route with "
                        "`hosts` or `drop`; if not, correct the domain's MX records."},
       .cure_exchange = {"Get-SendConnector | fl Identity,AddressSpaces,SmartHosts",
                         "Set-AcceptedDomain <domain> -DomainType Authoritative, unless the rest "
                         "of its recipients live elsewhere."},
       .cure_postfix = {"Name the domain in mydestination, virtual_mailbox_domains or "
                        "relay_domains with a transport_maps entry, in one of them only."},
       .exchange = "SmtpResponseHopCountExceeded",
       .exchange_online = "554 5.4.14",
       .status = {5, 4, 6}},
      {.code = "connection-refused",
       .layer = "network",
       .definition = "The target address actively rejects the TCP connection; nothing is "
                     "listening or a device answers with a reset.",
       .usual_fault = Fault::server,
       .cure_postern = {"Check from this machine: nc -vz {peer} {port}.",
                        "If the port or host is wrong, correct `hosts` of {who}; else the operator "
                        "of {peer} starts the listener or opens the firewall."},
       .cure_exchange = {"Get-Service MSExchangeFrontEndTransport,MSExchangeTransport",
                         "Get-ReceiveConnector | fl Identity,Bindings,Enabled"},
       .cure_postfix = {"postfix status; ss -ltn 'sport = :25'; check inet_interfaces and the smtp "
                        "line of master.cf."},
       .exchange = "WSAECONNREFUSED (10061)",
       .exchange_online = "450 4.4.316",
       .status = {4, 4, 1}},
      {.code = "connection-timeout",
       .layer = "network",
       .definition = "TCP to the mail port never completes, typically because port 25 is filtered "
                     "somewhere on the way.",
       .usual_fault = Fault::path,
       .cure_postern = {"Check from this machine and from another network: nc -vz {peer} {port}.",
                        "If only this network fails, ask your provider whether outgoing port 25 is "
                        "filtered; else the operator of {peer} looks at his firewall."},
       .cure_exchange = {"Test-NetConnection {peer} -Port 25"},
       .cure_postfix = {"Cloud providers filter port 25: relay through relayhost = [host]:587."},
       .exchange = "WSAETIMEDOUT (10060)",
       .exchange_online = "450 4.4.315",
       .status = {4, 4, 1}},
      {.code = "network-unreachable",
       .layer = "network",
       .definition = "This machine has no route to the target address, often an IPv6 address on a "
                     "machine without IPv6.",
       .usual_fault = Fault::path,
       .cure_postern = {"Check the route: ip route get {peer}.",
                        "If only IPv6 fails, repair it or remove the broken IPv6 address from this "
                        "machine."},
       .cure_postfix = {"inet_protocols = ipv4 where the machine has no working IPv6."},
       .exchange = "WSAENETUNREACH (10051)",
       .status = {4, 4, 1}},
      {.code = "connection-lost",
       .layer = "network",
       .definition = "The connection ended before the SMTP exchange was complete.",
       .usual_fault = Fault::unknown,
       .cure_postern = {"Look at the log of {peer} for the same minute: it says why it hung up.",
                        "If it logs nothing, a device between the two cut the connection."},
       .cure_exchange = {"Set-ReceiveConnector <name> -ProtocolLogging Verbose, then read the "
                         "SmtpReceive log of that minute."},
       .cure_postfix = {"grep the peer's address in the mail log of that minute; see also "
                        "smtpd_client_connection_rate_limit."},
       .exchange = "SocketError",
       .exchange_online = "450 4.4.318",
       .status = {4, 4, 2}},
      {.code = "smtp-timeout",
       .layer = "network",
       .definition = "The peer is connected but does not answer in time in the SMTP exchange.",
       .usual_fault = Fault::server,
       .cure_postern = {"Nothing to do here at first: the mail is tried again by itself.",
                        "If it stays, ask the operator of {peer} whether the server is overloaded "
                        "or waits for a lookup (reverse DNS, blocklist)."},
       .cure_exchange = {"Get-ReceiveConnector | fl Identity,ConnectionTimeout,TarpitInterval"},
       .cure_postfix = {"Look for slow lookups: smtpd_client_restrictions, reject_rbl_client, "
                        "postscreen_greet_wait."},
       .exchange_online = "450 4.4.315",
       .status = {4, 4, 2}},
      {.code = "path-mtu-blackhole",
       .layer = "network",
       .definition = "TCP works but large packets vanish, so the handshake or an HTTPS fetch "
                     "stalls after the first small messages.",
       .usual_fault = Fault::path,
       .cure_postern =
           {"Find the size that still passes: ping -M do -s 1472 {peer}, then smaller.",
            "Let ICMP 'fragmentation needed' through the firewalls, or clamp the MSS on "
            "the tunnel."},
       .cure_exchange =
           {"netsh interface ipv4 set subinterface <nic> mtu=1400 store=persistent, as "
            "a test."},
       .cure_postfix = {"sysctl net.ipv4.tcp_mtu_probing=1"},
       .status = {4, 4, 2}},
  };
}

std::vector<CatalogEntry> smtp_entries() {
  return {
      {.code = "greeting-rejected",
       .layer = "smtp",
       .definition = "The server refuses the session in its greeting or in its reply to EHLO.",
       .usual_fault = Fault::server,
       .cure_postern = {"Read the server's own words in the evidence; they name the reason.",
                        "A 4xx passes by itself. For a 5xx ask the operator of {peer} to accept "
                        "this server's address."},
       .cure_exchange = {"Get-ReceiveConnector | fl Identity,RemoteIPRanges,MaxInboundConnection"},
       .cure_postfix = {"Look at smtpd_client_restrictions, smtpd_helo_restrictions and "
                        "postscreen_access_list on {peer}."},
       .status = {4, 3, 2}},
      {.code = "not-smtp",
       .layer = "smtp",
       .definition = "What answers on the port does not speak SMTP.",
       .usual_fault = Fault::server,
       .cure_postern =
           {"Check host and port in `hosts` of {who}: something else listens at {peer} "
            "port {port}.",
            "If the port is right, a device in between answers in place of the server."},
       .status = {4, 5, 0}},
      {.code = "peer-deferred",
       .layer = "smtp",
       .definition = "The server puts the session off with a 4xx reply that has nothing to do with "
                     "TLS.",
       .usual_fault = Fault::server,
       .cure_postern = {"Nothing to do at first: the mail is tried again by itself.",
                        "If it stays, the server's own words in the evidence name the reason."},
       .status = {4, 3, 2}},
      {.code = "peer-rejected",
       .layer = "smtp",
       .definition = "The server ends the session with a 5xx reply that has nothing to do with "
                     "TLS.",
       .usual_fault = Fault::server,
       .cure_postern = {"Read the server's own words in the evidence; they name the reason.",
                        "Ask the operator of {peer} to accept mail from this server."},
       .status = {4, 3, 2}},
      {.code = "ip-blocklisted",
       .layer = "smtp",
       .definition = "The receiver degrades or refuses the session (for instance withholds "
                     "STARTTLS) because of the sender address's reputation.",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"Follow the address in the server's reply: it names the list and how to be "
                        "removed.",
                        "Find out why the address was listed (an infected host, an open relay, a "
                        "shared address) before asking for removal.",
                        "Meanwhile send through a smart host: `hosts` in a send connector."},
       .cure_exchange = {"Exchange Online: submit the address at https://sender.office.com/."},
       .cure_postfix = {"relayhost = [smarthost]:587 until the address is removed from the list."},
       .exchange_online = "550 5.7.606",
       .status = {4, 7, 1}},
      {.code = "starttls-not-offered",
       .layer = "smtp",
       .definition = "The server's EHLO reply has no STARTTLS although the other side insists on "
                     "TLS, and nothing shows a device removing it.",
       .usual_fault = Fault::server,
       .names_role = true,
       .cure_postern = {"Ask the operator of {peer} to offer STARTTLS on port {port}; a server "
                        "without a usable certificate stops offering it.",
                        "If the partner really has no TLS, a time-boxed `exception` of the partner "
                        "lets the mail go, recorded."},
       .cure_exchange =
           {"Look for event 12014 in the Application log: it names the FQDN or the <I>..<S>.. for "
            "which no certificate was found.",
            "Enable-ExchangeCertificate -Thumbprint <thumbprint> -Services SMTP",
            "Get-ReceiveConnector | fl Identity,AuthMechanism,Fqdn,TlsCertificateName: "
            "AuthMechanism must contain Tls.",
            "Set-ReceiveConnector <name> -AuthMechanism Tls,... and, if TlsCertificateName is "
            "stale, -TlsCertificateName '<I>issuer<S>subject' of the present certificate."},
       .cure_postfix = {"smtpd_tls_security_level = may",
                        "smtpd_tls_chain_files = /etc/postfix/key.pem, /etc/postfix/chain.pem",
                        "Remove STARTTLS from smtpd_discard_ehlo_keywords."},
       .exchange = "451 5.7.3 STARTTLS is required to send mail",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "starttls-not-supported",
       .status = {4, 7, 4},
       .blocks = true},
      {.code = "starttls-stripped-by-middlebox",
       .layer = "smtp",
       .definition = "A firewall, provider proxy or security product hides, masks or blocks the "
                     "STARTTLS verb between two capable servers.",
       .usual_fault = Fault::path,
       .cure_postern = {"Compare with what the server says from another network: postern check "
                        "{peer}.",
                        "Find the device that masks the greeting or the EHLO reply and switch its "
                        "SMTP inspection off. Cisco PIX/ASA: 'no fixup protocol smtp' or 'no "
                        "inspect esmtp', or 'allow-tls' in the esmtp policy map."},
       .cure_exchange =
           {"Exempt port 25 between the Exchange servers and Exchange Online from SMTP "
            "inspection; Microsoft supports no inspecting device in a hybrid path."},
       .cure_postfix = {"smtp_pix_workarounds does not bring STARTTLS back: switch the inspection "
                        "off on the device."},
       .exchange = "451 5.7.3 STARTTLS is required to send mail",
       .exchange_online = "450 4.4.317",
       .tls_rpt = "starttls-not-supported",
       .status = {4, 7, 4},
       .blocks = true},
      {.code = "device-on-the-way",
       .layer = "smtp",
       .definition = "A device answers or rewrites SMTP before the server: a masked greeting, or "
                     "XXX in place of a verb.",
       .usual_fault = Fault::path,
       .cure_postern = {"Find the firewall or proxy before {peer} and switch its SMTP inspection "
                        "off. Cisco PIX/ASA: 'no fixup protocol smtp' or 'no inspect esmtp'."},
       .cure_exchange = {"Exempt port 25 between the servers from SMTP inspection."},
       .cure_postfix = {"smtp_pix_workarounds helps old devices; switching the inspection off "
                        "cures it."},
       .status = {2, 0, 0},
       .finding = true},
      {.code = "starttls-rejected",
       .layer = "smtp",
       .definition = "STARTTLS is advertised but the server answers the command with a 4xx/5xx "
                     "reply.",
       .usual_fault = Fault::server,
       .names_role = true,
       .cure_postern =
           {"Ask the operator of {peer} to look at the server's log: a server that "
            "offers STARTTLS and refuses it mostly cannot load its key or certificate."},
       .cure_exchange = {"Get-ExchangeCertificate | fl Thumbprint,Services,HasPrivateKey,Status",
                         "Enable-ExchangeCertificate -Thumbprint <thumbprint> -Services SMTP"},
       .cure_postfix = {"postfix check; read the log for 'cannot load' or 'TLS engine is "
                        "unavailable'; correct smtpd_tls_chain_files and the file's permissions."},
       .exchange_online = "450 4.4.317",
       .tls_rpt = "starttls-not-supported",
       .status = {4, 7, 4},
       .blocks = true},
      {.code = "tls-required-not-used-by-sender",
       .layer = "smtp",
       .definition = "The receiver demands TLS, offers STARTTLS, and the client carries on in "
                     "clear text.",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"Sending: set `tls` of {who} to \"opportunistic\" or higher.",
                        "Receiving: the client {peer} must use STARTTLS; as a passing relief set "
                        "`tls = \"opportunistic\"` on the receive connector."},
       .cure_exchange = {"Set-SendConnector <name> -IgnoreSTARTTLS $false -RequireTLS $true"},
       .cure_postfix = {"smtp_tls_security_level = may (or encrypt in smtp_tls_policy_maps for "
                        "this next hop)"},
       .exchange = "451 5.7.3 Must issue a STARTTLS command first",
       .exchange_online = "451 5.7.3",
       .status = {4, 7, 0},
       .blocks = true},
      {.code = "wrong-tls-mode-for-port",
       .layer = "smtp",
       .definition = "Implicit TLS is spoken to a STARTTLS port or the other way round.",
       .usual_fault = Fault::client,
       .names_role = true,
       .cure_postern = {"Port 465 speaks TLS from the first byte, ports 25 and 587 use STARTTLS: "
                        "correct port or `implicit_tls` for {peer} port {port} in {who}."},
       .cure_exchange =
           {"Exchange sends with STARTTLS only: point the send connector at port 25 or "
            "587."},
       .cure_postfix = {"smtp_tls_wrappermode = yes for port 465, no for 25 and 587; in master.cf "
                        "smtpd_tls_wrappermode = yes belongs to the smtps (465) line only."},
       .openssl = "SSL_R_WRONG_VERSION_NUMBER",
       .status = {4, 7, 5},
       .blocks = true},
  };
}

}  // namespace

std::vector<CatalogEntry> network_entries() {
  std::vector<CatalogEntry> all = reachability_entries();
  for (CatalogEntry& entry : smtp_entries()) all.push_back(std::move(entry));
  return all;
}

}  // namespace postern::verdict
