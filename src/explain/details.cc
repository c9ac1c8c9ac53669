#include "explain/details.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "explain/dialects/exchange_protocol.h"
#include "explain/phrases.h"

namespace postern::explain {
namespace {

constexpr std::string_view kHostStops = " \t[](),;:\"'{}<>=|\\";
constexpr std::size_t kMaxName = 255;

std::string name_of(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text.back() == '.' || text.back() == ',')) text.remove_suffix(1);
  return printable(text, kMaxName);
}

// Marks that stand before the other end's name, surest first.
constexpr std::array<std::string_view, 24> kPeerMarks{"LastAttemptedServerName=",
                                                      "{FQDN=",
                                                      "OutboundProxyTargetHostName: ",
                                                      "receiving_mx=",
                                                      "remote_server\":\"",
                                                      "receiving-mx-hostname\":\"",
                                                      "receiving-mx-hostname\": \"",
                                                      "verification failed for ",
                                                      "established to ",
                                                      "connect error to ",
                                                      "accept error from ",
                                                      "established from ",
                                                      "connect to ",
                                                      "relay=",
                                                      "after STARTTLS from ",
                                                      "on connection to ",
                                                      "on connection from ",
                                                      "offered by host ",
                                                      "Cannot start TLS with ",
                                                      " H=",
                                                      "remote=",
                                                      "mx=",
                                                      "-connect ",
                                                      "CONNECT:"};

std::string peer_of(std::string_view line) {
  for (const std::string_view mark : kPeerMarks) {
    std::string_view found = after(line, mark, kHostStops);
    if (host_like(found) && !iequals(found, "none")) return name_of(found);
  }
  return {};
}

// "mail postfix/smtp[143]:", "exim[7]:", "[VMX1SS]": the token that lines of one session share.
std::string session_of(std::string_view line) {
  constexpr std::size_t kHead = 160;
  const std::string_view head = line.substr(0, kHead);
  for (std::size_t open = head.find('['); open != std::string_view::npos;
       open = head.find('[', open + 1)) {
    const std::size_t close = head.find(']', open);
    if (close == std::string_view::npos) return {};
    const std::string_view inside = head.substr(open + 1, close - open - 1);
    if (inside.empty() || inside.size() > 12 || !std::ranges::all_of(inside, is_alnum)) continue;
    std::size_t start = open;
    while (start > 0 && head[start - 1] != ' ') --start;
    return std::string(head.substr(start, close - start + 1));
  }
  return {};
}

Side side_of(std::string_view folded) {
  if (contains_any(folded,
                   "/smtpd[|smtpd[|ssl accept|starttls=server|smtps/smtpd|accept failed|"
                   "submission/|sp prot tls1 2 server|_server"))
    return Side::server;
  if (contains_any(folded,
                   "/smtp[|ssl connect|starttls=client|postfix/smtp:|smtp/smtp|lmtp[|"
                   "s client|r=|send connector|smtpsend|outbound"))
    return Side::client;
  return Side::unknown;
}

struct NameForm {
  std::string_view mark, stops;
};
constexpr std::array<NameForm, 9> kPresentedForms{{{"valid for ", "\""},
                                                   {"Presented Subject: ", "]"},
                                                   {"presented subject=", "]"},
                                                   {"DN=\"", "\""},
                                                   {"peer certificate CN=", ","},
                                                   {"certificate subject name '", "'"},
                                                   {"altnames: ", "\""},
                                                   {"cert's altnames: ", "\""},
                                                   {"Common Name ", " "}}};
constexpr std::array<NameForm, 12> kWantedForms{{{"contains the domain name ", " \t"},
                                                 {"Expected Subject: ", " ]"},
                                                 {"wanted to match ", " \"',"},
                                                 {"target host name '", "'"},
                                                 {"DNS name matching ", " \"',"},
                                                 {"No name matching ", " \"',"},
                                                 {"does not match target host name ", " \"',"},
                                                 {"Host: ", ". "},
                                                 {"hostname '", "'"},
                                                 {"host name '", "'"},
                                                 {"match hostname ", " \"',"},
                                                 {"H=\"", "\""}}};

void add_names(Observation& o, std::string_view line) {
  if (o.presented.empty()) {
    for (const auto& [mark, stops] : kPresentedForms) {
      const std::string_view found = after(line, mark, stops);
      if (found.empty()) continue;
      // Go: "certificate is valid for A, B, not C"
      const std::size_t last = found.rfind(", not ");
      if (last != std::string_view::npos) {
        o.wanted =
            name_of(found.substr(last + 6, found.find_first_of(" \"}", last + 6) - last - 6));
      }
      // Exchange Online: "Presented Subject: CN=EX02. Thumbprint: 5A2B…"
      const std::size_t thumb = found.find(". Thumbprint: ");
      o.presented = name_of(found.substr(0, std::min(last, thumb)));
      if (thumb != std::string_view::npos) {
        o.certificate = SeenCertificate{};
        o.certificate->presented_by = Side::server;
        o.certificate->subject = o.presented;
        o.certificate->thumbprint = upper(after(found, "Thumbprint: ", " .]"));
      }
      break;
    }
  }
  if (!o.wanted.empty()) return;
  for (const auto& [mark, stops] : kWantedForms) {
    const std::string_view found = after(line, mark, stops);
    if (found.empty()) continue;
    o.wanted = name_of(found);
    return;
  }
}

bool speaks_of_names(Fact fact) {
  return fact == Fact::name_mismatch || fact == Fact::certificate_not_found;
}

}  // namespace

bool from_scanner(const Observation& observation) {
  constexpr std::string_view kScanners =
      "censys|shodan|shadowserver|internet census|binaryedge|stretchoid|internet measurement|"
      "onyphe|criminalip|leakix|scanner|rapid7|zoomeye|netsystemsresearch|researchscan|openintel|"
      "alphastrike|recyber|driftnet|modat";
  return observation.said_by == Side::server && !observation.counterpart.empty() &&
         contains_any(fold(observation.counterpart), kScanners);
}

std::string_view after(std::string_view line, std::string_view mark, std::string_view stops) {
  const auto found = std::ranges::search(line, mark, {}, to_lower, to_lower);
  if (found.empty()) return {};
  const auto start = static_cast<std::size_t>(found.end() - line.begin());
  const std::string_view rest = line.substr(start);
  return rest.substr(0, rest.find_first_of(stops));
}

bool contains_any(std::string_view text, std::string_view alternatives) {
  while (!alternatives.empty()) {
    const std::size_t end = alternatives.find('|');
    const std::string_view one = alternatives.substr(0, end);
    if (!one.empty() && text.find(one) != std::string_view::npos) return true;
    if (end == std::string_view::npos) return false;
    alternatives.remove_prefix(end + 1);
  }
  return false;
}

bool host_like(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxName) return false;
  if (!is_alnum(text.front())) return false;
  return std::ranges::all_of(
      text, [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '*'; });
}

void add_details(Observation& o, std::string_view line, std::string_view folded) {
  if (const std::optional<ProtocolLine> entry = parse_protocol_line(line)) {
    if (o.connector.empty()) o.connector = entry->connector;
    if (o.session.empty()) o.session = entry->session;
    if (o.said_by == Side::unknown) o.said_by = entry->written_by();
    if (o.counterpart.empty()) o.counterpart = entry->remote.substr(0, entry->remote.rfind(':'));
  }
  if (o.counterpart.empty()) o.counterpart = peer_of(line);
  if (o.session.empty()) o.session = session_of(line);
  if (o.said_by == Side::unknown) o.said_by = side_of(folded);
  if (speaks_of_names(o.fact)) add_names(o, line);
  if (o.fact == Fact::pinned_not_found && o.wanted.empty()) {
    const std::size_t start = folded.find("<i>");
    if (start != std::string_view::npos) {
      const std::size_t end = folded.find(" in the personal store", start);
      if (line.size() == folded.size())
        o.wanted = printable(line.substr(start, end - start), kMaxName);
    }
  }
  if (o.connector.empty() && o.fact == Fact::certificate_not_found) {
    const std::string_view tail = after(line, "for the connector ", "\r\n");
    o.connector = std::string(tail.substr(0, tail.find(" with a FQDN")));
  }
  if (o.connector.empty()) {
    const std::string_view name = after(line, "Send connector ", ":");
    if (name.size() < line.size() && name.size() < 80) o.connector = std::string(name);
  }
}

}  // namespace postern::explain
