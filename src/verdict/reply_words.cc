#include "verdict/reply_words.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace postern::verdict {
namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> needles) {
  return std::ranges::any_of(
      needles, [&](std::string_view needle) { return text.find(needle) != text.npos; });
}

}  // namespace

bool demands_starttls(const mail::Reply& reply) {
  if (reply.positive()) return false;
  const std::string text = lower(reply.str());
  if (contains_any(text, {"starttls"})) return true;
  // RFC 3207 s4: 530 is the code of a server that insists; 530 alone also asks for AUTH.
  return reply.code() == 530 && contains_any(text, {"tls", "encrypt"});
}

bool speaks_of_blocklist(const mail::Reply& reply) {
  return contains_any(lower(reply.str()),
                      {"blocklist", "block list", "blacklist", "black list", "blocked using",
                       "dnsbl", "spamhaus", "spamcop", "barracuda", "reputation", "is listed",
                       "banned sending ip", "sender.office.com"});
}

bool names_client_certificate(const mail::Reply& reply) {
  return contains_any(lower(reply.str()),
                      {"client certificate", "certificate validation", "tls certificate",
                       "unverified certificate", "certificate required"});
}

// Compared whole: 5.7.511 is a banned sender.
bool attributes_by_certificate(const mail::Reply& reply) {
  return reply.enhanced() == mail::EnhancedCode{5, 7, 51} ||
         reply.enhanced() == mail::EnhancedCode{5, 7, 64};
}

void add_late_refusal(Evidence& evidence, std::optional<mail::Reply> refusal) {
  evidence.smtp.refusal = std::move(refusal);
  evidence.stage = evidence.tls.completed ? Stage::second_ehlo : Stage::done;
  evidence.stop = Stop::rejected;
}

}  // namespace postern::verdict
