#include "relay/testing/reception_testing.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tls/testing/credentials.h"

namespace postern::relay::testing {
namespace {

constexpr int kClientPatienceSeconds = 20;
constexpr auto kIdlePatience = std::chrono::seconds(10);

}  // namespace

TempFolder::TempFolder() {
  std::string name = ::testing::TempDir() + "reception-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// Reception asks no DNS.
class ReceivingGateway::NoResolver final : public dns::Resolver {
 public:
  io::Task<dns::MxAnswer> mx(std::string) override { co_return dns::MxAnswer(); }
  io::Task<dns::AddressAnswer> addresses(std::string) override { co_return dns::AddressAnswer(); }
  io::Task<dns::RecordsAnswer> records(std::string, dns::RecordType) override {
    co_return dns::RecordsAnswer();
  }
};

ReceivingGateway::ReceivingGateway() : resolver_(std::make_unique<NoResolver>()) {
  config.server.hostname = "edge.contoso.com";
  policy::SendConnector drop;
  drop.name = "local";
  drop.domains = {*mail::DomainPattern::parse("contoso.com"),
                  *mail::DomainPattern::parse("partner.example")};
  drop.drop = folder_.path() + "/drop";
  config.send.push_back(drop);
}

ReceivingGateway::~ReceivingGateway() {
  if (runtime_) runtime_->stop();
}

void ReceivingGateway::add_certificate(const std::string& name,
                                       const x509::testing::Issued& issued) {
  auto credential = std::make_shared<tls::Credential>(*tls::testing::make_credential(issued));
  credential->facts.name = name;
  materials.certificates.push_back(credential->facts);
  materials.credentials.push_back(std::move(credential));
}

void ReceivingGateway::add_trust(const std::string& name, const x509::Certificate& anchor) {
  x509::Provenance provenance;
  provenance.set = name;
  std::vector<x509::Anchor> anchors{{anchor, provenance}};
  materials.trust.sets.push_back(std::make_shared<x509::TrustSet>(name, std::move(anchors)));
}

std::shared_ptr<const Snapshot> ReceivingGateway::snapshot() const {
  auto out = std::make_shared<Snapshot>();
  out->config = std::make_shared<policy::Config>(config);
  out->materials = std::make_shared<tls::Materials>(materials);
  return out;
}

template <class F>
auto ReceivingGateway::on_main(F work) {
  std::promise<decltype(work())> answer;
  auto waiting = answer.get_future();
  runtime_->main().post([&] { answer.set_value(work()); });
  return waiting.get();
}

void ReceivingGateway::start() {
  auto opened = store::open_store("sqlite:" + folder_.path() + "/postern.db", {});
  ASSERT_TRUE(opened) << opened.error().what();
  store_ = std::move(*opened);
  runtime_ = std::make_unique<io::Runtime>(2, 1);
  ProtocolLogSettings log;
  log.folder = folder_.path() + "/log";
  protocol_log_ = std::make_unique<ProtocolLog>(system_clock(), log);
  context_ = std::make_unique<Context>(system_clock(), *runtime_, *store_, *resolver_, fetcher_,
                                       *protocol_log_);
  context_->set_snapshot(snapshot());
  ReceptionHooks hooks;
  hooks.on_accepted = [this](std::vector<std::string> keys) {
    const std::lock_guard lock(mutex_);
    accepted_.insert(accepted_.end(), keys.begin(), keys.end());
  };
  hooks.on_client_certificate = [this](const x509::Certificate& leaf, const std::string& whose) {
    const std::lock_guard lock(mutex_);
    client_certificates_.push_back(whose + ": " + leaf.subject());
  };
  reception_ = std::make_unique<Reception>(*context_, std::move(hooks));
  const Result<void> listening = reception_->listen(context_->snapshot());
  ASSERT_TRUE(listening) << listening.error().what();
  runtime_->start();
}

Result<void> ReceivingGateway::reload() {
  const auto next = snapshot();
  Result<void> done = on_main([this, next] { return reception_->listen(next); });
  if (done) context_->set_snapshot(next);
  return done;
}

void ReceivingGateway::shutdown() {
  on_main([this] {
    reception_->shutdown();
    return true;
  });
}

std::uint16_t ReceivingGateway::port(const std::string& connector, std::size_t nth) {
  for (const Reception::Bound& bound : reception_->bound()) {
    if (bound.connector == connector && nth-- == 0) return bound.endpoint.port;
  }
  return 0;
}

std::size_t ReceivingGateway::sessions() {
  return reception_->sessions();
}

bool ReceivingGateway::wait_idle() {
  const auto until = std::chrono::steady_clock::now() + kIdlePatience;
  while (sessions() != 0) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

store::TracedMessage ReceivingGateway::only_message() {
  auto found = store_->trace({});
  EXPECT_TRUE(found);
  EXPECT_EQ(found->size(), 1U);
  return found->empty() ? store::TracedMessage() : std::move(found->front());
}

std::string ReceivingGateway::body(MessageId id) {
  auto reader = store_->open_body(id);
  EXPECT_TRUE(reader);
  std::string out;
  while (reader) {
    auto block = (*reader)->read(out.size(), 1 << 20);
    if (!block || block->empty()) break;
    out += *block;
  }
  return out;
}

std::vector<std::string> ReceivingGateway::client_certificates() {
  const std::lock_guard lock(mutex_);
  return client_certificates_;
}

std::vector<std::string> ReceivingGateway::accepted_destinations() {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::string ReceivingGateway::protocol_log() {
  runtime_->stop();
  protocol_log_.reset();  // writes what it holds
  std::ostringstream out;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/log", ignored)) {
    out << std::ifstream(entry.path(), std::ios::binary).rdbuf();
  }
  return out.str();
}

SmtpClient::SmtpClient(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{kClientPatienceSeconds, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
}

SmtpClient::~SmtpClient() {
  close();
}

void SmtpClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void SmtpClient::send(std::string_view octets) {
  std::string wire(octets);
  if (engine_) {
    EXPECT_TRUE(engine_->write(octets));
    wire = engine_->take_output();
  }
  std::string_view rest = wire;
  while (!rest.empty()) {
    const ssize_t n = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the server is gone: reply() says so
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool SmtpClient::fill() {
  for (;;) {
    if (engine_) {
      auto plain = engine_->read(1 << 16);
      if (!plain) return false;
      in_ += *plain;
      if (!plain->empty()) return true;
    }
    std::array<char, 16384> block{};
    const ssize_t n = ::recv(fd_, block.data(), block.size(), 0);
    if (n <= 0) return false;
    const std::string_view got(block.data(), static_cast<std::size_t>(n));
    if (!engine_) {
      in_ += got;
      return true;
    }
    engine_->feed(got);
  }
}

std::string SmtpClient::reply() {
  std::string out;
  for (;;) {
    std::size_t end = in_.find("\r\n");
    while (end == std::string::npos) {
      if (!fill()) return "";
      end = in_.find("\r\n");
    }
    const std::string line = in_.substr(0, end);
    in_.erase(0, end + 2);
    out += (out.empty() ? "" : "\n") + line;
    if (line.size() < 4 || line[3] != '-') return out;
  }
}

std::string SmtpClient::command(std::string_view line) {
  send(std::string(line) + "\r\n");
  return reply();
}

bool SmtpClient::start_tls(std::shared_ptr<const tls::Credential> credential,
                           const std::string& sni) {
  return command("STARTTLS").starts_with("220") && handshake(std::move(credential), sni);
}

bool SmtpClient::handshake(std::shared_ptr<const tls::Credential> credential,
                           const std::string& sni) {
  tls::ClientSettings settings;
  settings.credential = std::move(credential);
  settings.sni = sni;
  auto made = tls::Engine::client(settings);
  if (!made) return false;
  tls::Engine engine = std::move(*made);
  for (;;) {
    const auto done = engine.handshake();
    const std::string out = engine.take_output();
    if (!out.empty()) ::send(fd_, out.data(), out.size(), MSG_NOSIGNAL);
    if (!done) return false;
    if (*done) break;
    std::array<char, 16384> block{};
    const ssize_t n = ::recv(fd_, block.data(), block.size(), 0);
    if (n <= 0) return false;
    engine.feed({block.data(), static_cast<std::size_t>(n)});
  }
  engine_.emplace(std::move(engine));
  return true;
}

}  // namespace postern::relay::testing
