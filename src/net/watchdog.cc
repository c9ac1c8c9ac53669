#include "net/watchdog.h"

#include <algorithm>

namespace postern::net {
namespace {

constexpr std::chrono::hours kLongestTimeout{24};

}  // namespace

void Watchdog::arm(Duration timeout) {
  expired_ = false;
  deadline_ = Steady::now() + std::min<Duration>(timeout, kLongestTimeout);
  if (!waiting_ || deadline_ < timer_.expiry()) wait();
}

void Watchdog::release() {
  socket_ = nullptr;
  timer_.cancel();
}

void Watchdog::wait() {
  waiting_ = true;
  timer_.expires_at(deadline_);  // a wait under way ends as cancelled
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->on_timer();
  });
}

void Watchdog::on_timer() {
  waiting_ = false;
  if (socket_ == nullptr || deadline_ == Steady::time_point::max()) return;
  if (Steady::now() < deadline_) {
    wait();
    return;
  }
  expired_ = true;
  deadline_ = Steady::time_point::max();
  boost::system::error_code ignored;
  socket_->cancel(ignored);
}

}  // namespace postern::net
