// The content of one message on its way from the session to the store: header firewall, loop
// detection, facts, the Received field. Memory: one block, whatever the message weighs. The first
// trouble is remembered and told at the end, since a client reads no reply before that; what comes
// after it is dropped. Internal to reception.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mail/header.h"
#include "mail/reply.h"
#include "relay/connectors.h"
#include "store/store.h"

namespace postern::relay {

class BodyIntake {
 public:
  BodyIntake(std::unique_ptr<store::BodyWriter> writer, bool keep_organization_headers,
             unsigned max_received_hops);

  void append(std::string_view octets);
  // The end: nullopt, or what the client reads in place of 250.
  [[nodiscard]] std::optional<mail::Reply> finish();
  [[nodiscard]] const mail::HeaderFacts& facts() const { return filter_.facts(); }
  // After finish() was content; with the Received field before the rest.
  [[nodiscard]] std::unique_ptr<store::BodyWriter> take(const mail::ReceivedField& received);

 private:
  void give_up(mail::Reply reply);

  std::unique_ptr<store::BodyWriter> writer_;
  mail::HeaderFilter filter_;
  unsigned max_received_hops_;
  std::optional<mail::Reply> refusal_;
  std::string passed_;  // what the filter let through of the present block
};

// 452 4.3.1 where the disk is full, 451 4.3.0 for all else that the store could not do.
[[nodiscard]] mail::Reply store_refusal(const Error& error);

}  // namespace postern::relay
