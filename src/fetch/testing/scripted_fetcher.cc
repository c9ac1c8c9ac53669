#include "fetch/testing/scripted_fetcher.h"

#include "base/text.h"

namespace postern::fetch::testing {
namespace {

std::string line(verdict::FetchKind kind, const std::string& url) {
  return verdict::Want{kind, url, {}, {}}.str();
}

}  // namespace

void ScriptedFetcher::answer(verdict::FetchKind kind, const std::string& url, std::string body) {
  answers_[line(kind, url)].body = std::make_shared<const std::string>(std::move(body));
}

void ScriptedFetcher::fail(verdict::FetchKind kind, const std::string& url, std::string error) {
  answers_[line(kind, url)] = {nullptr, std::move(error), false};
}

io::Task<std::vector<Answer>> ScriptedFetcher::fetch(std::vector<Request> requests,
                                                     Duration limit) {
  std::vector<Answer> out;
  std::vector<std::string> lines;
  limits.push_back(limit);
  for (const Request& request : requests) {
    lines.push_back(line(request.kind, request.url));
    const auto found = answers_.find(lines.back());
    Answer answer;
    answer.error = stalled_ != nullptr ? "no answer in time" : "the script has no answer";
    if (stalled_ == nullptr && found != answers_.end()) answer = found->second;
    out.push_back(std::move(answer));
  }
  if (stalled_ != nullptr) stalled_->advance(limit);
  asked.insert(asked.end(), lines.begin(), lines.end());
  rounds.push_back(join(lines, ", "));
  co_return out;
}

void ScriptedFetcher::settled_nothing(const Request& request) {
  worthless.push_back(line(request.kind, request.url));
}

}  // namespace postern::fetch::testing
