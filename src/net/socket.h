// How net's own files make a Stream of a connected socket. Within net only.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/stream.h"

namespace postern::net {

// `socket` is connected and belongs to the loop the Stream will live on.
[[nodiscard]] std::unique_ptr<Stream> make_stream(boost::asio::ip::tcp::socket socket);
// Textual, IPv4-mapped IPv6 as IPv4.
[[nodiscard]] std::string text_of(const boost::asio::ip::address& address);

}  // namespace postern::net
