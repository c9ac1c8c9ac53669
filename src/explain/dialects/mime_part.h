// Parts of a mail (a bounce saved as .eml, RFC 3464) that are encoded: quoted-printable and base64
// (RFC 2045 s6.7, s6.8) are undone line by line, and what comes out is read by all dialects.
#pragma once

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_mime_part();

// One line of quoted-printable without its end; true: it goes on in the next one.
[[nodiscard]] bool undo_quoted_printable(std::string_view line, std::string& out);

}  // namespace postern::explain
