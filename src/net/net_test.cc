#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/interfaces.h"
#include "net/listener.h"
#include "net/stream.h"
#include "tls/testing/credentials.h"
#include "x509/testing/factory.h"

namespace postern::net {
namespace {

using namespace std::chrono_literals;
using tls::testing::make_credential;
using tls::testing::make_server_context;
using StreamPtr = std::unique_ptr<Stream>;

constexpr Duration kLong = 20s;  // never reached unless something is wrong

struct Pki {
  x509::testing::Issued root = x509::testing::make_root("Test Root");
  x509::testing::Issued server = x509::testing::make_leaf(root, "mx.example.test");
  x509::testing::Issued client = x509::testing::make_leaf(root, "client.example.test");
};
const Pki& pki() {
  static const Pki made;
  return made;
}

// Two ends of one connection over loopback, and a runtime under them.
class NetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime_.start();
    connect("127.0.0.1");
  }
  void TearDown() override { runtime_.stop(); }

  void connect(const std::string& address) {
    auto bound = Listener::bind(runtime_, {address, 0});
    ASSERT_TRUE(bound) << bound.error().what();
    listener_ = std::move(*bound);
    struct First {
      std::promise<std::pair<StreamPtr, io::Executor>> accepted;
      std::once_flag once;
    };
    const auto first = std::make_shared<First>();
    listener_->start([first](StreamPtr stream, io::Executor here) {
      // Connections of single tests come later and are dropped.
      std::call_once(first->once, [&] { first->accepted.set_value({std::move(stream), here}); });
    });
    here_client_ = runtime_.next();
    auto made =
        run(here_client_, Stream::connect(here_client_, address, listener_->port(), "", kLong));
    ASSERT_TRUE(made) << made.error().what();
    client_ = std::move(*made);
    std::tie(server_, here_server_) = first->accepted.get_future().get();
  }

  template <class T>
  static io::Task<void> deliver(io::Task<T> task, std::promise<T>& out) {
    auto value = co_await std::move(task);
    out.set_value(std::move(value));
  }
  template <class T>
  std::future<T> start(io::Executor where, io::Task<T> task, std::promise<T>& out) {
    where.spawn("test", deliver(std::move(task), out));
    return out.get_future();
  }
  template <class T>
  T run(io::Executor where, io::Task<T> task) {
    std::promise<T> out;
    return start(where, std::move(task), out).get();
  }
  void on(io::Executor where, const std::function<void()>& work) {
    std::promise<void> done;
    where.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Both handshakes at once.
  std::pair<Result<void>, Result<void>> shake_hands(
      const tls::ClientSettings& settings, std::shared_ptr<const tls::ServerContext> context) {
    std::promise<Result<void>> server_out;
    auto server =
        start(here_server_, server_->start_tls_server(std::move(context), kLong), server_out);
    auto client = run(here_client_, client_->start_tls_client(settings, kLong));
    return {std::move(client), server.get()};
  }

  io::Runtime runtime_{2, 1};
  io::Executor here_client_, here_server_;
  std::unique_ptr<Listener> listener_;
  StreamPtr client_, server_;
};

io::Task<Result<std::string>> read_exactly(Stream& stream, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    CO_TRY(const std::string part, co_await stream.read(kLong));
    all += part;
  }
  co_return all;
}

TEST(Interfaces, LoopbackIsAmongTheMachinesOwnAddresses) {
  const std::vector<std::string> all = interface_addresses();
  EXPECT_NE(std::ranges::find(all, "127.0.0.1"), all.end());
}

TEST_F(NetTest, KnowsBothEnds) {
  EXPECT_EQ(client_->peer_address(), "127.0.0.1");
  EXPECT_EQ(client_->peer_port(), listener_->port());
  EXPECT_EQ(server_->peer_port(), client_->local_port());
  EXPECT_EQ(server_->local_address(), "127.0.0.1");
}

TEST_F(NetTest, OctetsGoBothWaysInTheClear) {
  ASSERT_TRUE(run(here_server_, server_->write("220 hello\r\n", kLong)));
  EXPECT_EQ(*run(here_client_, client_->read(kLong)), "220 hello\r\n");
  ASSERT_TRUE(run(here_client_, client_->write("QUIT\r\n", kLong)));
  EXPECT_EQ(*run(here_server_, server_->read(kLong)), "QUIT\r\n");
  EXPECT_FALSE(client_->tls());
  EXPECT_FALSE(client_->tls_evidence().attempted);
}

TEST_F(NetTest, SilenceIsATimeoutAndTheStreamLivesOn) {
  const auto got = run(here_client_, client_->read(30ms));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), net_errc::timeout);
  EXPECT_EQ(stop_of(got.error().code()), verdict::Stop::timeout);
  ASSERT_TRUE(run(here_server_, server_->write("late", kLong)));
  EXPECT_EQ(*run(here_client_, client_->read(kLong)), "late");
}

TEST_F(NetTest, CloseIsSeenAfterWhatWasWritten) {
  ASSERT_TRUE(run(here_server_, server_->write("221 bye\r\n", kLong)));
  on(here_server_, [this] { server_->close(); });
  EXPECT_EQ(*run(here_client_, client_->read(kLong)), "221 bye\r\n");
  const auto end = run(here_client_, client_->read(kLong));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), net_errc::closed);
}

TEST_F(NetTest, LastReplyIsNotLostToOctetsNobodyRead) {
  ASSERT_TRUE(run(here_client_, client_->write(std::string(1000, 'x'), kLong)));
  ASSERT_TRUE(run(here_server_, server_->write("421 too much\r\n", kLong)));
  on(here_server_, [this] { server_->close(); });
  EXPECT_EQ(*run(here_client_, client_->read(kLong)), "421 too much\r\n");
}

TEST_F(NetTest, AbortIsAReset) {
  on(here_server_, [this] { server_->abort(); });
  const auto end = run(here_client_, client_->read(kLong));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), net_errc::reset);
}

TEST_F(NetTest, CloseHereEndsAPendingWait) {
  std::promise<Result<std::string>> out;
  auto pending = start(here_client_, client_->read(kLong), out);
  on(here_client_, [this] { client_->close(); });
  const auto got = pending.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), net_errc::aborted);
}

TEST_F(NetTest, APeerThatNeverReadsTimesOutTheWriter) {
  const std::string much(64 << 20, 'x');
  const auto sent = run(here_client_, client_->write(much, 50ms));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), net_errc::timeout);
}

TEST_F(NetTest, RefusedConnectionSaysSo) {
  const std::uint16_t port = listener_->port();
  listener_.reset();
  on(runtime_.main(), [] {});  // the acceptor closes on its loop
  const auto made = run(here_client_, Stream::connect(here_client_, "127.0.0.1", port, "", kLong));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), net_errc::refused);
}

TEST_F(NetTest, SourceAddressIsBound) {
  auto made = run(here_client_, Stream::connect(here_client_, "127.0.0.1", listener_->port(),
                                                "127.0.0.7", kLong));
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->local_address(), "127.0.0.7");
}

TEST_F(NetTest, BadAddressesAreErrors) {
  EXPECT_FALSE(run(here_client_, Stream::connect(here_client_, "mx.test", 25, "", kLong)));
  EXPECT_FALSE(run(here_client_, Stream::connect(here_client_, "127.0.0.1", 25, "x", kLong)));
  EXPECT_FALSE(Listener::bind(runtime_, {"localhost", 0}));
  const auto taken = Listener::bind(runtime_, {"127.0.0.1", listener_->port()});
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().detail().find("Address already in use"), std::string::npos);
}

TEST_F(NetTest, Ipv6SocketsAreForIpv6Alone) {
  const auto both = Listener::bind(runtime_, {"0.0.0.0", 0});
  ASSERT_TRUE(both);
  EXPECT_TRUE(Listener::bind(runtime_, {"::", (*both)->port()}));
}

TEST_F(NetTest, TlsOnBothSidesIsRecorded) {
  tls::ClientSettings settings;
  settings.sni = "mx.example.test";
  settings.credential = make_credential(pki().client);
  const auto [client, server] =
      shake_hands(settings, make_server_context(make_credential(pki().server), true));
  ASSERT_TRUE(client) << client.error().what();
  ASSERT_TRUE(server) << server.error().what();
  EXPECT_TRUE(client_->tls() && server_->tls());
  EXPECT_EQ(client_->tls_evidence().presented.at(0), pki().server.certificate);
  EXPECT_EQ(server_->tls_evidence().presented.at(0), pki().client.certificate);
  ASSERT_TRUE(run(here_server_, server_->write("250 ok\r\n", kLong)));
  EXPECT_EQ(*run(here_client_, client_->read(kLong)), "250 ok\r\n");
}

TEST_F(NetTest, CloseNotifyIsAnEndAndNotATruncation) {
  ASSERT_TRUE(shake_hands({}, make_server_context(make_credential(pki().server))).first);
  on(here_server_, [this] { server_->close(); });
  const auto end = run(here_client_, client_->read(kLong));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), net_errc::closed);
  EXPECT_EQ(end.error().detail(), "close_notify");
}

TEST_F(NetTest, StallInTheHandshakeIsATimeout) {
  const auto done = run(here_client_, client_->start_tls_client({}, 50ms));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), net_errc::timeout);
  EXPECT_TRUE(client_->tls_evidence().attempted);
  EXPECT_FALSE(client_->tls_evidence().completed);
}

TEST_F(NetTest, TrickleInTheHandshakeDoesNotMoveItsDeadline) {
  std::promise<Result<void>> out;
  auto pending = start(
      here_server_,
      server_->start_tls_server(make_server_context(make_credential(pki().server)), 200ms), out);
  // The front of a ClientHello record that never ends.
  const std::string start_of_record("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
  ASSERT_TRUE(run(here_client_, client_->write(start_of_record, kLong)));
  while (pending.wait_for(10ms) == std::future_status::timeout)
    (void)run(here_client_, client_->write("x", kLong));
  const auto done = pending.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), net_errc::timeout);
}

TEST_F(NetTest, EndInTheHandshakeIsClosed) {
  std::promise<Result<void>> out;
  auto pending = start(here_client_, client_->start_tls_client({}, kLong), out);
  ASSERT_TRUE(run(here_server_, server_->read(kLong)));
  on(here_server_, [this] { server_->close(); });
  const auto done = pending.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), net_errc::closed);
}

TEST_F(NetTest, ClearTextInPlaceOfTheHandshakeIsATlsFailure) {
  std::promise<Result<void>> out;
  auto pending = start(here_client_, client_->start_tls_client({}, kLong), out);
  ASSERT_TRUE(run(here_server_, server_->write("220 still clear\r\n", kLong)));
  const auto done = pending.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), net_errc::tls);
  EXPECT_EQ(client_->tls_evidence().error_reason, "SSL_R_WRONG_VERSION_NUMBER");
  EXPECT_FALSE(run(here_client_, client_->write("EHLO x\r\n", kLong)))
      << "after a failed handshake nothing goes in the clear";
}

TEST_F(NetTest, LargeTransfersBothWaysAtOnceUnderTls) {
  ASSERT_TRUE(shake_hands({}, make_server_context(make_credential(pki().server))).first);
  std::string sent(64 << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + (i >> 13));
  for (const auto& [from, from_here, to, to_here] :
       {std::tuple(client_.get(), here_client_, server_.get(), here_server_),
        std::tuple(server_.get(), here_server_, client_.get(), here_client_)}) {
    std::promise<Result<void>> out;
    auto writing = start(from_here, from->write(sent, kLong), out);
    const auto got = run(to_here, read_exactly(*to, sent.size()));
    ASSERT_TRUE(writing.get());
    ASSERT_TRUE(got);
    EXPECT_TRUE(*got == sent);
  }
}

TEST_F(NetTest, ManyConnectionsAreSpreadOverTheLoops) {
  std::vector<StreamPtr> clients;
  std::mutex mutex;
  std::vector<std::pair<StreamPtr, void*>> accepted;
  auto listener = Listener::bind(runtime_, {"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  (*listener)->start([&](StreamPtr stream, io::Executor where) {
    EXPECT_TRUE(where.running_here());
    const std::lock_guard lock(mutex);
    accepted.emplace_back(std::move(stream), where.native());
  });
  for (int i = 0; i < 50; ++i) {
    auto made = run(here_client_,
                    Stream::connect(here_client_, "127.0.0.1", (*listener)->port(), "", kLong));
    ASSERT_TRUE(made);
    clients.push_back(std::move(*made));
  }
  const auto all_here = [&] {
    const std::lock_guard lock(mutex);
    return accepted.size() == clients.size();
  };
  while (!all_here()) std::this_thread::yield();
  std::set<void*> loops;
  for (const auto& [stream, loop] : accepted) loops.insert(loop);
  EXPECT_EQ(loops.size(), runtime_.loops());
}

// Without descriptors a connection waits in the backlog; one line of the log says so, not one a
// try.
TEST_F(NetTest, WithoutDescriptorsAListenerWaitsAndSaysSoOnce) {
  const std::string log_path = testing::TempDir() + "postern-net-accept.log";
  std::filesystem::remove(log_path);
  ASSERT_TRUE(log::set_file(log_path));
  const auto lines = [&] {
    std::ifstream in(log_path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("P1011", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  auto listener = Listener::bind(runtime_, {"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  std::promise<void> accepted;
  (*listener)->start([&](StreamPtr, io::Executor) { accepted.set_value(); });

  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons((*listener)->port());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  std::future<void> served = accepted.get_future();
  EXPECT_EQ(served.wait_for(500ms), std::future_status::timeout);  // some five tries
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(served.wait_for(kLong), std::future_status::ready);
  EXPECT_GE(lines(), 1U);
  EXPECT_LE(lines(), 2U);  // a minute may have begun in between
  ::close(client);
  (*listener)->close();
}

}  // namespace
}  // namespace postern::net
