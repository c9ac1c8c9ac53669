// Any octets from a client: the same replies, decisions and messages for every segmentation, no
// broken contract, and never a bare CR or LF on the way out or into the store.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "smtp/memory_driver.h"

namespace {

using namespace postern::smtp;

void require(bool rule) {
  if (!rule) std::abort();
}

ServerOptions options_from(std::uint8_t bits) {
  ServerOptions options;
  options.fqdn = "mx.test";
  options.offer_starttls = (bits & 1) != 0;
  options.tls_required = (bits & 2) != 0;
  options.allow_bare_newlines = (bits & 4) != 0;
  options.max_message_size = 200;
  options.max_recipients = 2;
  options.max_messages = 3;
  return options;
}

// Plays `octets` in pieces of `step`, the handshake of each STARTTLS in its place.
std::string play(const ServerOptions& options, std::string_view octets, std::size_t step) {
  MemoryDriver driver(options);
  driver.connect();
  while (!octets.empty() && !driver.closed()) {
    const std::string_view piece = octets.substr(0, step);
    octets.remove_prefix(piece.size());
    driver.send(piece);
    require(driver.session().can_read());
  }
  require(driver.broken().empty());
  for (const MemoryDriver::Message& message : driver.messages()) {
    require(message.octets.size() <= options.max_message_size);
    require(message.octets.find('\0') == std::string::npos);
    require(!message.envelope.recipients.empty());
  }
  return driver.trace();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ServerOptions options = options_from(data[0]);
  const std::size_t step = 1 + data[1] % 32;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = play(options, octets, octets.size() + 1);
  require(whole == play(options, octets, step));
  require(whole == play(options, octets, 1));
  return 0;
}
