// What the settings of Exchange, Exchange Online or Postfix amount to as a configuration of
// Postern: exported connectors (Get-ReceiveConnector, Get-SendConnector, Get-TransportConfig,
// Get-InboundConnector, Get-OutboundConnector, Get-AcceptedDomain), main.cf with a TLS policy table
// and a transport table. Files are known by their content. Pure.
#pragma once

#include <vector>

#include "explain/exchange.h"
#include "mail/domain.h"
#include "policy/draft.h"

namespace postern::explain {

// Empty where no file holds settings; its notes then say of each what it was taken for.
[[nodiscard]] policy::Draft draft_config(const std::vector<ExportFile>& files);

// Its two halves. Private to this module.
void draft_exchange(const ExchangeEstate& estate, policy::Draft& draft);
// Files of Postfix, one after the other.
class PostfixSettings {
 public:
  // True: the text is a part of Postfix's settings.
  bool read(std::string_view text);
  void draft(policy::Draft& out) const;

 private:
  struct PolicyLine {
    std::string destination, level;
    std::vector<std::pair<std::string, std::string>> attributes;
  };
  struct TransportLine {
    std::string domain, next_hop;
  };
  bool read_line(std::string_view line);
  bool read_parameter(std::string_view line);
  bool read_policy(const std::vector<std::string_view>& words);
  bool read_transport(const std::vector<std::string_view>& words);
  [[nodiscard]] std::string value(std::string_view name) const;
  void draft_receive(policy::Draft& out) const;
  void draft_send(policy::Draft& out) const;
  void draft_partner(const PolicyLine& line, policy::Draft& out) const;
  [[nodiscard]] const PolicyLine* policy_of(std::string_view destination) const;

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<PolicyLine> policies_;
  std::vector<TransportLine> transports_;
};

// A name for a table of the file: letters, digits and hyphens, and not yet one of `taken`.
[[nodiscard]] std::string table_name(std::string_view text, const std::vector<std::string>& taken);
template <class T>
[[nodiscard]] std::string free_name(std::string_view text,
                                    const std::vector<policy::Drafted<T>>& drafted) {
  std::vector<std::string> taken;
  for (const auto& one : drafted) taken.push_back(one.value.name);
  return table_name(text, taken);
}
// A name that a certificate may bear, of a name, "*.contoso.com" or a subject; empty: it is none.
[[nodiscard]] std::string name_in(std::string_view text);
// False: it is no pattern; a note says so.
bool add_domain(std::string_view text, std::vector<mail::DomainPattern>& domains,
                std::vector<std::string>& notes);
bool add_host(std::string_view text, std::uint16_t port, std::vector<policy::Endpoint>& hosts,
              std::vector<std::string>& notes);

}  // namespace postern::explain
