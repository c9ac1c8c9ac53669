// Any octets as settings of Exchange or Postfix: names of tables are words and differ, no connector
// is without a domain, no partner without a name.
#include <cstdint>
#include <set>
#include <string>

#include "base/check.h"
#include "base/text.h"
#include "explain/draft.h"

namespace {

template <class T>
void check_names(const std::vector<postern::policy::Drafted<T>>& drafted) {
  std::set<std::string> names;
  for (const auto& one : drafted) {
    POSTERN_CHECK(names.insert(one.value.name).second, "names differ");
    POSTERN_CHECK(one.value.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                      std::string::npos,
                  "names are words");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string octets(reinterpret_cast<const char*>(data), size);
  const policy::Draft draft = explain::draft_config({{"input", octets}});
  check_names(draft.receive);
  check_names(draft.send);
  check_names(draft.partners);
  for (const auto& one : draft.send)
    POSTERN_CHECK(!one.value.domains.empty(), "a connector serves domains");
  for (const auto& one : draft.partners)
    POSTERN_CHECK(!one.value.names.empty() && !one.value.domains.empty(), "a partner has a name");
  return 0;
}
