#include "policy/selection.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "x509/names.h"

namespace postern::policy {
namespace {

using x509::Certificate;

constexpr std::size_t kSha1HexDigits = 40;
constexpr std::size_t kSha256HexDigits = 64;

std::string day(Time t) {
  return format_rfc3339(t).substr(0, 10);
}

// How fit a usable certificate is for its job now. Smaller rank is better; anything but 0 is
// presented only where nothing better is eligible, and then as a finding.
struct Fitness {
  int rank = 0;
  std::string code = "none";
  std::string words;
};

Fitness fitness(const Certificate& leaf, bool server, Time now) {
  if (now > leaf.not_after()) return {2, "expired", "expired " + day(leaf.not_after())};
  if (now < leaf.not_before()) {
    return {3, "not-yet-valid", "valid only from " + day(leaf.not_before())};
  }
  if (server ? leaf.eku_allows_server() : leaf.eku_allows_client()) return {};
  return {1, "wrong-key-usage",
          std::string("its extended key usage lacks ") + (server ? "serverAuth" : "clientAuth")};
}

bool usable(const LoadedCertificate& one) {
  return one.key_usable && one.problem.empty() && !one.chain.empty();
}

std::string problem_of(const LoadedCertificate& one) {
  if (!one.problem.empty()) return one.problem;
  return one.chain.empty() ? "its chain file could not be read" : "its private key cannot be used";
}

std::string problem_code_of(const LoadedCertificate& one) {
  return one.problem_code.empty() ? "private-key-inaccessible" : one.problem_code;
}

// "CN=..." names count as Exchange counts them, but never silently.
x509::NameMatch bears(const LoadedCertificate& one, std::string_view name) {
  return one.chain.empty() ? x509::NameMatch::no
                           : x509::match_name(one.chain.front(), name, /*legacy_cn=*/true);
}

// What was looked for, as a test with words for those that fail it.
struct Wanted {
  std::string asked;
  std::function<bool(const LoadedCertificate&)> eligible;
  std::function<std::string(const LoadedCertificate&)> why_not;
  std::string how;  // "named by the connector": completes "chosen: "
  std::function<std::string(const LoadedCertificate&)> remark;  // " (...)" after it, or empty
  std::string missing_code;                                     // when nothing is eligible
  std::string missing;
};

// Step 9 of Exchange's order within equal fitness: CA-issued before self-signed, then the newest
// notBefore. The newest notAfter decides only between equals, then the order in the file.
bool better(const Certificate& a, const Certificate& b) {
  if (a.self_signed() != b.self_signed()) return b.self_signed();
  if (a.not_before() != b.not_before()) return a.not_before() > b.not_before();
  return a.not_after() > b.not_after();
}

std::string why_behind(const Certificate& loser, const Fitness& loser_fitness,
                       const LoadedCertificate& winner, int winner_rank) {
  const Certificate& best = winner.chain.front();
  if (loser_fitness.rank > winner_rank) return loser_fitness.words;
  if (loser.self_signed() && !best.self_signed()) {
    return "self-signed, and " + winner.name + " is issued by a CA";
  }
  if (loser.not_before() < best.not_before()) {
    return "older than " + winner.name + " (valid from " + day(loser.not_before()) + ", not " +
           day(best.not_before()) + ")";
  }
  if (loser.not_after() < best.not_after()) {
    return "as new as " + winner.name + " but ends earlier (" + day(loser.not_after()) + ")";
  }
  return "equal to " + winner.name + ", which stands first in the configuration";
}

std::optional<size_t> best_of(const CertificateStore& store, const Wanted& wanted, bool server,
                              Time now) {
  std::optional<size_t> best;
  int best_rank = 0;
  for (size_t i = 0; i < store.size(); ++i) {
    if (!usable(store[i]) || !wanted.eligible(store[i])) continue;
    const int rank = fitness(store[i].chain.front(), server, now).rank;
    if (!best || rank < best_rank ||
        (rank == best_rank && better(store[i].chain.front(), store[*best].chain.front()))) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

// Nothing can be presented: because nothing is eligible, or because what is cannot be used. That
// one is named, where Exchange would choose it and fail in the handshake.
void explain_none(const CertificateStore& store, const Wanted& wanted, Selection& out) {
  const auto unusable = std::ranges::find_if(store, wanted.eligible);
  if (unusable != store.end()) {
    out.code = problem_code_of(*unusable);
    out.reason =
        "certificate " + unusable->name + " fits but cannot be used: " + problem_of(*unusable);
  } else {
    out.code = wanted.missing_code;
    out.reason = wanted.missing;
  }
}

Selection choose(const CertificateStore& store, const Wanted& wanted, bool server, Time now) {
  Selection out;
  out.asked = wanted.asked;
  out.index = best_of(store, wanted, server, now);
  int best_rank = 0;
  if (out.index) {
    const Fitness fit = fitness(store[*out.index].chain.front(), server, now);
    best_rank = fit.rank;
    out.code = fit.code;
    out.reason = "certificate " + store[*out.index].name + " is " + wanted.how +
                 wanted.remark(store[*out.index]);
    if (fit.rank != 0) out.reason += ", the only one so, although: " + fit.words;
  } else {
    explain_none(store, wanted, out);
  }
  for (size_t i = 0; i < store.size(); ++i) {
    const LoadedCertificate& one = store[i];
    Candidate candidate{one.name, out.index == i, {}};
    if (candidate.chosen) {
      candidate.reason = "chosen: " + wanted.how + wanted.remark(one);
      if (best_rank != 0) candidate.reason += "; " + fitness(one.chain.front(), server, now).words;
    } else if (!wanted.eligible(one)) {
      candidate.reason = wanted.why_not(one);
    } else if (!usable(one)) {
      candidate.reason = "cannot be used: " + problem_of(one);
    } else {
      candidate.reason = why_behind(one.chain.front(), fitness(one.chain.front(), server, now),
                                    store[*out.index], best_rank);
    }
    out.candidates.push_back(std::move(candidate));
  }
  return out;
}

Wanted by_fqdn(const std::string& name, std::string asked) {
  Wanted out;
  out.asked = std::move(asked);
  out.eligible = [name](const LoadedCertificate& one) {
    return bears(one, name) != x509::NameMatch::no;
  };
  out.why_not = [name](const LoadedCertificate& one) {
    if (one.chain.empty()) return "cannot be used: " + problem_of(one);
    return "no name of it is " + name + " (it bears " +
           join(x509::presented_names(one.chain.front()), ", ") + ")";
  };
  out.how = "the one that bears " + name;
  out.remark = [name](const LoadedCertificate& one) -> std::string {
    if (bears(one, name) != x509::NameMatch::legacy_cn) return {};
    return " (in its subject only: clients that follow RFC 9525 do not look there)";
  };
  out.missing_code = "certificate-missing-for-fqdn";
  out.missing = "no certificate bears the name " + name;
  return out;
}

// The connector names its certificate: by name, thumbprint, or <I>issuer<S>subject.
Wanted by_reference(const std::string& text, const std::string& whose) {
  Wanted out;
  out.asked = "certificate \"" + text + "\" of " + whose;
  out.how = "named by the connector";
  out.remark = [](const LoadedCertificate&) { return std::string(); };
  out.missing_code = "tlscertificatename-stale";
  switch (certificate_reference_form(text)) {
    case ReferenceForm::name:
      out.eligible = [text](const LoadedCertificate& one) { return one.name == text; };
      out.missing = "no [certificates." + text + "] is configured";
      break;
    case ReferenceForm::thumbprint:
      out.eligible = [text](const LoadedCertificate& one) {
        return !one.chain.empty() && (iequals(one.chain.front().thumbprint(), text) ||
                                      iequals(one.chain.front().sha256(), text));
      };
      out.missing = whose + " pins thumbprint " + text +
                    ", which no certificate has: a renewed certificate has a new one";
      break;
    case ReferenceForm::issuer_subject: {
      const auto pin = x509::parse_exchange_certificate_name(text);
      out.eligible = [pin](const LoadedCertificate& one) {
        return pin && !one.chain.empty() &&
               x509::same_distinguished_name(one.chain.front().issuer(), pin->issuer) &&
               x509::same_distinguished_name(one.chain.front().subject(), pin->subject);
      };
      out.missing = whose + " pins " + text +
                    ", which no certificate bears: renewed by another issuer or for another "
                    "subject";
      break;
    }
  }
  out.why_not = [](const LoadedCertificate& one) {
    if (one.chain.empty()) return "cannot be used: " + problem_of(one);
    return std::string("not the one that the connector names");
  };
  return out;
}

}  // namespace

ReferenceForm certificate_reference_form(std::string_view text) {
  if (istarts_with(text, "<I>")) return ReferenceForm::issuer_subject;
  if ((text.size() == kSha1HexDigits || text.size() == kSha256HexDigits) && from_hex(text)) {
    return ReferenceForm::thumbprint;
  }
  return ReferenceForm::name;
}

Selection select_server_certificate(const Config& config, const ReceiveConnector& connector,
                                    const CertificateStore& store, std::string_view sni, Time now) {
  const std::string whose = "receive connector " + connector.name;
  if (!connector.certificate.empty()) {  // step 3: TlsCertificateName
    return choose(store, by_reference(connector.certificate, whose), /*server=*/true, now);
  }
  const auto usable_for_sni = [&](const LoadedCertificate& one) {
    return usable(one) && bears(one, sni) != x509::NameMatch::no;
  };
  if (!sni.empty() && std::ranges::any_of(store, usable_for_sni)) {
    const std::string name = lower(sni);
    return choose(store, by_fqdn(name, "server name " + printable(name) + " asked by the client"),
                  /*server=*/true, now);
  }
  const bool own_fqdn = !connector.fqdn.empty();  // steps 4 and 5
  const std::string& name = own_fqdn ? connector.fqdn : config.server.hostname;
  return choose(store,
                by_fqdn(name, own_fqdn ? "fqdn " + name + " of " + whose
                                       : "hostname " + name + " of [server], since " + whose +
                                             " has no fqdn"),
                /*server=*/true, now);
}

Selection select_client_certificate(const SendConnector& connector, const CertificateStore& store,
                                    Time now) {
  const std::string whose = "send connector " + connector.name;
  if (!connector.certificate.empty()) {
    return choose(store, by_reference(connector.certificate, whose), /*server=*/false, now);
  }
  Selection out;
  out.asked = "certificate of " + whose;
  out.reason = whose + " names no certificate: none is presented";
  for (const LoadedCertificate& one : store) {
    out.candidates.push_back({one.name, false, "the connector names no certificate"});
  }
  return out;
}

}  // namespace postern::policy
