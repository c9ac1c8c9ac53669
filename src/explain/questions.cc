// What a sender's or receiver's words leave open, and which output would settle it.
#include <array>

#include "explain/conclude.h"

namespace postern::explain {
namespace {

struct Ask {
  std::string_view code;
  std::string_view what, command;
};

constexpr std::string_view kOwnView =
    "openssl s_client -starttls smtp -connect <host>:25 -servername <host> -showcerts";

constexpr std::array kAsks{
    // nothing was understood
    Ask{"", "The lines of one session or message that failed, from both ends",
        "the protocol log or mail log of that minute; postern check <domain> for the server's "
        "side"},
    Ask{"starttls-not-offered",
        "What the server offers to a client beside it, without the way between",
        "telnet <server> 25, then EHLO test (on the server itself, and from outside)"},
    Ask{"starttls-not-offered", "Whether Exchange finds a certificate for the connector",
        "Get-WinEvent -FilterHashtable @{LogName='Application';Id=12014,12016,12018}"},
    Ask{"starttls-not-offered", "What the receive connector pins, and which certificates there are",
        "Get-ReceiveConnector | fl Name,Fqdn,TlsCertificateName,AuthMechanism; "
        "Get-ExchangeCertificate | fl"},
    Ask{"untrusted-root", "The chain exactly as it is presented, and what a verifier says of it",
        kOwnView},
    Ask{"incomplete-chain", "The chain exactly as it is presented", kOwnView},
    Ask{"self-signed", "The chain exactly as it is presented", kOwnView},
    Ask{"client-certificate-not-accepted", "Whether the server asks for a client certificate",
        kOwnView},
    Ask{"no-shared-cipher", "Which versions and ciphers the server takes",
        "openssl s_client -starttls smtp -connect <host>:25 -tls1_2 (and -tls1_3, -tls1)"},
    Ask{"protocol-version-mismatch", "Which versions the server takes",
        "openssl s_client -starttls smtp -connect <host>:25 -tls1_2 (and -tls1_3, -tls1)"},
    Ask{"protocol-version-mismatch", "Which alert or error the library reports",
        "the lines just before, of the same process id: Postfix 'TLS library problem', Schannel "
        "events of the System log"},
    Ask{"tls-intercepted-by-middlebox",
        "The dialogue as it arrives: a masked banner betrays the device",
        "telnet <host> 25, then EHLO test"},
    Ask{"connection-timeout", "Whether a connection comes about at all, from the same machine",
        "nc -vz <host> 25; Test-NetConnection <host> -Port 25"},
    Ask{"path-mtu-blackhole", "Whether large packets pass", "ping -M do -s 1472 <host>"},
    Ask{"expired", "The dates of the certificate that is presented", kOwnView},
    Ask{"ip-blocklisted", "Whether the sending address is listed",
        "https://sender.office.com, and the reply to EHLO from another address"},
    Ask{"queue-expired-cause-hidden", "Why the message waited",
        "the LastError of the queue while it waits: Get-Queue | fl Identity,LastError; postqueue "
        "-p; "
        "Get-MessageTraceDetail"},
};

}  // namespace

std::vector<Question> questions_for(std::string_view code) {
  std::vector<Question> out;
  for (const Ask& ask : kAsks) {
    if (ask.code == code) out.push_back({std::string(ask.what), std::string(ask.command)});
  }
  return out;
}

}  // namespace postern::explain
