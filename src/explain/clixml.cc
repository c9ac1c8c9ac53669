// Export-Clixml: <Objs> of <Obj>, whose properties stand in <Props> and <MS>. A property that is an
// object itself is a list (<LST>, <IE>, <QUE>, <STK>), an enumeration or something else with its
// words in <ToString>. Source: MS-PSRP 2.2.5 (serialization).
// pugixml reads no external entities and expands none of a DTD; its parser does not recurse, and
// the recursion here is bounded.
#include <algorithm>
#include <map>

#include <pugixml.hpp>

#include "base/text.h"
#include "explain/readers.h"

namespace postern::explain {
namespace {

constexpr int kMaxXmlDepth = 16;

bool is(const pugi::xml_node& node, std::string_view name) {
  return node.name() == name;
}

// "_x000A_" stands for the character U+000A.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape = text.size() >= 7 && text.starts_with("_x") && text[6] == '_';
    const auto code = escape ? from_hex(text.substr(2, 4)) : std::nullopt;
    if (code && (*code)[0] == '\0' && static_cast<unsigned char>((*code)[1]) < 0x80) {
      out += (*code)[1];
      text.remove_prefix(7);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

class Reader {
 public:
  Reader(std::string_view text, const pugi::xml_node& root) : text_(text) {
    out_.format = ExportFormat::clixml;
    for (const pugi::xml_node& node : root.children("Obj")) take(node, 0);
  }
  ReadObjects result() && { return std::move(out_); }

 private:
  // An object, or a list of them (Export-Clixml -InputObject @(...)).
  void take(const pugi::xml_node& node, int depth) {
    if (depth == kMaxXmlDepth) return;
    if (const pugi::xml_node list = list_of(node)) {
      for (const pugi::xml_node& item : list.children("Obj")) take(item, depth + 1);
      return;
    }
    CmdletObject object;
    object.hint = type_of(node);
    const int line = line_of(node);
    for (const char* part : {"Props", "MS"}) {
      for (const pugi::xml_node& member : node.child(part).children())
        (void)add_property(object, property_of(member, line));
    }
    add_object(out_, std::move(object));
  }

  static pugi::xml_node list_of(const pugi::xml_node& node) {
    for (const char* name : {"LST", "IE", "QUE", "STK"}) {
      if (const pugi::xml_node list = node.child(name)) return list;
    }
    return {};
  }

  std::string type_of(const pugi::xml_node& node) {
    if (const pugi::xml_node names = node.child("TN")) {
      std::string type = names.child("T").child_value();
      types_[names.attribute("RefId").value()] = type;
      return type;
    }
    const auto it = types_.find(node.child("TNRef").attribute("RefId").value());
    return it == types_.end() ? std::string() : it->second;
  }

  // Nodes come in the order of the text, so counting goes on from the last one.
  int line_of(const pugi::xml_node& node) {
    const std::ptrdiff_t offset = node.offset_debug();
    const auto end = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(
        offset, static_cast<std::ptrdiff_t>(counted_), static_cast<std::ptrdiff_t>(text_.size())));
    const std::string_view between = text_.substr(counted_, end - counted_);
    line_ += static_cast<int>(std::ranges::count(between, '\n'));
    counted_ = end;
    return line_;
  }

  std::string words_of(const pugi::xml_node& node) {
    if (!is(node, "Obj"))
      return is(node, "B") ? upper_first(node.child_value()) : unescaped(node.child_value());
    (void)type_of(node);
    if (const pugi::xml_node words = node.child("ToString")) return unescaped(words.child_value());
    for (const char* number : {"I32", "S"}) {
      if (const pugi::xml_node value = node.child(number)) return value.child_value();
    }
    return {};
  }

  static std::string upper_first(std::string_view text) {
    std::string out(text);
    if (!out.empty()) out.front() = to_upper(out.front());
    return out;
  }

  Property property_of(const pugi::xml_node& node, int line) {
    Property out;
    out.name = unescaped(node.attribute("N").value());
    out.first_line = out.last_line = std::max(line, line_of(node));
    if (const pugi::xml_node list = is(node, "Obj") ? list_of(node) : pugi::xml_node()) {
      (void)type_of(node);
      std::vector<std::string> items;
      for (const pugi::xml_node& item : list.children()) {
        if (items.size() > kMaxExportItems) break;
        items.push_back(words_of(item));
      }
      set_list(out, std::move(items));
      return out;
    }
    out.text = words_of(node);
    out.lost = out.text.empty() && is(node, "Obj");
    if (!out.text.empty()) out.items = {out.text};
    return out;
  }

  std::string_view text_;
  std::map<std::string, std::string, std::less<>> types_;
  ReadObjects out_;
  std::size_t counted_ = 0;
  int line_ = 1;
};

}  // namespace

std::optional<ReadObjects> read_clixml(std::string_view text) {
  const std::string_view start = trim(text);
  if (!start.starts_with('<') || !start.substr(0, 4096).contains("<Objs")) return std::nullopt;
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(
      text.data(), text.size(), pugi::parse_cdata | pugi::parse_escapes, pugi::encoding_utf8);
  ReadObjects out = Reader(text, document.child("Objs")).result();
  if (!parsed) {
    const auto before =
        text.substr(0, static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, parsed.offset)));
    out.remarks.push_back({1 + static_cast<int>(std::ranges::count(before, '\n')),
                           "the XML is broken here, so what follows is not read: " +
                               std::string(parsed.description())});
  }
  return out;
}

}  // namespace postern::explain
