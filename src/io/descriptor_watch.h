// Tells when a descriptor becomes readable: for libraries and kernel interfaces that own their
// descriptor (inotify, libunbound).
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "io/executor.h"

namespace postern::io {

class DescriptorWatch {
 public:
  // `on_readable` runs on `executor`'s loop each time octets are there to read, and must read them.
  // The descriptor is duplicated: the caller's stays the caller's. May be made on any thread.
  // Errors: the system's words.
  [[nodiscard]] static Result<std::unique_ptr<DescriptorWatch>> create(
      Executor executor, int descriptor, std::function<void()> on_readable);
  ~DescriptorWatch();  // any thread; `on_readable` may be running once more on the loop meanwhile
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;

  struct State;
  explicit DescriptorWatch(std::shared_ptr<State> state);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace postern::io
