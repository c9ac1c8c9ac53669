// Rules before TLS: was the host found and reached, did it speak SMTP, and was TLS offered,
// demanded and begun.
#include "base/text.h"
#include "verdict/judge_case.h"
#include "verdict/reply_words.h"

namespace postern::verdict {
namespace {

constexpr std::uint16_t kImplicitTlsPort = 465;  // RFC 8314 s7.3

void end(Case& c, std::string_view check, std::string_view code, std::string cause,
         std::string line, Certainty certainty = Certainty::certain) {
  Finding found = c.finding(code, std::move(cause));
  found.certainty = certainty;
  found.evidence.push_back(std::move(line));
  c.fail(check, std::move(found), true);
}

std::string system_words(const Evidence& e) {
  return e.error.empty() ? std::string(to_string(e.stop)) : quoted(e.error);
}

void judge_dns(Case& c) {
  using Status = DnsEvidence::Status;
  const DnsEvidence& dns = c.evidence.dns;
  const std::string name = quoted(c.evidence.host);
  const std::string line = "DNS: MX " + std::string(to_string(dns.mx)) + ", address " +
                           std::string(to_string(dns.address)) +
                           (dns.detail.empty() ? "" : ", " + quoted(dns.detail));
  if (dns.null_mx) {
    return end(c, "dns", "null-mx", name + " publishes a null MX: it takes no mail.", line);
  }
  if (c.evidence.stage != Stage::dns) return c.pass("dns", line);
  if (dns.mx == Status::bogus || dns.address == Status::bogus) {
    return end(c, "dns", "dnssec-bogus", "The DNS answer for " + name + " fails DNSSEC validation.",
               line);
  }
  const Certainty certainty =
      c.evidence.stop == Stop::none ? Certainty::possible : Certainty::certain;
  end(c, "dns", "dns-resolution-failure",
      "No usable MX or address record of " + name + " could be had.", line, certainty);
}

void judge_connect(Case& c) {
  if (c.evidence.stage != Stage::connect) return c.pass("connect", "TCP to " + c.peer());
  const std::string line = "connect " + c.peer() + ": " + system_words(c.evidence);
  switch (c.evidence.stop) {
    case Stop::refused:
    case Stop::reset:
      return end(c, "connect", "connection-refused", c.peer() + " refuses the connection.", line);
    case Stop::timeout:
      return end(c, "connect", "connection-timeout", c.peer() + " does not answer on TCP.", line);
    case Stop::unreachable:
      return end(c, "connect", "network-unreachable", "There is no route to " + c.peer() + ".",
                 line);
    default:
      return end(c, "connect", "connection-lost", "No connection to " + c.peer() + " came about.",
                 line);
  }
}

// A reply that refuses the session as such, before TLS was a matter.
void judge_refused_session(Case& c, std::string_view check, const mail::Reply& reply) {
  const std::string line = reply_line(check, reply);
  if (speaks_of_blocklist(reply)) {
    return end(c, check, "ip-blocklisted",
               c.peer() + " refuses our address because of its reputation.", line,
               Certainty::likely);
  }
  end(c, check, "greeting-rejected",
      c.peer() + " refuses the session: '" + quoted(reply.str()) + "'.", line);
}

void judge_broken_session(Case& c, std::string_view check) {
  const Evidence& e = c.evidence;
  const std::string line = std::string(check) + ": " + system_words(e);
  // A server with TLS from the first byte waits for the client to begin, so it never greets.
  const bool silent = e.stop == Stop::timeout || e.stop == Stop::closed || e.stop == Stop::not_smtp;
  if (e.stage == Stage::greeting && e.port == kImplicitTlsPort && !e.tls.implicit && silent) {
    return end(c, check, "wrong-tls-mode-for-port",
               c.peer() + " gave no SMTP greeting: port 465 expects TLS from the first byte.", line,
               Certainty::likely);
  }
  if (e.stop == Stop::not_smtp) {
    return end(c, check, "not-smtp", "What answers at " + c.peer() + " is no SMTP server.", line);
  }
  if (e.stop == Stop::timeout) {
    return end(c, check, "smtp-timeout",
               c.peer() + " fell silent at the stage " + std::string(to_string(e.stage)) + ".",
               line);
  }
  end(c, check, "connection-lost",
      "The connection to " + c.peer() + " ended at the stage " + std::string(to_string(e.stage)) +
          ".",
      line);
}

void judge_greeting_and_ehlo(Case& c) {
  const SmtpEvidence& smtp = c.evidence.smtp;
  if (smtp.greeting && !smtp.greeting->positive()) {
    return judge_refused_session(c, "greeting", *smtp.greeting);
  }
  if (c.evidence.stage == Stage::greeting) return judge_broken_session(c, "greeting");
  if (c.evidence.stage != Stage::ehlo || c.evidence.stop == Stop::none) return;
  if (!smtp.refusal) return judge_broken_session(c, "ehlo");
  if (!demands_starttls(*smtp.refusal)) judge_refused_session(c, "ehlo", *smtp.refusal);
}

// "XXXXXXXA": what a Cisco PIX makes of a keyword it does not know.
bool masked_word(std::string_view word) {
  constexpr std::size_t kShortestMask = 3;
  if (word.size() < kShortestMask) return false;
  const std::string_view head = word.substr(0, word.size() - 1);
  return head.find_first_not_of('X') == head.npos || word.find_first_not_of('*') == word.npos;
}

// The line that shows a device between us and the server; empty: none does.
std::string mask(const SmtpEvidence& smtp) {
  if (smtp.greeting && smtp.greeting->str().find("****") != std::string::npos) {
    return reply_line("greeting", smtp.greeting);
  }
  for (const std::string& keyword : smtp.keywords) {
    if (masked_word(split(keyword, ' ').front())) return "EHLO keyword: " + quoted(keyword);
  }
  if (!smtp.ehlo_reply) return {};
  for (const std::string& line : smtp.ehlo_reply->lines()) {
    if (masked_word(split(line, ' ').front())) return "EHLO line: " + quoted(line);
  }
  return {};
}

void judge_not_offered(Case& c) {
  const SmtpEvidence& smtp = c.evidence.smtp;
  const std::string masked = mask(smtp);
  const std::string_view code =
      masked.empty() ? "starttls-not-offered" : "starttls-stripped-by-middlebox";
  std::string cause = c.peer() + " does not offer STARTTLS";
  if (!masked.empty()) {
    cause += ": a device on the way masks its words";
  } else if (smtp.helo_only) {
    cause += ": it refuses EHLO and knows only HELO";
  }
  Finding found = c.finding(code, cause + ".");
  found.excusable = true;
  if (!masked.empty()) found.evidence.push_back(masked);
  found.evidence.push_back(reply_line("EHLO reply", smtp.ehlo_reply));
  c.fail("starttls", std::move(found), c.at_least(Level::encrypt));
}

void judge_demanded(Case& c, const mail::Reply& refusal) {
  Finding found =
      c.finding("tls-required-not-used-by-sender",
                c.peer() + " takes mail only over TLS, and " + c.policy.set_by +
                    " sent without: level " + std::string(to_string(c.policy.level)) + ".");
  found.evidence = {reply_line("refusal", refusal)};
  c.fail("starttls", std::move(found), true);
}

void judge_rejected(Case& c, const mail::Reply& reply) {
  Finding found = c.finding("starttls-rejected", c.peer() + " offers STARTTLS and refuses it: '" +
                                                     quoted(reply.str()) + "'.");
  found.excusable = true;
  found.evidence = {reply_line("reply to STARTTLS", reply)};
  c.fail("starttls", std::move(found), c.at_least(Level::encrypt));
}

void judge_server_starttls(Case& c) {
  const Evidence& e = c.evidence;
  if (e.smtp.refusal && demands_starttls(*e.smtp.refusal)) {
    return judge_demanded(c, *e.smtp.refusal);
  }
  if (c.policy.level == Level::none) return c.not_asked("starttls", "level none never uses TLS");
  if (!e.smtp.starttls_offered) return judge_not_offered(c);
  if (e.smtp.starttls_reply && !e.smtp.starttls_reply->positive()) {
    return judge_rejected(c, *e.smtp.starttls_reply);
  }
  if (e.stage == Stage::starttls && e.stop != Stop::none)
    return judge_broken_session(c, "starttls");
  c.pass("starttls", "offered");
}

void judge_client_starttls(Case& c) {
  if (!c.at_least(Level::encrypt)) return c.not_asked("starttls", "the client used no TLS");
  Finding found =
      c.finding("tls-required-not-used-by-sender",
                c.policy.set_by + " demands TLS, and " + c.peer() + " goes on in clear text.");
  found.excusable = true;
  found.evidence = {"no STARTTLS from " + c.peer()};
  c.fail("starttls", std::move(found), true);
}

}  // namespace

void judge_reachability(Case& c) {
  if (!c.sending()) return;
  for (const auto rule : {judge_dns, judge_connect, judge_greeting_and_ehlo}) {
    rule(c);
    if (!c.findings.empty()) return;
  }
}

void judge_starttls(Case& c) {
  const TlsEvidence& tls = c.evidence.tls;
  if (tls.implicit) return c.not_asked("starttls", "TLS from the first byte");
  if (tls.attempted) return c.pass("starttls", "used");
  if (c.sending()) return judge_server_starttls(c);
  judge_client_starttls(c);
}

}  // namespace postern::verdict
