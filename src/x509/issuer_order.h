// Which of several certificates that bear the issuer's name is the likelier issuer. A hint that
// puts them in order, never a reason to refuse one: only the signature says who issued. For the .cc
// files of this module. Source: RFC 4158 s3.5.12.
#pragma once

#include "x509/certificate.h"

namespace postern::x509 {

// 0: the key identifiers fit; 1: not both are there; 2: they differ.
[[nodiscard]] inline int key_id_distance(const Certificate& subject, const Certificate& issuer) {
  if (subject.authority_key_id().empty() || issuer.subject_key_id().empty()) return 1;
  return subject.authority_key_id() == issuer.subject_key_id() ? 0 : 2;
}

}  // namespace postern::x509
