// What holds when the process is killed, or the disk fails, at any moment: a message for which
// `done` said success is there, whole and once; one for which it said an error is not (as long as
// the disk works again).
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "store/store_testing.h"

namespace postern::store {
namespace {

// A started program and the end of its standard output that we read.
struct Child {
  pid_t pid = -1;
  int output = -1;
};

Child start(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}

// Reads until the end of the output, or until `lines` lines came, and then kills the child.
std::string read_output(const Child& child, std::size_t kill_after_lines = SIZE_MAX) {
  std::string out;
  char buffer[4096];
  bool killed = false;
  while (true) {
    const ssize_t got = ::read(child.output, buffer, sizeof buffer);
    if (got <= 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
    const auto lines = static_cast<std::size_t>(std::ranges::count(out, '\n'));
    if (!killed && lines >= kill_after_lines) killed = ::kill(child.pid, SIGKILL) == 0;
  }
  ::close(child.output);
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  if (WIFEXITED(status)) EXPECT_NE(WEXITSTATUS(status), 127) << "the program is not installed";
  return out;
}

struct Said {
  std::set<std::uint64_t> ok, no;
};
void collect(const std::string& output, Said& said) {
  for (const std::string_view line : split(output, '\n')) {
    if (line.size() < 4) continue;
    const auto id = parse_uint(line.substr(3));
    ASSERT_TRUE(id) << line;
    (line.starts_with("ok") ? said.ok : said.no).insert(*id);
  }
}

// Every message in the store, checked to be whole.
std::multiset<std::uint64_t> stored(const TempFolder& folder) {
  std::multiset<std::uint64_t> out;
  auto opened = open_store(folder.spec(), {});
  EXPECT_TRUE(opened) << opened.error().what();
  if (!opened) return out;
  for (const std::uint64_t id : ids((*opened)->pending("partner", 1'000'000))) {
    out.insert(id);
    auto body = (*opened)->open_body(MessageId(id));
    EXPECT_TRUE(body) << id << ": " << body.error().what();
    if (body) EXPECT_EQ(read_all(**body), "Received: by fault\r\n" + body_of(id)) << id;
  }
  return out;
}

void expect_all_kept(const TempFolder& folder, const Said& said) {
  const auto found = stored(folder);
  for (const std::uint64_t id : said.ok) EXPECT_EQ(found.count(id), 1U) << "message " << id;
}

TEST(StoreFault, KilledAtAnyMoment_KeepsWhatItAcknowledged_OnceAndWhole) {
  constexpr int kRounds = 10;
  constexpr std::uint64_t kIdsARound = 1'000'000;
  const TempFolder folder;
  std::mt19937 random(20261121);  // NOLINT: the same moments in every run
  Said said;
  for (int round = 0; round < kRounds; ++round) {
    const std::string first = std::to_string(1 + kIdsARound * static_cast<std::uint64_t>(round));
    const Child child =
        start({POSTERN_FAULT_CHILD, folder.spec(), first, std::to_string(kIdsARound), "8"});
    collect(read_output(child, random() % 120), said);
    expect_all_kept(folder, said);
  }
  EXPECT_GT(said.ok.size(), 100U);
  EXPECT_TRUE(said.no.empty());
}

struct Fault {
  std::string calls, error, when;
  bool recovers;  // the fault passes, so that the store can clean up behind it
};

class DiskFault : public testing::TestWithParam<Fault> {};

TEST_P(DiskFault, NeverMakesASuccessOfWhatIsNotStored) {
  const Fault& fault = GetParam();
  const TempFolder folder;
  ASSERT_TRUE(open_store(folder.spec(), {}));  // the fault is to meet messages, not the first start
  const Child child =
      start({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + fault.calls, "-e",
             "inject=" + fault.calls + ":error=" + fault.error + ":when=" + fault.when,
             POSTERN_FAULT_CHILD, folder.spec(), "1", "60", "4"});
  Said said;
  collect(read_output(child), said);
  EXPECT_GE(said.ok.size() + said.no.size(), 60U) << "the gateway did not go on";
  const auto found = stored(folder);
  for (const std::uint64_t id : said.ok) EXPECT_EQ(found.count(id), 1U) << "message " << id;
  if (fault.recovers) {
    EXPECT_FALSE(said.no.empty()) << "the fault met nothing";
    for (const std::uint64_t id : said.no) EXPECT_EQ(found.count(id), 0U) << "ghost " << id;
  }
}

// The n-th call of a thread fails, or all from the n-th on.
std::vector<Fault> faults() {
  std::vector<Fault> out;
  for (const std::string error : {"EIO", "ENOSPC"}) {
    for (const std::string when : {"3", "5", "8"}) {
      out.push_back({"fsync,fdatasync", error, when, true});
      out.push_back({"pwrite64", error, when + "0", true});
      out.push_back({"fsync,fdatasync", error, when + "+", false});
      out.push_back({"pwrite64", error, when + "0+", false});
    }
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(All, DiskFault, testing::ValuesIn(faults()), [](const auto& info) {
  std::string name = info.param.error + "_" + info.param.calls + "_" + info.param.when;
  std::ranges::replace(name, ',', '_');
  std::ranges::replace(name, '+', 'x');
  return name;
});

}  // namespace
}  // namespace postern::store
