// How many files and sockets this process may have open, and how many sessions that leaves room
// for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace postern::io {

// The soft limit in force (RLIMIT_NOFILE).
[[nodiscard]] std::uint64_t descriptor_limit();
// Raises the soft limit as far as the hard one lets; returns what is in force then.
std::uint64_t raise_descriptor_limit();

// Receiving sessions that fit into `limit`: each may hold a socket and a body's file. A quarter, at
// most kMaxReserve, is kept back for sending, the store, the control socket and the logs.
constexpr std::uint64_t kMaxReserve = 2048;
constexpr std::uint64_t kDescriptorsPerSession = 2;
[[nodiscard]] std::size_t sessions_for(std::uint64_t limit);

}  // namespace postern::io
