#include "relay/protocol_log.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/text.h"
#include "relay/log_folder.h"
#include "x509/names.h"

namespace postern::relay {
namespace {

// Lines wait here for the disk; what comes on top is lost and counted.
constexpr std::size_t kMaxWaitingOctets = 8 << 20;
// The longest that a line waits before it is handed to the file.
constexpr std::chrono::milliseconds kFlushInterval{100};
// What a peer says is cut early: a line costs it nothing. Our own remarks (certificate facts) are
// few.
constexpr std::size_t kMaxPeerOctets = 512;
constexpr std::size_t kMaxDataOctets = 4000;

// RFC 4180 s2: a field with a comma, a quote or a line break stands in quotes, quotes doubled.
void append_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string format_line(const ProtocolLog::Line& line, Time now) {
  std::string out = format_log_time(now);
  const auto field = [&](std::string_view text) {
    out += ',';
    append_field(out, text);
  };
  field(line.connector);
  field(line.session.str());
  field(std::to_string(line.sequence));
  field(line.local);
  field(line.remote);
  field(std::string_view(&line.event, 1));
  field(printable(line.data, line.event == '*' ? kMaxDataOctets : kMaxPeerOctets));
  field(printable(line.context, kMaxDataOctets));
  out += "\r\n";
  return out;
}

}  // namespace

// Callers append under the mutex; one thread writes what has come together.
struct ProtocolLog::State {
  State(const Clock& clock_in, ProtocolLogSettings settings_in)
      : clock(clock_in), settings(std::move(settings_in)) {}

  void start() {
    if (settings.folder.empty() || writer.joinable()) return;
    writer = std::thread([this] { run(); });
  }

  void run() {
    LogFolder folder;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || waiting_octets != 0; });
      if (waiting_octets == 0) return;  // stopping, and all is written
      if (!stopping) wake.wait_for(lock, kFlushInterval, [this] { return stopping; });
      const std::vector<LogBlock> blocks = std::move(waiting);
      waiting.clear();
      waiting_octets = 0;
      const std::uint64_t lost = std::exchange(lost_lines, 0);
      const ProtocolLogSettings now_settings = settings;
      lock.unlock();
      folder.write(now_settings, blocks, lost);
      lock.lock();
    }
  }

  // With the mutex held.
  void append(Direction direction, Time now, std::string line) {
    if (waiting_octets + line.size() > kMaxWaitingOctets) {
      ++lost_lines;
      return;
    }
    waiting_octets += line.size();
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const auto same = std::ranges::find_if(waiting, [&](const LogBlock& block) {
      return block.direction == direction && block.day == day;
    });
    LogBlock& block = same != waiting.end() ? *same : waiting.emplace_back();
    block.direction = direction;
    block.day = day;
    block.time = now;
    block.text += line;
    ++block.lines;
  }

  const Clock& clock;
  std::mutex mutex;
  std::condition_variable wake;
  ProtocolLogSettings settings;
  std::vector<LogBlock> waiting;
  std::size_t waiting_octets = 0;
  std::uint64_t lost_lines = 0;
  bool stopping = false;
  std::thread writer;
};

ProtocolLog::ProtocolLog(const Clock& clock, ProtocolLogSettings settings)
    : state_(std::make_unique<State>(clock, std::move(settings))) {
  state_->start();
}

ProtocolLog::~ProtocolLog() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  if (state_->writer.joinable()) state_->writer.join();
}

void ProtocolLog::reconfigure(ProtocolLogSettings settings) {
  const std::lock_guard lock(state_->mutex);
  state_->settings = std::move(settings);
  state_->start();
}

void ProtocolLog::write(const Line& line) {
  // The time is taken under the mutex, so that lines stand in the order of their times.
  const std::lock_guard lock(state_->mutex);
  if (state_->settings.folder.empty()) return;
  const Time now = state_->clock.now();
  const bool was_empty = state_->waiting_octets == 0;
  state_->append(line.direction, now, format_line(line, now));
  if (was_empty) state_->wake.notify_one();
}

SessionLog::SessionLog(ProtocolLog& log, Direction direction, std::string connector,
                       SessionId session, bool enabled)
    : log_(enabled ? &log : nullptr),
      direction_(direction),
      connector_(std::move(connector)),
      session_(session) {}

void SessionLog::set_endpoints(std::string local, std::string remote) {
  local_ = std::move(local);
  remote_ = std::move(remote);
}

void SessionLog::write(char event, std::string_view data, std::string_view context) {
  if (log_ == nullptr) return;
  ProtocolLog::Line line;
  line.direction = direction_;
  line.connector = connector_;
  line.session = session_;
  line.sequence = sequence_++;
  line.local = local_;
  line.remote = remote_;
  line.event = event;
  line.data = data;
  line.context = context;
  log_->write(line);
}

void SessionLog::lines(char event, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    write(event, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
}

void SessionLog::certificate(const x509::Certificate& certificate, bool remote) {
  if (log_ == nullptr) return;
  const std::string data =
      certificate.subject() + " " + certificate.issuer() + " " + certificate.serial() + " " +
      certificate.thumbprint() + " " + format_rfc3339(certificate.not_before()) + " " +
      format_rfc3339(certificate.not_after()) + " " + join(x509::presented_names(certificate), ";");
  write('*', data,
        std::string(remote ? "Remote" : "Sending") +
            " certificate Subject Issuer name Serial number Thumbprint Not before Not after "
            "Subject alternate names");
}

}  // namespace postern::relay
