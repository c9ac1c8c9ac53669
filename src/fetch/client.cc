#include "fetch/client.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/text.h"
#include "fetch/answer.h"
#include "fetch/cache.h"
#include "fetch/proxy.h"
#include "fetch/rate.h"
#include "fetch/transfer.h"
#include "io/executor.h"

namespace postern::fetch {
namespace {

using Steady = std::chrono::steady_clock;
using verdict::FetchKind;

constexpr Duration kMaxPoll{1'000};

// Equal keys, equal answers. An OCSP answer is for its request alone.
std::string key_of(const Request& request) {
  return verdict::Want{request.kind, request.url, {}, {}}.str() + " " + request.ocsp_request;
}

Answer failed(std::string error) {
  return {nullptr, std::move(error), false};
}

struct Waiter {
  io::Promise<Answer> promise;
  Steady::time_point deadline;
};

struct Submission {
  Request request;
  Waiter waiter;
};

// What one key is asked for, from its first waiter to its answer.
struct Job {
  Request request;
  std::string key;
  Url url;  // at present; a redirect changes it
  bool by_post = false;
  int redirects = 0;
  std::vector<Waiter> waiters;
  std::shared_ptr<const Guard> guard;
  std::shared_ptr<const std::string> roots_pem;
  std::unique_ptr<Transfer> transfer;
};

struct MultiDelete {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

}  // namespace

class Client::Engine {
 public:
  Engine(const Clock& clock, Settings settings) : clock_(clock) {
    start_libcurl();
    multi_.reset(curl_multi_init());
    set_settings(std::move(settings));
    thread_ = std::thread([this] { run(); });
  }
  ~Engine() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void set_settings(Settings settings) {
    const std::lock_guard lock(mutex_);
    guard_ = std::make_shared<const Guard>(std::move(settings.allow));
    proxy_ = std::move(settings.proxy);
    roots_pem_ = std::make_shared<const std::string>(std::move(settings.roots_pem));
    cache_.forget_failures();
  }

  io::Promise<Answer> submit(Request request, Duration limit) {
    io::Promise<Answer> promise;
    Result<Url> url = parse_url(request.url);
    if (url && strictly_https(request.kind) && !url->secure())
      url = invalid("not asked: over https only");
    const std::lock_guard lock(mutex_);
    const std::optional<Answer> known =
        url ? cache_.find(key_of(request), clock_.now()) : failed(url.error().detail());
    if (known || stopping_) {
      promise.set(known.value_or(failed("the program is ending")));
      return promise;
    }
    inbox_.push_back({std::move(request), {promise, Steady::now() + limit}});
    curl_multi_wakeup(multi_.get());
    return promise;
  }

  void doubt(const Request& request) {
    const std::lock_guard lock(mutex_);
    cache_.doubt(key_of(request), clock_.now());
  }

 private:
  // --- everything below on the engine's thread ---

  void run() {
    while (take_submissions()) {
      begin_waiting();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      finish_ended();
      expire_waiters();
      if (!ready_to_begin_) curl_multi_poll(multi_.get(), nullptr, 0, poll_time(), nullptr);
    }
    for (auto& [key, job] : jobs_) {
      if (job->transfer) curl_multi_remove_handle(multi_.get(), job->transfer->native());
      tell(*job, failed("the program is ending"));
    }
  }

  // False: it is time to end.
  bool take_submissions() {
    std::vector<Submission> taken;
    bool go_on = true;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(inbox_);
      go_on = !stopping_;
    }
    for (Submission& one : taken) add(std::move(one));
    return go_on;
  }

  void add(Submission one) {
    std::string key = key_of(one.request);
    const auto found = jobs_.find(key);
    if (found != jobs_.end()) {
      found->second->waiters.push_back(std::move(one.waiter));
      return;
    }
    Result<Url> url = parse_url(one.request.url);
    if (!url || waiting_.size() >= kMaxWaitingFetches) {
      one.waiter.promise.set(failed("not asked: too many other fetches are waiting"));
      return;
    }
    auto job = std::make_unique<Job>();
    job->request = std::move(one.request);
    job->key = std::move(key);
    job->url = std::move(*url);
    job->waiters.push_back(std::move(one.waiter));
    waiting_.push_back(job.get());
    jobs_.emplace(job->key, std::move(job));
  }

  void begin_waiting() {
    ready_to_begin_ = false;
    const std::deque<Job*> waiting = std::exchange(waiting_, {});
    for (Job* job : waiting) {
      const HostRate::Say say =
          running_ < kMaxTransfers ? rate_.ask(job->url.host, clock_.now()) : HostRate::Say::wait;
      if (say == HostRate::Say::wait) {
        waiting_.push_back(job);
      } else if (say == HostRate::Say::start) {
        begin(*job);
      } else {
        end(*job, "not asked: " + job->url.host + " was asked " +
                      std::to_string(kMaxStartsPerHost) + " times within a minute");
      }
    }
  }

  // The host's rate has counted it.
  void begin(Job& job) {
    std::string proxy;
    {
      const std::lock_guard lock(mutex_);
      job.guard = guard_;
      job.roots_pem = roots_pem_;
      proxy = proxy_for(job.url, proxy_, process_environment);
    }
    std::string objection = proxy.empty() ? "" : job.guard->objection_by_proxy(job.url);
    if (objection.empty()) job.transfer = make_transfer(job, std::move(proxy));
    const bool begun =
        job.transfer && curl_multi_add_handle(multi_.get(), job.transfer->native()) == CURLM_OK;
    if (begun) {
      ++running_;
      return;
    }
    job.transfer.reset();
    rate_.ended(job.url.host);
    end(job, objection.empty() ? "cannot start an HTTP request" : "not asked: " + objection);
  }

  static std::unique_ptr<Transfer> make_transfer(Job& job, std::string proxy) {
    Transfer::Request request{job.url, std::nullopt, std::move(proxy), job.roots_pem,
                              max_octets(job.request.kind)};
    if (job.request.kind == FetchKind::ocsp && job.redirects == 0) {
      const auto by_get = ocsp_get_url(job.url.text, job.request.ocsp_request);
      job.by_post = job.by_post || !by_get;
      if (!job.by_post) request.url.text = *by_get;
    }
    if (job.by_post) request.post = job.request.ocsp_request;
    auto transfer = std::make_unique<Transfer>(std::move(request), *job.guard);
    return transfer->native() == nullptr ? nullptr : std::move(transfer);
  }

  void finish_ended() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* handle = message->easy_handle;
      const auto found = std::ranges::find_if(jobs_, [handle](const auto& entry) {
        return entry.second->transfer && entry.second->transfer->native() == handle;
      });
      curl_multi_remove_handle(multi_.get(), handle);
      if (found == jobs_.end()) continue;
      Job& job = *found->second;
      const std::unique_ptr<Transfer> transfer = std::move(job.transfer);
      --running_;
      rate_.ended(transfer->request().url.host);
      ready_to_begin_ = ready_to_begin_ || !waiting_.empty();
      conclude(job, *transfer, code);
    }
  }

  void conclude(Job& job, Transfer& transfer, CURLcode code) {
    const long status = transfer.status();
    if (const std::string words = transfer.failure(code); !words.empty()) return end(job, words);
    if (const std::string to = transfer.redirect_to(); !to.empty()) return redirect(job, to);
    const bool get = job.request.kind == FetchKind::ocsp && !job.by_post && job.redirects == 0;
    if (get && post_may_help(status)) {
      job.by_post = true;
      return again(job);
    }
    if (status != 200) return end(job, "HTTP status " + std::to_string(status));
    if (!right_media_type(job.request.kind, transfer.content_type()))
      return end(job, "the media type is '" + printable(transfer.content_type(), 80) +
                          "', not text/plain");
    const Result<Body> body = read_body(job.request.kind, transfer.take_body());
    if (!body) return end(job, body.error().detail());
    {
      const Time now = clock_.now();
      const Time fresh = fresh_until(job.request.kind, body->ends, transfer.max_age(), now);
      const std::lock_guard lock(mutex_);
      cache_.put(job.key, body->octets, fresh, body->ends);
    }
    finish(job, Answer{body->octets, "", false});
  }

  void redirect(Job& job, const std::string& to) {
    if (strictly_https(job.request.kind))
      return end(job, "redirected, which is not followed for a policy (RFC 8461 s3.3)");
    if (job.by_post) return end(job, "redirected, which a POST does not follow");
    if (job.redirects == kMaxRedirects)
      return end(job, "redirected more than " + std::to_string(kMaxRedirects) + " times");
    Result<Url> target = check_redirect(job.url, to);
    if (!target) return end(job, target.error().detail());
    job.url = std::move(*target);
    ++job.redirects;
    again(job);
  }

  void again(Job& job) {
    waiting_.push_back(&job);
    ready_to_begin_ = true;
  }

  void end(Job& job, std::string error) {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      answer = cache_.put_failure(job.key, std::move(error), clock_.now());
    }
    finish(job, answer);
  }

  void finish(Job& job, const Answer& answer) {
    tell(job, answer);
    jobs_.erase(std::string(job.key));
  }

  static void tell(Job& job, const Answer& answer) {
    for (const Waiter& waiter : job.waiters) waiter.promise.set(answer);
    job.waiters.clear();
  }

  void expire_waiters() {
    const Steady::time_point now = Steady::now();
    for (auto& [key, job] : jobs_) {
      std::erase_if(job->waiters, [now](const Waiter& waiter) {
        if (waiter.deadline > now) return false;
        waiter.promise.set(failed("no answer in time"));
        return true;
      });
    }
  }

  int poll_time() const {
    Steady::time_point next = Steady::now() + kMaxPoll;
    for (const auto& [key, job] : jobs_)
      for (const Waiter& waiter : job->waiters) next = std::min(next, waiter.deadline);
    const auto left = std::chrono::ceil<Duration>(next - Steady::now());
    return static_cast<int>(std::max(left, Duration::zero()).count());
  }

  const Clock& clock_;
  std::mutex mutex_;  // the next six
  Cache cache_;
  std::vector<Submission> inbox_;
  std::shared_ptr<const Guard> guard_;
  std::string proxy_;
  std::shared_ptr<const std::string> roots_pem_;
  bool stopping_ = false;

  std::unique_ptr<CURLM, MultiDelete> multi_;
  HostRate rate_{kMaxTransfersPerHost, kMaxStartsPerHost, kHostRateSpan};
  std::map<std::string, std::unique_ptr<Job>> jobs_;  // by key
  std::deque<Job*> waiting_;                          // of jobs_
  std::size_t running_ = 0;
  bool ready_to_begin_ = false;  // something may begin without waiting for the network
  std::thread thread_;
};

Settings settings_of(const policy::ServerConfig& server) {
  return {server.fetch_allow, server.fetch_proxy, {}};
}

Client::Client(const Clock& clock, Settings settings)
    : engine_(std::make_unique<Engine>(clock, std::move(settings))) {}

Client::~Client() = default;

void Client::set_settings(Settings settings) {
  engine_->set_settings(std::move(settings));
}

io::Task<std::vector<Answer>> Client::fetch(std::vector<Request> requests, Duration limit) {
  std::vector<io::Promise<Answer>> promises;
  for (Request& request : requests) promises.push_back(engine_->submit(std::move(request), limit));
  std::vector<Answer> answers;
  for (const io::Promise<Answer>& promise : promises) {
    Answer answer = co_await promise.get();
    answers.push_back(std::move(answer));
  }
  co_return answers;
}

void Client::settled_nothing(const Request& request) {
  engine_->doubt(request);
}

}  // namespace postern::fetch
