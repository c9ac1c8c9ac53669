// Any octets from a server: no fault, every command a line, and the same conversation wherever the
// octets of a line are cut. (Lines are fed one at a time: what is read together counts as sent
// before our next command, see ClientSession.)
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "smtp/client_session.h"

namespace {

using namespace postern;
using namespace postern::smtp;

void require(bool rule) {
  if (!rule) std::abort();
}

// Takes every offer: STARTTLS once, then one message to two recipients, then QUIT.
class Client {
 public:
  explicit Client(bool chunking) : chunking_(chunking) {}
  void feed(std::string_view octets) { run(session_.on_bytes(octets)); }
  [[nodiscard]] const std::string& trace() const { return trace_; }

 private:
  void run(ClientActions actions) {
    while (!actions.empty()) {
      ClientActions more;
      for (ClientAction& action : actions) {
        for (ClientAction& next : std::visit([this](auto& a) { return on(a); }, action)) {
          more.push_back(std::move(next));
        }
      }
      actions = std::move(more);
    }
  }
  ClientActions on(ClientWrite& action) {
    require(action.octets.ends_with("\r\n") || chunking_);
    trace_ += action.octets;
    return {};
  }
  ClientActions on(ClientStartTls&) {
    trace_ += "[tls]";
    return {};
  }
  ClientActions on(Greeted& action) {
    return action.reply.code() == 220 ? session_.hello() : session_.quit();
  }
  ClientActions on(Hello& action) {
    if (!action.reply.positive()) return session_.quit();
    if (action.capabilities.starttls) return session_.starttls();
    Transaction t;
    t.reverse_path = {"a", "client.test"};
    t.recipients = {{{"b", "rcpt.test"}, 0, ""}, {{"c", "rcpt.test"}, mail::kNotifyNever, ""}};
    t.size = 10;
    return session_.transaction(t, chunking_);
  }
  ClientActions on(StartTlsRefused&) { return session_.quit(); }
  ClientActions on(NeedBody&) { return session_.body("Subject: x\r\n\r\n.\r\nbody", true); }
  ClientActions on(ResetDone&) { return session_.quit(); }
  ClientActions on(TransactionDone& action) {
    require(action.recipients.size() == 2);
    trace_ += action.final ? "[final " + action.final->str() + "]" : "[done]";
    return session_.reset();
  }
  ClientActions on(QuitDone&) {
    trace_ += "[quit]";
    return {};
  }
  ClientActions on(ProtocolError& action) {
    trace_ += "[error " + action.what + "]";
    require(session_.waiting() == ClientWait::closed);
    return {};
  }

  ClientSession session_{"client.test"};
  bool chunking_;
  std::string trace_;
};

std::string play(std::string_view octets, bool chunking, std::size_t step) {
  Client client(chunking);
  while (!octets.empty()) {
    const std::size_t lf = octets.find('\n');
    std::string_view line = octets.substr(0, lf == std::string_view::npos ? lf : lf + 1);
    octets.remove_prefix(line.size());
    for (; !line.empty(); line.remove_prefix(std::min(step, line.size()))) {
      client.feed(line.substr(0, step));
    }
  }
  return client.trace();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool chunking = (data[0] & 1) != 0;
  const std::size_t step = 1 + (data[0] >> 1) % 32;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(play(octets, chunking, octets.size() + 1) == play(octets, chunking, step));
  // All at once: another conversation where the server speaks early, but no fault.
  Client client(chunking);
  client.feed(octets);
  return 0;
}
