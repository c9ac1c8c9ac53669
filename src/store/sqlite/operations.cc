#include "store/sqlite/operations.h"

namespace postern::store::sqlite {
namespace {

constexpr int kPurgeSlice = 500;
constexpr int kRerouteSlice = 1000;

std::uint64_t memory_of(const NewMessage& message) {
  const auto* body = dynamic_cast<const StoredBodyWriter*>(message.body.get());
  return body == nullptr ? 0 : body->memory();
}

void collect(NewMessage& message, std::vector<StoredBodyWriter*>& out) {
  auto* body = dynamic_cast<StoredBodyWriter*>(message.body.get());
  if (body != nullptr && body->in_file()) out.push_back(body);
}

class Accept final : public Operation {
 public:
  Accept(NewMessage message, Done done)
      : Operation(std::move(done)), message_(std::move(message)) {}
  Result<Progress> run(Writes& writes, Effects& effects) override {
    TRY_VOID(writes.accept(message_, effects));
    return Progress::complete;
  }
  void collect_bodies(std::vector<StoredBodyWriter*>& out) override { collect(message_, out); }
  [[nodiscard]] std::uint64_t memory() const override { return memory_of(message_); }

 private:
  NewMessage message_;
};

class Apply final : public Operation {
 public:
  Apply(Batch batch, Done done) : Operation(std::move(done)), batch_(std::move(batch)) {}
  Result<Progress> run(Writes& writes, Effects& effects) override {
    TRY_VOID(writes.apply(batch_, effects));
    return Progress::complete;
  }
  void collect_bodies(std::vector<StoredBodyWriter*>& out) override {
    for (NewMessage& message : batch_.accept) collect(message, out);
  }
  [[nodiscard]] std::uint64_t memory() const override {
    std::uint64_t sum = 0;
    for (const NewMessage& message : batch_.accept) sum += memory_of(message);
    return sum;
  }

 private:
  Batch batch_;
};

// Goes destination by destination, pending then held, a slice at a time. What it moves leaves the
// rows it walks over, so a cursor is enough.
class Reroute final : public Operation {
 public:
  Reroute(std::function<std::string(std::string_view, std::string_view)> route, Done done)
      : Operation(std::move(done)), route_(std::move(route)) {}
  [[nodiscard]] bool moves_queue() const override { return true; }

  Result<Progress> run(Writes& writes, Effects& effects) override {
    if (!started_) {
      TRY(left_, writes.waiting_destinations());
      started_ = true;
    }
    if (left_.empty()) return Progress::complete;
    const Writes::Destination& from = left_.back();
    TRY(const auto slice, writes.waiting(from.id, status_, message_, index_, kRerouteSlice));
    for (const Writes::Waiting& recipient : slice) {
      const std::string to = route_(recipient.domain, from.name);
      if (to != from.name) {
        TRY_VOID(writes.move(recipient, status_, from.name, to, effects));
      }
      message_ = recipient.message;
      index_ = recipient.index;
    }
    if (slice.size() < kRerouteSlice) next_list();
    return left_.empty() ? Progress::complete : Progress::again;
  }

 private:
  void next_list() {
    message_ = 0;
    index_ = -1;
    if (status_ == Status::pending) {
      status_ = Status::held;
    } else {
      status_ = Status::pending;
      left_.pop_back();
    }
  }

  std::function<std::string(std::string_view, std::string_view)> route_;
  bool started_ = false;
  std::vector<Writes::Destination> left_;
  Status status_ = Status::pending;
  std::int64_t message_ = 0, index_ = -1;
};

class Purge final : public Operation {
 public:
  Purge(Time now, const Retention& retention, Done done)
      : Operation(std::move(done)), now_(now), keep_(retention) {}

  Result<Progress> run(Writes& writes, Effects& effects) override {
    TRY(const bool expired,
        writes.purge_bodies(true, now_ - keep_.expired, keep_.expired_size, kPurgeSlice, effects));
    TRY(const bool delivered, writes.purge_bodies(false, now_ - keep_.delivered,
                                                  keep_.delivered_size, kPurgeSlice, effects));
    TRY(const bool trace, writes.purge_trace(now_ - keep_.trace, keep_.trace_size, kPurgeSlice));
    if (expired || delivered || trace) return Progress::again;
    TRY_VOID(writes.purge_destinations());
    return Progress::complete;
  }

 private:
  Time now_;
  Retention keep_;
};

class Refusal final : public Operation {
 public:
  Refusal(Error error, Done done) : Operation(std::move(done)), error_(std::move(error)) {}
  Result<Progress> run(Writes&, Effects&) override { return std::unexpected(error_); }

 private:
  Error error_;
};

}  // namespace

std::unique_ptr<Operation> make_accept(NewMessage message, Done done) {
  return std::make_unique<Accept>(std::move(message), std::move(done));
}
std::unique_ptr<Operation> make_apply(Batch batch, Done done) {
  return std::make_unique<Apply>(std::move(batch), std::move(done));
}
std::unique_ptr<Operation> make_reroute(
    std::function<std::string(std::string_view, std::string_view)> route, Done done) {
  return std::make_unique<Reroute>(std::move(route), std::move(done));
}
std::unique_ptr<Operation> make_purge(Time now, const Retention& retention, Done done) {
  return std::make_unique<Purge>(now, retention, std::move(done));
}
std::unique_ptr<Operation> make_refusal(Error error, Done done) {
  return std::make_unique<Refusal>(std::move(error), std::move(done));
}

}  // namespace postern::store::sqlite
