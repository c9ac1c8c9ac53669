// Properties of mailbox, domain and literal: what is accepted reads back to itself, holds no
// control octet and keeps its bounds; enhanced codes and peers' replies never abort and stay one
// line each.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "mail/domain.h"
#include "mail/envelope.h"
#include "mail/idna.h"
#include "mail/reply.h"

namespace {

using namespace postern;
using namespace postern::mail;

template <class T>
bool holds(const Result<T>& result, const T& value) {
  return result && *result == value;
}

void check_mailbox(std::string_view text, bool allow_utf8) {
  const auto mailbox = parse_mailbox(text, allow_utf8);
  if (!mailbox) return;
  const std::string again = mailbox->str();
  POSTERN_CHECK(holds(parse_mailbox(again, allow_utf8), *mailbox),
                "a mailbox reads back to itself");
  POSTERN_CHECK(mailbox->local.size() <= kMaxLocalPartOctets, "local part within its bound");
  for (const char c : again) {
    POSTERN_CHECK(static_cast<unsigned char>(c) >= ' ' && c != '\x7F', "no control octet passes");
  }
  POSTERN_CHECK(allow_utf8 || is_ascii(again), "UTF-8 passes only where allowed");
}

void check_domain(std::string_view text, bool allow_utf8) {
  const auto domain = parse_domain(text, allow_utf8);
  if (!domain) return;
  POSTERN_CHECK(holds(parse_domain(*domain, allow_utf8), *domain), "a domain reads back to itself");
  if (const auto a_labels = to_a_labels(*domain)) {
    POSTERN_CHECK(is_ascii(*a_labels), "A-labels are ASCII");
    POSTERN_CHECK(holds(to_a_labels(*a_labels), *a_labels), "A-labels stay as they are");
  }
}

void check_reply(std::string_view text) {
  const Reply reply = Reply::from_peer(static_cast<int>(text.size() % 700), {std::string(text)});
  for (const std::string_view line : split(reply.wire(), '\n')) {
    POSTERN_CHECK(line.size() <= kMaxReplyLineOctets + 1, "a reply line keeps its bound");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool allow_utf8 : {false, true}) {
    check_mailbox(text, allow_utf8);
    check_domain(text, allow_utf8);
  }
  if (const auto literal = parse_address_literal(text)) {
    POSTERN_CHECK(holds(parse_address_literal(*literal), *literal),
                  "a literal reads back to itself");
  }
  if (const auto network = Network::parse(text)) {
    POSTERN_CHECK(holds(Network::parse(network->text()), *network),
                  "a network reads back to itself");
  }
  if (const auto pattern = DomainPattern::parse(text)) {
    POSTERN_CHECK(holds(DomainPattern::parse(pattern->text()), *pattern),
                  "a pattern reads back to itself");
  }
  check_reply(text);
  return 0;
}
