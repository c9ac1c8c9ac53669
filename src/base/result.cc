#include "base/result.h"

namespace postern {

std::string Error::what() const {
  if (detail_.empty()) return code_.message();
  if (!code_ || code_ == std::errc::invalid_argument) return detail_;
  return detail_ + " (" + code_.message() + ")";
}

std::unexpected<Error> invalid(std::string detail) {
  return fail(std::make_error_code(std::errc::invalid_argument), std::move(detail));
}

std::unexpected<Error> fail_errno(int errno_value, std::string detail) {
  return fail(std::error_code(errno_value, std::generic_category()), std::move(detail));
}

}  // namespace postern
