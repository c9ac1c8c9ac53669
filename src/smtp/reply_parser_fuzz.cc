// The same replies for every segmentation, each within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "smtp/reply_parser.h"

namespace {

using postern::smtp::ReplyParser;

// The replies in `wire`, fed `step` octets at a time, one after the other as text; "!" for an
// error.
std::string replies(std::string_view wire, std::size_t step) {
  ReplyParser parser;
  std::string out;
  while (!wire.empty()) {
    std::string_view piece = wire.substr(0, step);
    wire.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto reply = parser.next(piece);
      if (!reply) return out + "!" + reply.error().detail();
      if (*reply) out += (*reply)->wire();
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 16;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (replies(wire, wire.size() + 1) != replies(wire, step)) std::abort();
  return 0;
}
