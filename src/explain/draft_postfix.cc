// Postfix's settings as Postern's: main.cf (or postconf -n), a TLS policy table, a transport table.
// Sources: postconf(5) smtp_tls_policy_maps, smtp_tls_security_level; TLS_README; transport(5).
#include <algorithm>
#include <array>

#include "base/text.h"
#include "explain/draft.h"

namespace postern::explain {
namespace {

using policy::Draft;
using policy::Drafted;
using policy::ReceiveTls;
using verdict::Level;

constexpr std::size_t kMaxLines = 100'000;

// Of the parameters of main.cf the ones that tell it from any other text with "name = value".
constexpr std::array<std::string_view, 8> kSigns{
    "smtp_tls_", "smtpd_tls_", "myhostname",  "mydestination",
    "relayhost", "mynetworks", "inet_interf", "smtp_tls_policy_maps"};
constexpr std::array<std::string_view, 9> kLevels{
    "none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure", "half-dane"};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!(line = trim(line)).empty()) {
    const std::size_t end = line.find_first_of(" \t");
    out.push_back(line.substr(0, end));
    line = end == std::string_view::npos ? "" : line.substr(end);
  }
  return out;
}

// A list as main.cf writes it: commas and blanks.
std::vector<std::string> list_of(std::string_view value) {
  std::string text(value);
  std::ranges::replace(text, ',', ' ');
  std::vector<std::string> out;
  for (const std::string_view word : words_of(text)) out.emplace_back(word);
  return out;
}

struct Meaning {
  Level level;
  std::string_view note;
};

Meaning meaning_of(std::string_view level) {
  if (level == "none") return {Level::none, ""};
  if (level == "may") return {Level::opportunistic, ""};
  if (level == "encrypt") return {Level::encrypt, ""};
  if (level == "secure") return {Level::authenticate, ""};
  if (level == "verify")
    return {
        Level::authenticate,
        "'verify' compares with the MX host, whose name nobody signed; here the name is the one "
        "that stands in names or tls_domain."};
  if (level == "fingerprint")
    return {
        Level::encrypt,
        "'fingerprint' has no counterpart: put the pinned certificate into a trust set and raise "
        "the level to 'authenticate'."};
  if (level == "dane")
    return {Level::opportunistic,
            "'dane' was not carried over: TLSA records are no setting of a connector or partner."};
  if (level == "dane-only" || level == "half-dane")
    return {
        Level::encrypt,
        "DANE was demanded: drafted as 'encrypt'; TLSA records are no setting of a connector or "
        "partner."};
  return {Level::encrypt, "The level was not understood and is drafted as 'encrypt'."};
}

// The destination of a policy or a relayhost without brackets and port.
std::string_view domain_of(std::string_view destination) {
  destination = destination.substr(0, destination.find("]:"));
  if (destination.starts_with('[')) destination.remove_prefix(1);
  if (destination.ends_with(']')) destination.remove_suffix(1);
  const std::size_t colon = destination.rfind(':');
  const bool port = colon != std::string_view::npos && destination.find(':') == colon &&
                    !destination.starts_with(':');
  return port ? destination.substr(0, colon) : destination;
}

std::uint16_t port_of(std::string_view destination) {
  constexpr std::uint16_t kSmtp = 25;
  const std::size_t colon = destination.rfind(':');
  if (colon == std::string_view::npos || destination.find(']', colon) != std::string_view::npos)
    return kSmtp;
  const std::string_view port = destination.substr(colon + 1);
  if (port == "submission") return 587;
  if (port == "smtps" || port == "submissions") return 465;
  return static_cast<std::uint16_t>(parse_uint(port, 65535).value_or(kSmtp));
}

std::string after_colon(std::string_view text) {
  const std::size_t colon = text.find(':');
  return std::string(colon == std::string_view::npos ? text : text.substr(colon + 1));
}

// match=nexthop:dot-nexthop:.example.com:mail.example.com
void add_names(std::string_view match, std::string_view domain, std::vector<std::string>& names,
               std::vector<std::string>& notes) {
  for (const std::string_view strategy : split(match.empty() ? "nexthop" : match, ':')) {
    std::string name(strategy);
    if (strategy == "nexthop") name = domain;
    if (strategy == "dot-nexthop") name = "*." + std::string(domain);
    if (strategy.starts_with('.')) name = "*" + std::string(strategy);
    if (strategy == "hostname") {
      notes.push_back(
          "match=hostname was left out: the MX host's name comes from DNS, which nobody "
          "signed.");
      continue;
    }
    if (const std::string known = name_in(name);
        !known.empty() && std::ranges::find(names, known) == names.end())
      names.push_back(known);
  }
}

}  // namespace

bool PostfixSettings::read(std::string_view text) {
  std::size_t lines = 0, known = 0;
  PostfixSettings here;
  std::string logical;
  const auto take = [&] {
    if (!logical.empty() && ++lines <= kMaxLines) known += here.read_line(logical) ? 1 : 0;
  };
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty() || trim(line).starts_with('#')) continue;
    // postconf(5): a line that begins with a blank goes on with the one before.
    if (is_alnum(line.front()) || line.front() == '[' || line.front() == '.' ||
        line.front() == '*') {
      take();
      logical = std::string(trim(line));
    } else {
      logical += " " + std::string(trim(line));
    }
  }
  take();
  const bool parameters = std::ranges::any_of(here.parameters_, [](const auto& one) {
    return std::ranges::any_of(kSigns, [&](auto sign) { return one.first.starts_with(sign); });
  });
  const bool table = here.parameters_.empty() && known > 0 && known == lines;
  if (!parameters && !table) return false;
  const auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(parameters_, here.parameters_);
  append(policies_, here.policies_);
  append(transports_, here.transports_);
  return true;
}

bool PostfixSettings::read_line(std::string_view line) {
  if (read_parameter(line)) return true;
  const std::vector<std::string_view> words = words_of(line);
  return words.size() >= 2 && (read_policy(words) || read_transport(words));
}

bool PostfixSettings::read_parameter(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = trim(line.substr(0, equals));
  const bool word =
      !name.empty() && std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
  if (!word) return false;
  parameters_.emplace_back(std::string(name), printable(trim(line.substr(equals + 1))));
  return true;
}

bool PostfixSettings::read_policy(const std::vector<std::string_view>& words) {
  if (std::ranges::find(kLevels, words[1]) == kLevels.end()) return false;
  PolicyLine out{std::string(words[0]), std::string(words[1]), {}};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string_view::npos) return false;
    out.attributes.emplace_back(std::string(words[i].substr(0, equals)),
                                printable(words[i].substr(equals + 1)));
  }
  policies_.push_back(std::move(out));
  return true;
}

bool PostfixSettings::read_transport(const std::vector<std::string_view>& words) {
  const std::string_view to = words[1];
  if (words.size() != 2 || !(to.starts_with("smtp:") || to.starts_with("relay:"))) return false;
  transports_.push_back({std::string(words[0]), after_colon(to)});
  return true;
}

std::string PostfixSettings::value(std::string_view name) const {
  std::string out;  // the last one counts
  for (const auto& [key, text] : parameters_) {
    if (key == name) out = text;
  }
  return out;
}

const PostfixSettings::PolicyLine* PostfixSettings::policy_of(std::string_view destination) const {
  const auto found = std::ranges::find(policies_, destination, &PolicyLine::destination);
  return found == policies_.end() ? nullptr : &*found;
}

void PostfixSettings::draft(Draft& out) const {
  const std::string host = value("myhostname");
  if (host.find('.') != std::string::npos && mail::parse_domain(host)) out.hostname = host;
  draft_receive(out);
  draft_send(out);
  for (const PolicyLine& line : policies_) draft_partner(line, out);
  if (policies_.empty() && !value("smtp_tls_policy_maps").empty())
    out.notes.push_back("smtp_tls_policy_maps = " + value("smtp_tls_policy_maps") +
                        ": give that file as well; its lines become partners.");
}

void PostfixSettings::draft_receive(Draft& out) const {
  const std::string level = value("smtpd_tls_security_level");
  if (level.empty() && value("relay_domains").empty() && value("mydestination").empty()) return;
  Drafted<policy::ReceiveConnector> drafted;
  policy::ReceiveConnector& c = drafted.value;
  c.name = free_name("internet", out.receive);
  c.listen = {{"0.0.0.0", 25}, {"::", 25}};
  c.tls = level == "encrypt" ? ReceiveTls::required
          : level == "may"   ? ReceiveTls::opportunistic
                             : ReceiveTls::none;
  drafted.notes.push_back("main.cf, smtpd_tls_security_level = " +
                          (level.empty() ? "none" : level));
  for (const char* name : {"relay_domains", "mydestination"}) {
    for (const std::string& domain : list_of(value(name))) {
      if (domain.find_first_of("$/:") != std::string::npos) {
        drafted.notes.push_back(std::string(name) + ": '" + domain + "' was not followed.");
      } else if (domain != "localhost") {
        add_domain(domain.starts_with('.') ? "*" + domain : domain, c.accept_domains,
                   drafted.notes);
      }
    }
  }
  for (const std::string& network : list_of(value("mynetworks"))) {
    const Result<mail::Network> parsed = mail::Network::parse(network);
    if (parsed) {
      c.relay_from.push_back(*parsed);
    } else if (!network.starts_with("127.") && network.find("::1") == std::string::npos) {
      drafted.notes.push_back("mynetworks: '" + network + "' was not carried over.");
    }
  }
  for (const char* name : {"smtpd_tls_chain_files", "smtpd_tls_cert_file"}) {
    if (!value(name).empty())
      drafted.notes.push_back(std::string(name) + " = " + value(name) +
                              ": a [certificates.NAME] with chain and key, named in certificate.");
  }
  out.receive.push_back(std::move(drafted));
}

void PostfixSettings::draft_send(Draft& out) const {
  const auto add = [&](std::string_view domain, std::string_view next_hop, std::string_view name) {
    Drafted<policy::SendConnector> drafted;
    policy::SendConnector& c = drafted.value;
    const std::string pattern =
        domain.starts_with('.') ? "*" + std::string(domain) : std::string(domain);
    if (!add_domain(pattern, c.domains, out.notes)) return;
    c.name = free_name(name, out.send);
    drafted.notes.push_back(next_hop.empty() ? "main.cf, everything that no table names"
                                             : "Next hop " + std::string(next_hop));
    if (!next_hop.empty()) add_host(domain_of(next_hop), port_of(next_hop), c.hosts, drafted.notes);
    const PolicyLine* const own = policy_of(next_hop);
    const std::string level = own != nullptr ? own->level : value("smtp_tls_security_level");
    const Meaning meaning = meaning_of(level.empty() ? "none" : level);
    c.tls = meaning.level;
    c.implicit_tls =
        value("smtp_tls_wrappermode") == "yes" && !c.hosts.empty() && c.tls != Level::none;
    if (!meaning.note.empty()) drafted.notes.emplace_back(meaning.note);
    if (c.tls >= Level::authenticate && !c.hosts.empty()) {
      std::vector<std::string> names;
      std::string match;
      for (const auto& [key, text] : own == nullptr ? decltype(own->attributes){} : own->attributes)
        if (key == "match") match = text;
      add_names(match, domain_of(next_hop), names, drafted.notes);
      c.tls_domain = names.empty() ? std::string() : names.front();
      if (names.size() > 1)
        drafted.notes.push_back("tls_domain takes one name; also matched: " +
                                join({names.begin() + 1, names.end()}, ", "));
      if (c.tls_domain.empty()) c.tls = Level::validate;
    }
    out.send.push_back(std::move(drafted));
  };
  for (const TransportLine& line : transports_) add(line.domain, line.next_hop, line.domain);
  if (!parameters_.empty()) add("*", value("relayhost"), "default");
}

void PostfixSettings::draft_partner(const PolicyLine& line, Draft& out) const {
  const bool is_next_hop = line.destination == value("relayhost") ||
                           std::ranges::find(transports_, line.destination,
                                             &TransportLine::next_hop) != transports_.end();
  if (is_next_hop) return;  // at its send connector
  if (line.destination.starts_with('[')) {
    out.notes.push_back("TLS policy of " + line.destination +
                        ": no transport leads there; it belongs to the send connector with that "
                        "host.");
    return;
  }
  const std::string domain(domain_of(line.destination));
  Drafted<policy::Partner> drafted;
  policy::Partner& p = drafted.value;
  if (!add_domain(domain.starts_with('.') ? "*" + domain : domain, p.domains, out.notes)) return;
  p.name = free_name(domain, out.partners);
  drafted.notes.push_back("TLS policy: " + line.destination + " " + line.level);
  const Meaning meaning = meaning_of(line.level);
  p.send = meaning.level;
  if (!meaning.note.empty()) drafted.notes.emplace_back(meaning.note);
  std::string match;
  for (const auto& [key, text] : line.attributes) {
    if (key == "match") {
      match += (match.empty() ? "" : ":") + text;
    } else {
      drafted.notes.push_back(key + "=" + text + " was not carried over.");
    }
  }
  const std::string bare = domain.starts_with('.') ? domain.substr(1) : domain;
  if (match.empty() && line.level == "secure") match = "nexthop:dot-nexthop";
  if (line.level != "fingerprint") add_names(match, bare, p.names, drafted.notes);
  if (p.names.empty()) p.names = {bare};
  out.partners.push_back(std::move(drafted));
}

}  // namespace postern::explain
