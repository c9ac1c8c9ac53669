// The cases of test/preflight: a certificate, saved output of Exchange, and what preflight says of
// them, judged at a fixed time against the roots of test/preflight/roots.pem. With
// POSTERN_WRITE_GOLDEN set the answers are written anew.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/certificate_file.h"
#include "cli/render.h"
#include "probe/preflight.h"

namespace postern::cli {
namespace {

namespace fs = std::filesystem;

const Time kNow = parse_rfc3339("2026-11-21T04:05:00Z").value();

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<x509::Certificate> chain_of(const fs::path& path) {
  auto chain = parse_certificate_file(path.string(), content(path));
  EXPECT_TRUE(chain) << chain.error().detail();
  return chain ? std::move(chain->certificates) : std::vector<x509::Certificate>{};
}

explain::ExchangeEstate estate_of(const std::vector<fs::path>& folders) {
  std::vector<explain::ExportFile> files;
  for (const fs::path& folder : folders) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
    std::ranges::sort(paths);
    for (const fs::path& path : paths) files.push_back({path.filename().string(), content(path)});
  }
  return explain::read_exchange(files);
}

// A case without an export of its own has the sound organization's.
std::string answer_to(const fs::path& root, const fs::path& folder) {
  const fs::path own = folder / "exchange";
  const explain::ExchangeEstate estate =
      estate_of({fs::is_directory(own) ? own : root / "contoso"});
  probe::PreflightInputs in;
  in.certificate.file = "new.pem";
  in.certificate.key_fits = true;
  in.certificate.chain = chain_of(folder / "new.pem");
  if (in.certificate.chain.empty()) return {};
  std::vector<x509::Anchor> anchors;
  for (x509::Certificate& one : chain_of(root / "roots.pem"))
    anchors.push_back({std::move(one), {.set = "system"}});
  in.public_roots = {std::make_shared<x509::TrustSet>("system", std::move(anchors))};
  in.exchange = &estate;
  in.now = kNow;
  const Result<probe::PreflightReport> report = probe::preflight(in);
  EXPECT_TRUE(report) << report.error().detail();
  return report ? render_preflight(probe::to_json(*report), Style{false, kNow}) : std::string();
}

TEST(PreflightGolden, EveryCaseReadsAsReviewed) {
  const fs::path root = POSTERN_SOURCE_DIR "/test/preflight";
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (!fs::exists(entry.path() / "new.pem")) continue;
    ++cases;
    const fs::path golden = entry.path() / "expected.txt";
    const std::string text = answer_to(root, entry.path());
    if (std::getenv("POSTERN_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << text;
    EXPECT_EQ(text, content(golden)) << entry.path();
    EXPECT_EQ(text.starts_with("SAFE"), entry.path().filename().string().starts_with("sound"));
  }
  EXPECT_GE(cases, 9U);
}

}  // namespace
}  // namespace postern::cli
