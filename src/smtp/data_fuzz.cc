// The decoder gives the same message and the same fault for every segmentation, never stores a bare
// CR, LF or NUL, and undoes what the stuffer does.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "smtp/data.h"

namespace {

using namespace postern::smtp;

void require(bool rule) {
  if (!rule) std::abort();
}

struct Decoded {
  std::string octets;
  BodyFault fault;
  std::size_t taken;
  bool ended;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(BodyDecoder::Options options, std::string_view in, std::size_t step) {
  BodyDecoder decoder(options);
  Decoded out{};
  while (out.taken < in.size() && !decoder.ended()) {
    out.taken += decoder.feed(in.substr(out.taken, step), out.octets);
  }
  if (options.framing == BodyDecoder::Framing::bdat) decoder.finish(out.octets);
  out.fault = decoder.fault();
  out.ended = decoder.ended();
  require(decoder.octets() == out.octets.size() && out.octets.size() <= options.max_octets);
  return out;
}

bool clean(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return false;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n') return false;
  }
  return true;
}

void check_round_trip(std::string_view message, std::size_t step) {
  DotStuffer stuffer;
  std::string wire;
  for (std::size_t at = 0; at < message.size(); at += step) {
    stuffer.feed(message.substr(at, step), wire);
  }
  stuffer.finish(wire);
  const Decoded back = decode({}, wire, wire.size());
  std::string expected(message);
  if (!expected.empty() && !expected.ends_with("\r\n")) expected += "\r\n";
  require(back.ended && back.taken == wire.size() && back.octets == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  BodyDecoder::Options options;
  options.framing = (data[0] & 1) != 0 ? BodyDecoder::Framing::bdat : BodyDecoder::Framing::data;
  options.repair_newlines = (data[0] & 2) != 0;
  if ((data[0] & 4) != 0) options.max_octets = data[1];
  const std::size_t step = 1 + (data[0] >> 4);
  const std::string_view in(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Decoded whole = decode(options, in, in.size());
  require(whole == decode(options, in, step));
  require(clean(whole.octets));
  if (whole.fault == BodyFault::none && !whole.octets.ends_with('\r')) {
    check_round_trip(whole.octets, step);
  }
  return 0;
}
