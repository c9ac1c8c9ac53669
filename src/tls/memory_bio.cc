#include "tls/memory_bio.h"

#include <algorithm>
#include <cstring>

namespace postern::tls {
namespace {

Transport& transport_of(BIO* bio) {
  return *static_cast<Transport*>(BIO_get_data(bio));
}

int read_octets(BIO* bio, char* out, std::size_t max, std::size_t* done) {
  BIO_clear_retry_flags(bio);
  Transport& transport = transport_of(bio);
  *done = std::min(max, transport.unread());
  if (*done > 0) {
    std::memcpy(out, transport.input.data() + transport.input_read, *done);
    transport.input_read += *done;
    return 1;
  }
  if (!transport.input_ended) BIO_set_retry_read(bio);
  return 0;
}

int write_octets(BIO* bio, const char* octets, std::size_t size, std::size_t* done) {
  BIO_clear_retry_flags(bio);
  transport_of(bio).output.append(octets, size);
  *done = size;
  return 1;
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF: {
      const Transport& transport = transport_of(bio);
      return transport.input_ended && transport.unread() == 0 ? 1 : 0;
    }
    default:
      return 0;
  }
}

// Lives as long as the program; nullptr: out of memory.
const BIO_METHOD* transport_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "postern transport");
    if (m == nullptr) return m;
    BIO_meth_set_read_ex(m, read_octets);
    BIO_meth_set_write_ex(m, write_octets);
    BIO_meth_set_ctrl(m, control);
    return m;
  }();
  return method;
}

}  // namespace

void Transport::append_input(std::string_view octets) {
  if (unread() == 0) {
    input.assign(octets);
  } else {
    input.erase(0, input_read);
    input.append(octets);
  }
  input_read = 0;
}

BIO* make_transport_bio(Transport* transport) {
  const BIO_METHOD* method = transport_method();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, transport);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace postern::tls
