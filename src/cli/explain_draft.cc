#include "cli/explain_draft.h"

#include "cli/exports.h"
#include "config/write_draft.h"
#include "explain/draft.h"

namespace postern::cli {

int draft_from(const Shell& shell, const std::vector<std::string>& paths) {
  std::vector<explain::ExportFile> files;
  for (const std::string& path : paths) {
    Result<std::vector<explain::ExportFile>> some = read_exports(path);
    if (!some) return shell.fail(some.error());
    files.insert(files.end(), some->begin(), some->end());
  }
  const policy::Draft draft = explain::draft_config(files);
  if (draft.empty()) {
    std::string why;
    for (const std::string& note : draft.notes) why += "\n  " + note;
    return shell.fail("no connector, main.cf or TLS policy table in it" + why);
  }
  shell.print(config::write_draft(draft));
  return kOk;
}

}  // namespace postern::cli
