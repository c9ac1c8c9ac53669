#!/usr/bin/env python3
"""Certificate paths: the suite's runner against `postern verify --jsonl`.

    limbo.py [--seed N]      $POSTERN: the program; $POSTERN_SUITES: where runner and cases are

Once as the cases stand, once with all that peers add to a chain (another order, repeats, the root, strangers).
No false accept, no crash, no hang, and at most two false rejects in each. Without $POSTERN_SUITES: skipped (77).
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
FALSE_REJECTS = 2


def run(suites, program, seed, mutations, out):
    command = [sys.executable, suites / "limbo_run.py", "--limbo", suites / "limbo-part.json.gz", "--profile", "smtp", "--seed", seed,
               "--mutate", mutations, "--out", out, "--max-false-accept", "0", "--", program, "verify", "--jsonl"]
    done = subprocess.run(list(map(str, command)))
    assert done.returncode == 0, f"seed {seed}, mutations '{mutations}': the runner ended with {done.returncode}"
    results = json.loads(out.read_text())["results"]
    assert len(results) > 2000, f"only {len(results)} cases ran"
    refused = [r["id"] for r in results if r["result"] in ("false-reject", "unsupported")]
    assert len(refused) <= FALSE_REJECTS, f"sound chains refused: {refused}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    if not os.environ.get("POSTERN_SUITES"):
        print("skipped: $POSTERN_SUITES is not set; it names the directory of limbo_run.py")
        return SKIPPED
    suites = pathlib.Path(os.environ["POSTERN_SUITES"])
    for name in ("limbo_run.py", "limbo-part.json.gz"):
        assert (suites / name).is_file(), f"{suites / name} is missing"
    with tempfile.TemporaryDirectory(prefix="postern-limbo.") as folder:
        for mutations in ("", "shuffle,dup,root,noise"):
            run(suites, os.environ["POSTERN"], options.seed, mutations, pathlib.Path(folder) / "out.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
