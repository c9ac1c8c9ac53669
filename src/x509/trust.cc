#include "x509/trust.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "x509/issuer_order.h"
#include "x509/openssl.h"

namespace postern::x509 {

TrustSet::TrustSet(std::string name, std::vector<Anchor> anchors)
    : name_(std::move(name)), anchors_(std::move(anchors)), by_subject_(anchors_.size()) {
  std::iota(by_subject_.begin(), by_subject_.end(), std::size_t{0});
  std::ranges::sort(by_subject_, [this](std::size_t a, std::size_t b) {
    const int order = X509_NAME_cmp(X509_get_subject_name(anchors_[a].certificate.native()),
                                    X509_get_subject_name(anchors_[b].certificate.native()));
    return order != 0 ? order < 0 : a < b;
  });
}

std::vector<const Anchor*> TrustSet::with_subject(const X509_NAME* name) const {
  const auto subject = [this](std::size_t i) -> const X509_NAME* {
    return X509_get_subject_name(anchors_[i].certificate.native());
  };
  auto at = std::ranges::lower_bound(
      by_subject_, name,
      [](const X509_NAME* a, const X509_NAME* b) { return X509_NAME_cmp(a, b) < 0; }, subject);
  std::vector<const Anchor*> out;
  for (; at != by_subject_.end() && X509_NAME_cmp(subject(*at), name) == 0; ++at)
    out.push_back(&anchors_[*at]);
  return out;
}

std::vector<const Anchor*> TrustSet::issuers_of(const Certificate& certificate) const {
  std::vector<const Anchor*> out = with_subject(X509_get_issuer_name(certificate.native()));
  const auto order = [&](const Anchor* a) {
    return std::tuple(key_id_distance(certificate, a->certificate),
                      -a->certificate.not_after().time_since_epoch(), a->certificate.sha256());
  };
  std::ranges::sort(out, {}, order);
  return out;
}

const Anchor* TrustSet::find(const Certificate& certificate) const {
  for (const Anchor* anchor : with_subject(X509_get_subject_name(certificate.native())))
    if (anchor->certificate == certificate) return anchor;
  return nullptr;
}

}  // namespace postern::x509
