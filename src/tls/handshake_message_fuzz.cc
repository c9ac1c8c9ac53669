#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tls/handshake_message.h"

// Total for any octets; what a list says of itself never exceeds the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::tls;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  for (const MessageForm form : {MessageForm::tls1_2, MessageForm::tls1_3}) {
    const auto names = ca_names_of_request(message, form);
    if (names) {
      POSTERN_CHECK(names->octets <= size, "a list lies within its message");
      POSTERN_CHECK(names->count * 2 <= names->octets, "each name has two octets of length");
    }
    (void)holds_certificate(message, form);
  }
  return 0;
}
