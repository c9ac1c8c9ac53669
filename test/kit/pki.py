"""Certificates by the program `testca` ($TESTCA): what it makes is written at the top of test/tools/testca.cc.

    pki = Pki(workdir / "pki")
    pki.make({"id": "root", "kind": "ca"}, {"id": "mx", "kind": "leaf", "issuer": "root", "dns": ["mx.example"]})
    pki.chain("mx"), pki.key("mx"), pki.cert("root"), pki.facts["mx"]["exchange_name"]

Later calls may name what earlier ones made. Files are replaced by rename, as an administrator's
tools do it; a renewal is a second make() with the same id.
"""

import json
import os
import pathlib
import shutil
import subprocess

TESTCA = os.environ.get("TESTCA", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/testca"))


class Pki:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.facts = {}
        self._issuer = {}  # of everything made, to load it again

    def make(self, *items):
        made = {item["id"] for item in items}
        wanted = [item.get("issuer") for item in items] + [item.get("same_key_as") for item in items]
        spec = {"dir": str(self.dir), "items": [*self._loads(wanted, made), *items]}
        done = subprocess.run([TESTCA], input=json.dumps(spec), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"testca: {done.stderr.strip()}")
        self.facts.update({i: f for i, f in json.loads(done.stdout).items() if i in made})
        for item in items:
            if item["kind"] in ("ca", "leaf"):
                self._issuer[item["id"]] = item.get("issuer")
        return self

    def _loads(self, wanted, made):
        out = []

        def load(item):
            if item is None or item in made or any(o["id"] == item for o in out):
                return
            issuer = self._issuer[item]
            load(issuer)
            out.append({"id": item, "kind": "load", **({"issuer": issuer} if issuer else {})})

        for item in wanted:
            load(item)
        return out

    def root(self, name, **more):
        return self.make({"id": name, "kind": "ca", **more})

    def leaf(self, name, issuer, dns=None, **more):
        item = {"id": name, "kind": "leaf", "dns": [name] if dns is None else dns, **more}
        if issuer:
            item["issuer"] = issuer
        return self.make(item)

    def chain(self, name):
        return self.dir / f"{name}.pem"

    def cert(self, name):
        return self.dir / f"{name}.crt"

    def key(self, name):
        return self.dir / f"{name}.key"


def install(source, target):
    """Puts a copy of source in target's place by rename, so that no reader sees half of it."""
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    passing = target.with_name(target.name + ".new")
    shutil.copyfile(source, passing)
    passing.chmod(0o600)
    passing.rename(target)
    return target


def point(link, target):
    """Turns a symbolic link to another target at one instant, as certbot's `live` folders do."""
    link = pathlib.Path(link)
    passing = link.with_name(link.name + ".new")
    passing.symlink_to(target)
    passing.rename(link)
    return link
