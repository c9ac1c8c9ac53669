#include "io/descriptor_watch.h"

#include <atomic>
#include <cerrno>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <unistd.h>

namespace postern::io {

namespace asio = boost::asio;

struct DescriptorWatch::State : std::enable_shared_from_this<State> {
  State(Executor executor_in, int owned, std::function<void()> work)
      : executor(executor_in),
        descriptor(*static_cast<asio::io_context*>(executor_in.native()), owned),
        on_readable(std::move(work)) {}

  void wait() {
    descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (error || self->ended) return;
                            self->on_readable();
                            if (!self->ended) self->wait();
                          });
  }

  Executor executor;
  asio::posix::stream_descriptor descriptor;
  std::function<void()> on_readable;
  std::atomic<bool> ended{false};
};

Result<std::unique_ptr<DescriptorWatch>> DescriptorWatch::create(
    Executor executor, int descriptor, std::function<void()> on_readable) {
  const int owned = ::dup(descriptor);
  if (owned < 0) return fail_errno(errno, "a descriptor to watch");
  auto state = std::make_shared<State>(executor, owned, std::move(on_readable));
  executor.post([state] { state->wait(); });
  return std::make_unique<DescriptorWatch>(std::move(state));
}

DescriptorWatch::DescriptorWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}

DescriptorWatch::~DescriptorWatch() {
  state_->ended = true;
  state_->executor.post([state = state_] {
    boost::system::error_code ignored;
    state->descriptor.close(ignored);
  });
}

}  // namespace postern::io
