#include "store/sqlite/claims.h"

#include <algorithm>

#include "store/sqlite/rows.h"

namespace postern::store::sqlite {

Result<std::vector<StoredMessage>> Claims::claim(const std::string& destination,
                                                 std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  give_back_finished();
  std::vector<StoredMessage> out;
  TRY(const std::int64_t key, destination_id(*database_, destination));
  if (key == 0 || limit == 0) return out;
  // Works on a copy of the cursor, so that an error half way leaves nothing claimed.
  const auto it = queues_.find(destination);
  static const Queue kNone;
  const Queue& queue = it == queues_.end() ? kNone : it->second;

  std::vector<std::uint64_t> looked_at;
  for (const std::uint64_t id : queue.again) {
    if (out.size() == limit) break;
    if (queue.claimed.contains(id)) continue;
    TRY(auto message, read_pending(*database_, MessageId(id), destination));
    looked_at.push_back(id);
    if (message) out.push_back(std::move(*message));
  }
  std::uint64_t next = queue.next;
  bool more = true;
  while (more && out.size() < limit) {
    const std::size_t wanted = limit - out.size();
    TRY(const auto ids, ids_from(key, next, wanted));
    more = ids.size() == wanted;
    for (const std::uint64_t id : ids) {
      next = id + 1;
      if (queue.claimed.contains(id)) continue;  // moved here while in flight elsewhere
      TRY(auto message, read_pending(*database_, MessageId(id), destination));
      if (message) out.push_back(std::move(*message));
    }
  }
  if (out.empty() && it == queues_.end()) return out;

  Queue& changed = queues_[destination];
  for (const std::uint64_t id : looked_at) changed.again.erase(id);
  changed.next = next;
  for (const StoredMessage& message : out) changed.claimed.emplace(message.facts.id.value(), 1);
  return out;
}

Result<std::vector<std::uint64_t>> Claims::ids_from(std::int64_t destination, std::uint64_t from,
                                                    std::size_t limit) {
  Query query = database_->query(
      "SELECT DISTINCT message FROM recipient INDEXED BY recipient_queue"
      " WHERE destination = ? AND status = 0 AND message >= ? ORDER BY message LIMIT ?",
      destination, from, limit);
  std::vector<std::uint64_t> out;
  while (true) {
    TRY(const bool row, query.step());
    if (!row) return out;
    out.push_back(static_cast<std::uint64_t>(query.integer(0)));
  }
}

void Claims::finish(const std::string& destination, MessageId message) {
  const std::scoped_lock lock(finished_mutex_);
  finished_.emplace_back(destination, message);
}

bool Claims::claim_one(const std::string& destination, MessageId message) {
  const std::scoped_lock lock(mutex_);
  give_back_finished();
  return queues_[destination].claimed.emplace(message.value(), 1).second;
}

bool Claims::is_claimed(const std::string& destination, MessageId message) {
  const std::scoped_lock lock(mutex_);
  give_back_finished();
  const auto it = queues_.find(destination);
  return it != queues_.end() && it->second.claimed.contains(message.value());
}

void Claims::give_back_finished() {
  std::vector<std::pair<std::string, MessageId>> finished;
  {
    const std::scoped_lock lock(finished_mutex_);
    finished.swap(finished_);
  }
  for (const auto& [destination, message] : finished) finish_locked(destination, message.value());
}

void Claims::finish_locked(const std::string& destination, std::uint64_t message) {
  const auto it = queues_.find(destination);
  if (it == queues_.end()) return;
  const auto claim = it->second.claimed.find(message);
  if (claim == it->second.claimed.end()) return;
  const auto moved = moved_.extract({destination, message});
  if (--claim->second == 0) release(it, claim);
  if (moved.empty()) return;
  for (const std::string& to : moved.mapped()) finish_locked(to, message);
}

void Claims::release(QueueMap::iterator it, ClaimMap::iterator claim) {
  const std::uint64_t message = claim->first;
  it->second.claimed.erase(claim);
  // With nothing claimed the cursor starts again from the front, which costs nothing: the index
  // holds pending rows alone.
  if (it->second.claimed.empty()) {
    queues_.erase(it);
  } else if (message < it->second.next) {
    it->second.again.insert(message);
  }
}

void Claims::committed(const QueueChanges& changes, const std::unique_lock<std::mutex>&) {
  give_back_finished();
  for (const auto& move : changes.moves) {
    const auto from = queues_.find(move.from);
    const std::uint64_t id = move.message.value();
    if (from == queues_.end() || !from->second.claimed.contains(id)) continue;
    auto& targets = moved_[{move.from, id}];
    if (std::ranges::find(targets, move.to) != targets.end()) continue;
    targets.push_back(move.to);
    ++queues_[move.to].claimed[id];
  }
  for (const auto& pending : changes.pending) {
    const auto it = queues_.find(pending.destination);
    if (it == queues_.end()) continue;
    Queue& queue = it->second;
    const std::uint64_t id = pending.message.value();
    if (id < queue.next && !queue.claimed.contains(id)) queue.again.insert(id);
  }
}

}  // namespace postern::store::sqlite
