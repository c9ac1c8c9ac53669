// Tells when files change: by inotify on their folders (so renames, new files and symlink swaps
// count), and by looking at modification times every kPollInterval besides (network file systems
// have no inotify).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"

namespace postern::io {

constexpr Duration kPollInterval{5'000};
constexpr Duration kSettle{150};  // changes within this time are told once

class FileWatch {
 public:
  // `on_change` runs on `executor`'s loop. Paths may not exist yet; folders are watched as such.
  FileWatch(Executor executor, Runtime& runtime, std::function<void()> on_change);
  ~FileWatch();  // on the executor's loop, or when it has stopped
  // Any thread. What happens to a path between two calls that both name it is told.
  void set_paths(const std::vector<std::string>& paths);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::io
