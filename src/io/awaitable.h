// The only Asio header that other modules include. Task<T> is the house's coroutine type: awaited
// where it is made, or given to Executor::spawn. Rules for coroutines: docs/architecture.md.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace postern::io {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace postern::io
