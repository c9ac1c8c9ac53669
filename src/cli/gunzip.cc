#include "cli/gunzip.h"

#include <array>
#include <string>

#include <zlib.h>

namespace postern::cli {
namespace {

constexpr std::string_view kMagic = "\x1F\x8B";
constexpr int kGzipWindow = 15 + 16;  // zlib.h, inflateInit2: gzip with the largest window
constexpr std::size_t kBlock = 64 * 1024;

}  // namespace

struct Gunzip::Stream {
  enum class Form { unknown, plain, gzip } form = Form::unknown;
  z_stream z{};
  bool inside = false;  // of a member
  bool broken = false;
  std::string head;
  std::array<char, kBlock> out{};

  ~Stream() {
    if (form == Form::gzip) inflateEnd(&z);
  }
  Result<void> inflate_all(std::string_view octets, const Sink& sink);
};

Result<void> Gunzip::Stream::inflate_all(std::string_view octets, const Sink& sink) {
  // zlib's interface takes a pointer to non-const and does not write through it.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
  z.avail_in = static_cast<uInt>(octets.size());
  while (z.avail_in > 0) {
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    inside = true;
    const int result = ::inflate(&z, Z_NO_FLUSH);
    const std::size_t made = out.size() - z.avail_out;
    if (made > 0) sink({out.data(), made});
    if (result == Z_STREAM_END) {
      inside = false;
      inflateReset(&z);  // members may follow each other (RFC 1952 s2.2)
    } else if (result != Z_OK) {
      broken = true;
      return invalid("the gzip data is damaged after " + std::to_string(z.total_out) +
                     " octets; what came before was read");
    }
  }
  return {};
}

Gunzip::Gunzip(Sink sink) : sink_(std::move(sink)), stream_(std::make_unique<Stream>()) {}
Gunzip::~Gunzip() = default;

Result<void> Gunzip::feed(std::string_view octets) {
  Stream& s = *stream_;
  if (s.form == Stream::Form::plain) {
    sink_(octets);
    return {};
  }
  if (s.form == Stream::Form::gzip) return s.inflate_all(octets, sink_);
  s.head.append(octets);
  if (s.head.size() < kMagic.size()) return {};
  const std::string head = std::exchange(s.head, {});
  if (head.starts_with(kMagic) && inflateInit2(&s.z, kGzipWindow) == Z_OK) {
    s.form = Stream::Form::gzip;
    return s.inflate_all(head, sink_);
  }
  s.form = Stream::Form::plain;
  sink_(head);
  return {};
}

Result<void> Gunzip::finish() {
  Stream& s = *stream_;
  if (s.form == Stream::Form::unknown && !s.head.empty()) sink_(std::exchange(s.head, {}));
  if (s.form == Stream::Form::gzip && s.inside && !s.broken)
    return invalid("the gzip data ends too early; what was there was read");
  return {};
}

}  // namespace postern::cli
