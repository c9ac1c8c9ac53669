#!/usr/bin/env python3
"""check_layering finds what it is there to find: a good tree passes, and each planted violation is reported."""
import pathlib
import tempfile
import unittest

import check_layering

GOOD = {
    ".clang-format": "DisableFormat: true\n",
    "src/base/CMakeLists.txt": "postern_module(base SOURCES a.cc)\n",
    "src/base/a.h": "#pragma once\n",
    "src/base/a.cc": '#include "base/a.h"\n',
    "src/base/log.cc": "#include <spdlog/spdlog.h>\n",
    "src/mail/CMakeLists.txt": "postern_module(mail\n  SOURCES m.cc  # base is used\n  DEPS base\n  TESTS m_test.cc)\n",
    "src/mail/m.h": "#pragma once\n",
    "src/mail/m.cc": '#include "mail/m.h"\n\n#include "base/a.h"\n',
    "src/mail/m_test.cc": '#include <gtest/gtest.h>\n\n#include "mail/m.h"\n',
    "src/x509/CMakeLists.txt": "postern_module(x509 SOURCES x.cc)\n"
                               "add_library(postern_x509_testing STATIC testing/f.cc)\n"
                               "target_link_libraries(postern_x509_testing PUBLIC postern_x509)\n",
    "src/x509/x.cc": "#include <openssl/x509.h>\n",
    "src/x509/testing/f.h": "#pragma once\n",
    "src/x509/testing/f.cc": '#include "x509/testing/f.h"\n',
    "src/verdict/CMakeLists.txt": "postern_module(verdict SOURCES v.cc TESTS v_test.cc TEST_DEPS x509_testing)\n",
    "src/verdict/v.cc": "#include <string>\n",
    "src/verdict/v_test.cc": '#include "x509/testing/f.h"\n',
}


class Layering(unittest.TestCase):
    def problems(self, planted):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**GOOD, **planted}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return check_layering.check(folder)

    def expect(self, planted, *parts):
        found, _ = self.problems(planted)
        self.assertTrue(any(all(part in line for part in parts) for line in found), f"{parts} not in {found}")
        self.assertEqual(len(found), 1, found)

    def test_a_good_tree_passes(self):
        self.assertEqual(self.problems({})[0], [])

    def test_include_of_a_higher_line(self):
        found, _ = self.problems({"src/mail/deep/er.h": '#pragma once\n#include "verdict/v.h"\n',
                                  "src/verdict/v.h": "#pragma once\n"})
        self.assertTrue(any("src/mail/deep/er.h:2: mail may not include verdict" in p for p in found), found)

    def test_include_of_the_own_line(self):
        self.expect({"src/smtp/CMakeLists.txt": "postern_module(smtp SOURCES s.cc DEPS x509)\n",
                     "src/smtp/s.cc": '#include "x509/n.h"\n', "src/x509/n.h": "#pragma once\n"},
                    "src/smtp/s.cc:1", "smtp may not include x509")

    def test_layers_bind_tests_too(self):
        found, _ = self.problems({"src/mail/m_test.cc": '#include "verdict/v.h"\n', "src/verdict/v.h": "#pragma once\n"})
        self.assertTrue(any("mail may not include verdict" in p for p in found), found)

    def test_undeclared_dependency(self):
        self.expect({"src/mail/CMakeLists.txt": "postern_module(mail SOURCES m.cc TESTS m_test.cc)\n"},
                    "src/mail/m.cc:3", "includes base", "DEPS")

    def test_declared_but_unused(self):
        self.expect({"src/mail/m.cc": '#include "mail/m.h"\n'}, "DEPS names base", "no source includes")

    def test_use_by_a_test_alone_is_no_use_of_the_module(self):
        self.expect({"src/mail/m.cc": '#include "mail/m.h"\n', "src/mail/m_test.cc": '#include "base/a.h"\n'},
                    "DEPS names base")

    def test_undeclared_test_dependency(self):
        self.expect({"src/verdict/CMakeLists.txt": "postern_module(verdict SOURCES v.cc TESTS v_test.cc)\n"},
                    "src/verdict/v_test.cc:1", "TEST_DEPS")

    def test_test_fixture_in_the_product(self):
        found, _ = self.problems({"src/verdict/v.cc": '#include "x509/testing/f.h"\n'})
        self.assertTrue(any("is for tests only" in p for p in found), found)

    def test_unknown_module_and_missing_file(self):
        self.expect({"src/helpers/h.h": "#pragma once\n"}, "src/helpers", "does not name")
        self.expect({"src/base/a.cc": '#include "a.h"\n'}, "src/base/a.cc:1", "no file below src/")
        self.expect({"src/smtp/s.cc": "#include <string>\n"}, "src/smtp", "no CMakeLists.txt")

    def test_third_party_headers_stay_at_home(self):
        for header in ("openssl/ssl.h", "boost/asio.hpp", "boost/beast/http.hpp", "sqlite3.h", "unbound.h",
                       "toml++/toml.h", "CLI/CLI.hpp", "nlohmann/json.hpp", "spdlog/spdlog.h", "fmt/format.h",
                       "curl/curl.h"):
            with self.subTest(header):
                self.expect({"src/verdict/v.cc": f"#include <{header}>\n"}, "src/verdict/v.cc:1", header)
        self.expect({"src/base/a.cc": "#  include <spdlog/spdlog.h>\n"}, "src/base/a.cc:1", "base/log.cc")
        self.expect({"src/verdict/v.cc": "#include <gtest/gtest.h>\n"}, "outside of a test")

    def test_sizes(self):
        self.expect({"src/base/b.h": "#pragma once\n" + "\n" * 800}, "src/base/b.h", "more than 800")
        found, warnings = self.problems({"src/base/b.py": "#\n" * 700})
        self.assertEqual(found, [])
        self.assertTrue(any("src/base/b.py: 700 lines" in w for w in warnings), warnings)

    @unittest.skipUnless(check_layering.shutil.which(check_layering.CLANG_FORMAT), "no clang-format")
    def test_format(self):
        found, _ = self.problems({".clang-format": "BasedOnStyle: Google\n", "src/base/a.h": "#pragma once\nint   f( );\n"})
        self.assertTrue(any("src/base/a.h: not formatted" in p for p in found), found)


if __name__ == "__main__":
    unittest.main()
