// write_dsn with hostile octets in every member: CRLF lines within their bound, one boundary, three
// parts, no header field of a stranger. decode_xtext: what it takes encodes to something that
// decodes to the same.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "mail/dsn.h"
#include "mail/header.h"

namespace {

using namespace postern;
using namespace postern::mail;

DsnRequest hostile_request(std::string_view text, unsigned flags) {
  const std::string value(text);
  DsnRequest request;
  request.reporting_mta = request.envid = request.subject = value;
  request.original_message_id = request.id = request.original = value;
  request.to = {value, value};
  request.smtputf8 = (flags & 1) != 0;
  request.original_is_full = (flags & 2) != 0;
  DsnRecipient recipient;
  recipient.recipient.mailbox = request.to;
  recipient.recipient.orcpt = recipient.remote_mta = recipient.explanation = value;
  recipient.remote_reply = Reply::from_peer(550, {value});
  request.recipients = {recipient, recipient};
  return request;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; ++n) {
    at = text.find(part, at + part.size());
  }
  return n;
}

void check_dsn(const std::string& dsn) {
  POSTERN_CHECK(dsn.ends_with("--\r\n"), "the last line is the closing boundary");
  for (const std::string_view line : split(std::string_view(dsn).substr(0, dsn.size() - 1), '\n')) {
    POSTERN_CHECK(line.size() <= kMaxLineOctets + 1, "a line keeps its bound");
    POSTERN_CHECK(line.find('\r') == line.size() - 1, "a line ends in CRLF and holds no CR");
    POSTERN_CHECK(line.find('\0') == std::string_view::npos, "no NUL");
  }
  std::size_t fields = 0;
  HeaderFilter filter([&fields](std::string_view) { return ++fields > 0; });
  std::string body;
  POSTERN_CHECK(filter.feed(dsn, body) && filter.finish(body), "the header is a header");
  // From, To, Subject, Date, Message-ID, Auto-Submitted, MIME-Version and two of Content; perhaps
  // In-Reply-To and References.
  POSTERN_CHECK(fields == 9 || fields == 11, "the header has our fields only");
  constexpr std::string_view kParameter = "\r\n boundary=\"";
  const std::size_t open = dsn.find(kParameter) + kParameter.size();
  const std::string boundary = dsn.substr(open, dsn.find('"', open) - open);
  POSTERN_CHECK(count(body, boundary) == 4,
                "the boundary stands before three parts and at the end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_dsn(write_dsn(hostile_request(text, data[0])));
  if (const auto decoded = decode_xtext(text)) {
    POSTERN_CHECK(decode_xtext(encode_xtext(*decoded)) == decoded, "xtext reads back to itself");
  }
  return 0;
}
