// Helpers of reception's tests: a folder, a gateway that only receives, and a client on a real
// socket that says what it is told and waits for replies.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fetch/testing/scripted_fetcher.h"
#include "relay/reception.h"
#include "tls/engine.h"
#include "x509/testing/factory.h"

namespace postern::relay::testing {

// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Store, loops and reception over a configuration made in the test. Port 0 in `listen` is the way.
class ReceivingGateway {
 public:
  ReceivingGateway();
  ~ReceivingGateway();

  policy::Config config;  // read by start() and reload()
  tls::Materials materials;

  void add_certificate(const std::string& name, const x509::testing::Issued& issued);
  void add_trust(const std::string& name, const x509::Certificate& anchor);

  void start();
  [[nodiscard]] Result<void> reload();
  void shutdown();
  [[nodiscard]] std::uint16_t port(const std::string& connector, std::size_t nth = 0);
  [[nodiscard]] std::size_t sessions();
  // Waits until no session runs; false: they do after ten seconds.
  [[nodiscard]] bool wait_idle();

  [[nodiscard]] store::Store& store() { return *store_; }
  // Of the one message that is in the store; fails the test when there is none or several.
  [[nodiscard]] store::TracedMessage only_message();
  [[nodiscard]] std::string body(MessageId id);
  [[nodiscard]] std::vector<std::string> accepted_destinations();
  [[nodiscard]] std::vector<std::string>
  client_certificates();                     // that were told of, "whose: subject"
  [[nodiscard]] std::string protocol_log();  // all that was logged; stops the log

 private:
  class NoResolver;
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  template <class F>
  auto on_main(F work);

  TempFolder folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<io::Runtime> runtime_;
  std::unique_ptr<NoResolver> resolver_;
  std::unique_ptr<ProtocolLog> protocol_log_;
  fetch::testing::ScriptedFetcher fetcher_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Reception> reception_;
  std::mutex mutex_;
  std::vector<std::string> accepted_, client_certificates_;
};

// A client that blocks, with kClientPatience on every wait.
class SmtpClient {
 public:
  explicit SmtpClient(std::uint16_t port);
  ~SmtpClient();
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  void send(std::string_view octets);
  // The next reply, its lines joined by '\n' without CR LF; "" when the connection has ended.
  [[nodiscard]] std::string reply();
  // A line, and the reply to it.
  std::string command(std::string_view line);
  // STARTTLS and the handshake, or only the handshake (implicit TLS); false: it failed.
  [[nodiscard]] bool start_tls(std::shared_ptr<const tls::Credential> credential = nullptr,
                               const std::string& sni = "");
  [[nodiscard]] bool handshake(std::shared_ptr<const tls::Credential> credential = nullptr,
                               const std::string& sni = "");
  [[nodiscard]] verdict::TlsEvidence tls_evidence() const { return engine_->evidence(); }
  void close();

 private:
  [[nodiscard]] bool fill();

  int fd_ = -1;
  std::optional<tls::Engine> engine_;
  std::string in_;
};

}  // namespace postern::relay::testing
