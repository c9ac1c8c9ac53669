// A dialect: how one product, library or tool speaks. Two ways to understand a line:
//
//  * recognisers: a phrase (with what must, or must not, stand beside it) that means one fact. All
//    dialects' phrases are looked for in one pass, so a line without any costs next to nothing;
//  * read(): code, for what a phrase cannot say. It is called for lines that hold one of `wakes()`,
//    and for every line while `attentive()`: a dialect that follows a block says so, and no longer.
//
// Dialects know the text and nothing of causes: they say what was reported. Which product it is,
// is told by its content, never by a file's name. To add one: a file here, a line in table.cc.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explain/observation.h"

namespace postern::explain {

struct Line {
  const std::string* source = nullptr;
  std::uint64_t number = 0;
  std::string_view text;    // plain, as plain_line() gives it
  std::string_view folded;  // fold(text), of the line before and this one where they may be wrapped
  bool decoded = false;     // out of take_decoded()
};

struct Recogniser {
  std::string_view phrase;  // folded
  Fact fact;
  // Alternatives are separated by '|': one of them must stand in the line, none of them may.
  std::string_view also = {}, unless = {};
  Side said_by = Side::unknown;
  int number = 0;  // Observation::number: the alert, the reply code
};

// Takes observations. Fact and what the dialect knows are given; the span, time, counterpart,
// session, names and side are filled in from the line where they are empty.
using Observed = std::function<void(const Line& line, Observation observation)>;

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::span<const Recogniser> recognisers() const { return {}; }
  [[nodiscard]] virtual std::span<const std::string_view> wakes() const { return {}; }
  [[nodiscard]] virtual bool attentive() const { return false; }
  virtual void read(const Line& line, const Observed& observed);
  // Lines that stood encoded in what was read (a part of a mail): they are read as if they stood
  // where the latest line does.
  [[nodiscard]] virtual std::vector<std::string> take_decoded() { return {}; }
  // For forms that make sense as a whole only (reports, exported objects): asked at the end of a
  // source, and then given its octets, where they were not too many to keep.
  [[nodiscard]] virtual bool wants_whole() const { return false; }
  virtual void read_whole(const std::string& source, std::string_view octets,
                          const Observed& observed);
  // The source ends: what is still open is said now.
  virtual void end_of_source(const Observed& observed);
};

// Fresh ones, in the order in which they are asked.
[[nodiscard]] std::vector<std::unique_ptr<Dialect>> make_dialects();

// Recognisers and nothing else.
class Vocabulary final : public Dialect {
 public:
  Vocabulary(std::string_view name, std::span<const Recogniser> recognisers)
      : name_(name), recognisers_(recognisers) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const Recogniser> recognisers() const override { return recognisers_; }

 private:
  std::string_view name_;
  std::span<const Recogniser> recognisers_;
};

}  // namespace postern::explain
