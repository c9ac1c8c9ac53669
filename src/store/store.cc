#include "store/store.h"

#include <array>
#include <utility>

#include "store/sqlite/sqlite_store.h"

namespace postern::store {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 5> kStatusNames{{
    {Status::pending, "pending"},
    {Status::held, "held"},
    {Status::delivered, "delivered"},
    {Status::failed, "failed"},
    {Status::expired, "expired"},
}};

class StoreCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "store"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<store_errc>(value)) {
      case store_errc::no_space:
        return "no space left for the store";
      case store_errc::no_body:
        return "the message's body is not kept";
      case store_errc::no_message:
        return "no such message";
      case store_errc::busy:
        return "the store is busy";
      case store_errc::newer_schema:
        return "the store was written by a newer program";
      case store_errc::older_schema:
        return "the store was written by an older program";
      case store_errc::read_only:
        return "the store is open for reading only";
      case store_errc::corrupt:
        return "the store is damaged";
    }
    return "unknown error of the store";
  }
};

}  // namespace

std::string_view to_string(Status s) {
  for (const auto& [status, name] : kStatusNames) {
    if (status == s) return name;
  }
  return "pending";
}

std::optional<Status> parse_status(std::string_view text) {
  for (const auto& [status, name] : kStatusNames) {
    if (name == text) return status;
  }
  return std::nullopt;
}

std::error_code make_error_code(store_errc e) {
  static const StoreCategory category;
  return {static_cast<int>(e), category};
}

Result<std::unique_ptr<Store>> open_store(const std::string& spec, const OpenOptions& options) {
  constexpr std::string_view kScheme = "sqlite:";
  if (!spec.starts_with(kScheme) || spec.size() == kScheme.size()) {
    return invalid("store \"" + spec + "\": expected \"sqlite:\" and the path of a file");
  }
  TRY(auto store, sqlite::SqliteStore::open(spec.substr(kScheme.size()), options));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace postern::store
