// The meaning of every write in SQL. Runs on the writer thread, inside a savepoint of the group's
// transaction: whoever calls rolls back what a failed write began.
#pragma once

#include "store/sqlite/effects.h"

namespace postern::store::sqlite {

class Writes {
 public:
  Writes(Database& database, bool retain_delivered)
      : database_(database), retain_delivered_(retain_delivered) {}

  Result<void> accept(NewMessage& message, Effects& effects);
  Result<void> apply(Batch& batch, Effects& effects);

  // Slices: true when there is more to do. `limit` rows at most.
  Result<bool> purge_bodies(bool trouble, Time final_before, std::uint64_t size_cap, int limit,
                            Effects& effects);
  Result<bool> purge_trace(Time before, std::uint64_t size_cap, int limit);
  Result<void> purge_destinations();

  struct Destination {
    std::int64_t id = 0;
    std::string name;
  };
  Result<std::vector<Destination>> waiting_destinations();  // with pending or held recipients
  struct Waiting {
    std::int64_t message = 0, index = 0;
    std::string domain;
  };
  // Recipients of a destination in `status` behind (message, index), at most `limit`.
  Result<std::vector<Waiting>> waiting(std::int64_t destination, Status status,
                                       std::int64_t message, std::int64_t index, int limit);
  Result<void> move(const Waiting& recipient, Status status, const std::string& from,
                    const std::string& to, Effects& effects);

 private:
  Result<std::int64_t> destination(const std::string& name);  // made where missing
  struct Row;  // what a change needs to know of its recipient
  Result<Row> read_row(const Change& change);
  Result<void> insert_message(const MessageFacts& facts, std::uint64_t size, std::size_t open);
  Result<void> insert_recipient(MessageId message, std::size_t index, const NewRecipient& recipient,
                                Time arrival);
  Result<void> change(const Change& change, Effects& effects);
  Result<void> became_open(const Row& row, const Change& change);
  Result<void> became_final(const Change& change, Time now, Effects& effects);
  Result<void> count(std::int64_t destination, std::int64_t message, Status status, int by);
  Result<void> remove_body(std::int64_t message, Effects& effects);
  Result<void> remove_message(std::int64_t message);
  Result<void> remove_verdict(std::int64_t id);
  Result<bool> shrink_trace(std::uint64_t size_cap, int limit);
  Result<void> event(const Event& event);
  Result<void> verdict(const StoredVerdict& verdict);
  Result<void> add_trace(std::int64_t octets);
  Result<std::vector<std::pair<std::int64_t, std::int64_t>>> pairs(Query query);

  // What one row of the trace counts for against Retention::trace_size, besides its text.
  static constexpr std::int64_t kRowOctets = 64;

  Database& database_;
  bool retain_delivered_;
};

}  // namespace postern::store::sqlite
