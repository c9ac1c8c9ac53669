// Name constraints of a CA, applied to the names of a certificate below it: subject,
// subjectAltName, e-mail addresses of the subject, and (where a verifier falls back on it) the
// common name. A wildcard name stands for all the names that it could match. What cannot be
// understood is an objection. Source: RFC 5280 s4.2.1.10, s7.2; RFC 9525 s6.3 for wildcards.
#pragma once

#include <memory>
#include <string>

#include "x509/certificate.h"

typedef struct NAME_CONSTRAINTS_st NAME_CONSTRAINTS;

namespace postern::x509 {

// Comparisons of a name with a constraint in one search: both lists come from the peer, and their
// product grows quickly.
constexpr std::size_t kNameComparisonBudget = 250'000;

class NameConstraints {
 public:
  // Without the extension, nothing is constrained.
  explicit NameConstraints(const Certificate& ca);
  NameConstraints(const NameConstraints&) = delete;
  NameConstraints& operator=(const NameConstraints&) = delete;
  ~NameConstraints();

  [[nodiscard]] bool present() const { return constraints_ != nullptr; }
  [[nodiscard]] bool empty() const;  // neither permits nor excludes anything
  // The rule that the extension itself breaks; empty: none.
  [[nodiscard]] std::string form_objection() const;
  // Why `below` may not stand below the CA; empty: it may. `budget` counts comparisons down; at
  // zero the answer is an objection, and the caller has to look at the budget.
  [[nodiscard]] std::string objection(const Certificate& below, bool common_name_counts,
                                      std::size_t& budget) const;

 private:
  NAME_CONSTRAINTS* constraints_;
};

}  // namespace postern::x509
