#include "relay/protocol_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "relay/log_folder.h"
#include "relay/testing/reception_testing.h"
#include "x509/testing/factory.h"

namespace postern::relay {
namespace {

using namespace std::chrono_literals;
using testing::TempFolder;

const Time kNoon = *parse_rfc3339("2026-11-21T12:00:00Z");

std::map<std::string, std::string> files(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    out[entry.path().filename().string()] = text.str();
  }
  return out;
}

ProtocolLogSettings settings(const TempFolder& folder) {
  ProtocolLogSettings out;
  out.folder = folder.path() + "/log";
  return out;
}

TEST(ProtocolLog, WritesExchangesLayoutWithItsHead) {
  const TempFolder folder;
  const ManualClock clock(kNoon + 7ms);
  {
    ProtocolLog log(clock, settings(folder));
    SessionLog session(log, Direction::receive, "internet", SessionId(5), true);
    session.set_endpoints("127.0.0.1:25", "[::1]:4711");
    session.write('+', "");
    session.write('<', "EHLO \"a,b\"");
    session.write('*', "", "x\r\ny");
  }
  const auto found = files(folder.path() + "/log");
  ASSERT_EQ(found.size(), 1U);
  const std::string id = SessionId(5).str();
  EXPECT_EQ(found.at("RECV20261121-1.log"),
            "#Software: Postern\r\n#Version: 1.0\r\n#Log-Type: SMTP Receive Protocol Log\r\n"
            "#Date: 2026-11-21T12:00:00.007Z\r\n"
            "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,"
            "remote-endpoint,event,data,context\r\n"
            "2026-11-21T12:00:00.007Z,internet," +
                id +
                ",0,127.0.0.1:25,[::1]:4711,+,,\r\n"
                "2026-11-21T12:00:00.007Z,internet," +
                id +
                ",1,127.0.0.1:25,[::1]:4711,<,\"EHLO \"\"a,b\"\"\",\r\n"
                "2026-11-21T12:00:00.007Z,internet," +
                id + ",2,127.0.0.1:25,[::1]:4711,*,,x\\x0D\\x0Ay\r\n");
}

TEST(ProtocolLog, EachDirectionAndDayHasItsFiles) {
  const TempFolder folder;
  ManualClock clock(*parse_rfc3339("2026-11-21T23:59:59Z"));
  {
    ProtocolLog log(clock, settings(folder));
    SessionLog in(log, Direction::receive, "a", SessionId(1), true);
    SessionLog out(log, Direction::send, "b", SessionId(2), true);
    in.write('<', "one");
    out.write('>', "two");
    clock.advance(2s);
    in.write('<', "three");
  }
  const auto found = files(folder.path() + "/log");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NE(found.at("RECV20261121-1.log").find("one"), std::string::npos);
  EXPECT_NE(found.at("SEND20261121-1.log").find("two"), std::string::npos);
  EXPECT_NE(found.at("RECV20261122-1.log").find("three"), std::string::npos);
  EXPECT_EQ(found.at("RECV20261121-1.log").find("three"), std::string::npos);
}

TEST(ProtocolLog, AFullFileIsFollowedByTheNextNumberAndAnOpenOneGoesOnAfterARestart) {
  const TempFolder folder;
  const ManualClock clock(kNoon);
  ProtocolLogSettings small = settings(folder);
  small.max_size = 400;  // the head and little more
  for (int run = 0; run < 6; ++run) {
    ProtocolLog log(clock, small);
    SessionLog session(log, Direction::receive, "internet", SessionId(1), true);
    session.write('<', "run " + std::to_string(run));
  }
  const auto found = files(folder.path() + "/log");
  EXPECT_GE(found.size(), 2U);
  std::string all;
  for (const auto& [name, text] : found) {
    EXPECT_TRUE(text.starts_with("#Software")) << name;
    EXPECT_EQ(text.find("#Software", 1), std::string::npos) << name;
    EXPECT_LT(text.size(), 600U) << name;
    all += text;
  }
  for (int run = 0; run < 6; ++run) {
    EXPECT_NE(all.find("run " + std::to_string(run)), std::string::npos) << run;
  }
}

TEST(ProtocolLog, FilesPastTheirAgeGoAndNothingElse) {
  const TempFolder folder;
  ProtocolLogSettings aged = settings(folder);
  aged.max_age = 48h;
  std::filesystem::create_directories(aged.folder);
  for (const char* name : {"RECV20261118-1.log", "SEND20261101-12.log", "RECV20261119-1.log",
                           "RECV20261101-1.txt", "notes.log", "RECV2026110-1.log"}) {
    std::ofstream(aged.folder + "/" + name) << "x";
  }
  const ManualClock clock(kNoon);
  {
    ProtocolLog log(clock, aged);
    SessionLog(log, Direction::receive, "a", SessionId(1), true).write('+', "");
  }
  std::vector<std::string> names;
  for (const auto& [name, text] : files(aged.folder)) names.push_back(name);
  const std::vector<std::string> kept{"RECV2026110-1.log", "RECV20261101-1.txt",
                                      "RECV20261119-1.log", "RECV20261121-1.log", "notes.log"};
  EXPECT_EQ(names, kept);
}

TEST(ProtocolLog, BeyondTheTotalTheOldestFilesGoFirst) {
  const TempFolder folder;
  ProtocolLogSettings bounded = settings(folder);
  bounded.max_size = 1000;
  bounded.max_total = 3000;
  std::filesystem::create_directories(bounded.folder);
  for (const char* name : {"RECV20261118-2.log", "RECV20261118-10.log", "SEND20261119-1.log"}) {
    std::ofstream(bounded.folder + "/" + name) << std::string(900, 'x');
  }
  const ManualClock clock(kNoon);
  {
    ProtocolLog log(clock, bounded);
    SessionLog(log, Direction::receive, "a", SessionId(1), true).write('+', "");
  }
  std::vector<std::string> names;
  for (const auto& [name, text] : files(bounded.folder)) names.push_back(name);
  const std::vector<std::string> kept{"RECV20261118-10.log", "RECV20261121-1.log",
                                      "SEND20261119-1.log"};
  EXPECT_EQ(names, kept);
}

TEST(ProtocolLog, LongLinesOfThePeerAreCutAndTheFolderIsClosedToOthers) {
  const TempFolder folder;
  const ManualClock clock(kNoon);
  {
    ProtocolLog log(clock, settings(folder));
    SessionLog session(log, Direction::receive, "a", SessionId(1), true);
    session.write('<', std::string(2000, 'y'));
  }
  const std::string text = files(folder.path() + "/log").at("RECV20261121-1.log");
  EXPECT_LE(std::ranges::count(text, 'y'), 512);
  EXPECT_NE(text.find("yyy...,"), std::string::npos) << text;
  EXPECT_EQ(std::filesystem::status(folder.path() + "/log").permissions(),
            std::filesystem::perms::owner_all);
}

TEST(ProtocolLog, OffByFolderOrConnectorWritesNothing) {
  const TempFolder folder;
  const ManualClock clock(kNoon);
  {
    ProtocolLog off(clock, {});
    SessionLog(off, Direction::receive, "a", SessionId(1), true).write('+', "");
    ProtocolLog on(clock, settings(folder));
    SessionLog(on, Direction::receive, "a", SessionId(1), false).write('+', "");
    SessionLog().write('+', "");
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/log"));
}

TEST(ProtocolLog, CanBeSwitchedOnWhileItRuns) {
  const TempFolder folder;
  const ManualClock clock(kNoon);
  {
    ProtocolLog log(clock, {});
    log.reconfigure(settings(folder));
    SessionLog(log, Direction::send, "a", SessionId(1), true).write('+', "");
  }
  EXPECT_EQ(files(folder.path() + "/log").size(), 1U);
}

TEST(ProtocolLog, AFolderThatCannotBeWrittenCostsLinesOnly) {
  const TempFolder folder;
  std::ofstream(folder.path() + "/log") << "a file where the folder should be";
  const ManualClock clock(kNoon);
  ProtocolLog log(clock, settings(folder));
  SessionLog session(log, Direction::receive, "a", SessionId(1), true);
  for (int i = 0; i < 1000; ++i) session.write('+', "");
}

TEST(ProtocolLog, CertificateFactsStandInOneLine) {
  const TempFolder folder;
  const ManualClock clock(kNoon);
  const auto root = x509::testing::make_root("Root");
  const auto leaf = x509::testing::make_leaf(root, "mail.fabrikam.com");
  {
    ProtocolLog log(clock, settings(folder));
    SessionLog session(log, Direction::receive, "a", SessionId(1), true);
    session.certificate(leaf.certificate, true);
  }
  const std::string text = files(folder.path() + "/log").at("RECV20261121-1.log");
  EXPECT_NE(text.find("CN=mail.fabrikam.com CN=Root " + leaf.certificate.serial() + " " +
                      leaf.certificate.thumbprint() +
                      " 2024-01-01T00:00:00Z 2044-01-01T00:00:00Z mail.fabrikam.com,"
                      "Remote certificate Subject Issuer name Serial number Thumbprint"),
            std::string::npos)
      << text;
}

TEST(ProtocolLog, NamesAreReadBackAsWritten) {
  const LogName name{Direction::send, std::chrono::sys_days(std::chrono::year(2026) / 2 / 3), 12};
  EXPECT_EQ(name.str(), "SEND20260203-12.log");
  const auto back = parse_log_name(name.str());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->day, name.day);
  EXPECT_EQ(back->number, 12U);
  for (const char* bad : {"", "RECV", "RECV20261301-1.log", "RECV20261121-.log", "RECV20261121.log",
                          "RECV20261121-1.log2", "XECV20261121-1.log", "RECV20261121-1"}) {
    EXPECT_FALSE(parse_log_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace postern::relay
