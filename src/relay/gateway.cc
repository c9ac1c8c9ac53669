#include "relay/gateway.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "fetch/client.h"
#include "io/file_watch.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kPoolThreads = 4;
constexpr Duration kHealthInterval = 1min;
constexpr Duration kExpiryInterval = 1h;
constexpr Duration kMismatchGrace = 1min;  // for the second of chain and key to be written

// Whether bodies of delivered mail are kept: the store is told when it is opened.
bool retains(const policy::Config& config) {
  return config.queue.retain_delivered > Duration::zero();
}

constexpr log::Event kStarted{1000, log::Level::info, "gateway.start"};
constexpr log::Event kStopped{1001, log::Level::info, "gateway.stop"};
constexpr log::Event kReloaded{1002, log::Level::info, "config.reload"};
constexpr log::Event kReloadRefused{1004, log::Level::error, "config.refused"};
constexpr log::Event kMaterial{1005, log::Level::info, "material.notice"};
constexpr log::Event kMaterialProblem{1006, log::Level::warning, "material.problem"};
constexpr log::Event kConfigWarning{1008, log::Level::warning, "config.warning"};
constexpr log::Event kNeedsRestart{1007, log::Level::warning, "config.needs_restart"};

ProtocolLogSettings protocol_settings(const policy::ServerConfig& server) {
  ProtocolLogSettings settings;
  settings.folder = server.protocol_log;
  settings.max_size = server.protocol_log_max_size;
  settings.max_total = server.protocol_log_max_total;
  settings.max_age = server.protocol_log_max_age;
  return settings;
}

std::string first_errors(const std::vector<config::Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == config::Severity::error) lines.push_back(diagnostic.str());
  }
  return join(lines, "\n");
}

bool is_trouble(tls::Notice::Kind kind) {
  return kind == tls::Notice::Kind::refused || kind == tls::Notice::Kind::problem ||
         kind == tls::Notice::Kind::waiting;
}

}  // namespace

// Destroyed in reverse order: the runtime first ends every coroutine that may still touch the rest.
struct Gateway::State : std::enable_shared_from_this<Gateway::State> {
  State(const Clock& clock_in, std::unique_ptr<store::Store> store_in, unsigned loops,
        const policy::ServerConfig& server)
      : clock(clock_in),
        store(std::move(store_in)),
        protocol_log(clock_in, protocol_settings(server)),
        runtime(loops, kPoolThreads) {}

  void report(const Configuration& loaded);
  void alert_refused(const tls::Notice& notice);
  void alert_overdue_mismatch();
  void refuse(const std::string& why);
  Result<void> apply(Configuration loaded);
  // `only_materials`: nothing happens where certificates and trust are as they were (time alone may
  // have changed them).
  void reload_blocking(
      bool only_materials, const Gateway::ReloadDone& done = [](const Result<void>&) {});
  void watch_files();
  static io::Task<void> housekeeping(std::shared_ptr<State> self);

  const Clock& clock;
  std::unique_ptr<store::Store> store;
  ProtocolLog protocol_log;
  io::Runtime runtime;
  std::unique_ptr<dns::Resolver> resolver;
  std::unique_ptr<fetch::Client> fetcher;
  std::unique_ptr<Context> context;
  std::unique_ptr<Alerts> alerts;
  std::unique_ptr<Scheduler> scheduler;
  std::unique_ptr<Reception> reception;
  std::unique_ptr<io::FileWatch> watch;
  std::mutex mutex;  // health, one reload at a time
  std::mutex reload_mutex;
  Health health;
  std::vector<std::pair<Time, tls::Notice>> waiting;  // since when; under `mutex`
  std::atomic<bool> stopping{false};
};

void Gateway::State::alert_refused(const tls::Notice& notice) {
  Alert alert;
  alert.kind = "certificate.refused";
  alert.subject = notice.subject + ": " + notice.text;
  alert.text = notice.text;
  alert.key = notice.subject + "|" + notice.text;
  alerts->raise(std::move(alert));
}

// What a load has to say: into the log, into status, and to the operator where it is not passing.
void Gateway::State::report(const Configuration& loaded) {
  std::vector<std::string> problems;
  std::vector<std::pair<Time, tls::Notice>> now_waiting;
  const std::lock_guard lock(mutex);
  for (const tls::Notice& notice : loaded.notices) {
    const bool trouble = is_trouble(notice.kind);
    log::write(trouble ? kMaterialProblem : kMaterial,
               {{"subject", notice.subject}, {"text", notice.text}});
    if (!trouble) continue;
    problems.push_back(notice.text);
    if (notice.by_date) continue;  // the watch of dates alerts it
    if (notice.kind != tls::Notice::Kind::waiting) {
      alert_refused(notice);
      continue;
    }
    const auto known = std::ranges::find_if(
        waiting, [&](const auto& entry) { return entry.second.subject == notice.subject; });
    now_waiting.emplace_back(known == waiting.end() ? clock.now() : known->first, notice);
  }
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity != config::Severity::warning) continue;
    log::write(kConfigWarning, {{"text", diagnostic.str()}});
    problems.push_back(diagnostic.str());
  }
  waiting = std::move(now_waiting);
  health.problems = std::move(problems);
}

// Half of a renewal that nobody finished.
void Gateway::State::alert_overdue_mismatch() {
  const std::lock_guard lock(mutex);
  for (const auto& [since, notice] : waiting) {
    if (since + kMismatchGrace <= clock.now()) alert_refused(notice);
  }
}

void Gateway::State::watch_files() {
  const std::shared_ptr<const Snapshot> snapshot = context->snapshot();
  std::vector<std::string> paths = snapshot->materials->files;
  if (!snapshot->config->file.empty()) paths.push_back(snapshot->config->file);
  watch->set_paths(paths);
}

// The configuration in force stays in force; log, status and operator are told.
void Gateway::State::refuse(const std::string& why) {
  log::write(kReloadRefused, {{"error", why}});
  Alert alert;
  alert.kind = "config.refused";
  alert.subject = "the new configuration is refused: " + why.substr(0, why.find('\n'));
  alert.text = why + "\nThe configuration before it stays in force.";
  alert.key = why;
  alerts->raise(std::move(alert));
  const std::lock_guard lock(mutex);
  health.refused_reload = why;
}

// On the main loop: the new snapshot becomes the one in force, once its listeners are open.
Result<void> Gateway::State::apply(Configuration loaded) {
  const std::shared_ptr<const Snapshot> old = context->snapshot();
  TRY_VOID(reception->listen(loaded.snapshot));
  context->set_snapshot(loaded.snapshot);
  const policy::ServerConfig& before = old->config->server;
  const policy::ServerConfig& now = loaded.snapshot->config->server;
  if (before.store != now.store || before.dns != now.dns || before.threads != now.threads ||
      before.body_memory != now.body_memory || before.min_free_space != now.min_free_space ||
      retains(*old->config) != retains(*loaded.snapshot->config) ||
      old->config->admin_socket != loaded.snapshot->config->admin_socket) {
    log::write(kNeedsRestart,
               {{"text",
                 "server.store, server.dns, server.threads, server.body_memory, "
                 "server.min_free_space, admin.listen and whether "
                 "queue.retain_delivered keeps anything change with a restart only"}});
  }
  protocol_log.reconfigure(protocol_settings(now));
  fetcher->set_settings(fetch::settings_of(now));
  report(loaded);
  scheduler->snapshot_changed(true);
  watch_files();
  alerts->check_expiry();
  log::write(kReloaded, {{"file", loaded.snapshot->config->file}});
  const std::lock_guard lock(mutex);
  health.last_reload = clock.now();
  health.refused_reload.clear();
  return {};
}

void Gateway::State::reload_blocking(bool only_materials, const Gateway::ReloadDone& done) {
  const std::lock_guard one_at_a_time(reload_mutex);
  const std::shared_ptr<const Snapshot> old = context->snapshot();
  Configuration loaded = load_configuration(old->config->file, old->materials.get(), clock.now());
  if (!loaded.ok()) {
    const std::string why = first_errors(loaded.diagnostics);
    refuse(why);
    return done(invalid(why));
  }
  if (only_materials && !loaded.materials_changed) return done({});
  auto shared = std::make_shared<Configuration>(std::move(loaded));
  runtime.main().post([self = shared_from_this(), shared, done] {
    const Result<void> listening = self->apply(std::move(*shared));
    if (!listening) self->refuse(listening.error().what());
    done(listening);
  });
}

io::Task<void> Gateway::State::housekeeping(std::shared_ptr<State> self) {
  self->alerts->check_expiry();
  Time next_expiry = self->clock.now() + kExpiryInterval;
  while (!self->stopping) {
    const Time now = self->clock.now();
    if (next_expiry <= now) {
      self->alerts->check_expiry();
      next_expiry = now + kExpiryInterval;
      // A certificate that was put in place ahead of its day becomes usable without a file
      // changing.
      self->runtime.submit([self] { self->reload_blocking(true); });
    }
    self->alert_overdue_mismatch();
    const std::uint64_t floor = self->context->snapshot()->config->server.min_free_space;
    store::Store* const disk = self->store.get();
    auto ask = [disk] { return disk->free_space(); };
    const std::uint64_t free = co_await io::run_blocking(self->runtime, ask);
    if (free < floor) {
      Alert alert;
      alert.kind = "disk.low";
      alert.subject = "the store's disk has " + std::to_string(free >> 20) +
                      " MiB left: new mail is refused below " + std::to_string(floor >> 20) +
                      " MiB";
      alert.text =
          "Free space on the file system of the store; mail that is queued goes on being "
          "delivered.";
      alert.key = "disk";
      self->alerts->raise(std::move(alert));
    }
    co_await io::sleep_for(kHealthInterval);
  }
}

Result<std::unique_ptr<Gateway>> Gateway::create(Configuration configuration, const Clock& clock) {
  const policy::ServerConfig& server = configuration.snapshot->config->server;
  store::OpenOptions options;
  options.body_memory = server.body_memory;
  options.min_free_space = server.min_free_space;
  options.retain_delivered = retains(*configuration.snapshot->config);
  TRY(std::unique_ptr<store::Store> store, store::open_store(server.store, options));
  const unsigned loops =
      server.threads != 0 ? server.threads : std::max(1U, std::thread::hardware_concurrency());
  auto state = std::make_shared<State>(clock, std::move(store), loops, server);
  TRY(state->resolver, dns::make_resolver(state->runtime, server));
  state->fetcher = std::make_unique<fetch::Client>(clock, fetch::settings_of(server));
  state->context = std::make_unique<Context>(clock, state->runtime, *state->store, *state->resolver,
                                             *state->fetcher, state->protocol_log);
  state->context->set_snapshot(configuration.snapshot);
  State* raw = state.get();
  const auto on_accepted = [raw](std::vector<std::string> keys) {
    raw->scheduler->poke(std::move(keys));
  };
  state->alerts = std::make_unique<Alerts>(*state->context, on_accepted);
  state->scheduler = std::make_unique<Scheduler>(*state->context, *state->alerts);
  ReceptionHooks hooks;
  hooks.on_accepted = on_accepted;
  hooks.on_client_certificate = [raw](const x509::Certificate& leaf, const std::string& whose) {
    raw->alerts->watch_expiry(leaf, whose,
                              "Its mail is refused when it has expired: ask for renewal.");
  };
  state->reception = std::make_unique<Reception>(*state->context, std::move(hooks));
  state->watch = std::make_unique<io::FileWatch>(state->runtime.main(), state->runtime, [raw] {
    raw->runtime.submit([self = raw->shared_from_this()] { self->reload_blocking(false); });
  });
  state->report(configuration);
  return std::unique_ptr<Gateway>(new Gateway(std::move(state)));
}

Gateway::Gateway(std::shared_ptr<State> state) : state_(std::move(state)) {}

Gateway::~Gateway() {
  state_->runtime.stop();
  // Writes still under way tell their callers, who are all still there, before anything is taken
  // down.
  std::promise<void> drained;
  state_->store->apply(store::Batch(), [&](const Result<void>&) { drained.set_value(); });
  drained.get_future().wait();
}

Result<void> Gateway::start() {
  State& state = *state_;
  TRY_VOID(state.scheduler->load());
  TRY_VOID(state.reception->listen(state.context->snapshot()));
  {
    const std::lock_guard lock(state.mutex);
    state.health.started = state.health.last_reload = state.clock.now();
  }
  state.scheduler->run();
  state.watch_files();
  state.runtime.main().spawn("housekeeping", State::housekeeping(state_));
  state.runtime.start();
  for (const std::string& line : state.reception->describe())
    log::write(kStarted, {{"listens", line}});
  return {};
}

void Gateway::reload(ReloadDone done) {
  state_->runtime.submit(
      [state = state_, done = std::move(done)] { state->reload_blocking(false, done); });
}

void Gateway::shutdown(Duration grace) {
  const std::shared_ptr<State> state = state_;
  state->stopping = true;
  state->runtime.main().post([state] {
    state->reception->shutdown();
    state->scheduler->shutdown();
  });
  // Sessions end by themselves within their own deadlines; `grace` bounds the wait for them.
  const auto deadline = std::chrono::steady_clock::now() + grace;
  std::atomic<bool> idle{false};
  while (!idle && std::chrono::steady_clock::now() < deadline) {
    std::promise<bool> answer;
    std::future<bool> waiting = answer.get_future();
    state->runtime.main().post(
        [&] { answer.set_value(state->scheduler->idle() && state->reception->sessions() == 0); });
    idle = waiting.get();
    if (!idle) std::this_thread::sleep_for(20ms);
  }
  state->runtime.stop();
  log::write(kStopped, {});
}

Context& Gateway::context() {
  return *state_->context;
}
Scheduler& Gateway::scheduler() {
  return *state_->scheduler;
}
Reception& Gateway::reception() {
  return *state_->reception;
}

Gateway::Health Gateway::health() const {
  const std::lock_guard lock(state_->mutex);
  return state_->health;
}

}  // namespace postern::relay
