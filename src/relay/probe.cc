// A probe: the look without mail.
#include "relay/delivery.h"

namespace postern::relay {

io::Task<NextHopLook> run_probe(Context& context, io::Executor executor, TlsSessions& tls_sessions,
                                policy::Destination destination,
                                std::optional<verdict::PolicyException> exception) {
  NextHopRequest request;
  request.snapshot = context.snapshot();
  request.destination = std::move(destination);
  request.exception = std::move(exception);
  request.resume = false;
  const Duration quit = request.snapshot->config->timeouts.quit;
  NextHopLook look = co_await look_at_next_hop(context, executor, tls_sessions, std::move(request));
  // The blocker shows this verdict from now on.
  if (!look.verdict.host.empty()) co_await store_verdict(context, look.verdict, &look.evidence);
  if (look.ready) {
    co_await observe::end_session(std::move(look.ready), quit);
    if (look.protocol) look.protocol->write('-', "", "probe");
  }
  co_return look;
}

}  // namespace postern::relay
