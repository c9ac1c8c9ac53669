#include "observe/wanted.h"

#include <algorithm>

#include "base/text.h"
#include "x509/digest.h"
#include "x509/revocation_fetch.h"

namespace postern::observe {
namespace {

using verdict::Fetch;
using verdict::FetchKind;
using verdict::Want;

// An OCSP answer is for one certificate; a CRL or an issuer is the same for all.
bool same_fetch(FetchKind kind_a, const std::string& url_a, const std::string& certificate_a,
                const Want& b) {
  return kind_a == b.kind && url_a == b.url &&
         (kind_a != FetchKind::ocsp || certificate_a == b.certificate);
}

bool tried(const verdict::FetchedEvidence& fetched, const Want& want) {
  return std::ranges::any_of(fetched.fetches, [&](const Fetch& fetch) {
    return same_fetch(fetch.kind, fetch.url, fetch.certificate, want);
  });
}

void add_body(verdict::FetchedEvidence& fetched, FetchKind kind, const std::string& body) {
  switch (kind) {
    case FetchKind::ocsp:
      fetched.ocsp_der.push_back(body);
      return;
    case FetchKind::crl:
      fetched.crls_der.push_back(body);
      return;
    case FetchKind::aia:
      if (Result<std::vector<x509::Certificate>> issuers = x509::parse_issuers(body))
        fetched.issuers.insert(fetched.issuers.end(), issuers->begin(), issuers->end());
      return;
    case FetchKind::mta_sts:
      return;
  }
}

}  // namespace

std::vector<Want> next_wants(const std::vector<Want>& wants,
                             const verdict::FetchedEvidence& fetched, bool with_issuers) {
  std::vector<Want> out;
  std::vector<std::string> served;  // certificates that have their want of this round
  for (const Want& want : wants) {
    if (want.kind == FetchKind::aia && !with_issuers) continue;
    if (tried(fetched, want) || std::ranges::find(served, want.certificate) != served.end())
      continue;
    served.push_back(want.certificate);
    const bool listed = std::ranges::any_of(out, [&](const Want& other) {
      return same_fetch(other.kind, other.url, other.certificate, want);
    });
    if (!listed) out.push_back(want);
    if (out.size() == kMaxFetchesPerRound) break;
  }
  return out;
}

fetch::Request request_of(const Want& want) {
  return {want.kind, want.url, want.ocsp_request};
}

void add_answer(verdict::FetchedEvidence& fetched, const Want& want, const fetch::Answer& answer) {
  Fetch one;
  one.kind = want.kind;
  one.url = want.url;
  one.certificate = want.certificate;
  one.ok = answer.ok();
  one.error = answer.error;
  one.cached = answer.cached;
  if (answer.ok()) {
    one.octets = answer.body->size();
    one.sha256 = to_hex(x509::sha256_digest(*answer.body));
    add_body(fetched, want.kind, *answer.body);
  }
  fetched.fetches.push_back(std::move(one));
}

std::vector<Want> settled_nothing(const std::vector<Want>& tried,
                                  const std::vector<fetch::Answer>& answers,
                                  const std::vector<Want>& still) {
  std::vector<Want> out;
  for (std::size_t i = 0; i < std::min(tried.size(), answers.size()); ++i) {
    const bool useless = answers[i].ok() && std::ranges::find(still, tried[i]) != still.end();
    if (useless) out.push_back(tried[i]);
  }
  return out;
}

}  // namespace postern::observe
