#include "x509/openssl.h"

#include <ctime>

#include <openssl/err.h>

namespace postern::x509 {

std::optional<Time> time_of(const ASN1_TIME* t) {
  std::tm parts{};
  if (t == nullptr || ASN1_TIME_to_tm(t, &parts) != 1) return std::nullopt;
  using namespace std::chrono;
  const auto date = year(parts.tm_year + 1900) / month(static_cast<unsigned>(parts.tm_mon + 1)) /
                    day(static_cast<unsigned>(parts.tm_mday));
  if (!date.ok()) return std::nullopt;
  return Time(sys_days(date) + hours(parts.tm_hour) + minutes(parts.tm_min) +
              seconds(parts.tm_sec));
}

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

}  // namespace postern::x509
