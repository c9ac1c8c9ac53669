#include "io/file_watch.h"

#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "io/descriptor_watch.h"

namespace postern::io {
namespace {

namespace fs = std::filesystem;

constexpr log::Event kNoNotification{1010, log::Level::warning, "watch.no_notification"};
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr int kMaxLinks = 40;  // as the kernel follows

// What tells one state of a path from the next: through links, so that a swapped link counts.
using Stamp = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t, std::string>;

Stamp stamp_of(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  std::error_code ignored;
  const fs::path real = fs::canonical(path, ignored);
  const auto changed = about.st_mtim.tv_sec * 1'000'000'000LL + about.st_mtim.tv_nsec;
  return {about.st_dev, about.st_ino, about.st_size, changed, about.st_ctim.tv_nsec, real.string()};
}

using Stamps = std::map<std::string, Stamp>;

// Of every path, and of what stands in those that are folders.
Stamps stamps_of(const std::vector<std::string>& paths) {
  Stamps out;
  for (const std::string& path : paths) {
    out[path] = stamp_of(path);
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
      out[at->path().string()] = stamp_of(at->path().string());
  }
  return out;
}

// The folders in which an event can change what `path` means: its own, and for each component that
// is a link the folder the link stands in and the one it leads to.
void add_folders(const fs::path& path, std::set<std::string>& folders, int depth = 0) {
  std::error_code ignored;
  if (depth > kMaxLinks) return;
  fs::path so_far;
  for (const fs::path& part : path) {
    const fs::path parent = so_far;
    so_far /= part;
    if (!fs::is_symlink(so_far, ignored)) continue;
    folders.insert(parent.string());
    const fs::path target = fs::read_symlink(so_far, ignored);
    add_folders(target.is_absolute() ? target : parent / target, folders, depth + 1);
  }
  if (fs::is_directory(path, ignored)) {
    folders.insert(path.string());
  } else {
    folders.insert(path.parent_path().string());
  }
}

}  // namespace

struct FileWatch::State : std::enable_shared_from_this<State> {
  State(Executor executor_in, Runtime& runtime_in, std::function<void()> work)
      : executor(executor_in),
        runtime(runtime_in),
        on_change(std::move(work)),
        wake_settle(executor_in),
        wake_poll(executor_in) {}
  ~State() {
    if (descriptor >= 0) ::close(descriptor);
  }

  Executor executor;
  Runtime& runtime;
  std::function<void()> on_change;
  Signal wake_settle, wake_poll;
  int descriptor = -1;
  std::unique_ptr<DescriptorWatch> watch;
  std::vector<std::string> paths;
  Stamps seen;
  std::map<std::string, int> folders;  // watched ones
  bool ended = false;

  void open();
  void watch_paths(const std::vector<std::string>& new_paths);
  void follow_folders();
  void drain();
  static Task<void> settle_loop(std::shared_ptr<State> self);
  static Task<void> poll_loop(std::shared_ptr<State> self);
};

void FileWatch::State::open() {
  descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor >= 0) {
    auto made = DescriptorWatch::create(executor, descriptor, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->drain();
    });
    if (made) watch = std::move(*made);
  }
  if (!watch)
    log::write(kNoNotification, {{"text", "no inotify; files are looked at every " +
                                              format_duration(kPollInterval)}});
  executor.spawn("file watch", settle_loop(shared_from_this()));
  executor.spawn("file watch, polling", poll_loop(shared_from_this()));
}

void FileWatch::State::drain() {
  alignas(inotify_event) std::array<char, 16 * 1024> events;
  while (::read(descriptor, events.data(), events.size()) > 0) {
  }
  wake_settle.notify();
}

// A folder that went and came back is another one to inotify, so all are asked for each time.
void FileWatch::State::follow_folders() {
  if (descriptor < 0) return;
  std::set<std::string> wanted;
  for (const std::string& path : paths) add_folders(path, wanted);
  std::map<std::string, int> now;
  std::set<int> in_use;
  for (const std::string& folder : wanted) {
    const int id = ::inotify_add_watch(descriptor, folder.empty() ? "." : folder.c_str(), kEvents);
    if (id < 0) continue;  // not there yet, or no inotify there: polling sees it
    now[folder] = id;
    in_use.insert(id);
  }
  for (const auto& [folder, id] : folders)
    if (!in_use.contains(id)) ::inotify_rm_watch(descriptor, id);
  folders = std::move(now);
}

// What was known stays as it was last told, so that a change since then is told.
void FileWatch::State::watch_paths(const std::vector<std::string>& new_paths) {
  paths = new_paths;
  auto now = stamps_of(paths);
  for (auto& [path, stamp] : now) {
    const auto known = seen.find(path);
    if (known != seen.end()) stamp = known->second;
  }
  seen = std::move(now);
  follow_folders();
  wake_settle.notify();
}

// Events only say that it is time to look: what changed is told by the stamps.
Task<void> FileWatch::State::settle_loop(std::shared_ptr<State> self) {
  while (!self->ended) {
    const bool notified = co_await self->wake_settle.wait(std::chrono::hours(1));
    if (!notified || self->ended) continue;
    co_await sleep_for(kSettle);
    if (self->ended) co_return;
    // On the pool: a network file system may take its time.
    const auto look = [paths = self->paths] { return stamps_of(paths); };
    auto now = co_await run_blocking(self->runtime, look);
    if (self->ended) co_return;
    if (now == self->seen) continue;
    self->seen = std::move(now);
    self->follow_folders();
    self->on_change();
  }
}

Task<void> FileWatch::State::poll_loop(std::shared_ptr<State> self) {
  while (!self->ended) {
    const bool woken = co_await self->wake_poll.wait(kPollInterval);
    if (woken || self->ended) continue;
    self->wake_settle.notify();
  }
}

FileWatch::FileWatch(Executor executor, Runtime& runtime, std::function<void()> on_change)
    : state_(std::make_shared<State>(executor, runtime, std::move(on_change))) {
  state_->open();
}

FileWatch::~FileWatch() {
  state_->ended = true;
  state_->watch.reset();
  state_->wake_settle.notify();
  state_->wake_poll.notify();
}

void FileWatch::set_paths(const std::vector<std::string>& paths) {
  if (!state_->executor.running_here())
    state_->executor.post([state = state_, paths] { state->watch_paths(paths); });
  else
    state_->watch_paths(paths);
}

}  // namespace postern::io
