// The words of products and libraries: tables of recognisers, one file each.
#pragma once

#include <span>

#include "explain/dialects/dialect.h"

namespace postern::explain {

constexpr std::string_view kGeneralWords = "general words";  // the dialect's name

[[nodiscard]] std::span<const Recogniser> tls_library_words();  // OpenSSL, GnuTLS, Schannel, Go, …
[[nodiscard]] std::span<const Recogniser> smtp_words();         // replies, whoever says them
[[nodiscard]] std::span<const Recogniser> exchange_words();
[[nodiscard]] std::span<const Recogniser> postfix_words();
[[nodiscard]] std::span<const Recogniser> exim_words();
[[nodiscard]] std::span<const Recogniser> dane_sts_words();
[[nodiscard]] std::span<const Recogniser> mail_words();        // mail problems of other layers
[[nodiscard]] std::span<const Recogniser> windows_words();     // CAPI2, HRESULTs
[[nodiscard]] std::span<const Recogniser> tool_words();        // testssl.sh, swaks, resolvers
[[nodiscard]] std::span<const Recogniser> mta_words();         // Sendmail, OpenSMTPD, Stalwart, …
[[nodiscard]] std::span<const Recogniser> general_words();     // anybody's own wording
[[nodiscard]] std::span<const Recogniser> translated_words();  // systems that speak not English

}  // namespace postern::explain
