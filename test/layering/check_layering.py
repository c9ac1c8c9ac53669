#!/usr/bin/env python3
"""Holds the house to its plan (docs/architecture.md): the order of the modules, the dependencies that their
CMakeLists.txt declare, one module per third-party library, the size of files and their format.

usage: check_layering.py ROOT     prints one line a violation, exits 1 when there is one
"""
import pathlib
import re
import shutil
import subprocess
import sys

# The drawing, lowest line first. A module may include what stands on a lower line.
LAYERS = [
    ["base"],
    ["mail"],
    ["x509", "smtp"],
    ["verdict"],
    ["policy"],
    ["config", "explain"],
    ["io"],
    ["tls", "dns", "fetch", "store"],
    ["net"],
    ["observe"],
    ["relay", "probe"],
    ["admin", "watch"],
    ["cli"],
]
LEVEL = {module: level for level, line in enumerate(LAYERS) for module in line}

# Include prefix -> modules (or single files, below src/) that may use it. The first that fits counts.
THIRD_PARTY = [
    ("openssl/", ["x509", "tls"]),
    ("boost/beast", ["admin"]),
    ("boost/", ["io", "net", "admin"]),
    ("sqlite3.h", ["store"]),
    ("libpq-fe.h", ["store"]),
    ("unbound.h", ["dns"]),
    ("curl/", ["fetch"]),
    ("toml++/", ["config"]),
    ("toml.hpp", ["config"]),
    ("CLI/", ["cli"]),
    ("pugixml.hpp", ["explain"]),
    ("zlib.h", ["cli"]),
    ("nlohmann/", ["base/json.h", "base/json_fwd.h", "base/json.cc"]),
    ("spdlog/", ["base/log.cc"]),
    ("fmt/", ["base"]),
]

WARN_LINES = 600
MAX_LINES = 800
CPP_SUFFIXES = {".h", ".cc"}
SIZED_SUFFIXES = CPP_SUFFIXES | {".py", ".sh", ".cmake"}
CLANG_FORMAT = "clang-format-19"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"#[^\n]*")
MODULE_CALL = re.compile(r"postern_module\s*\(\s*(\w+)([^)]*)\)")
LINK_CALL = re.compile(r"target_link_libraries\s*\(\s*(\w+)([^)]*)\)")
KEYWORDS = {"SOURCES", "DEPS", "LIBS", "TESTS", "TEST_DEPS", "TEST_SOURCES", "FUZZ"}


def files_below(folder, suffixes):
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in suffixes)


def includes_of(path):
    """[(line, quoted, what)] of one source file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [(text.count("\n", 0, m.start()) + 1, m.group(1) == '"', m.group(2))
            for m in INCLUDE.finditer(text)]


def is_test_code(path, module_dir):
    """Tests, fuzz targets, benchmarks and what stands in a testing/ folder: they may need more than the module."""
    return (path.stem.endswith(("_test", "_fuzz", "_bench"))
            or "testing" in path.relative_to(module_dir).parts[:-1])


def module_of_target(name):
    """"x509_testing" -> "x509": a module's further libraries bear its name in front."""
    return name if name in LEVEL else name.split("_")[0]


def arguments(text):
    """{keyword: [values]} of a postern_module call."""
    out, key = {}, None
    for word in text.split():
        if word in KEYWORDS:
            key = word
        elif key:
            out.setdefault(key, []).append(word)
    return out


def declared(module_dir):
    """What the CMakeLists.txt of a module declare: (deps, test deps); None where there is no such file."""
    files = sorted(module_dir.rglob("CMakeLists.txt"))
    if not files:
        return None
    text = COMMENT.sub("", "\n".join(f.read_text(encoding="utf-8") for f in files))
    deps, test_deps = set(), set()
    calls = list(MODULE_CALL.finditer(text))
    for call in calls:
        args = arguments(call.group(2))
        deps.update(map(module_of_target, args.get("DEPS", [])))
        test_deps.update(map(module_of_target, args.get("TEST_DEPS", [])))
    for call in LINK_CALL.finditer(text):
        target, words = call.group(1), call.group(2).split()
        linked = {module_of_target(w.removeprefix("postern_")) for w in words
                  if w.startswith("postern_") and w != "postern_options"}
        if target.endswith(("_test", "_testing", "_fuzz")):
            test_deps |= linked
        else:
            deps |= linked
    return deps - {module_dir.name}, test_deps - {module_dir.name}


def check_module(src, module_dir):
    """Rules 1 and 2: the order of the layers, and the declared dependencies."""
    module = module_dir.name
    if module not in LEVEL:
        return [f"src/{module}: a module that the drawing of the layers does not name"]
    problems = []
    used, used_by_tests = {}, {}
    sources = files_below(module_dir, CPP_SUFFIXES)
    for path in sources:
        test_code = is_test_code(path, module_dir)
        for line, quoted, what in includes_of(path):
            other = what.split("/")[0]
            where = f"{path.relative_to(src.parent)}:{line}"
            if quoted and not (src / what).is_file():
                problems.append(f"{where}: \"{what}\" is no file below src/ (write \"module/file.h\")")
            if not (src / what).is_file() or other == module:
                continue
            if not quoted:
                problems.append(f"{where}: <{what}> is our own header: write it in quotes")
            if "testing" in what.split("/")[:-1] and not test_code:
                problems.append(f"{where}: {what} is for tests only")
            if LEVEL.get(other, len(LAYERS)) >= LEVEL[module]:
                problems.append(f"{where}: {module} may not include {other}, which stands on its own line or above")
            (used_by_tests if test_code else used).setdefault(other, where)

    declaration = declared(module_dir)
    if declaration is None:
        if any(p.suffix == ".cc" for p in sources):
            problems.append(f"src/{module}: sources but no CMakeLists.txt")
        return problems
    deps, test_deps = declaration
    for other in sorted(set(used) - deps):
        problems.append(f"{used[other]}: includes {other}, which DEPS in src/{module}/CMakeLists.txt does not name")
    for other in sorted(deps - set(used)):
        problems.append(f"src/{module}/CMakeLists.txt: DEPS names {other}, which no source includes")
    for other in sorted(set(used_by_tests) - deps - test_deps):
        problems.append(f"{used_by_tests[other]}: includes {other}, which neither DEPS nor TEST_DEPS in "
                        f"src/{module}/CMakeLists.txt names")
    for other in sorted(test_deps - set(used_by_tests)):
        problems.append(f"src/{module}/CMakeLists.txt: TEST_DEPS names {other}, which no test includes")
    return problems


def check_third_party(src):
    """Rule 3: a third-party header stands only in the module that hides its library."""
    problems = []
    for path in files_below(src, CPP_SUFFIXES):
        here = path.relative_to(src).as_posix()
        for line, _, what in includes_of(path):
            allowed = next((a for prefix, a in THIRD_PARTY if what.startswith(prefix)), None)
            if allowed is not None and here.split("/")[0] not in allowed and here not in allowed:
                problems.append(f"src/{here}:{line}: <{what}> belongs to {', '.join(allowed)}")
            module_dir = src / here.split("/")[0]
            if what.startswith(("gtest/", "gmock/")) and not is_test_code(path, module_dir):
                problems.append(f"src/{here}:{line}: <{what}> outside of a test")
    return problems


def check_sizes(root):
    """Rule 4. Returns (violations, warnings)."""
    problems, warnings = [], []
    for folder in ("src", "test", "scripts", "cmake"):
        for path in files_below(root / folder, SIZED_SUFFIXES):
            lines = path.read_bytes().count(b"\n")
            text = f"{path.relative_to(root)}: {lines} lines"
            if lines > MAX_LINES:
                problems.append(f"{text}, more than {MAX_LINES}")
            elif lines > WARN_LINES:
                warnings.append(f"{text}, more than {WARN_LINES}: is there a reason?")
    return problems, warnings


def check_format(root):
    """Rule 5, where clang-format is installed."""
    if not shutil.which(CLANG_FORMAT):
        return [], [f"{CLANG_FORMAT} is not installed: the format is not checked"]
    paths = [p for folder in ("src", "test") for p in files_below(root / folder, CPP_SUFFIXES)]
    if not paths:
        return [], []
    result = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", "--style=file", *map(str, paths)],
                            capture_output=True, text=True, cwd=root, check=False)
    bad = sorted({line.split(":")[0] for line in result.stderr.splitlines() if ": error: " in line})
    if result.returncode != 0 and not bad:
        return [f"{CLANG_FORMAT} failed: {result.stderr.strip()}"], []
    return [f"{pathlib.Path(p).relative_to(root)}: not formatted ({CLANG_FORMAT} -i)" for p in bad], []


def check(root):
    """All rules. Returns (violations, warnings), each a list of lines."""
    root = pathlib.Path(root).resolve()
    src = root / "src"
    problems, warnings = [], []
    for module_dir in sorted(p for p in src.iterdir() if p.is_dir()):
        problems += check_module(src, module_dir)
    problems += check_third_party(src)
    for rule in (check_sizes, check_format):
        found, doubts = rule(root)
        problems += found
        warnings += doubts
    return problems, warnings


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems, warnings = check(sys.argv[1])
    for line in warnings:
        print("warning:", line)
    for line in problems:
        print("error:", line)
    print(f"{len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
