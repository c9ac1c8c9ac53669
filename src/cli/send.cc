// postern send: a test message into the gateway, followed to its end.
#include <algorithm>
#include <future>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/gateway_link.h"
#include "cli/render.h"
#include "cli/submission.h"
#include "config/config_file.h"

namespace postern::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPollInterval = 100ms;
constexpr unsigned kMaxCount = 100'000;

struct Options {
  std::vector<std::string> to;
  std::string from, server, subject = "Test message of postern send", body = "A test message.\n",
                            file, wait = "30s";
  unsigned count = 1;
  bool no_follow = false;
};

// The first listener that takes clear text.
Result<policy::Endpoint> default_server(const policy::Config& config) {
  for (const policy::ReceiveConnector& connector : config.receive) {
    const bool clear = connector.tls == policy::ReceiveTls::none ||
                       connector.tls == policy::ReceiveTls::opportunistic;
    if (!clear || connector.implicit_tls || connector.listen.empty()) continue;
    policy::Endpoint endpoint = connector.listen.front();
    if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
    if (endpoint.host == "::") endpoint.host = "::1";
    return endpoint;
  }
  return invalid("--server: no receive connector takes clear text; name one as HOST:PORT");
}

Result<policy::Endpoint> server_of(const policy::Config& config, const std::string& option) {
  if (option.empty()) return default_server(config);
  auto endpoint = policy::Endpoint::parse(option);
  if (!endpoint) return invalid("--server: " + endpoint.error().detail());
  if (endpoint->host == "localhost") endpoint->host = "127.0.0.1";
  if (!policy::canonical_address(endpoint->host)) {
    return invalid("--server: '" + option + "' is no address; like 127.0.0.1:25 or [::1]:25");
  }
  return *endpoint;
}

Result<mail::Mailbox> mailbox_of(std::string_view option, const std::string& text) {
  auto mailbox = mail::parse_mailbox(text);
  if (!mailbox)
    return invalid(std::string(option) + ": '" + text + "': " + mailbox.error().detail());
  return *mailbox;
}

Result<std::vector<std::string>> messages_of(const Options& options, const Draft& draft) {
  std::vector<std::string> out;
  if (!options.file.empty()) {
    TRY(const std::string text, read_file(options.file));
    out.assign(options.count, with_crlf(text));
    return out;
  }
  for (unsigned i = 0; i < options.count; ++i)
    out.push_back(compose(draft, system_clock().now(), i));
  return out;
}

Result<Submission> submission_of(const policy::Config& config, const Options& options) {
  Submission out;
  TRY(out.server, server_of(config, options.server));
  out.helo = config.server.hostname;
  TRY(out.from, mailbox_of("--from", options.from.empty() ? "postmaster@" + config.server.hostname
                                                          : options.from));
  for (const std::string& to : options.to) {
    TRY(mail::Mailbox mailbox, mailbox_of("--to", to));
    out.to.push_back(std::move(mailbox));
  }
  Draft draft{out.from, out.to, options.subject, options.body, config.server.hostname};
  if (options.body == "-") {
    TRY(draft.body, read_file("-"));
  }
  TRY(out.messages, messages_of(options, draft));
  return out;
}

io::Task<void> submit_into(io::Executor executor, Submission submission,
                           std::promise<Result<std::vector<Submitted>>>* answer) {
  Result<std::vector<Submitted>> done = co_await submit(executor, std::move(submission));
  answer->set_value(std::move(done));
}

Result<std::vector<Submitted>> submit_blocking(Submission submission) {
  std::promise<Result<std::vector<Submitted>>> answer;
  std::future<Result<std::vector<Submitted>>> waiting = answer.get_future();
  io::Runtime runtime(1, 1);
  runtime.main().spawn("submission", submit_into(runtime.main(), std::move(submission), &answer));
  runtime.start();
  Result<std::vector<Submitted>> done = waiting.get();
  runtime.stop();
  return done;
}

// --- following ---

bool is_final(const Json& message) {
  return std::ranges::none_of(list_of(message, "recipients"), [](const Json& one) {
    const std::string status = text_of(one, "status");
    return status == "pending" || status == "held";
  });
}

bool is_delivered(const Json& message) {
  return std::ranges::all_of(list_of(message, "recipients"),
                             [](const Json& one) { return text_of(one, "status") == "delivered"; });
}

// Of the last attempt, whatever came of it.
std::optional<VerdictId> last_verdict(const Json& message) {
  std::optional<VerdictId> out;
  for (const Json& recipient : list_of(message, "recipients")) {
    for (const Json& event : list_of(recipient, "events")) {
      if (const auto id = VerdictId::parse(text_of(event, "verdict"))) out = id;
    }
  }
  return out;
}

// Asks for each message until it has come to its end, or the time is over. The last answers.
Result<std::vector<Json>> follow(const GatewayLink& link, const std::vector<Submitted>& sent,
                                 Duration wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  std::vector<Json> out;
  for (const Submitted& one : sent) {
    for (;;) {
      Result<Json> message = link.message(one.id);
      if (!message) return std::unexpected(message.error());
      const bool over = std::chrono::steady_clock::now() >= deadline;
      if (over || is_final(*message)) {
        out.push_back(std::move(*message));
        break;
      }
      std::this_thread::sleep_for(kPollInterval);
    }
  }
  return out;
}

void print_one(const Shell& shell, const GatewayLink& link, const Json& message) {
  if (const std::optional<VerdictId> id = last_verdict(message)) {
    const Result<Json> verdict = link.verdict(*id);
    if (verdict) shell.print(render_hop(object_of(*verdict, "verdict"), shell.style()));
  }
  shell.print(render_fate(message, shell.style()));
}

int report(const Shell& shell, const GatewayLink& link, const std::vector<Json>& messages,
           const std::string& wait) {
  const auto delivered = static_cast<std::size_t>(std::ranges::count_if(messages, is_delivered));
  if (shell.json) {
    for (const Json& message : messages) shell.print_json(message);
  } else {
    if (messages.size() > 1) {
      shell.print(std::to_string(delivered) + " of " + std::to_string(messages.size()) +
                  " messages have arrived\n");
    }
    // All that wait behind one blocker wait for the same: the first speaks for them.
    const auto first = std::ranges::find_if_not(messages, is_delivered);
    print_one(shell, link, first == messages.end() ? messages.back() : *first);
    if (!std::ranges::all_of(messages, is_final)) {
      shell.print("  Not followed any longer than " + wait +
                  "; it stays in the queue: postern queue, postern queue show " +
                  text_of(first == messages.end() ? messages.back() : *first, "id") + "\n");
    }
  }
  return delivered == messages.size() ? kOk : kFinding;
}

int run_send(const Shell& shell, const Options& options) {
  const Result<Duration> wait = parse_duration(options.wait);
  if (!wait) return shell.fail("--wait: " + wait.error().detail());
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  Result<Submission> submission = submission_of(link->config(), options);
  if (!submission) return shell.fail("send: " + submission.error().detail());
  const std::string server = submission->server.str();
  const Result<std::vector<Submitted>> sent = submit_blocking(std::move(*submission));
  if (!sent) return shell.fail("send: " + sent.error().detail());
  bool followed = !options.no_follow;
  int exit = kOk;
  for (const Submitted& one : *sent) {
    followed = followed && one.id;
    if (!shell.json && sent->size() == 1)
      shell.print("accepted " + (one.id ? one.id.str() : one.reply) + " by " + server + "\n");
    for (const std::string& refused : one.refused) exit = shell.fail("send: " + refused);
  }
  if (!shell.json && sent->size() > 1)
    shell.print("accepted " + count_of(sent->size(), "message") + " by " + server + "\n");
  if (!followed) return exit;
  const Result<std::vector<Json>> messages = follow(*link, *sent, *wait);
  if (!messages)
    return shell.fail("send: the message was taken, but cannot be followed: " +
                      messages.error().detail());
  return std::max(exit, report(shell, *link, *messages, options.wait));
}

}  // namespace

void add_send(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, shell, "send", "Send a test message and follow it to its end; 1 when it has not arrived",
      Form::text_or_json, [&shell, options] { return run_send(shell, *options); });
  command->add_option("--to", options->to, "Recipients")->required();
  command->add_option("--from", options->from, "Sender; else postmaster@ the server's hostname");
  command
      ->add_option("--server", options->server,
                   "Address and port; else the first listener that takes clear text")
      ->type_name("HOST:PORT");
  command->add_option("--subject", options->subject, "Subject")->capture_default_str();
  CLI::Option* body =
      command->add_option("--body", options->body, "Text of the message; - reads standard input");
  command->add_option("--file", options->file, "A whole message with header fields; - as above")
      ->type_name("FILE")
      ->excludes(body);
  command->add_option("--count", options->count, "So many of them, in one session")
      ->check(CLI::Range(1U, kMaxCount));
  command->add_option("--wait", options->wait, "How long it is followed")->capture_default_str();
  command->add_flag("--no-follow", options->no_follow, "End when the gateway has taken it");
}

}  // namespace postern::cli
