// The writer thread: the only one that changes the store. It takes everything that was queued since
// its last commit into one transaction, each operation in its own savepoint, commits, and calls
// every `done`.
//
// After a failed COMMIT the log may hold a whole transaction that SQLite itself has given up: if
// the process died now, the next start would find it and bring back what was refused. So a "fence",
// a small transaction, is written over it before anything else may be; while that fails, every
// write fails.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "store/sqlite/operations.h"
#include "store/sqlite/space.h"

namespace postern::store::sqlite {

class Writer {
 public:
  Writer(std::unique_ptr<Database> database, BodyFolder& folder, Claims& claims, SpaceGauge& space,
         bool retain_delivered);
  ~Writer();  // commits what is queued, then ends the thread
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void submit(std::unique_ptr<Operation> operation);
  void measure_space();  // soon, on the thread
  // Octets of bodies in memory that wait.
  [[nodiscard]] std::uint64_t queued_octets() const;
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  using Group = std::vector<std::unique_ptr<Operation>>;

  void run();
  Group next_group();  // empty: the end
  void run_group(Group& group);
  void sync_bodies(const Group& group);
  void run_in_savepoint(Operation& operation, Effects& effects);
  Result<void> run_transaction(Group& group, Effects& effects);
  Result<void> commit(const Group& group, Effects& effects);
  void roll_back();
  Result<void> write_fence();
  void finish(Group& group);

  std::unique_ptr<Database> database_;
  BodyFolder& folder_;
  Claims& claims_;
  SpaceGauge& space_;
  Writes writes_;
  bool fence_due_ = false;
  std::atomic<std::uint64_t> commits_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Operation>> queue_;
  std::uint64_t queued_octets_ = 0;
  bool space_due_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace postern::store::sqlite
