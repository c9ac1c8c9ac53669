// A certificate revocation list, read where it lies. Lists of a hundred thousand entries are
// ordinary, and a judgement asks for one of them: the entries stay DER and are walked, only what
// stands around them becomes OpenSSL's. For the .cc files of this module. Source: RFC 5280 s5.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "x509/certificate.h"
#include "x509/openssl.h"

namespace postern::x509 {

class CrlList {
 public:
  // nullopt: no list in DER, or one of very many issuers. Borrows `der`.
  [[nodiscard]] static std::optional<CrlList> read(std::string_view der);

  // The list without its entries: issuer, dates, extensions, algorithm. Its signature is not that
  // of these octets; signed_by knows the others.
  [[nodiscard]] X509_CRL* head() const { return head_.get(); }
  [[nodiscard]] bool signed_by(EVP_PKEY* key) const;
  // RFC 5280 s5.3: some entry has a critical extension that is not understood here.
  [[nodiscard]] bool has_unknown_critical_entry() const { return unknown_critical_; }

  // Ordered by weight: of several entries for one certificate the weightiest counts.
  enum class Kind { removed, hold, final };
  struct Entry {
    Kind kind = Kind::final;
    Time at{};
  };
  [[nodiscard]] std::optional<Entry> find(const Certificate& certificate) const;

 private:
  CrlList() = default;
  bool check_entries();

  X509CrlPtr head_;
  std::string_view tbs_;      // what is signed
  std::string_view entries_;  // the content of revokedCertificates
  bool same_algorithms_ = false;
  bool unknown_critical_ = false;
};

}  // namespace postern::x509
