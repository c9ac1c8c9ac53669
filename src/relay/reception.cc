#include "relay/reception.h"

#include <algorithm>

#include "relay/receive_session.h"
#include "relay/reception_core.h"
#include "relay/reception_events.h"

namespace postern::relay {
namespace {

// Sessions that have not ended by then are cut off.
constexpr Duration kShutdownGrace{10'000};

// A session lives on its own loop, so it is told there. Kept alive by its coroutine.
io::Task<void> abort_after_grace(std::shared_ptr<ReceptionCore> core) {
  co_await io::sleep_for(kShutdownGrace);
  core->abort_all();
}

std::string tls_words(const policy::ReceiveConnector& config, const Connector& connector) {
  if (config.implicit_tls) return "TLS from the first octet";
  if (connector.no_certificate) return "clear text: no certificate to present";
  switch (config.tls) {
    case policy::ReceiveTls::none:
      return "clear text";
    case policy::ReceiveTls::opportunistic:
      return "clear text and STARTTLS";
    case policy::ReceiveTls::required:
      return "STARTTLS required";
    case policy::ReceiveTls::mutual:
      return "STARTTLS required, with a client certificate";
  }
  return "";
}

}  // namespace

// --- what sessions share ---

bool VerdictGate::open(const std::string& connector, const std::string& address, Time now) {
  const std::lock_guard lock(mutex_);
  const Time minute = std::chrono::floor<std::chrono::minutes>(now);
  if (minute != minute_) {
    minute_ = minute;
    connectors_.clear();
    clients_.clear();
  }
  unsigned& of_connector = connectors_[connector];
  if (of_connector >= kPerMinute) return false;
  unsigned& of_client = clients_[connector + "|" + client_of(address)];
  if (of_client >= kPerClientAndMinute) return false;
  ++of_connector;
  ++of_client;
  return true;
}

void ReceptionCore::tell(const log::Event& event, std::string_view connector,
                         const std::string& client, std::string text) {
  std::uint64_t left_out = 0;
  if (!log_gate.open(context.clock.now(), left_out)) return;
  if (left_out != 0) text += " (" + std::to_string(left_out) + " lines before were left out)";
  log::write(
      event,
      {{"connector", std::string(connector)}, {"client", client}, {"text", std::move(text)}});
}

bool ReceptionCore::add(ReceiveSession* session) {
  const std::lock_guard lock(mutex_);
  if (!shutting_down_) sessions_.insert(session);
  return !shutting_down_;
}

void ReceptionCore::remove(ReceiveSession* session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

std::size_t ReceptionCore::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void ReceptionCore::each(void (ReceiveSession::*act)()) {
  const std::lock_guard lock(mutex_);
  for (ReceiveSession* session : sessions_) {
    // Expired: it is being destroyed on another thread, and waits for this mutex in remove().
    const std::weak_ptr<ReceiveSession> weak = session->weak_from_this();
    session->executor().post([weak, act] {
      if (const auto alive = weak.lock()) (*alive.*act)();
    });
  }
}

void ReceptionCore::shut_down() {
  {
    const std::lock_guard lock(mutex_);
    shutting_down_ = true;
  }
  each(&ReceiveSession::shut_down);
}

void ReceptionCore::abort_all() {
  each(&ReceiveSession::abort);
}

// --- listeners ---

struct Reception::State : std::enable_shared_from_this<Reception::State> {
  // One address that is listened on. What a connection meets is looked up when it comes, so a
  // listener outlives a change of its connector.
  struct Socket {
    std::string key;
    policy::Endpoint endpoint;  // with the port that was really bound
    std::unique_ptr<net::Listener> listener;
    std::shared_ptr<const Connector> connector;  // under the mutex
    bool started = false;
  };
  using Sockets = std::vector<std::shared_ptr<Socket>>;

  State(Context& context_in, ReceptionHooks hooks)
      : context(context_in), core(std::make_shared<ReceptionCore>(context_in, std::move(hooks))) {}

  Result<Sockets> bind(const Connectors& connectors);
  Result<std::shared_ptr<Socket>> bind_one(const std::string& key,
                                           const policy::Endpoint& endpoint);
  void start(const std::shared_ptr<Socket>& socket);
  void accept(const Socket& socket, std::unique_ptr<net::Stream> stream, io::Executor executor);

  Context& context;
  std::shared_ptr<ReceptionCore> core;
  mutable std::mutex mutex;
  Sockets sockets;
};

// Which line of the configuration asks for what the system refuses, and what would be right.
Error not_bound(const policy::ReceiveConnector& connector, const policy::Endpoint& endpoint,
                const Error& error) {
  std::string text = connector.where.line > 0 ? connector.where.str() + ": " : "";
  text += "receive connector " + connector.name + " cannot listen on " + endpoint.str();
  if (error.code() == std::errc::address_in_use) {
    text += ": another program does; end it, or name another port in listen";
  } else if (error.code() == std::errc::permission_denied) {
    text += ": ports below 1024 need root or CAP_NET_BIND_SERVICE";
  } else if (error.code() == std::errc::address_not_available) {
    text += ": no interface of this machine has the address";
  }
  return {error.code(), std::move(text)};
}

// What is listened on already is kept, whosever connector it becomes; the rest is bound anew.
Result<Reception::State::Sockets> Reception::State::bind(const Connectors& connectors) {
  Sockets out;
  for (const auto& connector : connectors) {
    for (std::size_t i = 0; i < connector->config->listen.size(); ++i) {
      const policy::Endpoint& endpoint = connector->config->listen[i];
      // Port 0 is a port of its own for everyone who asks.
      std::string key = endpoint.str();
      if (endpoint.port == 0) key += "|" + connector->config->name + "|" + std::to_string(i);
      const auto kept =
          std::ranges::find_if(sockets, [&](const auto& socket) { return socket->key == key; });
      if (kept != sockets.end()) {
        out.push_back(*kept);
      } else {
        Result<std::shared_ptr<Socket>> made = bind_one(key, endpoint);
        if (!made) return std::unexpected(not_bound(*connector->config, endpoint, made.error()));
        out.push_back(std::move(*made));
      }
    }
  }
  return out;
}

Result<std::shared_ptr<Reception::State::Socket>> Reception::State::bind_one(
    const std::string& key, const policy::Endpoint& endpoint) {
  auto socket = std::make_shared<Socket>();
  socket->key = key;
  TRY(socket->listener, net::Listener::bind(context.runtime, endpoint));
  socket->endpoint = endpoint;
  socket->endpoint.port = socket->listener->port();
  return socket;
}

void Reception::State::start(const std::shared_ptr<Socket>& socket) {
  if (std::exchange(socket->started, true)) return;
  const std::weak_ptr<State> weak = weak_from_this();
  const std::weak_ptr<Socket> weak_socket = socket;
  socket->listener->start(
      [weak, weak_socket](std::unique_ptr<net::Stream> stream, io::Executor executor) {
        const auto state = weak.lock();
        const auto here = weak_socket.lock();
        if (state && here) state->accept(*here, std::move(stream), executor);
      });
  log::write(kListenerOpened, {{"endpoint", socket->endpoint.str()}});
}

void Reception::State::accept(const Socket& socket, std::unique_ptr<net::Stream> stream,
                              io::Executor executor) {
  std::shared_ptr<const Connector> connector;
  {
    const std::lock_guard lock(mutex);
    connector = socket.connector;
  }
  const policy::ReceiveConnector& config = *connector->config;
  const std::string& client = stream->peer_address();
  std::optional<mail::Reply> refused = admit_connection(config, client);
  bool counted = false;
  if (!refused) {
    const Admission admission = core->limits.connect(config, client, context.clock.now());
    counted = admission == Admission::admitted;
    refused = refusal(admission, connector->fqdn);
  }
  if (refused) core->tell(kConnectionRefused, config.name, client, refused->str());
  auto session = std::make_shared<ReceiveSession>(core, std::move(connector), std::move(stream),
                                                  executor, std::move(refused), counted);
  if (!core->add(session.get())) return;
  executor.spawn("receive session", ReceiveSession::run(std::move(session)));
}

// --- the public face ---

Reception::Reception(Context& context, ReceptionHooks hooks)
    : state_(std::make_shared<State>(context, std::move(hooks))) {}

Reception::~Reception() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& socket : state_->sockets) socket->listener->close();
}

Result<void> Reception::listen(const std::shared_ptr<const Snapshot>& snapshot) {
  const Connectors connectors = make_connectors(snapshot, state_->context.clock);
  TRY(State::Sockets next, state_->bind(connectors));
  State::Sockets gone;
  {
    const std::lock_guard lock(state_->mutex);
    std::size_t at = 0;
    for (const auto& connector : connectors) {
      for (std::size_t i = 0; i < connector->config->listen.size(); ++i) {
        next[at++]->connector = connector;
      }
    }
    gone = std::exchange(state_->sockets, next);
  }
  for (const auto& socket : next) state_->start(socket);
  for (const auto& socket : gone) {
    if (std::ranges::find(next, socket) != next.end()) continue;
    socket->listener->close();
    log::write(kListenerClosed, {{"endpoint", socket->endpoint.str()}});
  }
  return {};
}

void Reception::shutdown() {
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& socket : state_->sockets) socket->listener->close();
  }
  state_->core->shut_down();
  state_->context.runtime.main().spawn("reception shutdown", abort_after_grace(state_->core));
}

std::size_t Reception::sessions() const {
  return state_->core->sessions();
}

std::vector<Reception::Bound> Reception::bound() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<Bound> out;
  for (const auto& socket : state_->sockets) {
    out.push_back({socket->connector->config->name, socket->endpoint});
  }
  return out;
}

std::vector<std::string> Reception::describe() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> out;
  for (const auto& socket : state_->sockets) {
    const Connector& connector = *socket->connector;
    out.push_back("receive connector " + connector.config->name + " on " + socket->endpoint.str() +
                  " (" + tls_words(*connector.config, connector) + ")");
  }
  return out;
}

}  // namespace postern::relay
