// A configuration that somebody else's settings amount to: connectors and partners as values, and
// in words what could not be carried over. Made by explain out of Exchange's and Postfix's
// settings, written by config, joined in cli (postern explain --to-config).
#pragma once

#include <string>
#include <vector>

#include "policy/config.h"

namespace postern::policy {

template <class T>
struct Drafted {
  T value;
  std::vector<std::string> notes;  // beside it: what its source said otherwise
};

struct Draft {
  std::string hostname;  // empty: not said
  std::vector<Drafted<ReceiveConnector>> receive;
  std::vector<Drafted<SendConnector>> send;
  std::vector<Drafted<Partner>> partners;
  std::vector<std::string> notes;  // what has no place anywhere
  [[nodiscard]] bool empty() const { return receive.empty() && send.empty() && partners.empty(); }
};

}  // namespace postern::policy
