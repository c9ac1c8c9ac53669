// The form that RFC 5280 s4 gives a certificate: what one breaks by itself, whoever issued it and
// wherever it stands in a path.
#pragma once

#include <string>
#include <vector>

#include "x509/certificate.h"

namespace postern::x509 {

struct FormFault {
  // `always`: it cannot be judged safely. `strict`: a rule for issuers, which private CAs break.
  // `strict_below_anchor`: the same, and an anchor may break it.
  enum class Counts { always, strict, strict_below_anchor };
  Counts counts = Counts::always;
  std::string rule;  // "bears an extension twice (X509v3 Key Usage)", after the certificate's name
  int openssl_error = 0;
};

[[nodiscard]] std::vector<FormFault> form_faults(const Certificate& certificate);

}  // namespace postern::x509
