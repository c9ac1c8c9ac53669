// Any request is read or refused; a request that is read is written and read back the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "admin/api.h"

namespace postern::admin {
namespace {

void round_trip(const Call& call) {
  std::visit(
      [](const auto& one) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, Refusal>) {
          const Request written = make_request(one);
          const Call again = parse_request(written);
          const auto* same = std::get_if<std::decay_t<decltype(one)>>(&again);
          // A written request may pass the bounds of a read one only by its escapes.
          const bool too_long =
              written.target.size() > kMaxTargetOctets || written.body.size() > kMaxRequestOctets;
          if (same == nullptr && !too_long) std::abort();
          if (same != nullptr && make_request(*same).target != written.target) std::abort();
          if (same != nullptr && make_request(*same).body != written.body) std::abort();
        }
      },
      call);
}

}  // namespace
}  // namespace postern::admin

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  postern::admin::Request request;
  request.method = line == std::string::npos ? "GET" : "POST";
  request.target = input.substr(0, line);
  if (line != std::string::npos) request.body = input.substr(line + 1);
  postern::admin::round_trip(postern::admin::parse_request(request));
  return 0;
}
