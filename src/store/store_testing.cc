#include "store/store_testing.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace postern::store {
namespace {

// Runs a write and waits for its `done`.
template <class Write>
Result<void> wait_for(Write write) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  write([&promise](Result<void> result) { promise.set_value(std::move(result)); });
  return future.get();
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "postern-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}
std::vector<std::string> TempFolder::body_files() const {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path_ + "/var/bodies")) {
    out.push_back(entry.path().string());
  }
  return out;
}

mail::Mailbox mailbox_of(const std::string& address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string::npos) return {address, ""};
  return {address.substr(0, at), address.substr(at + 1)};
}

NewMessage make_message(Store& store, const TestMessage& order) {
  NewMessage message;
  message.facts.id = MessageId(order.id);
  message.facts.reverse_path = mailbox_of(order.sender);
  message.facts.arrival = order.arrival;
  message.facts.message_id = "<m" + std::to_string(order.id) + "@contoso.com>";
  message.facts.subject = "subject";
  message.facts.connector = "internet";
  for (const std::string& address : order.recipients) {
    NewRecipient recipient;
    recipient.recipient.mailbox = mailbox_of(address);
    recipient.destination = order.destination;
    message.recipients.push_back(std::move(recipient));
  }
  auto body = store.new_body();
  if (!body) throw std::runtime_error(body.error().what());
  message.body = std::move(*body);
  constexpr std::size_t kStep = 100'000;
  for (std::size_t at = 0; at < order.body.size(); at += kStep) {
    const auto written = message.body->append(std::string_view(order.body).substr(at, kStep));
    if (!written) throw std::runtime_error(written.error().what());
  }
  if (!order.prefix.empty()) message.body->set_prefix(order.prefix);
  return message;
}

Result<void> accept(Store& store, NewMessage message) {
  return wait_for([&](Done done) { store.accept(std::move(message), std::move(done)); });
}
Result<void> accept(Store& store, const TestMessage& order) {
  return accept(store, make_message(store, order));
}
Result<void> apply(Store& store, Batch batch) {
  return wait_for([&](Done done) { store.apply(std::move(batch), std::move(done)); });
}
Result<void> change(Store& store, std::uint64_t id, std::uint32_t recipient, Status status) {
  Batch batch;
  Change one;
  one.message = MessageId(id);
  one.recipient = recipient;
  one.status = status;
  one.time = kTestTime;
  batch.changes.push_back(one);
  return apply(store, std::move(batch));
}
Result<void> purge(Store& store, Time now, const Retention& retention) {
  return wait_for([&](Done done) { store.purge(now, retention, std::move(done)); });
}
Result<void> reroute(Store& store,
                     std::function<std::string(std::string_view, std::string_view)> route) {
  return wait_for([&](Done done) { store.reroute(std::move(route), std::move(done)); });
}

std::vector<std::uint64_t> ids(const Result<std::vector<StoredMessage>>& messages) {
  if (!messages) throw std::runtime_error(messages.error().what());
  std::vector<std::uint64_t> out;
  for (const StoredMessage& message : *messages) out.push_back(message.facts.id.value());
  return out;
}

std::string body_of(std::uint64_t id) {
  constexpr std::size_t kLeast = 100, kMost = 200 * 1024;
  std::uint64_t state = id * 0x9E3779B97F4A7C15U + 1;
  const auto next = [&state] {  // xorshift
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  // Most are small, as in life; one in four goes to a file where body_memory is 64 KiB.
  std::string out(next() % 4 == 0 ? kMost - next() % 1000 : kLeast + next() % 4000, '\0');
  for (char& c : out) c = static_cast<char>('a' + next() % 26);
  return out;
}

std::string read_all(BodyReader& reader, std::size_t step) {
  std::string out;
  while (true) {
    auto part = reader.read(out.size(), step);
    if (!part) throw std::runtime_error(part.error().what());
    if (part->empty()) return out;
    out += *part;
  }
}

}  // namespace postern::store
