// One linear path, checked completely: what `find_path` asks of every path that its search finds.
// OpenSSL judges signatures, name constraints, path lengths, policies and critical extensions; the
// rest (dates, purpose, strength) is judged here, since OpenSSL takes notAfter as exclusive and
// refuses anyExtendedKeyUsage.
#pragma once

#include <string>
#include <vector>

#include "x509/certificate.h"
#include "x509/path.h"

namespace postern::x509 {

// Every fault of `path` (leaf first, never empty), whose last certificate counts as the trust
// anchor; at most one of a code and depth, in the order of `sort_faults`. Revocation is not looked
// at.
[[nodiscard]] std::vector<PathFault> check_path(const std::vector<Certificate>& path,
                                                const PathOptions& options);
// Primary fault first: what makes the rest a mere claim (no trust, a broken signature) before
// revocation, dates, purpose, constraints and strength; then nearest the leaf.
void sort_faults(std::vector<PathFault>& faults);
[[nodiscard]] int fault_rank(const PathFault& fault);  // 0: first
// 'the certificate "CN=..."', cut to a bearable length; the serial where there is no subject.
[[nodiscard]] std::string describe(const Certificate& certificate);

}  // namespace postern::x509
