// Invariants that no input can break: when one is broken the program is wrong, and it stops before
// it does harm. Not for what the world does (that is a Result).
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace postern {

[[noreturn]] inline void check_failed(const char* file, int line, std::string_view message) {
  std::fprintf(stderr, "%s:%d: broken invariant: %.*s\n", file, line,
               static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace postern

// POSTERN_CHECK(condition, "what must hold"): also in release builds.
#define POSTERN_CHECK(condition, message) \
  ((condition) ? static_cast<void>(0) : ::postern::check_failed(__FILE__, __LINE__, (message)))
