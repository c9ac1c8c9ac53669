// The deadline of a stream's waits: cancels the socket when it passes. One timer that is moved
// rather than cancelled and set again, since nearly every wait ends long before its deadline.
// Within net only.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"

namespace postern::net {

// Lives on its socket's loop, kept by shared_ptr: a timer under way must not outlive it.
class Watchdog : public std::enable_shared_from_this<Watchdog> {
 public:
  using Steady = std::chrono::steady_clock;

  explicit Watchdog(boost::asio::ip::tcp::socket& socket)
      : socket_(&socket), timer_(socket.get_executor()) {}

  void arm(Duration timeout);
  void disarm() { deadline_ = Steady::time_point::max(); }
  // Before the socket goes.
  void release();
  [[nodiscard]] bool expired() const { return expired_; }

 private:
  void wait();
  void on_timer();

  boost::asio::ip::tcp::socket* socket_;
  boost::asio::steady_timer timer_;
  Steady::time_point deadline_ = Steady::time_point::max();
  bool waiting_ = false;
  bool expired_ = false;
};

}  // namespace postern::net
