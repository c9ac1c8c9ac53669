// Helpers of the store's tests: a folder of their own, messages to order, writes that are awaited.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace postern::store {

// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string database() const { return path_ + "/var/postern.db"; }
  [[nodiscard]] std::string spec() const { return "sqlite:" + database(); }
  [[nodiscard]] std::vector<std::string> body_files() const;

 private:
  std::string path_;
};

constexpr Time kTestTime{Duration(1'790'000'000'000)};

struct TestMessage {
  std::uint64_t id = 1;
  std::vector<std::string> recipients{"bob@partner.example"};
  std::string destination = "partner";
  std::string body = "Subject: x\r\n\r\nhello\r\n";
  std::string prefix;
  std::string sender = "Alice@Contoso.com";
  Time arrival = kTestTime;
};

[[nodiscard]] mail::Mailbox mailbox_of(const std::string& address);
[[nodiscard]] NewMessage make_message(Store& store, const TestMessage& order);

// Each waits for `done`.
[[nodiscard]] Result<void> accept(Store& store, NewMessage message);
[[nodiscard]] Result<void> accept(Store& store, const TestMessage& order);
[[nodiscard]] Result<void> apply(Store& store, Batch batch);
[[nodiscard]] Result<void> change(Store& store, std::uint64_t id, std::uint32_t recipient,
                                  Status status);
[[nodiscard]] Result<void> purge(Store& store, Time now, const Retention& retention);
[[nodiscard]] Result<void> reroute(
    Store& store, std::function<std::string(std::string_view, std::string_view)> route);

[[nodiscard]] std::vector<std::uint64_t> ids(const Result<std::vector<StoredMessage>>& messages);
// A body that follows from the id alone, of 100 octets to 200 KiB: what a program that was killed
// had stored can be checked without its help.
[[nodiscard]] std::string body_of(std::uint64_t id);
[[nodiscard]] std::string read_all(BodyReader& reader, std::size_t step = 4096);

}  // namespace postern::store
