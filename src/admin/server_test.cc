#include "admin/server.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/client.h"
#include "admin/unix_socket.h"
#include "base/json.h"

namespace postern::admin {
namespace {

using namespace std::chrono_literals;

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    std::string form = "/tmp/postern-admin-XXXXXX";
    folder_ = mkdtemp(form.data());
    path_ = folder_ + "/var/admin.sock";
    runtime_.start();
  }
  ~AdminServerTest() override {
    server_.reset();
    runtime_.stop();
    std::filesystem::remove_all(folder_);
  }

  static io::Task<Response> echo(Request request, std::string user) {
    Json body = Json::object();
    body["method"] = request.method;
    body["target"] = request.target;
    body["body"] = request.body;
    body["user"] = user;
    Response response;
    response.body = dump_json(body);
    if (request.target == "/missing") response = error_response(404, "no such thing");
    if (request.target == "/refused") response = error_response(400, "not like this");
    co_return response;
  }
  Result<void> listen() {
    TRY(server_, AdminServer::listen(runtime_, path_, echo));
    return {};
  }
  // Raw octets to the socket, and all that comes back.
  std::string talk(std::string_view octets) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    // The server may answer and close before everything is sent: a reset is no failure here.
    (void)!::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    std::string out;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;)
      out.append(buffer, static_cast<std::size_t>(n));
    ::close(fd);
    return out;
  }

  std::string folder_, path_;
  io::Runtime runtime_{2, 1};
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersWithTheUserAtTheOtherEnd) {
  ASSERT_TRUE(listen());
  const Result<Json> answer = request(path_, {"POST", "/v1/x?y=1", "{\"a\":1}"}, 5s);
  ASSERT_TRUE(answer) << answer.error().what();
  EXPECT_EQ((*answer)["method"], "POST");
  EXPECT_EQ((*answer)["target"], "/v1/x?y=1");
  EXPECT_EQ((*answer)["body"], "{\"a\":1}");
  EXPECT_FALSE((*answer)["user"].get<std::string>().empty());
}

TEST_F(AdminServerTest, SocketIsForItsOwnerAlone) {
  ASSERT_TRUE(listen());
  struct stat file{};
  ASSERT_EQ(::stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  struct stat folder{};
  ASSERT_EQ(::stat((folder_ + "/var").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0700U);
}

TEST_F(AdminServerTest, ErrorsCarryTheGatewaysWords) {
  ASSERT_TRUE(listen());
  const Result<Json> missing = request(path_, {"GET", "/missing", ""}, 5s);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), admin_errc::not_found);
  EXPECT_EQ(missing.error().detail(), "no such thing");
  const Result<Json> refused = request(path_, {"GET", "/refused", ""}, 5s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), admin_errc::refused);
  EXPECT_EQ(refused.error().detail(), "not like this");
}

TEST_F(AdminServerTest, NobodyThereIsNotRunning) {
  const Result<Json> answer = request(path_, {"GET", "/", ""}, 5s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), admin_errc::not_running);
  const Result<Json> too_long = request("/" + std::string(200, 'x'), {"GET", "/", ""}, 5s);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), admin_errc::not_running);
}

TEST_F(AdminServerTest, StaleSocketIsReplaced_LiveOneRefused_FileKept) {
  ASSERT_TRUE(listen());
  const auto second = AdminServer::listen(runtime_, path_, echo);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what().find("answers on"), std::string::npos);

  // What a killed gateway leaves behind.
  server_.reset();
  const Result<SocketFile> left = open_socket_file(path_);
  ASSERT_TRUE(left);
  ::close(left->fd);
  ASSERT_TRUE(std::filesystem::exists(path_));
  ASSERT_TRUE(listen());
  EXPECT_TRUE(request(path_, {"GET", "/", ""}, 5s));

  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::ofstream(path_) << "precious";
  const auto over_file = AdminServer::listen(runtime_, path_, echo);
  ASSERT_FALSE(over_file);
  EXPECT_NE(over_file.error().what().find("is no socket"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(AdminServerTest, SocketOfASuccessorIsLeftAlone) {
  ASSERT_TRUE(listen());
  std::filesystem::remove(path_);
  auto next = AdminServer::listen(runtime_, path_, echo);
  ASSERT_TRUE(next);
  server_.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(AdminServerTest, PathTooLongForASocketSaysSo) {
  const auto server = AdminServer::listen(runtime_, "/" + std::string(200, 'x'), echo);
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().what().find("too long for a socket"), std::string::npos);
}

TEST_F(AdminServerTest, HostileOctetsGetAnErrorAndAnEnd) {
  ASSERT_TRUE(listen());
  EXPECT_NE(talk("HELO\r\n\r\n").find("HTTP/1.1 400"), std::string::npos);
  EXPECT_NE(talk("GET / HTTP/1.1\r\nX: " + std::string(kMaxHeaderOctets, 'x') + "\r\n\r\n")
                .find("HTTP/1.1 431"),
            std::string::npos);
  EXPECT_NE(talk("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").find("HTTP/1.1 413"),
            std::string::npos);
  EXPECT_NE(talk("GET / HTTP/1.1\r\n\r\n").find("Connection: close"), std::string::npos);
}

TEST_F(AdminServerTest, ManyClientsAtOnceAllGetTheirAnswer) {
  ASSERT_TRUE(listen());
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        if (request(path_, {"GET", "/", ""}, 10s)) ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 320);
}

TEST_F(AdminServerTest, IdleConnectionsBeyondTheLimitCostNothingOnceTheyEnd) {
  ASSERT_TRUE(listen());
  std::vector<int> idle;
  for (std::size_t i = 0; i < kMaxConnections + 4; ++i) {
    idle.push_back(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    ASSERT_EQ(::connect(idle.back(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  std::thread closer([&] {
    for (const int fd : idle) ::close(fd);
  });
  EXPECT_TRUE(request(path_, {"GET", "/", ""}, 10s));
  closer.join();
}

}  // namespace
}  // namespace postern::admin
