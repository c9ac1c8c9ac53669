#include "x509/revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "x509/testing/factory.h"

namespace postern::x509 {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the factory
using ::testing::HasSubstr;
using State = RevocationState;

const Time kNow = parse_rfc3339("2026-11-21T12:00:00Z").value();

class Revocation : public ::testing::Test {
 protected:
  RevocationStatus by_crls(std::vector<std::string> crls, Time now = kNow) const {
    return revocation_status(leaf.certificate, root.certificate, {std::move(crls), {}}, now);
  }
  RevocationStatus by_ocsp(std::vector<std::string> responses, Time now = kNow) const {
    return revocation_status(leaf.certificate, root.certificate, {{}, std::move(responses)}, now);
  }
  std::string crl_with_leaf(CrlSpec spec = {}, std::optional<int> reason = {}) const {
    spec.revoked.push_back({leaf.certificate, kNow - 48h, reason});
    return make_crl(root, spec);
  }

  const Issued root = make_root("Root");
  const Issued leaf = issue(root, {.common_name = "leaf", .crl_urls = {"http://crl.test/1.crl"}});
  const Issued other = make_leaf(root, "other.test");
};

#define EXPECT_UNKNOWN(status, why)              \
  do {                                           \
    const RevocationStatus status_ = (status);   \
    EXPECT_EQ(status_.state, State::unknown);    \
    EXPECT_THAT(status_.detail, HasSubstr(why)); \
  } while (false)

TEST_F(Revocation, ListedIsRevokedAndUnlistedIsGood) {
  const RevocationStatus revoked = by_crls({crl_with_leaf()});
  EXPECT_EQ(revoked.state, State::revoked);
  EXPECT_EQ(revoked.source, "crl");
  EXPECT_EQ(revoked.revoked_at, kNow - 48h);
  EXPECT_EQ(by_crls({make_crl(root, {.revoked = {{other.certificate}}})}).state, State::good);
}

TEST_F(Revocation, WithoutDataOrWithDataOfOthersItIsUnknown) {
  EXPECT_UNKNOWN(by_crls({}), "no revocation data");
  EXPECT_UNKNOWN(by_crls({make_crl(make_root("Other"), {})}), "no CRL of this issuer");
  EXPECT_UNKNOWN(by_crls({make_crl(make_root("Root"), {})}), "signature");
  EXPECT_UNKNOWN(by_crls({"rubbish"}), "unreadable");
  EXPECT_UNKNOWN(by_ocsp({make_ocsp(root, other.certificate, {})}),
                 "response of another certificate");
}

TEST_F(Revocation, ACrlSpeaksWithinItsTimeOnly) {
  const CrlSpec past{.next_update = kNow - 10min};
  EXPECT_UNKNOWN(by_crls({make_crl(root, past)}), "CRL past nextUpdate 2026-11-21T11:50:00Z");
  EXPECT_EQ(by_crls({make_crl(root, {.next_update = kNow - 4min})}).state, State::good);
  EXPECT_UNKNOWN(by_crls({make_crl(root, {.this_update = kNow + 10min})}), "begins only at");
  EXPECT_EQ(by_crls({make_crl(root, {.this_update = kNow + 4min})}).state, State::good);
  EXPECT_UNKNOWN(by_crls({make_crl(root, {.next_update = std::nullopt})}), "no nextUpdate");
}

TEST_F(Revocation, AStaleCrlStillRevokesUnlessItWasAHold) {
  constexpr int kKeyCompromise = 1, kHold = 6;
  const CrlSpec past{.next_update = kNow - 24h};
  EXPECT_EQ(by_crls({crl_with_leaf(past, kKeyCompromise)}).state, State::revoked);
  EXPECT_UNKNOWN(by_crls({crl_with_leaf(past, kHold)}), "CRL past nextUpdate");
  EXPECT_EQ(by_crls({crl_with_leaf({}, kHold)}).state, State::revoked);
}

TEST_F(Revocation, ListsThatSpeakAboutOthersAreNotTakenForGood) {
  const struct {
    const char *name, *value, *why;
  } cases[] = {
      {"2.5.29.27", "critical,ASN1:INTEGER:1", "delta"},
      {"issuingDistributionPoint", "critical,onlyCA:TRUE", "CA certificates only"},
      {"issuingDistributionPoint", "critical,onlyAA:TRUE", "attribute"},
      {"issuingDistributionPoint", "critical,fullname:URI:http://crl.test/2.crl", "another"},
      {"issuingDistributionPoint", "critical,onlysomereasons:keyCompromise", "some reasons"},
      {"1.2.3.4", "critical,ASN1:UTF8String:x", "unknown critical"},
  };
  for (const auto& [name, value, why] : cases)
    EXPECT_UNKNOWN(by_crls({make_crl(root, {.extensions = {{name, value}}})}), why);
  const CrlSpec same{
      .extensions = {{"issuingDistributionPoint", "critical,fullname:URI:http://crl.test/1.crl"}}};
  EXPECT_EQ(by_crls({make_crl(root, same)}).state, State::good);
}

std::string der(char tag, const std::string& content) {
  return std::string{tag, static_cast<char>(content.size())} + content;  // of less than 128 octets
}

// cRLDistributionPoints with a cRLIssuer alone: RFC 5280 s4.2.1.13.
std::string crl_issuer_point(const Certificate& signer) {
  const std::string name = der('\xA4', signer.subject_der());  // GeneralName: directoryName
  return der('\x30', der('\x30', der('\xA2', name)));
}

TEST_F(Revocation, ADeltaListRevokesAndLiftsHoldsButCallsNothingGood) {
  constexpr int kKeyCompromise = 1, kHold = 6, kRemoveFromCrl = 8;
  const CrlSpec delta{.this_update = kNow - 1h,
                      .extensions = {{"2.5.29.27", "critical,ASN1:INTEGER:1"}}};
  const std::string complete = make_crl(root, {}), held = crl_with_leaf({}, kHold);
  const std::string removes = crl_with_leaf(delta, kRemoveFromCrl);
  EXPECT_EQ(by_crls({complete, make_crl(root, delta)}).state, State::good);
  EXPECT_EQ(by_crls({complete, crl_with_leaf(delta, kKeyCompromise)}).state, State::revoked);
  EXPECT_EQ(by_crls({held, removes}).state, State::good);
  EXPECT_EQ(by_crls({crl_with_leaf({}, kKeyCompromise), removes}).state, State::revoked);
  EXPECT_EQ(by_crls({crl_with_leaf({.this_update = kNow - 1min}, kHold), removes}).state,
            State::revoked);
  EXPECT_UNKNOWN(by_crls({removes}), "only a delta");
}

TEST_F(Revocation, AnotherCrlIssuerIsUnsupported) {
  const Issued other = make_root("CRL signer");
  const Issued one = issue(
      root, {.common_name = "a",
             .extensions = {{"2.5.29.31", "DER:" + to_hex(crl_issuer_point(other.certificate))}}});
  const RevocationStatus found = revocation_status(
      one.certificate, root.certificate,
      {{make_crl(other,
                 {.extensions = {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"}}})},
       {}},
      kNow);
  EXPECT_EQ(found.state, State::unknown);
  EXPECT_TRUE(found.unsupported);
}

// GeneralNames of one directoryName: the value of certificateIssuer.
std::string directory_names(const Certificate& certificate) {
  return der('\x30', der('\xA4', certificate.subject_der()));
}

TEST_F(Revocation, AnEntryBelongsToTheIssuerThatItNames) {
  const std::pair<std::string, std::string> of_other{
      "2.5.29.29", "critical,DER:" + to_hex(directory_names(make_root("Other").certificate))};
  const std::pair<std::string, std::string> of_root{
      "2.5.29.29", "critical,DER:" + to_hex(directory_names(root.certificate))};
  const auto listed = [&](const auto& extension) {
    return make_crl(root,
                    {.revoked = {{leaf.certificate, kNow - 48h, {}, {extension}}},
                     .extensions = {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"}}});
  };
  EXPECT_EQ(by_crls({listed(of_other)}).state, State::good);
  EXPECT_EQ(by_crls({listed(of_root)}).state, State::revoked);
}

// RFC 5280 s5.3: such a list must not be used at all.
TEST_F(Revocation, AnEntryWithAnUnknownCriticalExtensionSpoilsTheList) {
  const std::pair<std::string, std::string> unknown{"1.2.3.4", "critical,ASN1:UTF8String:x"};
  EXPECT_UNKNOWN(
      by_crls({make_crl(root, {.revoked = {{other.certificate, kNow - 48h, {}, {unknown}}}})}),
      "an entry with an unknown critical");
}

TEST_F(Revocation, ListsForSomeReasonsAreGoodTogetherOnly) {
  const auto covering = [&](const char* der) {
    return make_crl(root, {.extensions = {{"2.5.29.28", std::string("critical,DER:") + der}}});
  };
  // onlySomeReasons: bits 1 and 2 (the compromises), and all the others.
  const std::string some = covering("300483020560"), others = covering("30058303071f80");
  EXPECT_UNKNOWN(by_crls({some}), "some reasons only");
  EXPECT_UNKNOWN(by_crls({some, some}), "some reasons only");
  EXPECT_EQ(by_crls({some, others}).state, State::good);
  EXPECT_EQ(by_crls({some, crl_with_leaf()}).state, State::revoked);
}

TEST_F(Revocation, AWeakSignatureRevokesAndCallsNothingGood) {
  EXPECT_UNKNOWN(by_crls({make_crl(root, {.digest = "SHA1"})}), "weak algorithm");
  EXPECT_EQ(by_crls({crl_with_leaf({.digest = "SHA1"})}).state, State::revoked);
}

TEST_F(Revocation, WhatIsNoListInDerIsUnreadable) {
  const std::string good = make_crl(root, {.revoked = {{other.certificate}}});
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_UNKNOWN(by_crls({good.substr(0, size)}), "unreadable");
  EXPECT_UNKNOWN(by_crls({good + "x"}), "unreadable");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string turned = good;
    turned[i] = static_cast<char>(turned[i] ^ 0x10);
    EXPECT_NE(by_crls({turned}).state, State::good) << i;
  }
}

TEST_F(Revocation, AnIssuerWithoutCrlSignUsageMakesNoCrl) {
  const Issued limited =
      make_root({.common_name = "L", .key_usage = std::vector<std::string>{"keyCertSign"}});
  const Certificate below = make_leaf(limited, "a").certificate;
  EXPECT_UNKNOWN(revocation_status(below, limited.certificate, {{make_crl(limited, {})}, {}}, kNow),
                 "may not sign CRLs");
}

TEST_F(Revocation, OcspAnswers) {
  using Status = OcspSpec::Status;
  EXPECT_EQ(by_ocsp({make_ocsp(root, leaf.certificate, {})}).state, State::good);
  EXPECT_EQ(by_ocsp({make_ocsp(root, leaf.certificate, {})}).source, "ocsp");
  const RevocationStatus revoked = by_ocsp(
      {make_ocsp(root, leaf.certificate, {.status = Status::revoked, .revoked_at = kNow - 2h})});
  EXPECT_EQ(revoked.state, State::revoked);
  EXPECT_EQ(revoked.revoked_at, kNow - 2h);
  EXPECT_UNKNOWN(by_ocsp({make_ocsp(root, leaf.certificate, {.status = Status::unknown})}),
                 "does not know");
  EXPECT_UNKNOWN(by_ocsp({make_ocsp_error(3)}), "trylater");
  EXPECT_UNKNOWN(by_ocsp({"rubbish"}), "unreadable");
}

TEST_F(Revocation, OcspSpeaksWithinItsTimeOnly) {
  const auto answer = [&](const OcspSpec& spec) {
    return by_ocsp({make_ocsp(root, leaf.certificate, spec)});
  };
  EXPECT_UNKNOWN(answer({.next_update = kNow - 6min}), "past nextUpdate");
  EXPECT_EQ(answer({.next_update = kNow - 4min}).state, State::good);
  EXPECT_UNKNOWN(answer({.this_update = kNow + 6min}), "begins only at");
  EXPECT_EQ(answer({.this_update = kNow - 23h, .next_update = {}}).state, State::good);
  EXPECT_UNKNOWN(answer({.this_update = kNow - 25h, .next_update = {}}), "past nextUpdate");
}

TEST_F(Revocation, OcspIsSignedByTheIssuerOrItsDelegate) {
  const auto signed_by = [&](const Issued& responder) {
    return by_ocsp({make_ocsp(root, leaf.certificate, {.responder = responder})});
  };
  const CertificateSpec spec{.common_name = "OCSP", .eku = {"ocsp"}};
  EXPECT_EQ(signed_by(issue(root, spec)).state, State::good);
  EXPECT_UNKNOWN(signed_by(other), "not authorised");
  EXPECT_UNKNOWN(signed_by(issue(make_root("Root"), spec)), "not authorised");
  CertificateSpec expired = spec;
  expired.not_after = kNow - 1s;
  EXPECT_UNKNOWN(signed_by(issue(root, expired)), "not authorised");
  CertificateSpec no_signer = spec;
  no_signer.key_usage = std::vector<std::string>{"keyEncipherment"};
  EXPECT_UNKNOWN(signed_by(issue(root, no_signer)), "not authorised");
  std::string broken = make_ocsp(root, leaf.certificate, {});
  broken.back() = static_cast<char>(broken.back() ^ 1);
  EXPECT_UNKNOWN(by_ocsp({broken}), "not signed");
}

TEST_F(Revocation, RevokedBySomeSourceBeatsGoodBeatsUnknown) {
  const std::string good = make_ocsp(root, leaf.certificate, {});
  const std::string stale = make_crl(root, {.next_update = kNow - 24h});
  const RevocationData both{{crl_with_leaf()}, {good}};
  EXPECT_EQ(revocation_status(leaf.certificate, root.certificate, both, kNow).state,
            State::revoked);
  const RevocationStatus found =
      revocation_status(leaf.certificate, root.certificate, {{stale}, {good}}, kNow);
  EXPECT_EQ(found.state, State::good);
  EXPECT_EQ(found.source, "ocsp");
}

TEST_F(Revocation, CrlFilesInPemAndDer) {
  const std::string a = make_crl(root, {}), b = make_crl(make_root("B"), {});
  EXPECT_EQ(parse_crls(a).value(), std::vector{a});
  EXPECT_EQ(parse_crls("# two\n" + pem_crl(a) + pem_crl(b)).value(), (std::vector{a, b}));
  EXPECT_EQ(parse_crls("\xEF\xBB\xBF" + pem_crl(a)).value(), std::vector{a});
  for (const std::string& bad :
       {std::string(), std::string("x"), a + "x", root.certificate.pem(),
        std::string("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")})
    EXPECT_FALSE(parse_crls(bad)) << bad.substr(0, 40);
}

}  // namespace
}  // namespace postern::x509
