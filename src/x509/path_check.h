// The rules that a path must keep once its signatures are known to be good, in two parts, so that a
// search asks the first of them once a certificate: what is wrong with one certificate in its
// place, and what is wrong with all of them together. Source: RFC 5280 s4, s6.1.
#pragma once

#include <string>
#include <vector>

#include "x509/certificate.h"
#include "x509/name_constraints.h"
#include "x509/path.h"

namespace postern::x509 {

// A pinned leaf is its own anchor. A CRL signer stands beside a path, not in it.
enum class Standing { leaf, pinned_leaf, intermediate, anchor, crl_signer };

// Dates, purpose, CA, strength, form. The depth of every fault is 0; whoever asks knows it.
[[nodiscard]] std::vector<PathFault> check_alone(const Certificate& certificate, Standing standing,
                                                 const PathOptions& options);
// What the rules of whole paths may cost in one search: the peer chooses what is compared with
// what, and how many paths there are. At zero a fault is `limit`.
struct CheckBudget {
  std::size_t names = kNameComparisonBudget;
  std::size_t policies = 4'000'000;  // the squares of the policies and mappings of each path
};

// Path lengths, name constraints, policies of `path`: leaf first, never empty, the last one its
// anchor.
[[nodiscard]] std::vector<PathFault> check_together(const std::vector<Certificate>& path,
                                                    const PathOptions& options,
                                                    CheckBudget& budget);
// Primary fault first: what makes the rest a mere claim (no trust, a broken signature) before
// revocation, dates, purpose, constraints and strength; then nearest the leaf.
void sort_faults(std::vector<PathFault>& faults);
[[nodiscard]] int fault_rank(const PathFault& fault);  // 0: first
// 'the certificate "CN=..."', cut to a bearable length; the serial where there is no subject.
[[nodiscard]] std::string describe(const Certificate& certificate);

}  // namespace postern::x509
