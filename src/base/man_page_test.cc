#include "base/man_page.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

// What stands below the heading of the page.
std::string rest(const ManPage& page) {
  const std::string head = ManPage("x", 1, "about").text();
  return page.text().substr(head.size());
}

std::string paragraph(std::string_view text) {
  ManPage page("x", 1, "about");
  page.paragraph(text);
  const std::string out = rest(page);
  EXPECT_TRUE(out.starts_with(".PP\n"));
  return out.substr(4, out.size() - 5);
}

TEST(ManPage, BeginsWithItsNameAndSection) {
  EXPECT_EQ(ManPage("postern.toml", 5, "the `configuration`").text(),
            ".TH \"POSTERN.TOML\" \"5\" \"2026-11-21\" \"Postern\" \"Postern Manual\"\n"
            ".SH \"NAME\"\npostern.toml \\- the \\fBconfiguration\\fR\n");
}

TEST(ManPage, TextIsNeverTakenForARequestNorTypesetAnew) {
  struct Row {
    const char* text;
    const char* out;
  };
  for (const Row& row : {
           Row{"plain", "plain"},
           Row{"a `--json` b", "a \\fB\\-\\-json\\fR b"},
           Row{".TH is text", "\\&.TH is text"},
           Row{"one\n.two", "one\n\\&.two"},
           Row{"'tis", "\\(aqtis"},
           Row{"C:\\x", "C:\\ex"},
           Row{"say \"hi\"", "say \\(dqhi\\(dq"},
           Row{"~/x^2", "\\(ti/x\\(ha2"},
           Row{"**required**", "required"},
           Row{"see [terms.md](terms.md).", "see terms.md."},
           Row{"list[0] (x)", "list[0] (x)"},
           Row{"a \u2013 b", "a \\[u2013] b"},
           Row{"\U0001F4E7", "\\[u1F4E7]"},
           Row{"\xff", "\\[uFFFD]"},
           Row{"`open", "\\fBopen\\fR"},
       }) {
    EXPECT_EQ(paragraph(row.text), row.out) << row.text;
  }
}

TEST(ManPage, ItemsAndExamples) {
  ManPage page("x", 1, "about");
  page.section("OPTIONS");
  page.subsection("more \"of\" them");
  page.item("--for", "TIME", "How long.");
  page.item("a", "", "b");
  page.example("$ x --y\n\n  .z");
  EXPECT_EQ(rest(page),
            ".SH \"OPTIONS\"\n.SS \"more \\(dqof\\(dq them\"\n"
            ".TP\n\\fB\\-\\-for\\fR \\fITIME\\fR\nHow long.\n"
            ".TP\n\\fBa\\fR\nb\n"
            ".PP\n.RS 4\n.nf\n$ x \\-\\-y\n\\&\n\\&  .z\n.fi\n.RE\n");
}

}  // namespace
}  // namespace postern
