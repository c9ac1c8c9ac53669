// The two handshake messages whose lengths are facts of the Evidence: what a CertificateRequest
// says of CA names, and whether a Certificate message holds a certificate. Octets are a peer's;
// these readers are total. Source: RFC 5246 s7.4.2, s7.4.4; RFC 8446 s4.2.4, s4.3.2, s4.4.2.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace postern::tls {

constexpr unsigned char kCertificateMessage = 11;
constexpr unsigned char kCertificateRequestMessage = 13;

enum class MessageForm { tls1_2, tls1_3 };

struct CaNames {
  std::size_t octets = 0;  // of the list: each name with its two octets of length
  std::size_t count = 0;
};
// `message`: type, 24-bit length and body. nullopt: not a well-formed CertificateRequest.
[[nodiscard]] std::optional<CaNames> ca_names_of_request(std::string_view message,
                                                         MessageForm form);
// Whether a Certificate message holds at least one certificate; false where it is not well-formed.
[[nodiscard]] bool holds_certificate(std::string_view message, MessageForm form);

}  // namespace postern::tls
