// postern queue: what waits, why, and the operator's commands for it.
#include <CLI/CLI.hpp>

#include "admin/api.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/filter_options.h"
#include "cli/gateway_link.h"
#include "cli/render.h"
#include "verdict/catalog.h"

namespace postern::cli {
namespace {

int run_list(const Shell& shell) {
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> answer = link->queue();
  if (!answer) return shell.fail(answer.error());
  shell.print_answer(*answer, render_queue);
  return kOk;
}

int run_show(const Shell& shell, const std::string& text) {
  const std::optional<MessageId> id = MessageId::parse(text);
  if (!id)
    return shell.fail("queue show: '" + text + "' is no message id; postern trace lists them");
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> message = link->message(*id);
  if (!message) {
    (void)shell.fail(message.error());
    return is_not_found(message.error()) ? kFinding : kFailure;
  }
  if (shell.json) {
    shell.print_json(*message);
  } else {
    shell.print(render_message(*message, shell.style()));
  }
  return kOk;
}

// A changing command, and its answer in one line.
int run_change(const Shell& shell, const admin::Request& request,
               const std::function<std::string(const Json&)>& words) {
  const Result<GatewayLink> link = GatewayLink::open(shell);
  if (!link) return shell.fail(link.error());
  const Result<Json> answer = link->change(request);
  if (!answer) return shell.fail(answer.error());
  const std::string text = words(*answer);  // it decides about the exit code as well
  if (shell.json) {
    shell.print_json(*answer);
  } else {
    shell.print(text);
  }
  return kOk;
}

struct ChangeOptions : FilterOptions {
  std::vector<std::string> ids;
  bool all = false;
  std::string extend_until, extend_for;
};

Result<admin::Change> change_of(relay::Action action, const ChangeOptions& options) {
  const Time now = system_clock().now();
  admin::Change out;
  out.action = action;
  out.all = options.all;
  TRY(out.selector.filter, options.filter(now));
  for (const std::string& text : options.ids) {
    const std::optional<MessageId> id = MessageId::parse(text);
    if (!id) return invalid("--id: '" + text + "' is no message id; postern trace lists them");
    out.selector.ids.push_back(*id);
  }
  if (!options.extend_until.empty()) {
    TRY(out.extend_until, parse_moment("--until", options.extend_until, now, Towards::future));
  } else if (!options.extend_for.empty()) {
    TRY(out.extend_until, parse_moment("--for", options.extend_for, now, Towards::future));
  }
  return out;
}

int run_selected(const Shell& shell, relay::Action action, const ChangeOptions& options) {
  const Result<admin::Change> change = change_of(action, options);
  if (!change) return shell.fail(change.error());
  // Said here already, in the words of the options; the gateway refuses it as well.
  const admin::Request request = admin::make_request(*change);
  if (const admin::Call call = admin::parse_request(request);
      std::holds_alternative<admin::Refusal>(call)) {
    return shell.fail("queue " + std::string(admin::to_string(action)) +
                      (options.all ? ": --all and other options that choose messages contradict "
                                     "each other"
                                   : ": which messages? give --id, --sender, --recipient, "
                                     "--message-id, --destination, --code, --status, --since or "
                                     "--until-time; or --all"));
  }
  int found = kOk;
  const int code = run_change(shell, request, [&](const Json& answer) {
    const std::uint64_t messages = number_of(answer, "messages");
    const std::uint64_t in_flight = number_of(answer, "in_flight");
    const std::uint64_t delivered = number_of(answer, "delivered");
    if (messages == 0 || in_flight != 0) found = kFinding;
    std::string out = count_of(messages, "message") + ", " +
                      count_of(number_of(answer, "recipients"), "recipient") + ": " +
                      std::string(admin::to_string(action)) +
                      (messages == 0 ? " applies to none\n" : " done\n");
    if (delivered != 0)
      out += count_of(delivered, "recipient") + " got the message meanwhile: delivered\n";
    if (in_flight != 0)
      out += count_of(in_flight, "message") + " still under way and left as they are: ask again\n";
    return out;
  });
  return code == kOk ? found : code;
}

void add_change(CLI::App& queue, Shell& shell, relay::Action action,
                const std::string& description) {
  auto options = std::make_shared<ChangeOptions>();
  CLI::App* command = add_command(
      queue, shell, std::string(admin::to_string(action)), description, Form::text_or_json,
      [&shell, action, options] { return run_selected(shell, action, *options); });
  command->add_option("--id,ID", options->ids, "Message ids");
  add_filter_options(*command, options, "--until-time");
  command->add_flag("--all", options->all, "Every message that the command applies to");
  if (action == relay::Action::extend) {
    CLI::Option* until =
        command->add_option("--until", options->extend_until,
                            "The new end of its lifetime, like 2026-12-01T00:00:00Z; else "
                            "queue.lifetime from now");
    command->add_option("--for", options->extend_for, "The same from now, like 5d")
        ->excludes(until);
  }
}

void add_retry(CLI::App& queue, Shell& shell) {
  auto destination = std::make_shared<std::string>();
  CLI::App* retry = add_command(
      queue, shell, "retry", "Try now what waits: one next hop or blocker, or everything",
      Form::text_or_json, [&shell, destination] {
        return run_change(
            shell, admin::make_request(admin::Retry{*destination}), [](const Json& answer) {
              return "Trying " + count_of(number_of(answer, "destinations"), "destination") +
                     " now.\n";
            });
      });
  retry->add_option("NEXT_HOP", *destination, "A next hop or a blocker's id, as queue shows it");
}

struct AllowOptions {
  std::string blocker, accept, until, duration, why, by;
};

int run_allow(const Shell& shell, const AllowOptions& options) {
  if (verdict::find_catalog_entry(options.accept) == nullptr)
    return shell.fail("--accept: '" + options.accept +
                      "' is no code; postern docs verdicts lists them");
  if (options.until.empty() && options.duration.empty())
    return shell.fail("queue allow: for how long? give --until or --for");
  const Time now = system_clock().now();
  const Result<Time> until = options.until.empty()
                                 ? parse_moment("--for", options.duration, now, Towards::future)
                                 : parse_moment("--until", options.until, now, Towards::future);
  if (!until) return shell.fail(until.error());
  const admin::Allow call{options.blocker, {options.accept, *until, options.by, options.why}};
  return run_change(shell, admin::make_request(call), [&](const Json& answer) {
    return "Mail behind " + options.blocker + " may go although " + text_of(answer, "accept") +
           ", until " + when(*until) + ". It is recorded.\n";
  });
}

void add_allow(CLI::App& queue, Shell& shell) {
  auto options = std::make_shared<AllowOptions>();
  CLI::App* allow = add_command(
      queue, shell, "allow",
      "Let mail behind one blocker go although a check fails: recorded, and only for a time",
      Form::text_or_json, [&shell, options] { return run_allow(shell, *options); });
  allow->add_option("BLOCKER", options->blocker, "Its id or next hop, as queue shows it")
      ->required();
  allow->add_option("--accept", options->accept, "The one code that is accepted")->required();
  CLI::Option* until =
      allow->add_option("--until", options->until, "When it ends, like 2026-12-01T00:00:00Z");
  allow->add_option("--for", options->duration, "The same from now, like 4h")->excludes(until);
  allow->add_option("--why", options->why, "The reason, for the record")->required();
  allow->add_option("--by", options->by, "Who decided; else the calling user");
}

}  // namespace

void add_queue(CLI::App& app, Shell& shell) {
  CLI::App* queue = add_command(app, shell, "queue", "What waits, why, and what cures it",
                                Form::text_or_json, [&shell] { return run_list(shell); });
  queue->require_subcommand(0, 1);
  add_command(*queue, shell, "list", "The same", Form::text_or_json,
              [&shell] { return run_list(shell); });
  auto id = std::make_shared<std::string>();
  CLI::App* show = add_command(*queue, shell, "show", "One message with its trace",
                               Form::text_or_json, [&shell, id] { return run_show(shell, *id); });
  show->add_option("ID", *id, "The message's id")->required();
  add_retry(*queue, shell);
  add_change(*queue, shell, relay::Action::hold, "Keep messages back until they are released");
  add_change(*queue, shell, relay::Action::release, "Let held messages go again");
  add_change(*queue, shell, relay::Action::give_back,
             "Return messages to their senders undelivered");
  add_change(*queue, shell, relay::Action::extend, "Give messages more time to wait");
  add_change(*queue, shell, relay::Action::resubmit,
             "Send again: expired, failed, or (where kept) delivered messages");
  add_allow(*queue, shell);
}

}  // namespace postern::cli
