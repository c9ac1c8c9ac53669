#include "dns/unbound.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include <arpa/inet.h>
#include <unbound.h>
#include <unistd.h>

#include "base/text.h"
#include "dns/rdata.h"
#include "io/descriptor_watch.h"

namespace postern::dns {
namespace {

using Status = verdict::DnsEvidence::Status;

constexpr int kClassIn = 1;
constexpr int kTypeA = 1, kTypeMx = 15, kTypeTxt = 16, kTypeAaaa = 28, kTypeTlsa = 52;
constexpr std::array<const char*, 16> kRcodes = {
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",   "REFUSED",  "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",  "rcode 11", "rcode 12", "rcode 13", "rcode 14", "rcode 15"};
constexpr Duration kLiteralTtl{24 * 3600 * 1000};  // a literal never changes

struct RawAnswer {
  Status status = Status::failed;
  std::vector<std::string> rdata;
  std::string detail;
  Duration ttl{};
};

RawAnswer read_result(const ub_result& result) {
  RawAnswer answer;
  answer.ttl = std::chrono::seconds(std::max(result.ttl, 0));
  if (result.bogus != 0) {
    answer.status = Status::bogus;
    answer.detail =
        result.why_bogus == nullptr ? "DNSSEC validation failed" : printable(result.why_bogus);
  } else if (result.nxdomain != 0) {
    answer.status = Status::no_such_name;
  } else if (result.havedata != 0) {
    answer.status = result.secure != 0 ? Status::secure : Status::insecure;
    for (int i = 0; result.data[i] != nullptr; ++i)
      answer.rdata.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
  } else if (result.rcode != 0) {
    answer.detail = kRcodes[static_cast<std::size_t>(result.rcode) % kRcodes.size()];
  } else {
    answer.status = Status::no_data;
  }
  return answer;
}

struct ContextDelete {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};

// One question under way. On the resolver's loop.
struct Query {
  explicit Query(io::Executor executor) : answered(executor) {}
  io::Signal answered;
  RawAnswer answer;
};

// libunbound works in a thread of its own; everything here happens on one loop.
struct Engine {
  Engine(io::Executor executor_in, Duration timeout_in)
      : executor(executor_in), timeout(timeout_in), context(ub_ctx_create()) {}

  io::Executor executor;
  Duration timeout;
  std::unique_ptr<ub_ctx, ContextDelete> context;

  [[nodiscard]] Result<void> configure(const UnboundOptions& options);
  [[nodiscard]] Result<void> check(int code, const std::string& what) const;
  static void on_result(void* query, int error, ub_result* result);
  static io::Task<void> ask(std::shared_ptr<Engine> self, std::string name, int type,
                            io::Promise<RawAnswer> promise);
};

Result<void> Engine::check(int code, const std::string& what) const {
  if (code == UB_NOERROR) return {};
  return invalid("DNS resolver: " + what + ": " + ub_strerror(code));
}

Result<void> Engine::configure(const UnboundOptions& options) {
  ub_ctx* c = context.get();
  if (c == nullptr) return invalid("DNS resolver: out of memory or descriptors");
  TRY_VOID(check(ub_ctx_async(c, 1), "thread"));
  // A resolver on this machine is the usual one; unbound refuses it by default.
  TRY_VOID(check(ub_ctx_set_option(c, "do-not-query-localhost:", "no"), "options"));
  if (options.servers.empty()) {
    // Without these files the root servers and the names of DNS alone are used.
    (void)ub_ctx_resolvconf(c, nullptr);
    (void)ub_ctx_hosts(c, nullptr);
  }
  for (const policy::Endpoint& server : options.servers) {
    const std::string address = server.host + "@" + std::to_string(server.port);
    TRY_VOID(check(ub_ctx_set_fwd(c, address.c_str()), "server " + server.str()));
  }
  // Only where it is asked for: a forwarder that strips DNSSEC would make every answer bogus.
  const std::string& anchor = options.trust_anchor;
  if (!anchor.empty()) {
    if (::access(anchor.c_str(), R_OK) != 0)
      return fail_errno(errno, "DNSSEC trust anchor " + anchor);
    TRY_VOID(check(ub_ctx_add_ta_file(c, anchor.c_str()), anchor));
  }
  for (const auto& [name, type] : options.local_zones) {
    TRY_VOID(check(ub_ctx_zone_add(c, name.c_str(), type.c_str()), "zone " + name));
  }
  for (const std::string& record : options.local_data) {
    TRY_VOID(check(ub_ctx_data_add(c, record.c_str()), "record " + record));
  }
  // unbound answers .test itself (RFC 6761 s6.2); configured servers know better.
  if (!options.servers.empty()) {
    TRY_VOID(check(ub_ctx_zone_remove(c, "test."), "zone test"));
  }
  return {};
}

void Engine::on_result(void* asked, int error, ub_result* result) {
  auto* query = static_cast<Query*>(asked);
  if (error == UB_NOERROR && result != nullptr)
    query->answer = read_result(*result);
  else
    query->answer.detail = ub_strerror(error);
  ub_resolve_free(result);
  query->answered.notify();
}

io::Task<void> Engine::ask(std::shared_ptr<Engine> self, std::string name, int type,
                           io::Promise<RawAnswer> promise) {
  const auto query = std::make_unique<Query>(self->executor);
  int id = 0;
  const int error = ub_resolve_async(self->context.get(), name.c_str(), type, kClassIn, query.get(),
                                     on_result, &id);
  if (error != UB_NOERROR) {
    query->answer.detail = ub_strerror(error);
  } else {
    const bool answered = co_await query->answered.wait(self->timeout);
    if (!answered) {
      ub_cancel(self->context.get(), id);  // afterwards it calls back no more
      query->answer.detail = "no answer within " + format_duration(self->timeout);
    }
  }
  promise.set(std::move(query->answer));
}

std::mt19937& random_order() {
  thread_local std::mt19937 generator{std::random_device{}()};
  return generator;
}

// "0 ." alone says that the domain takes no mail (RFC 7505 s3); beside others it names no host.
void read_mx(const RawAnswer& raw, MxAnswer& answer) {
  for (const std::string& rdata : raw.rdata) {
    auto record = parse_mx(rdata);
    if (record && !record->host.empty()) answer.records.push_back(std::move(*record));
    answer.null_mx = answer.null_mx || (record && record->host.empty());
  }
  answer.null_mx = answer.null_mx && answer.records.empty();
  std::ranges::shuffle(answer.records, random_order());
  std::ranges::sort(answer.records, {}, &MxRecord::preference);
}

bool has_data(const RawAnswer& raw) {
  return raw.status == Status::secure || raw.status == Status::insecure;
}

// Of two answers without data the one that concludes least.
Status status_without_data(Status a, Status b) {
  for (const Status status : {Status::bogus, Status::failed, Status::no_such_name})
    if (a == status || b == status) return status;
  return Status::no_data;
}

AddressAnswer join_addresses(const RawAnswer& v6, const RawAnswer& v4) {
  AddressAnswer answer;
  answer.ttl = std::min(v6.ttl, v4.ttl);
  if (!has_data(v6) && !has_data(v4)) {
    answer.status = status_without_data(v6.status, v4.status);
    answer.detail = v4.detail.empty() ? v6.detail : v4.detail;
    return answer;
  }
  const auto counts = [](const RawAnswer& raw) {
    return has_data(raw) ? raw.status : Status::secure;
  };
  const bool secure = counts(v6) == Status::secure && counts(v4) == Status::secure;
  answer.status = secure ? Status::secure : Status::insecure;
  for (const RawAnswer* raw : {&v6, &v4})
    for (const std::string& rdata : raw->rdata)
      if (auto address = parse_address(rdata)) answer.addresses.push_back(std::move(*address));
  return answer;
}

bool is_literal(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

class UnboundResolver final : public Resolver {
 public:
  UnboundResolver(std::shared_ptr<Engine> engine, std::unique_ptr<io::DescriptorWatch> watch)
      : engine_(std::move(engine)), watch_(std::move(watch)) {}

  io::Task<MxAnswer> mx(std::string domain) override {
    const auto question = start(domain, kTypeMx);
    const RawAnswer raw = co_await question.get();
    MxAnswer answer;
    answer.status = raw.status;
    answer.detail = raw.detail;
    answer.ttl = raw.ttl;
    read_mx(raw, answer);
    co_return answer;
  }

  io::Task<RecordsAnswer> records(std::string name, RecordType type) override {
    const auto question = start(name, type == RecordType::tlsa ? kTypeTlsa : kTypeTxt);
    const RawAnswer raw = co_await question.get();
    RecordsAnswer answer;
    answer.status = raw.status;
    answer.detail = raw.detail;
    answer.ttl = raw.ttl;
    for (const std::string& rdata : raw.rdata) {
      auto record = type == RecordType::tlsa ? std::optional(rdata) : parse_txt(rdata);
      if (record) answer.records.push_back(std::move(*record));
    }
    co_return answer;
  }

  io::Task<AddressAnswer> addresses(std::string host) override {
    if (is_literal(host)) {
      AddressAnswer itself;
      itself.status = Status::insecure;
      itself.addresses.push_back(host);
      itself.ttl = kLiteralTtl;
      co_return itself;
    }
    const auto question6 = start(host, kTypeAaaa);
    const auto question4 = start(host, kTypeA);
    const RawAnswer v6 = co_await question6.get();
    const RawAnswer v4 = co_await question4.get();
    co_return join_addresses(v6, v4);
  }

 private:
  [[nodiscard]] io::Promise<RawAnswer> start(const std::string& name, int type) const {
    const io::Promise<RawAnswer> promise;
    engine_->executor.spawn("dns", Engine::ask(engine_, name, type, promise));
    return promise;
  }
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<io::DescriptorWatch> watch_;  // not the engine's: questions may outlive us
};

}  // namespace

Result<std::unique_ptr<Resolver>> make_unbound(io::Runtime& runtime,
                                               const UnboundOptions& options) {
  auto engine = std::make_shared<Engine>(runtime.main(), options.timeout);
  TRY_VOID(engine->configure(options));
  const auto process = [weak = std::weak_ptr(engine)] {
    if (const auto self = weak.lock()) (void)ub_process(self->context.get());
  };
  TRY(auto watch,
      io::DescriptorWatch::create(engine->executor, ub_fd(engine->context.get()), process));
  return std::make_unique<UnboundResolver>(std::move(engine), std::move(watch));
}

}  // namespace postern::dns
