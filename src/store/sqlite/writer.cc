#include "store/sqlite/writer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace postern::store::sqlite {
namespace {

// One transaction: bounded, so that the log and the latency of the first write in it are.
constexpr std::size_t kMaxGroupOperations = 1000;
constexpr std::uint64_t kMaxGroupOctets = 32 << 20;

constexpr log::Event kCommitFailed{3002, log::Level::error, "store.commit-failed"};

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, BodyFolder& folder, Claims& claims,
               SpaceGauge& space, bool retain_delivered)
    : database_(std::move(database)),
      folder_(folder),
      claims_(claims),
      space_(space),
      writes_(*database_, retain_delivered),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::submit(std::unique_ptr<Operation> operation) {
  {
    const std::scoped_lock lock(mutex_);
    queued_octets_ += operation->memory();
    queue_.push_back(std::move(operation));
  }
  wake_.notify_one();
}

void Writer::measure_space() {
  {
    const std::scoped_lock lock(mutex_);
    space_due_ = true;
  }
  wake_.notify_one();
}

std::uint64_t Writer::queued_octets() const {
  const std::scoped_lock lock(mutex_);
  return queued_octets_;
}

Writer::Group Writer::next_group() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || space_due_ || !queue_.empty(); });
    if (!std::exchange(space_due_, false)) break;
    lock.unlock();
    space_.measure();
    lock.lock();
  }
  Group group;
  std::uint64_t octets = 0;
  while (!queue_.empty() && group.size() < kMaxGroupOperations && octets < kMaxGroupOctets) {
    octets += queue_.front()->memory();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::run() {
  while (true) {
    Group group = next_group();
    if (group.empty()) return;
    std::uint64_t octets = 0;
    for (const auto& operation : group) octets += operation->memory();
    run_group(group);
    finish(group);
    const std::scoped_lock lock(mutex_);
    queued_octets_ -= octets;
  }
}

void Writer::run_group(Group& group) {
  for (auto& operation : group) operation->result = {};
  sync_bodies(group);
  Effects effects;
  Result<void> done;
  if (fence_due_) done = write_fence();
  if (done) done = run_transaction(group, effects);
  if (!done) {
    log::write(kCommitFailed,
               {{"error", done.error().what()}, {"writes", std::to_string(group.size())}});
    for (auto& operation : group) {
      if (operation->result) operation->result = done;
    }
    if (!fence_due_) return;
    // At once, not with the next group: until it is written, a crash would bring this one back.
    (void)write_fence();
    return;
  }
  for (const std::string& name : effects.remove) folder_.remove(name);
}

// Makes bodies in files durable, their octets and their names; what fails fails its operation only.
void Writer::sync_bodies(const Group& group) {
  std::vector<Operation*> with_files;
  for (const auto& operation : group) {
    std::vector<StoredBodyWriter*> bodies;
    operation->collect_bodies(bodies);
    for (StoredBodyWriter* body : bodies) {
      if (operation->result) operation->result = body->sync();
    }
    if (!bodies.empty()) with_files.push_back(operation.get());
  }
  if (with_files.empty()) return;
  const auto synced = folder_.sync();
  for (Operation* operation : with_files) {
    if (operation->result && !synced) operation->result = synced;
  }
}

Result<void> Writer::run_transaction(Group& group, Effects& effects) {
  TRY_VOID(database_->exec("BEGIN IMMEDIATE"));
  for (auto& operation : group) {
    if (!operation->result) continue;
    run_in_savepoint(*operation, effects);
    if (operation->result || database_->in_transaction()) continue;
    // A full disk or the like made SQLite give up the whole transaction, not this write alone.
    return operation->result;
  }
  return commit(group, effects);
}

void Writer::run_in_savepoint(Operation& operation, Effects& effects) {
  Effects own;
  operation.result = database_->exec("SAVEPOINT operation");
  if (!operation.result) return;
  auto progress = operation.run(writes_, own);
  if (progress) {
    operation.progress = *progress;
    operation.result = database_->exec("RELEASE operation");
  } else {
    operation.result = std::unexpected(progress.error());
  }
  if (operation.result) {
    effects.merge(std::move(own));
  } else if (database_->in_transaction()) {
    // Where even this fails, the transaction must not be committed: it would hold half a write.
    auto undone = database_->exec("ROLLBACK TO operation");
    if (undone) undone = database_->exec("RELEASE operation");
    if (!undone) roll_back();
  }
}

Result<void> Writer::commit(const Group& group, Effects& effects) {
  // No claim at a new destination may come between the commit and its news.
  const bool moves = std::ranges::any_of(group, [](const auto& o) { return o->moves_queue(); });
  std::unique_lock<std::mutex> lock;
  if (moves) lock = claims_.lock();
  auto committed = database_->exec("COMMIT");
  if (!committed) {
    fence_due_ = true;
    roll_back();
    return committed;
  }
  ++commits_;
  for (StoredBodyWriter* body : effects.keep) body->keep();
  if (!moves) lock = claims_.lock();
  claims_.committed(effects.queue, lock);
  return {};
}

void Writer::roll_back() {
  if (database_->in_transaction()) (void)database_->exec("ROLLBACK");
}

Result<void> Writer::write_fence() {
  TRY_VOID(database_->exec("BEGIN IMMEDIATE"));
  auto done = database_->exec("UPDATE total SET value = value + 1 WHERE name = 'fence'");
  if (done) done = database_->exec("COMMIT");
  if (!done) {
    roll_back();
    return done;
  }
  fence_due_ = false;
  return {};
}

void Writer::finish(Group& group) {
  for (auto& operation : group) {
    if (operation->result && operation->progress == Progress::again) {
      operation->progress = Progress::complete;
      submit(std::move(operation));
    } else {
      operation->finish(std::move(operation->result));
    }
  }
}

}  // namespace postern::store::sqlite
