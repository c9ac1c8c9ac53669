#!/usr/bin/env python3
"""`postern check` against Postfix, Exim, OpenSMTPD and Postern, in the states of scenarios 1 to 19 of the gateway.

    matrix_test.py [KIND ...]            $POSTERN: the program

Each cell asserts code, fault, whose it is, every counter-test with its result, findings, hosts and exit code. What a server
cannot be brought to do is printed with the reason and counted by itself, never as passed.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cells  # noqa: E402
from kit import free_port  # noqa: E402
from kit.device import Device  # noqa: E402
from kit.dns import DnsServer  # noqa: E402
from kit.gateway import POSTERN, toml  # noqa: E402
from kit.listeners import ALL, Servers, impossible  # noqa: E402
from kit.pki import Pki  # noqa: E402

AT_ONCE, WAITING = 6, 40  # checks
TIME = "40s"  # of a check that answers
SILENCE = "20s"  # of one that waits for nothing
ZONE = {"partner.test": [("MX", 10, "mx1.partner.test"), ("MX", 20, "mx2.partner.test")],
        cells.NAME: [("A", "127.0.0.1")]}


class Matrix:
    def __init__(self, work):
        self.work = work
        self.pki = Pki(work / "pki")
        cells.certificates(self.pki)
        self.wrong, self.devices, self.zones, self.table = [], [], [], {}

    def config(self, cell, servers, zone, index):
        """The configuration of one cell, as a folder of its own."""
        port = servers.port(cell.state)
        if cell.device:
            device = Device(port, **cell.device)
            self.devices.append(device)
            port = device.port
        send = {"domains": ["partner.test"], "hosts": [f"{cells.NAME}:{port}"], "tls": "authenticate", "tls_domain": cells.NAME,
                "trust": ["agreed"], **cell.send}
        if cell.mx:
            del send["hosts"], send["tls_domain"]
            send["port"] = port
            send["tls"] = "authenticate"
        pair = {name: {"chain": self.pki.chain(name), "key": self.pki.key(name)} for name in ("us", "stranger")}
        config = {"server": {"hostname": cells.EDGE, "dns": [f"127.0.0.1:{zone.port}"]}, "certificates": pair,
                  "trust": {name: {"files": [self.pki.cert(root)]} for name, root in {"agreed": "root", **cell.trust}.items()},
                  "send": {"partner": {k: v for k, v in send.items() if v is not None}}}
        if cell.partner:
            config["partner"] = {"them": cell.partner}
        folder = self.work / f"{servers.kind}-{index}"
        folder.mkdir()
        (folder / "postern.toml").write_text(toml(config))
        return folder

    def zone(self, cell, servers):
        records = dict(ZONE)
        for number, state in enumerate(cell.mx, 1):
            records[f"mx{number}.partner.test"] = [("A", servers.listener(state).address)]
        zone = DnsServer(records)
        self.zones.append(zone)
        return zone

    def check(self, kind, cell, folder):
        waits = cell.scenario == "18"
        done = subprocess.run([POSTERN, "check", "partner.test", "--json", "--as", "postern", "--timeout", SILENCE if waits else TIME,
                               "--config", folder / "postern.toml"], capture_output=True, text=True, cwd=folder)
        if done.returncode not in (0, 1):
            return [f"exit {done.returncode}: {done.stderr.strip()}"], "?"
        report = json.loads(done.stdout)
        if os.environ.get("SHOW"):
            (folder / "report.json").write_text(done.stdout)
        return self.compare(cell.expected(kind), report, done.returncode), report["verdict"]["code"]

    @staticmethod
    def compare(cell, report, exit_code):
        verdict = report["verdict"]
        ok = cell.code == "none" if cell.ok is None else cell.ok
        wrong = []

        def expect(what, seen, wanted):
            if seen != wanted:
                wrong.append(f"{what}: {seen!r}, wanted {wanted!r}")

        expect("code", verdict["code"], cell.code)
        expect("fault", verdict["fault"], cell.fault)
        expect("ours", verdict["ours"], cell.ours)
        expect("ok", verdict["ok"], ok)
        expect("counter-tests", [f"{t['name']}={t['result']}" for t in report["counter_tests"]], list(cell.tests))
        expect("exit code", exit_code, 0 if ok and not cell.finding and cell.ok is None else 1)
        if not ok and not (verdict["cause"] and verdict["cure"]):
            wrong.append("no cause, or no cure")
        for words in cell.says:
            if words not in verdict["cause"]:
                wrong.append(f"{words!r} is not in the cause: {verdict['cause']}")
        if cell.finding and cell.finding not in [f["code"] for f in report["findings"]]:
            wrong.append(f"no finding {cell.finding}")
        if cell.hosts:
            expect("hosts", tuple(h["verdict"]["code"] for h in report["hosts"]), cell.hosts)
        if wrong:
            wrong.append("cause: " + verdict["cause"])
            wrong += [f"  {t['name']}={t['result']}: {t['answer']}" for t in report["counter_tests"]]
        return wrong

    def servers(self, kind):
        """The kind's server, and why it lacks which states."""
        wanted = cells.states(self.pki)
        cannot = {one.state: why for one in wanted if (why := impossible(kind, one))}
        port = free_port()
        for one in wanted:
            if one.state.startswith("mx-"):
                one.port = port
        return Servers(kind, self.work / kind, cells.NAME, [one for one in wanted if one.state not in cannot]), cannot

    def ask(self, kind, pools):
        """Begins every cell of a kind; returns what will be answered."""
        servers, cannot = self.servers(kind)
        self.running.enter_context(servers)
        asked = {}
        for index, cell in enumerate(cells.cells()):
            missing = cell.beyond or next((cannot[state] for state in (cell.state, *cell.mx) if state in cannot), None)
            if missing:
                self.table[index, kind] = ("cannot", missing)
                continue
            folder = self.config(cell, servers, self.zone(cell, servers), index)
            asked[pools[cell.scenario == "18"].submit(self.check, kind, cell, folder)] = (index, kind)
        return asked

    def run(self, kinds):
        with contextlib.ExitStack() as self.running:
            # Those that wait for silence cost nothing and wait beside the others.
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as busy, concurrent.futures.ThreadPoolExecutor(WAITING) as idle:
                asked = {}
                for kind in kinds:
                    asked |= self.ask(kind, {False: busy, True: idle})
                for done in concurrent.futures.as_completed(asked):
                    wrong, code = done.result()
                    self.table[asked[done]] = ("WRONG " + code if wrong else code, wrong)

    def stop(self):
        for one in (*self.devices, *self.zones):
            one.stop()


def report(matrix, kinds):
    """The table; then what no server can show, and what was wrong. True: nothing was."""
    print(f"{'':4} {'':52} " + " ".join(f"{kind:31}" for kind in kinds))
    notes, wrong, passed = {}, [], 0
    for index, cell in enumerate(cells.cells()):
        row = []
        for kind in kinds:
            said, detail = matrix.table[index, kind]
            if said == "cannot":
                words = detail if cell.beyond else f"{kind}: {detail}"
                note = notes.setdefault(words, len(notes) + 1)
                said = f"- [{note}]"
            elif detail:
                wrong.append((cell, kind, detail))
            else:
                passed += 1
            row.append(said)
        print(f"{cell.scenario:>4} {cell.title:52} " + " ".join(f"{said:31}" for said in row))
    print("\nNot to be shown:")
    for words, number in notes.items():
        print(f"  [{number}] {words}")
    for cell, kind, detail in wrong:
        print(f"\nWRONG: {kind}: ({cell.scenario}) {cell.title}\n  " + "\n  ".join(detail))
    shown = sum(1 for said, _ in matrix.table.values() if said == "cannot")
    print(f"\n{passed} cells are right, {len(wrong)} are wrong, {shown} cannot be shown")
    return not wrong


def main():
    kinds = sys.argv[1:] or ALL
    work = pathlib.Path(tempfile.mkdtemp(prefix="pm-"))
    begun = time.monotonic()
    matrix = Matrix(work)
    try:
        matrix.run(kinds)
    finally:
        matrix.stop()
    good = report(matrix, kinds)
    print(f"{time.monotonic() - begun:.1f} s")
    if good:
        shutil.rmtree(work)
    else:
        print(f"what they left is in {work}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
