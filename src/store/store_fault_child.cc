// Accepts messages until it is killed or has done its share, and says on standard output what
// became of each: "ok ID" or "no ID". Ends without closing the store.
//   postern_store_fault_child SPEC FIRST_ID COUNT THREADS
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include "store/store_testing.h"

namespace {

using namespace postern;
using namespace postern::store;

// One write(2) a line: what the parent reads was said before the kill.
void say(const char* what, std::uint64_t id) {
  const std::string line = std::string(what) + " " + std::to_string(id) + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(3);
}

void accept_share(Store& store, std::atomic<std::uint64_t>& next, std::uint64_t end) {
  while (true) {
    const std::uint64_t id = next++;
    if (id >= end) return;
    TestMessage order;
    order.id = id;
    order.body = body_of(id);
    order.prefix = "Received: by fault\r\n";
    try {
      store.accept(make_message(store, order),
                   [id](const Result<void>& done) { say(done ? "ok" : "no", id); });
    } catch (const std::exception&) {
      say("no", id);  // the body could not be written
    }
    // Keeps a few writes waiting, not all of them.
    if (id % 4 == 0) ::usleep(500);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  OpenOptions options;
  options.body_memory = 64 * 1024;
  auto opened = open_store(argv[1], options);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what().c_str());
    return 1;
  }
  const auto first = std::strtoull(argv[2], nullptr, 10);
  const auto count = std::strtoull(argv[3], nullptr, 10);
  std::atomic<std::uint64_t> next = first;
  {
    std::vector<std::jthread> threads;
    for (int i = std::atoi(argv[4]); i > 0; --i) {
      threads.emplace_back([&] { accept_share(**opened, next, first + count); });
    }
  }
  // The last of the queue: an empty batch is answered after all before it.
  (void)apply(**opened, {});
  ::_exit(0);
}
