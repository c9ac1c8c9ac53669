#include "cli/manual.h"

#include <gtest/gtest.h>

namespace postern::cli {
namespace {

TEST(CommandsManual, SaysOfEachCommandHowItIsCalledAndWhatItTakes) {
  const ManualCommand hold{"queue hold",
                           "Keeps messages back",
                           {{"ID", "", "Message ids", false, true}},
                           {{"--sender", "TEXT", "Address", false, false},
                            {"--why", "TEXT", "The reason", true, false}}};
  const ManualCommand version{"version", "The version of this program", {}, {}};
  const std::string text = commands_manual({hold, version});
  EXPECT_NE(text.find(".SS \"queue hold\"\n"
                      ".PP\n\\fBpostern queue hold\\fR [OPTION...] [ID...]\n"
                      ".PP\nKeeps messages back.\n"
                      ".TP\n\\fBID\\fR\nMessage ids.\n"
                      ".TP\n\\fB\\-\\-sender\\fR \\fITEXT\\fR\nAddress.\n"
                      ".TP\n\\fB\\-\\-why\\fR \\fITEXT\\fR\nThe reason. Required.\n"
                      ".SS \"version\"\n.PP\n\\fBpostern version\\fR\n"),
            std::string::npos)
      << text;
}

TEST(CommandsManual, HasTheSectionsPeopleLookFor) {
  const std::string text = commands_manual({});
  std::size_t at = 0;
  for (const char* title : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS",
                            "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"}) {
    const std::size_t found = text.find(std::string(".SH \"") + title + "\"\n", at);
    ASSERT_NE(found, std::string::npos) << title;
    at = found;
  }
}

}  // namespace
}  // namespace postern::cli
