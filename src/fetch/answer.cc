#include "fetch/answer.h"

#include "base/text.h"
#include "verdict/mta_sts.h"
#include "x509/revocation.h"
#include "x509/revocation_fetch.h"

namespace postern::fetch {
namespace {

// Base64 as one segment of a path (RFC 3986 s2.1): three of its signs mean something in a URL.
std::string path_segment(std::string_view base64) {
  std::string out;
  for (const char c : base64) {
    if (c == '+') {
      out += "%2B";
    } else if (c == '/') {
      out += "%2F";
    } else if (c == '=') {
      out += "%3D";
    } else {
      out += c;
    }
  }
  return out;
}

Result<Body> read_crl(const std::string& octets) {
  Result<std::vector<std::string>> lists = x509::parse_crls(octets);
  if (!lists || lists->empty()) return invalid("this is no CRL");
  if (lists->size() > 1) return invalid("these are several CRLs");
  TRY(const x509::AnswerTimes times, x509::crl_times(lists->front()));
  return Body{std::make_shared<const std::string>(std::move(lists->front())), times.ends};
}

// What came instead, when it is something that people know.
std::string instead(std::string_view octets) {
  const std::string_view text = trim(octets);
  if (text.empty()) return " (it is empty)";
  if (istarts_with(text, "<!doctype html") || istarts_with(text, "<html"))
    return " (it is a web page)";
  return {};
}

}  // namespace

std::size_t max_octets(verdict::FetchKind kind) {
  switch (kind) {
    case verdict::FetchKind::crl:
      return kMaxFetchedCrlOctets;
    case verdict::FetchKind::ocsp:
      return kMaxFetchedOcspOctets;
    case verdict::FetchKind::mta_sts:
      return verdict::kMaxStsPolicyOctets;
    case verdict::FetchKind::aia:
      break;
  }
  return kMaxFetchedIssuerOctets;
}

std::optional<std::string> ocsp_get_url(std::string_view url, std::string_view request_der) {
  if (url.find('?') != std::string_view::npos) return std::nullopt;
  std::string out(url);
  if (!out.ends_with('/')) out += '/';
  out += path_segment(to_base64(request_der));
  return out.size() <= kMaxGetUrl ? std::optional(out) : std::nullopt;
}

bool post_may_help(long status) {
  return status == 400 || status == 404 || status == 405 || status == 501;
}

bool right_media_type(verdict::FetchKind kind, std::string_view content_type) {
  if (kind != verdict::FetchKind::mta_sts) return true;
  return iequals(trim(content_type.substr(0, content_type.find(';'))), "text/plain");
}

Result<Body> read_body(verdict::FetchKind kind, std::string octets) {
  const std::string hint = instead(octets);
  const auto with_hint = [&](const Error& error) { return invalid(error.detail() + hint); };
  std::optional<Time> ends;
  switch (kind) {
    case verdict::FetchKind::crl: {
      Result<Body> crl = read_crl(octets);
      if (!crl) return with_hint(crl.error());
      return crl;
    }
    case verdict::FetchKind::ocsp: {
      const Result<x509::AnswerTimes> times = x509::ocsp_times(octets);
      if (!times) return with_hint(times.error());
      ends = times->ends;
      break;
    }
    case verdict::FetchKind::aia: {
      const Result<std::vector<x509::Certificate>> issuers = x509::parse_issuers(octets);
      if (!issuers) return with_hint(issuers.error());
      break;
    }
    case verdict::FetchKind::mta_sts: {
      const Result<verdict::StsPolicy> policy = verdict::parse_sts_policy(octets);
      if (!policy) return with_hint(policy.error());
      break;
    }
  }
  return Body{std::make_shared<const std::string>(std::move(octets)), ends};
}

}  // namespace postern::fetch
