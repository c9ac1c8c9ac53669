// HeaderFilter: the same output, facts and refusal for every segmentation; nothing is lost but
// dropped fields, nothing added but the one empty line; no dropped field survives a second pass.
// format_received stays one field.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "mail/header.h"

namespace {

using namespace postern;
using namespace postern::mail;

struct Run {
  bool refused = false;
  std::string out;
  HeaderFacts facts;
};

bool drops_x(std::string_view name) {
  return istarts_with(name, "X") || is_organization_header(name);
}

// Cuts `message` as the octets of `cuts` say; an empty `cuts` feeds it whole.
Run run(std::string_view message, std::string_view cuts, const HeaderFilter::Drop& drop) {
  HeaderFilter filter(drop);
  Run run;
  for (std::size_t at = 0, i = 0; at < message.size() && !run.refused; ++i) {
    const std::size_t step =
        cuts.empty() ? message.size() : static_cast<unsigned char>(cuts[i % cuts.size()]) % 32U + 1;
    run.refused = !filter.feed(message.substr(at, step), run.out);
    at += step;
  }
  if (!run.refused) run.refused = !filter.finish(run.out);
  run.facts = filter.facts();
  return run;
}

bool same(const HeaderFacts& a, const HeaderFacts& b) {
  return a.received_count == b.received_count && a.message_id == b.message_id &&
         a.subject == b.subject && a.auto_submitted == b.auto_submitted &&
         a.list_mail == b.list_mail && a.has_date == b.has_date && a.has_from == b.has_from &&
         a.header_octets == b.header_octets;
}

void check_filter(std::string_view message, std::string_view cuts) {
  const Run whole = run(message, {}, drops_x);
  const Run parts = run(message, cuts, drops_x);
  POSTERN_CHECK(whole.refused == parts.refused, "refusal is independent of segmentation");
  if (whole.refused) return;
  POSTERN_CHECK(whole.out == parts.out, "output is independent of segmentation");
  POSTERN_CHECK(same(whole.facts, parts.facts), "facts are independent of segmentation");
  POSTERN_CHECK(whole.facts.header_octets <= whole.out.size(), "the header is part of the output");
  const Run again = run(whole.out, {}, drops_x);
  POSTERN_CHECK(again.out == whole.out || again.out == "\r\n" + whole.out,
                "nothing that is to be dropped is left");

  const Run all = run(message, cuts, nullptr);
  if (all.refused) return;
  POSTERN_CHECK(all.out == message || all.out == "\r\n" + std::string(message),
                "what is not dropped passes byte by byte");
}

void check_received(std::string_view text) {
  ReceivedField field;
  field.helo = field.client_address = field.with = field.id = field.tls_version = field.tls_cipher =
      field.client_certificate = field.for_recipient = std::string(text);
  const std::string out = format_received(field);
  const Run run_of = run(out + "\r\n", {}, nullptr);
  POSTERN_CHECK(run_of.facts.received_count == 1, "one Received field");
  for (std::size_t at = out.find("\r\n"); at + 2 < out.size(); at = out.find("\r\n", at + 2)) {
    POSTERN_CHECK(out[at + 2] == '\t', "every further line is folded");
  }
  POSTERN_CHECK(
      std::count(out.begin(), out.end(), '\n') == std::count(out.begin(), out.end(), '\r'),
      "no bare line end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cuts = std::min<std::size_t>(data[0] % 8U + 1, size);
  check_filter(input.substr(cuts), input.substr(0, cuts));
  check_received(input);
  return 0;
}
