#include "tls/handshake_message.h"

#include <string>

#include <gtest/gtest.h>

namespace postern::tls {
namespace {

std::string number(std::size_t value, int octets) {
  std::string out;
  for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift & 0xFF));
  return out;
}
std::string vec(const std::string& body, int length_octets) {
  return number(body.size(), length_octets) + body;
}
std::string message(unsigned char type, const std::string& body) {
  return number(type, 1) + vec(body, 3);
}
std::string request_tls1_2(const std::string& names) {
  return message(kCertificateRequestMessage, vec("\x01\x40", 1) + vec("\x04\x03", 2) + names);
}

TEST(CaNames, Tls12ListIsCountedWithTheLengthsOfItsNames) {
  const auto names = ca_names_of_request(request_tls1_2(vec(vec("abc", 2) + vec("de", 2), 2)),
                                         MessageForm::tls1_2);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->octets, 9U);
  EXPECT_EQ(names->count, 2U);
}

TEST(CaNames, Tls13ListStandsInItsExtensionAmongOthers) {
  const std::string extensions = vec(
      number(13, 2) + vec(vec("\x04\x03", 2), 2) + number(47, 2) + vec(vec(vec("abc", 2), 2), 2),
      2);
  const auto names = ca_names_of_request(
      message(kCertificateRequestMessage, vec("", 1) + extensions), MessageForm::tls1_3);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->octets, 5U);
  EXPECT_EQ(names->count, 1U);
}

TEST(CaNames, Tls13WithoutTheExtensionListsNone) {
  const auto names = ca_names_of_request(
      message(kCertificateRequestMessage, vec("", 1) + vec("", 2)), MessageForm::tls1_3);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->count, 0U);
}

TEST(CaNames, CutAtAnyOctetIsNoRequest) {
  const std::string whole = request_tls1_2(vec(vec("abc", 2), 2));
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_FALSE(ca_names_of_request(whole.substr(0, i), MessageForm::tls1_2)) << i;
}

TEST(CaNames, NameLongerThanTheListIsRefused) {
  EXPECT_FALSE(
      ca_names_of_request(request_tls1_2(vec(number(9, 2) + "xx", 2)), MessageForm::tls1_2));
  EXPECT_FALSE(
      ca_names_of_request(request_tls1_2(vec(std::string(1, 'x'), 2)), MessageForm::tls1_2));
}

TEST(CertificateMessage, EmptyListHoldsNone) {
  const std::string one = vec(vec("der", 3), 3);
  EXPECT_TRUE(holds_certificate(message(kCertificateMessage, one), MessageForm::tls1_2));
  EXPECT_FALSE(holds_certificate(message(kCertificateMessage, vec("", 3)), MessageForm::tls1_2));
  EXPECT_TRUE(
      holds_certificate(message(kCertificateMessage, vec("", 1) + one), MessageForm::tls1_3));
  EXPECT_FALSE(holds_certificate(message(kCertificateMessage, vec("", 1) + vec("", 3)),
                                 MessageForm::tls1_3));
  EXPECT_FALSE(holds_certificate("", MessageForm::tls1_3));
}

}  // namespace
}  // namespace postern::tls
