// The writes as they wait in the writer's queue.
#pragma once

#include "store/sqlite/writes.h"

namespace postern::store::sqlite {

enum class Progress { complete, again };  // again: queue me once more after this commit

class Operation {
 public:
  explicit Operation(Done done) : done_(std::move(done)) {}
  virtual ~Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  [[nodiscard]] virtual Result<Progress> run(Writes& writes, Effects& effects) = 0;
  // Bodies that must be durable before the commit.
  virtual void collect_bodies(std::vector<StoredBodyWriter*>&) {}
  [[nodiscard]] virtual std::uint64_t memory() const { return 0; }
  // True where no claim may come between its commit and what it means for claims.
  [[nodiscard]] virtual bool moves_queue() const { return false; }

  void finish(Result<void> outcome) {
    if (done_) done_(std::move(outcome));
  }

  // How it stands in the present group; the writer's.
  Result<void> result;
  Progress progress = Progress::complete;

 private:
  Done done_;
};

[[nodiscard]] std::unique_ptr<Operation> make_accept(NewMessage message, Done done);
[[nodiscard]] std::unique_ptr<Operation> make_apply(Batch batch, Done done);
[[nodiscard]] std::unique_ptr<Operation> make_reroute(
    std::function<std::string(std::string_view, std::string_view)> route, Done done);
[[nodiscard]] std::unique_ptr<Operation> make_purge(Time now, const Retention& retention,
                                                    Done done);
// Does nothing but hand `error` to `done`, in its turn and on the writer thread.
[[nodiscard]] std::unique_ptr<Operation> make_refusal(Error error, Done done);

}  // namespace postern::store::sqlite
