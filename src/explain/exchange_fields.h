// Properties of one object read as what they mean; what was cut or lost is noted. Private to this
// module.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/exchange.h"
#include "explain/export_date.h"

namespace postern::explain {

[[nodiscard]] std::string without_blanks(std::string_view text);

class Fields {
 public:
  Fields(const CmdletObject& object, const std::string& file, std::vector<ExportProblem>& problems)
      : object_(object), file_(file), problems_(problems) {}

  [[nodiscard]] ExportPlace where() const { return {file_, object_.first_line}; }
  [[nodiscard]] bool present(std::string_view name) const;  // exported, and not lost
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] std::string first_of(std::initializer_list<std::string_view> names);
  // Items of a list; `complete` turns false where some are missing.
  [[nodiscard]] std::vector<std::string> list(std::string_view name, bool& complete);
  [[nodiscard]] std::vector<std::string> words(std::string_view name);  // "Tls, Integrated"
  [[nodiscard]] std::optional<bool> flag(std::string_view name);
  [[nodiscard]] std::optional<Time> date(std::string_view name, DateOrder order, bool& ambiguous);
  // Upper case; also the number that ConvertTo-Json writes for the set of flags.
  [[nodiscard]] std::optional<std::vector<std::string>> services(std::string_view name);
  // DER as base64, taken only where it is the certificate of that thumbprint.
  [[nodiscard]] std::optional<x509::Certificate> certificate(std::string_view name,
                                                             std::string_view thumbprint);

 private:
  void note(const Property& property, std::string text);

  const CmdletObject& object_;
  const std::string& file_;
  std::vector<ExportProblem>& problems_;
};

}  // namespace postern::explain
