// How text is laid out in a DSN: wrapped words, header text, address types. Used by dsn.cc alone.
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

// `text` as lines of at most kWrapColumns octets where its words allow it, each with `indent`
// before and CRLF behind. Words longer than a line may be are cut. Made printable first.
[[nodiscard]] std::string wrapped(std::string_view text, std::string_view indent);

// `text` for an unstructured header field: printable, cut, as encoded words (RFC 2047) where it is
// not ASCII; folded, no CRLF at the end.
[[nodiscard]] std::string header_text(std::string_view text);

// "rfc822;a@b.test", or for an address that is not ASCII "utf-8;..." (RFC 6533 s3): as it is where
// `raw_utf8`, else with
// \x{HEX} for every code point that is not ASCII.
[[nodiscard]] std::string typed_address(std::string_view address, bool raw_utf8);

// `message` with CRLF line ends, no NUL and no line over 998 octets: the copy of an original that
// goes back. `header_only`: ends before the first empty line.
[[nodiscard]] std::string returned_copy(std::string_view message, bool header_only);

}  // namespace postern::mail
