// gzip while it is read: octets that begin as a gzip member (RFC 1952) are inflated, others pass as
// they are. Bounded: nothing is held but one block.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace postern::cli {

class Gunzip {
 public:
  using Sink = std::function<void(std::string_view octets)>;
  explicit Gunzip(Sink sink);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Errors: invalid, "the gzip data is damaged after N octets"; what was sound has passed.
  [[nodiscard]] Result<void> feed(std::string_view octets);
  // Errors: invalid where the data ends inside a member.
  [[nodiscard]] Result<void> finish();

 private:
  struct Stream;
  Sink sink_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace postern::cli
