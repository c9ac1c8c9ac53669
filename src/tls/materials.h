// Certificates with keys and trust sets as loaded from disk: immutable snapshots, swapped whole on
// reload. Rules of reload: a chain and its key are two files, so a mismatch waits for the second
// write; an unreadable, mismatching or expired certificate never replaces a usable one (the old one
// stays, the refusal is reported); nor does one that is not yet valid, which is why a caller loads
// again now and then even when no file changes. Symlink swaps count as changes. At start an expired
// only certificate is used and reported. A trust set of which any file cannot be read stays as it
// was.
//
// A PEM file of a trust set may record, in lines above a certificate, how it got there:
//   # added-by: ops
//   # added: 2026-11-01T00:00:00Z     (absent: the file's modification time)
//   # partner: fabrikam
// What is not recorded comes from [trust.NAME] added_by and partner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "policy/config.h"
#include "policy/route.h"
#include "policy/selection.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace postern::tls {

// A chain with its private key, ready for a handshake. Immutable; shared by sessions while a newer
// one is already in place.
struct Credential {
  policy::LoadedCertificate facts;
  std::shared_ptr<EVP_PKEY> key;  // never null where facts.key_usable
};

struct Materials {
  std::vector<std::shared_ptr<const Credential>> credentials;  // parallel to `certificates`
  policy::CertificateStore certificates;
  policy::LoadedTrust trust;       // "system" first
  std::vector<std::string> files;  // every file and folder that was read: what to watch
};

struct Notice {
  // waiting: refused for now, since only one of chain and key has been written so far.
  enum class Kind { loaded, replaced, refused, waiting, problem, trust_changed };
  Kind kind = Kind::problem;
  std::string subject;   // certificate or trust set name
  std::string text;      // sentence with the file
  bool by_date = false;  // it has expired and is used all the same: who watches dates tells of it
};

struct LoadResult {
  std::shared_ptr<const Materials>
      materials;  // never null; what could not be loaded has its problem in the facts
  std::vector<Notice> notices;
  bool changed = false;  // against `previous`
};

// Reads all that `config` names. With `previous` the reload rules above apply. Blocking (files):
// call on a pool.
[[nodiscard]] LoadResult load_materials(const policy::Config& config, const Materials* previous,
                                        Time now);

// Paths of the distribution's public roots, tried in order.
extern const std::vector<std::string> kSystemRootFiles;

}  // namespace postern::tls
