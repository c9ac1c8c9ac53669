// The transport of an engine as OpenSSL sees it: two strings. Octets are copied once each way.
// Within tls only.
#pragma once

#include <string>
#include <string_view>

#include <openssl/bio.h>

namespace postern::tls {

struct Transport {
  std::string input;  // ciphertext from the peer, consumed up to `input_read`
  std::size_t input_read = 0;
  bool input_ended = false;
  std::string output;  // ciphertext for the peer

  void append_input(std::string_view octets);
  [[nodiscard]] std::size_t unread() const { return input.size() - input_read; }
};

// A BIO over `transport`, which outlives it. nullptr: out of memory.
[[nodiscard]] BIO* make_transport_bio(Transport* transport);

}  // namespace postern::tls
