// Trust sets: anchors with their provenance. A set is loaded once and then immutable; share by
// shared_ptr<const TrustSet>.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "x509/certificate.h"

typedef struct X509_name_st X509_NAME;

namespace postern::x509 {

// How an anchor got there: what a verdict prints.
struct Provenance {
  std::string set = {};       // "system", "partners"
  std::string file = {};      // path of the file it was read from
  Time added{};               // the file's modification time, or what `postern trust add` recorded
  std::string added_by = {};  // who; empty: not recorded
  std::string partner = {};   // for which partner; empty: not recorded
};

struct Anchor {
  Certificate certificate;
  Provenance provenance;
};

class TrustSet {
 public:
  TrustSet(std::string name, std::vector<Anchor> anchors);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Anchor>& anchors() const { return anchors_; }
  // Anchors whose subject is the certificate's issuer (RFC 5280 s7.1: string type, case and runs of
  // blanks do not count), most specific key-id match first.
  [[nodiscard]] std::vector<const Anchor*> issuers_of(const Certificate& certificate) const;
  [[nodiscard]] const Anchor* find(
      const Certificate& certificate) const;  // the very certificate; nullptr: not in it

 private:
  [[nodiscard]] std::vector<const Anchor*> with_subject(const X509_NAME* name) const;

  std::string name_;
  std::vector<Anchor> anchors_;
  std::vector<std::size_t> by_subject_;  // indices into anchors_, by subject name
};
using TrustSets = std::vector<std::shared_ptr<const TrustSet>>;

}  // namespace postern::x509
