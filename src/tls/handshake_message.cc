#include "tls/handshake_message.h"

namespace postern::tls {
namespace {

constexpr std::size_t kCertificateAuthoritiesExtension = 47;  // RFC 8446 s4.2

// Takes what stands at the front of octets; after a read past the end everything is empty and
// ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  std::size_t number(std::size_t octets) {
    std::size_t value = 0;
    for (const char c : take(octets)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  // What follows a length of `length_octets` octets.
  std::string_view vector(std::size_t length_octets) { return take(number(length_octets)); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<std::string_view> body_of(std::string_view message, unsigned char type) {
  Reader reader(message);
  const bool right_type = reader.number(1) == type;
  const std::string_view body = reader.vector(3);
  if (!right_type || !reader.ok() || !reader.at_end()) return std::nullopt;
  return body;
}

std::optional<CaNames> count_names(std::string_view list) {
  CaNames names{list.size(), 0};
  for (Reader reader(list); !reader.at_end(); ++names.count) {
    (void)reader.vector(2);
    if (!reader.ok()) return std::nullopt;
  }
  return names;
}

std::optional<CaNames> names_tls1_2(std::string_view body) {
  Reader reader(body);
  (void)reader.vector(1);  // certificate_types
  (void)reader.vector(2);  // supported_signature_algorithms
  const std::string_view list = reader.vector(2);
  return reader.ok() ? count_names(list) : std::nullopt;
}

std::optional<CaNames> names_tls1_3(std::string_view body) {
  Reader reader(body);
  (void)reader.vector(1);  // certificate_request_context
  Reader extensions(reader.vector(2));
  if (!reader.ok()) return std::nullopt;
  while (!extensions.at_end()) {
    const std::size_t type = extensions.number(2);
    Reader data(extensions.vector(2));
    if (!extensions.ok()) return std::nullopt;
    if (type != kCertificateAuthoritiesExtension) continue;
    const std::string_view list = data.vector(2);
    return data.ok() ? count_names(list) : std::nullopt;
  }
  return CaNames{};
}

}  // namespace

std::optional<CaNames> ca_names_of_request(std::string_view message, MessageForm form) {
  const auto body = body_of(message, kCertificateRequestMessage);
  if (!body) return std::nullopt;
  return form == MessageForm::tls1_3 ? names_tls1_3(*body) : names_tls1_2(*body);
}

bool holds_certificate(std::string_view message, MessageForm form) {
  const auto body = body_of(message, kCertificateMessage);
  if (!body) return false;
  Reader reader(*body);
  if (form == MessageForm::tls1_3) (void)reader.vector(1);  // certificate_request_context
  return !reader.vector(3).empty() && reader.ok();
}

}  // namespace postern::tls
