#!/usr/bin/env python3
"""Would mail go? `postern check`, the gateway and Postfix's posttls-finger answer alike, for one policy and one server.

    agreement_test.py [KIND ...]            $POSTERN: the program

The levels are Postfix's: encrypt, verify (the MX host's name), secure (the next-hop domain, or below it). check and the
gateway read one configuration, with a send connector for each server and level; the gateway is handed one message for each.
Whoever disagrees without standing in BY_DESIGN fails the test, and so does an entry there that no longer holds. And
`check --as postfix-verify` and `postfix-secure` must say what Postfix says, but for NOT_AS_POSTFIX.
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

from kit import wait_for  # noqa: E402
from kit.gateway import POSTERN, Gateway, listen  # noqa: E402
from kit.listeners import ALL, Listener, Pair, Servers, impossible  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.web import Web  # noqa: E402

HOST, DOMAIN, EDGE = "mx.partner.test", "partner.test", "edge.contoso.test"
LEVELS = {"encrypt": {"tls": "encrypt"}, "verify": {"tls": "authenticate"}, "secure": {"tls": "authenticate"}}
NAMES = {"encrypt": [], "verify": [HOST], "secure": [DOMAIN, "*." + DOMAIN]}
MATCH = {"encrypt": [], "verify": [HOST], "secure": [DOMAIN, "." + DOMAIN]}  # as smtp_tls_*_cert_match says it
FINGERS = 4
DEADLINE = 90.0

# (state, level) -> why Postfix accepts what Postern refuses; in which kinds of server, where not in all.
_COMMON_NAME = "Postfix takes the subject CN where there is no SAN dNSName; Postern with legacy_cn = true alone (RFC 9525)"
_ASKS_NOBODY = "Postfix asks nobody whether a certificate is revoked"
_HANDSHAKE_ALONE = "posttls-finger looks no further than the handshake; the server refuses the session after it"
BY_DESIGN = {
    ("deep", "secure"): ("dot-nexthop matches names at any depth; *.partner.test matches one label (RFC 9525)", ALL),
    **{("cn-only", level): (_COMMON_NAME, ALL) for level in ("verify", "secure")},
    **{("revoked", level): (_ASKS_NOBODY, ALL) for level in ("verify", "secure")},
    **{("mutual", level): (_HANDSHAKE_ALONE, ALL) for level in LEVELS},
    ("no-key", "encrypt"): ("at `encrypt` Postfix takes anonymous ciphers; Postern wants a certificate, if any", ("postfix",)),
    ("old", "encrypt"): ("at `encrypt` Postfix speaks TLS 1.0 and 1.1; Postern nothing older than TLS 1.2", ("postfix", "exim")),
}
# What `check --as postfix-...` tells otherwise than Postfix does.
NOT_AS_POSTFIX = {("deep", "secure"), ("mutual", "verify"), ("mutual", "secure")}


def certificates(pki, web):
    issuing = {"kind": "leaf", "issuer": "issuing", "dns": [HOST, DOMAIN]}
    pki.make({"id": "root", "kind": "ca", "cn": "Agreed Root"}, {"id": "other-root", "kind": "ca", "cn": "Other Root"},
             {"id": "issuing", "kind": "ca", "issuer": "root", "cn": "Issuing CA"},
             {"id": "sound", **issuing}, {"id": "host", **issuing, "dns": [HOST]}, {"id": "domain", **issuing, "dns": [DOMAIN]},
             {"id": "wildcard", **issuing, "dns": ["*." + DOMAIN]}, {"id": "deep", **issuing, "dns": ["mx.site7." + DOMAIN]},
             {"id": "wrong", **issuing, "dns": ["mail.elsewhere.test"]}, {"id": "cn-only", **issuing, "cn": HOST, "dns": []},
             {"id": "other", **issuing, "issuer": "other-root"}, {"id": "alone", **issuing, "leaf_only": True},
             {"id": "expired", **issuing, "not_before": "-90d", "not_after": "-1d"},
             {"id": "young", **issuing, "not_before": "+1d", "not_after": "+90d"},
             {"id": "self", "kind": "leaf", "dns": [HOST, DOMAIN]},
             {"id": "revoked", **issuing, "crl_urls": [web.url("/issuing.crl")]},
             {"id": "list", "kind": "crl", "issuer": "issuing", "revoked": ["revoked"]})
    web.serve("/issuing.crl", (pki.dir / "list.crl").read_bytes())


def states(pki):
    def of(name, key=None, **more):
        return Pair(pki.chain(name), pki.key(key or name), **more)

    names = ("sound", "host", "domain", "wildcard", "deep", "wrong", "cn-only", "other", "alone", "expired", "young", "self", "revoked")
    return [*(Listener(name, of(name)) for name in names), Listener("plain"), Listener("demand", of("sound"), demand_tls=True),
            Listener("other-key", of("sound", "host", broken=True)), Listener("helo", of("sound"), helo_only=True),
            Listener("no-key", Pair(pki.chain("sound"), pki.dir / "gone.key", broken=True)), Listener("old", of("sound"), old_tls=True),
            Listener("mutual", of("sound"), client_ca=pki.cert("root"), require_client=True, client_names=(EDGE,))]


class Case:
    def __init__(self, servers, state, level):
        self.servers, self.state, self.level = servers, state, level
        self.port = servers.port(state)
        self.domain = f"{servers.kind}-{state}-{level}.{DOMAIN}"
        self.check = self.gateway = self.finger = self.postfix = self.code = self.held_by = None

    def excused(self):
        why, kinds = BY_DESIGN.get((self.state, self.level), (None, ()))
        return why if self.servers.kind in kinds else None


def configuration(pki, cases):
    config = {"server": {"hostname": EDGE, "fetch_allow": ["127.0.0.1"], "fetch_proxy": "none"},
              "trust": {"agreed": {"files": [pki.cert("root")]}},
              "receive": {"apps": {"listen": [listen()], "tls": "none", "relay_from": ["127.0.0.0/8"]}}, "send": {}, "partner": {}}
    for index, case in enumerate(cases):
        connector = {"domains": [case.domain], "hosts": [f"127.0.0.1:{case.port}"], "trust": ["agreed"], **LEVELS[case.level]}
        if NAMES[case.level]:
            connector["tls_domain"] = NAMES[case.level][0]
            config["partner"][f"p{index}"] = {"domains": [case.domain], "names": NAMES[case.level]}
        config["send"][f"s{index}"] = connector
    return config


def checked(targets, cwd, *arguments):
    """The report of each target."""
    env = {k: v for k, v in os.environ.items() if k != "POSTERN_CONFIG"}
    done = subprocess.run([POSTERN, "check", "--stdin", "--json", "--quick", "--timeout", "60s", *map(str, arguments)],
                          input="".join(target + "\n" for target in targets), capture_output=True, text=True, cwd=cwd, env=env)
    reports = {r["target"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert len(reports) == len(targets), done.stderr
    return reports


def by_check(gateway, cases):
    reports = checked([case.domain for case in cases], gateway.dir, "--as", "postern", "--config", gateway.file)
    for case in cases:
        report = reports[case.domain]
        case.check, case.code = report["verdict"]["ok"], report["hosts"][0]["judged_code"]


def by_check_as_postfix(work, pki, cases):
    for level in ("verify", "secure"):
        mine = {f"127.0.0.1:{case.port}": case for case in cases if case.level == level}
        names = [word for name in NAMES[level] for word in ("--name", name)]
        reports = checked(list(mine), work, "--as", f"postfix-{level}", "--trust", pki.cert("root"), *names)
        for target, case in mine.items():
            case.postfix = reports[target]["verdict"]["ok"]


def by_gateway(gateway, cases):
    for case in cases:
        gateway.submit(f"bob@{case.domain}", case.domain)
    seen = {}

    def settled():
        for message in gateway.trace(limit=len(cases) + 100):
            (recipient,) = message["recipients"]
            if recipient["status"] == "delivered" or recipient["code"] not in (None, "", "none"):
                seen[message["subject"]] = recipient
        return len(seen) == len(cases)

    try:
        wait_for(settled, "every message to be delivered or held", DEADLINE)
    except TimeoutError:
        raise AssertionError(f"no answer for {sorted({c.domain for c in cases} - set(seen))}\n{gateway.tail()}") from None
    for case in cases:
        recipient = seen[case.domain]
        case.gateway = recipient["status"] == "delivered"
        case.held_by = None if case.gateway else recipient["code"]


def by_finger(postfix, pki, cases):
    shutil.copyfile(pki.cert("root"), postfix.root / "etc/tls/agreed.pem")

    def ask(case):
        _, said = postfix.run("/usr/sbin/posttls-finger", "-c", "-l", case.level, "-F", "/etc/tls/agreed.pem", "-t", "20", "-T", "20",
                              f"[127.0.0.1]:{case.port}", *MATCH[case.level])
        # What smtp(8) asks: at `encrypt` a TLS session, else a certificate that was verified to its name.
        wanted = "TLS connection established" if case.level == "encrypt" else "Verified TLS connection established"
        case.finger = wanted in said

    with concurrent.futures.ThreadPoolExecutor(FINGERS) as pool:
        list(pool.map(ask, cases))


def report(cases):
    """The table, the exceptions that were met, and what is wrong."""
    words = {True: "accept", False: "refuse", None: ""}
    print(f"{'server':11}{'state':11}{'level':9}{'check':8}{'gateway':8}{'finger':8}{'--as postfix':13} code")
    met, wrong = {}, []
    for case in cases:
        told = (case.check, case.gateway, case.finger)
        mark = ""
        if len(set(told)) > 1:
            why = case.excused()
            if why and case.check == case.gateway:
                met.setdefault((case.state, case.level, why), []).append(case.servers.kind)
                mark = "  by design"
            else:
                wrong.append(f"{case.domain}: check {words[case.check]}, gateway {words[case.gateway]}, posttls-finger {words[case.finger]}")
                mark = "  WRONG"
        if case.postfix not in (None, case.finger) and (case.state, case.level) not in NOT_AS_POSTFIX:
            wrong.append(f"{case.domain}: check --as postfix-{case.level} says {words[case.postfix]}, Postfix {words[case.finger]}")
        if case.held_by and case.held_by != case.code:
            wrong.append(f"{case.domain}: check says {case.code}, the gateway {case.held_by}")
        print(f"{case.servers.kind:11}{case.state:11}{case.level:9}" + "".join(f"{words[one]:8}" for one in told)
              + f"{words[case.postfix]:13} {case.code}{mark}")
    print("\nBy design:")
    for (state, level, why), kinds in met.items():
        print(f"  {state} at {level} ({', '.join(kinds)}): {why}")
    told = {(state, level, kind) for (state, level, _), kinds in met.items() for kind in kinds}
    for case in cases:
        if case.excused() and (case.state, case.level, case.servers.kind) not in told:
            wrong.append(f"{case.domain}: stands in BY_DESIGN, and nobody disagrees")
    print(f"\n{len(cases)} cases, {sum(map(len, met.values()))} by design otherwise, {len(wrong)} wrong")
    for line in wrong:
        print("WRONG: " + line)
    return not wrong


def main():
    kinds = sys.argv[1:] or ALL
    work = pathlib.Path(tempfile.mkdtemp(prefix="pa-"))
    begun = time.monotonic()
    with contextlib.ExitStack() as running:
        web = Web()
        running.callback(web.stop)
        pki = Pki(work / "pki")
        certificates(pki, web)
        cases = []
        for kind in kinds:
            servers = Servers(kind, work / kind, HOST, [one for one in states(pki) if not impossible(kind, one)])
            running.enter_context(servers)
            if kind == "postfix":
                postfix = servers
            cases += [Case(servers, one.state, level) for one in servers.listeners for level in LEVELS]
        gateway = running.enter_context(Gateway(work / "gateway", configuration(pki, cases)))
        for judge, *more in ((by_check, gateway), (by_gateway, gateway), (by_finger, postfix, pki), (by_check_as_postfix, work, pki)):
            at = time.monotonic()
            judge(*more, cases)
            print(f"{judge.__name__}: {time.monotonic() - at:.1f} s", flush=True)
        good = report(cases)
        if not good:
            print(gateway.tail())
    print(f"{time.monotonic() - begun:.1f} s")
    if good:
        shutil.rmtree(work)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
