// openssl s_client (and what prints its verification alike): the walk up the chain with its
// errors, and the chain exactly as it was presented.
#pragma once

#include <memory>

#include "explain/dialects/dialect.h"

namespace postern::explain {

[[nodiscard]] std::unique_ptr<Dialect> make_openssl_client();

// Whom a command line asks: "openssl s_client -connect mx.example:25 -servername mail.example".
struct AskedServer {
  bool asked = false;
  bool sends_name = false;  // SNI
  std::string host, name;  // connected to; the name its certificate is to have (none of an address)
};
[[nodiscard]] AskedServer asked_of(std::string_view command);

}  // namespace postern::explain
