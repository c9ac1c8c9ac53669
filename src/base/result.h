// Result<T>: what the world does to us (a peer, a disk, bad syntax) as a value that cannot be
// ignored. A domain answer is not an error: an untrusted certificate is a Verdict, a refused
// recipient a Reply. Exceptions are for broken invariants and exhausted memory only.
#pragma once

#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace postern {

// A code of some module's enum, and a sentence that says what, where, and what would be right.
class Error {
 public:
  // User-declared, so that the type is no aggregate (docs/architecture.md, coroutines).
  Error(std::error_code code, std::string detail) : code_(code), detail_(std::move(detail)) {}

  [[nodiscard]] const std::error_code& code() const { return code_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }
  // "detail (code's message)", or either of them where the other is empty.
  [[nodiscard]] std::string what() const;

 private:
  std::error_code code_;
  std::string detail_;
};

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(std::expected<T, Error> other) : std::expected<T, Error>(std::move(other)) {}
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  using std::expected<void, Error>::expected;
  Result(std::expected<void, Error> other) : std::expected<void, Error>(std::move(other)) {}
};

[[nodiscard]] inline std::unexpected<Error> fail(std::error_code code, std::string detail = {}) {
  return std::unexpected<Error>(Error(code, std::move(detail)));
}
// std::errc::invalid_argument with a sentence: for parsers that need no code of their own.
[[nodiscard]] std::unexpected<Error> invalid(std::string detail);
// The error of a failed system call: `errno_value` with what was tried.
[[nodiscard]] std::unexpected<Error> fail_errno(int errno_value, std::string detail);

}  // namespace postern

// TRY(auto x, f()): x is f's value, or this function returns f's error. CO_ forms for coroutines.
// Plain statements, never statement expressions.
#define POSTERN_CAT2(a, b) a##b
#define POSTERN_CAT(a, b) POSTERN_CAT2(a, b)
#define POSTERN_TRY_IMPL(ret, result, decl, expr)                                \
  auto result = (expr);                                                          \
  if (!result) ret std::unexpected<::postern::Error>(std::move(result.error())); \
  decl = std::move(*result)
#define POSTERN_TRY_VOID_IMPL(ret, result, expr) \
  auto result = (expr);                          \
  if (!result) ret std::unexpected<::postern::Error>(std::move(result.error()))
#define TRY(decl, expr) POSTERN_TRY_IMPL(return, POSTERN_CAT(try_result_, __LINE__), decl, expr)
#define TRY_VOID(expr) POSTERN_TRY_VOID_IMPL(return, POSTERN_CAT(try_result_, __LINE__), expr)
#define CO_TRY(decl, expr) \
  POSTERN_TRY_IMPL(co_return, POSTERN_CAT(try_result_, __LINE__), decl, expr)
#define CO_TRY_VOID(expr) POSTERN_TRY_VOID_IMPL(co_return, POSTERN_CAT(try_result_, __LINE__), expr)
