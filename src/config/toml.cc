// The one place that includes toml++: compiled into this module (header-only, without exceptions),
// so that the sanitizers and the fuzzer see it too.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <algorithm>
#include <tuple>

#include <toml++/toml.h>

#include "base/text.h"
#include "config/value.h"

namespace postern::config {
namespace {

Place place_of(const toml::source_region& source) {
  return {static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}

Time to_time(const toml::date_time& t) {
  using namespace std::chrono;
  const year_month_day day{year(t.date.year), month(t.date.month), std::chrono::day(t.date.day)};
  const auto offset = minutes(t.offset ? t.offset->minutes : 0);
  return Time(sys_days(day)) + hours(t.time.hour) + minutes(t.time.minute) +
         seconds(t.time.second) + milliseconds(t.time.nanosecond / 1'000'000) - offset;
}

// The library's words without its preamble, and what would be right.
std::string explain(std::string_view description) {
  constexpr std::string_view kPreamble = "Error while parsing ";
  constexpr std::size_t kMaxOctets = 400;
  if (description.starts_with(kPreamble)) description.remove_prefix(kPreamble.size());
  const bool twice = description.find("cannot redefine") != std::string_view::npos;
  return "this is no TOML (" + printable(description, kMaxOctets) + "); " +
         (twice ? "a key or a section stands only once"
                : "a line is key = value, with strings in \"quotes\" closed on their line, or "
                  "[section]");
}

Value convert(const toml::node& node);

Value convert_table(const toml::table& table) {
  Value out;
  for (const auto& [key, node] : table) {
    out.entries.push_back({std::string(key.str()), place_of(key.source()), convert(node)});
  }
  // toml++ sorts by name; the file's order decides ties between connectors.
  std::ranges::sort(out.entries, {}, [](const Entry& entry) {
    return std::tuple(entry.place.line, entry.place.column, std::string_view(entry.key));
  });
  return out;
}

Value convert(const toml::node& node) {
  Value out;
  if (const auto* table = node.as_table()) {
    out = convert_table(*table);
  } else if (const auto* array = node.as_array()) {
    out.kind = Value::Kind::array;
    for (const toml::node& item : *array) out.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    out.kind = Value::Kind::string;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Value::Kind::integer;
    out.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = Value::Kind::boolean;
    out.boolean = boolean->get();
  } else if (const auto* time = node.as_date_time()) {
    out.kind = time->get().offset ? Value::Kind::time : Value::Kind::local_time;
    out.time = to_time(time->get());
  } else {
    out.kind = node.is_floating_point() ? Value::Kind::floating : Value::Kind::local_time;
  }
  out.place = place_of(node.source());
  return out;
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto it = std::ranges::find(entries, key, &Entry::key);
  return it == entries.end() ? nullptr : &it->value;
}

std::string_view describe(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::string:
      return "a string";
    case Value::Kind::integer:
      return "an integer";
    case Value::Kind::floating:
      return "a number with a fraction";
    case Value::Kind::boolean:
      return "true or false";
    case Value::Kind::time:
      return "a time";
    case Value::Kind::local_time:
      return "a date or time without a zone";
    case Value::Kind::array:
      return "a list";
    case Value::Kind::table:
      return "a table";
  }
  return "a value";
}

Document parse_toml(std::string_view text) {
  Document out;
  if (text.size() > kMaxConfigOctets) {
    out.errors.push_back({{1, 1},
                          "the file is larger than " + std::to_string(kMaxConfigOctets >> 20) +
                              " MiB; a configuration is not"});
    return out;
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    out.errors.push_back({place_of(error.source()), explain(error.description())});
    return out;
  }
  out.root = convert_table(parsed.table());
  out.root.place = {1, 1};
  return out;
}

}  // namespace postern::config
