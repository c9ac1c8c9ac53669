#include "cli/filter_options.h"

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace postern::cli {

void add_filter_options(CLI::App& command, const std::shared_ptr<FilterOptions>& options,
                        const std::string& until_name) {
  FilterOptions& o = *options;
  command.add_option("--sender", o.sender, "Address, @domain, or <> for the null reverse-path");
  command.add_option("--recipient", o.recipient, "Address or @domain");
  command.add_option("--message-id", o.message_id, "The Message-ID field, or Postern's id");
  command.add_option("--destination", o.destination, "Next hop or recipient domain");
  command.add_option("--code", o.code, "Code of the catalog, such as name-mismatch");
  command.add_option("--status", o.status, "pending, held, delivered, failed or expired")
      ->check(CLI::IsMember({"pending", "held", "delivered", "failed", "expired"}));
  command.add_option("--since", o.since, "Arrived at or after: 2026-11-21T02:20:00Z, or 4h (ago)");
  command.add_option(until_name, o.until, "Arrived before: like --since");
}

Result<store::TraceFilter> FilterOptions::filter(Time now) const {
  store::TraceFilter out;
  out.sender = sender;
  out.recipient = recipient;
  out.message_id = message_id;
  out.destination = destination;
  out.code = code;
  if (!status.empty()) out.status = store::parse_status(status);
  if (!since.empty()) {
    TRY(out.since, parse_moment("--since", since, now, Towards::past));
  }
  if (!until.empty()) {
    TRY(out.until, parse_moment("the end of the window", until, now, Towards::past));
  }
  return out;
}

}  // namespace postern::cli
