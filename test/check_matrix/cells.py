"""What the matrix asks: scenarios 1 to 19 of the gateway, as states of a server, a device on the way, or our own side.

A Cell is one `postern check partner.test` under a configuration of its own. `tests` are all counter-tests, in order, as
"name=result"; `but` holds what differs for a kind of server, with the reason beside it.
"""

import dataclasses
import datetime

from kit.listeners import Listener, Pair

NAME = "mx.partner.test"
EDGE = "edge.contoso.test"
CA_NAMES = 400


def certificates(pki):
    issuing = {"kind": "leaf", "issuer": "issuing", "dns": [NAME]}
    pki.make({"id": "root", "kind": "ca", "cn": "Agreed Root"}, {"id": "other-root", "kind": "ca", "cn": "Other Root"},
             {"id": "issuing", "kind": "ca", "issuer": "root", "cn": "Issuing CA"},
             {"id": "sound", **issuing}, {"id": "other", **issuing, "issuer": "other-root"},
             {"id": "wrong", **issuing, "dns": ["mail.elsewhere.test"]}, {"id": "san", **issuing, "cn": "host7.internal.test"},
             {"id": "cn", **issuing, "cn": NAME, "dns": ["host7.internal.test"]}, {"id": "alone", **issuing, "leaf_only": True},
             {"id": "expired", **issuing, "not_before": "-90d", "not_after": "-1d"},
             {"id": "young", **issuing, "not_before": "+1d", "not_after": "+90d"}, {"id": "self", "kind": "leaf", "dns": [NAME]},
             {"id": "mx-sound", **issuing, "dns": ["partner.test"]},
             {"id": "mx-expired", **issuing, "dns": ["partner.test"], "not_before": "-90d", "not_after": "-1d"},
             {"id": "us", "kind": "leaf", "issuer": "root", "cn": "gateway.internal.test", "dns": [EDGE]},
             {"id": "stranger", "kind": "leaf", "issuer": "other-root", "dns": [EDGE]})
    pki.make(*({"id": f"public-{i}", "kind": "ca", "cn": f"Public Certification Authority Number {i}",
                "o": "Trust Services International"} for i in range(CA_NAMES)))
    (pki.dir / "many.pem").write_text("".join(pki.cert(i).read_text() for i in (
        "root", *(f"public-{i}" for i in range(CA_NAMES)))))


def states(pki):
    """The listeners that every kind of server is asked for."""
    def of(name, key=None, **more):
        return Pair(pki.chain(name), pki.key(key or name), **more)

    mutual = {"client_ca": pki.cert("root"), "require_client": True, "client_names": (EDGE,)}
    return [*(Listener(name, of(name)) for name in ("sound", "other", "wrong", "san", "cn", "alone", "expired", "young", "self")),
            Listener("plain"), Listener("other-key", of("sound", "san", broken=True)),
            Listener("no-key", Pair(pki.chain("sound"), pki.dir / "gone.key", broken=True)),
            Listener("helo", of("sound"), helo_only=True), Listener("demand", of("sound"), demand_tls=True),
            Listener("mutual", of("sound"), **mutual), Listener("old", of("sound"), old_tls=True),
            Listener("many", of("sound"), long_ca_list=True, **{**mutual, "client_ca": pki.dir / "many.pem"}),
            Listener("slow-greeting", of("sound"), slow="greeting"), Listener("slow-EHLO", of("sound"), slow="EHLO"),
            # Three hosts of one domain: of the same port at different addresses.
            Listener("mx-sound", of("mx-sound")), Listener("mx-expired", of("mx-expired"), address="127.0.0.2"),
            Listener("mx-wrong", of("wrong"), address="127.0.0.3")]


@dataclasses.dataclass
class Cell:
    scenario: str
    title: str
    state: str
    code: str
    fault: str
    tests: tuple = ()
    send: dict = dataclasses.field(default_factory=dict)  # changes to [send.partner]
    trust: dict = dataclasses.field(default_factory=dict)  # further sets
    partner: dict = None  # [partner.them]
    ok: bool = None  # in spite of the code: an exception
    device: dict = None  # arguments of kit.device.Device in front of the server
    mx: tuple = ()  # states of the MX hosts in order, in place of a smart host
    finding: str = None  # a finding that must be there, and for a sound verdict the exit code says so
    hosts: tuple = ()  # code of each host, where there are several
    says: tuple = ()  # words of the cause
    beyond: str = None  # why no check shows it, whatever the server
    but: dict = dataclasses.field(default_factory=dict)

    def expected(self, kind):
        return dataclasses.replace(self, **self.but.get(kind, {}), but={})

    @property
    def ours(self):
        return {"client": True, "server": False}.get(self.fault)


def _until(days):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return {"exception": {"accept": "incomplete-chain", "until": until, "by": "ops", "why": "CR 4711"}}


_US = {"tls": "mutual", "certificate": "us"}
_THEM = {"domains": ["partner.test"], "names": [NAME]}
_SHELF = {"shelf": "other-root"}
_SNI = ("without-sni=same", "domain-sni=same")
_NO_OTHER_SET = "other-trust-set=same"  # the system's does not know it either
_CLEAR = ("starttls-unasked=same", "unknown-verb=same")
_SILENT = {"code": "smtp-timeout", "fault": "server"}


def cells():
    def silent(phase, tests=("other-mode=same",), **more):
        return Cell("18", f"silence in place of the answer: {phase}", "sound", tests=tests, device={"silent": phase}, **{**_SILENT, **more})

    return [
        Cell("0", "all is well", "sound", "none", "none"),
        Cell("1", "the root stands only in a set that does not count", "other", "root-in-wrong-store", "client",
             (_NO_OTHER_SET, "other-trust-set=clean"), trust=_SHELF),
        Cell("2", "the certificate is another one", "wrong", "name-mismatch", "server", (*_SNI, "other-names=same"),
             says=("bears mail.elsewhere.test; wanted is mx.partner.test",)),
        Cell("2", "our connector names no certificate", "mutual", "client-certificate-missing", "client", ("tls1.2=same",),
             # GnuTLS ends TLS 1.2 with an alert of its own choice.
             but={"exim": {"tests": ("tls1.2=differs",)}}),
        Cell("3", "our connector pins one that was renewed", "mutual", "tlscertificatename-stale", "client",
             send={"tls": "mutual", "certificate": f"<I>CN=Gone CA<S>CN={EDGE}"}),
        Cell("4", "the SAN fits where the CN does not", "san", "none", "none"),
        Cell("4", "our SAN fits where our CN does not", "mutual", "none", "none", send=_US),
        Cell("4", "the CN fits where the SAN does not", "cn", "name-mismatch", "server", (*_SNI, "other-names=same"),
             says=("bears host7.internal.test",)),
        Cell("5", "a partner's private root, not agreed on", "other", "incomplete-chain", "server",
             (*_SNI, "aia=same", _NO_OTHER_SET), partner=_THEM, says=("CN=Other Root",)),
        Cell("5", "the private root agreed on with the partner", "other", "none", "none", trust=_SHELF,
             partner={**_THEM, "trust": ["shelf"]}),
        Cell("5", "an exception for the partner", "other", "incomplete-chain", "server", ok=True, partner={**_THEM, **_until(1)}),
        Cell("5", "the exception has ended", "other", "incomplete-chain", "server", (*_SNI, "aia=same", _NO_OTHER_SET),
             partner={**_THEM, **_until(-1)}),
        Cell("6", "the leaf without its intermediate", "alone", "incomplete-chain", "server", (*_SNI, "aia=same", _NO_OTHER_SET),
             says=("CN=Issuing CA",)),
        Cell("7", "expired", "expired", "expired", "server", _SNI),
        Cell("8", "not yet valid", "young", "not-yet-valid", "server", _SNI),
        Cell("9", "STARTTLS is not offered", "plain", "starttls-not-offered", "server", _CLEAR),
        Cell("10", "a device masks the dialogue", "sound", "starttls-stripped-by-middlebox", "path", _CLEAR, device={"mask": True},
             finding="device-on-the-way"),
        Cell("10", "a device takes STARTTLS out", "sound", "starttls-stripped-by-middlebox", "path",
             ("starttls-unasked=differs", "unknown-verb=same"), device={"strip": True}),
        Cell("11", "the key is of another certificate", "other-key", "starttls-rejected", "server", ("other-mode=same",)),
        Cell("11", "the key cannot be read", "no-key", "starttls-rejected", "server", ("other-mode=same",),
             # Postfix goes on without a certificate, by anonymous ciphers.
             but={"postfix": {"code": "no-shared-cipher", "says": ("the server has no certificate to show",),
                              "tests": ("without-sni=same", "tls1.2=same", "legacy=differs", "anything=differs")}}),
        Cell("12", "HELO alone", "helo", "starttls-not-offered", "server", ("starttls-unasked=differs", "unknown-verb=same"),
             says=("refuses EHLO",),
             # Exim takes STARTTLS only where it listed it.
             but={"exim": {"tests": _CLEAR}}),
        Cell("13", "the server demands TLS, our connector says none", "demand", "tls-required-not-used-by-sender", "client",
             send={"tls": "none", "tls_domain": None}, says=("send connector partner",)),
        Cell("14", "our certificate is of a stranger", "mutual", "client-certificate-not-accepted", "client",
             ("tls1.2=same", "without-client-certificate=differs"), send={**_US, "certificate": "stranger"}),
        Cell("15", "self-signed", "self", "self-signed", "server", (*_SNI, _NO_OTHER_SET)),
        Cell("16", "nothing newer than TLS 1.1", "old", "protocol-version-mismatch", "server", ("legacy=differs", "anything=differs"),
             finding="only-old-tls", says=("TLSv1.1 and nothing newer",),
             but={"exim": {"tests": ("without-sni=same", "tls1.2=same", "legacy=differs", "anything=differs")}}),
        Cell("17", f"{CA_NAMES} CA names are announced", "many", "none", "none", send=_US, finding="ca-list-too-long"),
        silent("connect", (), code="connection-timeout", fault="path"), silent("greeting"), silent("EHLO"), silent("STARTTLS"), silent("second EHLO"),
        silent("handshake", ("without-sni=same", "tls1.2=same"), code="handshake-timeout", fault="unknown"),
        Cell("18", "silence in place of the answer: MAIL and later", "sound", **_SILENT,
             beyond="check sends no mail: it goes no further than MAIL FROM:<>, and waits for that only where a refusal may come there"),
        Cell("18", "silence by its own choice: greeting", "slow-greeting", "smtp-timeout", "server", ("other-mode=same",)),
        Cell("18", "silence by its own choice: EHLO", "slow-EHLO", "smtp-timeout", "server", ("other-mode=same",)),
        Cell("19", "the second of two MX hosts is broken", "mx-sound", "none", "none", (*_SNI, "other-mx=clean"),
             mx=("mx-sound", "mx-expired"), finding="expired", hosts=("none", "expired")),
        Cell("19", "the first of two MX hosts is broken", "mx-expired", "none", "none", (*_SNI, "other-mx=clean"),
             mx=("mx-expired", "mx-sound"), finding="expired", hosts=("expired", "none")),
        Cell("19", "both are broken, each otherwise", "mx-expired", "expired", "server",
             (*_SNI, "other-mx=differs", *_SNI, "other-mx=differs", "other-names=same"), mx=("mx-expired", "mx-wrong"),
             hosts=("expired", "name-mismatch")),
    ]
