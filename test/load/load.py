#!/usr/bin/env python3
"""5,000 messages of 4 KiB over 20 connections, through the gateway and counted: none lost, none twice.

    load.py          $POSTERN: the program; $POSTERN_LOADTEST: sources of smtpload, smtpsink and idcheck

STARTTLS on both sides. The rates are printed, not judged: machines differ. Without $POSTERN_LOADTEST:
skipped (77). The tools are built below build/loadtest.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from kit import free_port, wait_for, wait_greeting  # noqa: E402
from kit.ca import CA  # noqa: E402
from kit.gateway import POSTERN, Gateway, listen  # noqa: E402

SKIPPED = 77
MESSAGES, CONNECTIONS, PER_CONNECTION, SIZE = 5000, 20, 20, 4096
SINK_SESSIONS = 16  # the sink is no OpenSMTPD: its backlog is long


def build(sources):
    """The tools, below the build tree of the program: the sources may be read-only."""
    assert (sources / "Makefile").is_file(), f"{sources}/Makefile is missing"
    target = pathlib.Path(POSTERN).resolve().parent.parent / "loadtest"
    done = subprocess.run(["make", "-s", "-C", str(sources), f"BUILD={target}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"the load tools do not build:\n{done.stdout}"
    return target


def counts(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        return json.loads(s.makefile().readline())


def configuration(root, leaf, sink):
    return {
        "certificates": {"edge": {"chain": leaf.chain, "key": leaf.key}},
        "trust": {"kit": {"files": [root.cert]}},
        "receive": {"apps": {"listen": [listen()], "tls": "required", "certificate": "edge", "relay_from": ["127.0.0.0/8"]}},
        "send": {"sink": {"domains": ["*"], "hosts": [f"127.0.0.1:{sink}"], "tls": "authenticate", "tls_domain": "sink.test",
                          "trust": ["kit"]}},
        "queue": {"max_sessions_per_destination": SINK_SESSIONS, "max_messages_per_session": 1000},
    }


def run(work, tools):
    root = CA(work / "ca")
    edge, theirs = root.leaf("edge.contoso.test"), root.leaf("sink.test")
    port, stats = free_port(), free_port()
    gateway = Gateway(work / "gateway", configuration(root, edge, port))
    sink = subprocess.Popen([tools / "smtpsink", "--listen", f"127.0.0.1:{port}", "--stats", f"127.0.0.1:{stats}", "--require-tls",
                             "--cert", theirs.chain, "--key", theirs.key, "--check", "--id-file", work / "sink.ids"],
                            stdout=subprocess.DEVNULL)
    try:
        wait_greeting(port)
        with gateway:
            done = subprocess.run([tools / "smtpload", "--connect", f"127.0.0.1:{gateway.submit_port}", "--starttls", "--ca", root.cert,
                                   "--server-name", "edge.contoso.test", "--connections", str(CONNECTIONS), "--messages", str(MESSAGES),
                                   "--per-connection", str(PER_CONNECTION), "--size", str(SIZE), "--id-file", work / "load.ids", "--json",
                                   "--from", "load@contoso.test", "--to", "bob@sink.test"],
                                  stdout=subprocess.PIPE, text=True)
            load = json.loads(done.stdout)
            assert done.returncode == 0, load
            wait_for(lambda: not sum(d["queued"] + d["deferred"] for d in gateway.queue()["destinations"]), "an empty queue", 120.0)
            seen = counts(stats)
    except BaseException:
        print(f"--- gateway\n{gateway.tail()}", file=sys.stderr)
        raise
    finally:
        sink.terminate()
        sink.wait()
    done = subprocess.run([tools / "idcheck", work / "load.ids", work / "sink.ids"], stdout=subprocess.PIPE, text=True)
    check = json.loads(done.stdout)
    print(json.dumps(load))
    print(json.dumps(seen))
    print(json.dumps(check))
    assert check["acked"] == MESSAGES and not check["lost"] and not check["duplicated"] and not check["unknown"], check
    return load, seen


def main():
    loadtest = os.environ.get("POSTERN_LOADTEST")
    if not loadtest:
        print("skipped: $POSTERN_LOADTEST is not set; it names the sources of smtpload and smtpsink")
        return SKIPPED
    tools = build(pathlib.Path(loadtest).resolve())
    work = pathlib.Path(tempfile.mkdtemp(prefix="postern-load."))
    load, seen = run(work, tools)
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
