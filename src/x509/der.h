// DER elements read where they lie, without memory of their own: for lists of which a few entries
// matter among very many. What is small is left to OpenSSL. Source: X.690 s8.1, s10.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::x509 {

constexpr unsigned char kDerBoolean = 0x01, kDerInteger = 0x02, kDerBitString = 0x03,
                        kDerOctetString = 0x04, kDerObject = 0x06, kDerEnumerated = 0x0a,
                        kDerUtcTime = 0x17, kDerGeneralizedTime = 0x18, kDerSequence = 0x30;

struct DerElement {
  unsigned char tag = 0;
  std::string_view content = {};
  std::string_view whole = {};  // header and content
};

// Takes the first element off `rest`. nullopt, and `rest` as it was: it is cut off, its length is
// indefinite, or its tag has several octets.
[[nodiscard]] std::optional<DerElement> take_der(std::string_view& rest);
// The same where the element has to have this tag.
[[nodiscard]] std::optional<DerElement> take_der(std::string_view& rest, unsigned char tag);
[[nodiscard]] bool next_der_is(std::string_view rest, unsigned char tag);
// The element around `content`.
[[nodiscard]] std::string wrap_der(unsigned char tag, std::string_view content);
// Of an INTEGER's content: without the octets that only repeat its sign (X.690 s8.3.2).
[[nodiscard]] std::string_view minimal_integer(std::string_view content);

}  // namespace postern::x509
