#include "relay/alerts.h"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fetch/http.h"
#include "mail/dsn.h"
#include "policy/route.h"

extern char** environ;

namespace postern::relay {
namespace {

constexpr std::size_t kMaxWaiting = 1000;
constexpr std::size_t kMaxRemembered = 10'000;

constexpr log::Event kAlert{2040, log::Level::warning, "alert.raise"};
constexpr log::Event kAlertFailed{2041, log::Level::error, "alert.failed"};

// A descriptor that can be waited on and says "stop" once written to.
class StopSign {
 public:
  StopSign() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~StopSign() {
    if (fd_ >= 0) ::close(fd_);
  }
  StopSign(const StopSign&) = delete;
  StopSign& operator=(const StopSign&) = delete;
  void raise() const { ::eventfd_write(fd_, 1); }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// Waits for the child's end, the stop sign or the timeout; whatever is not over by then is killed.
Result<void> await_child(pid_t child, const std::string& name, Duration timeout,
                         const StopSign& stop) {
  // A pidfd tells the end without polling and without SIGCHLD.
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  std::array<pollfd, 2> waiting{pollfd{pidfd, POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
  const int ready =
      pidfd < 0 ? 0 : ::poll(waiting.data(), waiting.size(), static_cast<int>(timeout.count()));
  const bool ended = ready > 0 && (waiting[0].revents & POLLIN) != 0;
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (pidfd >= 0) ::close(pidfd);
  if (!ended) return invalid(name + " did not end within " + format_duration(timeout));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return invalid(name + " failed");
  return {};
}

// Runs a program with `json` on its standard input. Blocking.
Result<void> run_program(const std::vector<std::string>& words, const std::string& json,
                         Duration timeout, const StopSign& stop) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[0], STDIN_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[0]);
  if (spawned != 0) {
    ::close(pipe[1]);
    return fail_errno(spawned, "cannot run " + words.front());
  }
  // A program that does not read must not hold us: what does not fit into the pipe is dropped.
  ::fcntl(pipe[1], F_SETFL, O_NONBLOCK);
  const ssize_t written = ::write(pipe[1], json.data(), json.size());
  (void)written;
  ::close(pipe[1]);
  return await_child(child, words.front(), timeout, stop);
}

Json alert_json(const Alert& alert, Time now) {
  Json out = Json::object();
  out["kind"] = alert.kind;
  out["time"] = format_rfc3339(now);
  out["subject"] = alert.subject;
  out["text"] = alert.text;
  const Result<Json> facts = parse_json(alert.json.empty() ? "{}" : alert.json);
  out["facts"] = facts ? *facts : Json::object();
  return out;
}

std::string crlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    if (c != '\r') out += c;
  }
  return out;
}

std::string mail_text(const policy::Config& config, const Alert& alert, MessageId id,
                      const std::string& from, Time now) {
  std::string to;
  for (const std::string& address : config.alert.mail) to += (to.empty() ? "" : ",\r\n ") + address;
  std::string out = "From: Postern <" + from + ">\r\nTo: " + to + "\r\n";
  out += "Subject: [postern] " + printable(alert.subject, 200) + "\r\n";
  out += "Date: " + format_rfc5322(now) + "\r\n";
  out += "Message-ID: " + mail::make_message_id(id.str(), config.server.hostname) + "\r\n";
  out +=
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
      "charset=utf-8\r\n";
  out += "Content-Transfer-Encoding: 8bit\r\n\r\n";
  out += crlf(alert.subject + "\n\n" + alert.text + "\n\nEvent: " + alert.kind + "\n");
  return out;
}

// The alert as a message, with the recipients that are not behind the blocker it reports; nullopt:
// none is left.
std::optional<store::NewMessage> mail_alert(const policy::Config& config, store::Store& store,
                                            const Alert& alert, Time now) {
  store::NewMessage out;
  out.facts.id = MessageId::make(now);
  for (const std::string& address : config.alert.mail) {
    const Result<mail::Mailbox> mailbox = mail::parse_mailbox(address);
    if (!mailbox) continue;
    const Result<policy::Destination> destination = policy::route(config, mailbox->domain);
    if (!destination || destination->key() == alert.destination) continue;
    store::NewRecipient recipient;
    recipient.recipient.mailbox = *mailbox;
    recipient.recipient.notify = mail::kNotifyNever;
    recipient.destination = destination->key();
    out.recipients.push_back(std::move(recipient));
  }
  if (out.recipients.empty()) return std::nullopt;
  const std::string from = config.alert.mail_from.empty() ? "postmaster@" + config.server.hostname
                                                          : config.alert.mail_from;
  const std::string text = mail_text(config, alert, out.facts.id, from, now);
  Result<std::unique_ptr<store::BodyWriter>> body = store.new_body(store::Store::Use::notice);
  if (!body || !(*body)->append(text)) return std::nullopt;
  out.body = std::move(*body);
  out.facts.size = text.size();
  out.facts.arrival = now;
  out.facts.subject = alert.subject;
  out.facts.message_id = mail::make_message_id(out.facts.id.str(), config.server.hostname);
  out.facts.body = mail::Body::eight_bit_mime;
  out.facts.auto_submitted = true;
  out.facts.connector = "postern";
  return out;
}

}  // namespace

struct Alerts::State : std::enable_shared_from_this<Alerts::State> {
  State(Context& context_in, std::function<void(std::vector<std::string>)> on_accepted_in)
      : context(context_in), on_accepted(std::move(on_accepted_in)) {}

  // One alert a kind and key within kAlertRepeat.
  bool is_new(const Alert& alert, Time now) {
    const std::lock_guard lock(mutex);
    std::erase_if(told, [&](const auto& entry) { return entry.second + kAlertRepeat < now; });
    if (told.size() >= kMaxRemembered) told.clear();
    return told.emplace(alert.kind + "|" + alert.key, now).second;
  }

  void send_mail(const policy::Config& config, const Alert& alert, Time now) {
    std::optional<store::NewMessage> message = mail_alert(config, context.store, alert, now);
    if (!message) {
      log::write(kAlertFailed, {{"channel", "mail"},
                                {"kind", alert.kind},
                                {"error", "no recipient can be reached for it"}});
      return;
    }
    std::vector<std::string> keys;
    for (const store::NewRecipient& recipient : message->recipients)
      keys.push_back(recipient.destination);
    context.store.accept(
        std::move(*message), [self = shared_from_this(), keys](const Result<void>& stored) {
          if (stored) {
            self->on_accepted(keys);
          } else {
            log::write(kAlertFailed, {{"channel", "mail"}, {"error", stored.error().what()}});
          }
        });
  }

  // All channels, one after the other, on the pool: each is bounded by kAlertTimeout.
  void deliver(const Alert& alert) {
    const std::shared_ptr<const Snapshot> snapshot = context.snapshot();
    const policy::AlertConfig& config = snapshot->config->alert;
    const Time now = context.clock.now();
    const std::string json = dump_json(alert_json(alert, now));
    if (!config.mail.empty()) send_mail(*snapshot->config, alert, now);
    if (!config.exec.empty()) {
      const Result<void> ran = run_program(config.exec, json, kAlertTimeout, stop);
      if (!ran)
        log::write(kAlertFailed,
                   {{"channel", "exec"}, {"kind", alert.kind}, {"error", ran.error().what()}});
    }
    if (!config.webhook.empty()) {
      const Result<void> posted = fetch::post_json(config.webhook, json, kAlertTimeout);
      if (!posted)
        log::write(
            kAlertFailed,
            {{"channel", "webhook"}, {"kind", alert.kind}, {"error", posted.error().what()}});
    }
  }

  // The channels work here, off the pool that mail needs: a slow program holds up alerts only.
  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (stopping) return;
      const Alert alert = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      deliver(alert);
      lock.lock();
    }
  }

  void enqueue(Alert alert) {
    const std::lock_guard lock(mutex);
    if (waiting.size() >= kMaxWaiting) {
      log::write(kAlertFailed, {{"kind", alert.kind}, {"error", "too many alerts wait"}});
      return;
    }
    waiting.push_back(std::move(alert));
    wake.notify_one();
  }

  void end() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    stop.raise();
    wake.notify_one();
    thread.join();
  }

  Context& context;
  std::function<void(std::vector<std::string>)> on_accepted;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Alert> waiting;  // under `mutex`, as `stopping` and `told`
  bool stopping = false;
  StopSign stop;
  std::thread thread;
  std::map<std::string, Time> told;
};

Alerts::Alerts(Context& context, std::function<void(std::vector<std::string>)> on_accepted)
    : state_(std::make_shared<State>(context, std::move(on_accepted))) {
  state_->thread = std::thread([state = state_.get()] { state->work(); });
}

Alerts::~Alerts() {
  state_->end();
}

void Alerts::raise(Alert alert) {
  if (!state_->is_new(alert, state_->context.clock.now())) return;
  log::write(kAlert, {{"kind", alert.kind}, {"subject", alert.subject}});
  state_->enqueue(std::move(alert));
}

std::optional<Duration> due_warning(const std::vector<Duration>& warnings, Duration left) {
  std::optional<Duration> due;
  for (const Duration warning : warnings) {
    if (left <= warning && (!due || warning < *due)) due = warning;
  }
  return due;
}

std::optional<Alert> expiry_alert(const x509::Certificate& leaf, const std::string& whose,
                                  const std::string& advice, const std::vector<Duration>& warnings,
                                  Time now) {
  const Duration left = leaf.not_after() - now;
  const bool expired = left < Duration::zero();
  const std::optional<Duration> due = due_warning(warnings, left);
  if (!due && !expired) return std::nullopt;
  Alert alert;
  alert.kind = "certificate.expiry";
  alert.subject =
      whose + (expired ? std::string(" has expired") : " expires in " + format_duration(left));
  alert.text =
      leaf.subject() + " is valid until " + format_rfc3339(leaf.not_after()) + ".\n" + advice;
  // One cause, one alert: by the certificate itself, not by where it was met.
  alert.key = leaf.sha256() + ":" + (expired ? "expired" : format_duration(*due));
  Json facts = Json::object();
  facts["certificate"] = whose;
  facts["sha256"] = leaf.sha256();
  facts["not_after"] = format_rfc3339(leaf.not_after());
  alert.json = dump_json(facts);
  return alert;
}

void Alerts::watch_expiry(const x509::Certificate& leaf, const std::string& whose,
                          const std::string& advice) {
  const std::shared_ptr<const Snapshot> snapshot = state_->context.snapshot();
  std::optional<Alert> alert = expiry_alert(
      leaf, whose, advice, snapshot->config->alert.expiry_warnings, state_->context.clock.now());
  if (alert) raise(std::move(*alert));
}

void Alerts::check_expiry() {
  const std::shared_ptr<const Snapshot> snapshot = state_->context.snapshot();
  for (const policy::LoadedCertificate& certificate : snapshot->materials->certificates) {
    if (certificate.chain.empty()) continue;
    watch_expiry(certificate.chain.front(), "certificate " + certificate.name,
                 "Renew it and put the new files in place of " + certificate.chain_file + " and " +
                     certificate.key_file + "; they are picked up without restart.");
  }
}

}  // namespace postern::relay
