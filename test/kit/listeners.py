"""One mail server, many listeners, each in a state of its own: the broken servers of a test side by side.

    states = [Listener("sound", Pair(chain, key)), Listener("expired", Pair(old, old_key)), Listener("plain", None)]
    with Servers("exim", workdir, "mx.partner.test", states) as servers:     # or "postern"
        servers.port("expired")

A state is a configuration that an administrator could have written, or a file that he broke: nothing here pretends.
What a server cannot be brought to do is in CANNOT, with the reason; asking for it raises Impossible. Every listener
takes mail for anybody and forgets it.
"""

import dataclasses
import os
import pathlib
import shutil

from kit import free_port
from kit.gateway import Gateway
from kit.peers import KINDS, MTA, Peer

ALL = (*KINDS, "postern")


@dataclasses.dataclass(frozen=True)
class Pair:
    chain: pathlib.Path  # presented as it stands
    key: pathlib.Path
    broken: bool = False  # the key's file is not there, or of another certificate


@dataclasses.dataclass
class Listener:
    state: str
    pair: Pair = None  # None: STARTTLS is not offered
    client_ca: pathlib.Path = None  # a client certificate is asked for; these CAs are announced
    long_ca_list: bool = False  # of more than 16 KiB
    require_client: bool = False
    client_names: tuple = ()  # Postern: names that the client certificate must bear
    demand_tls: bool = False
    helo_only: bool = False
    old_tls: bool = False  # nothing newer than TLS 1.1
    slow: str = None  # "greeting" or "EHLO": thinks for a minute
    address: str = "127.0.0.1"
    port: int = 0

    @property
    def id(self):
        return f"{self.address}.{self.port}"


class Impossible(Exception):
    pass


# (kind, what) -> why that server cannot be brought into the state, by any configuration.
CANNOT = {
    ("opensmtpd", "broken key"): "smtpd reads every key when it starts, and does not start without",
    ("opensmtpd", "old_tls"): "smtpd takes `protocols \"tlsv1.0,tlsv1.1\"` and goes on with TLS 1.2 and 1.3",
    ("opensmtpd", "long_ca_list"): "smtpd announces no CA names, however many it trusts",
    ("opensmtpd", "slow"): "smtpd waits for nothing of its own choice; an external filter would be another program",
    ("postern", "broken key"): "Postern does not start on a key that it cannot use, and keeps the one it has when a new one comes",
    ("postern", "long_ca_list"): "Postern refuses to announce more than 16 KiB of CA names when it reads its configuration",
    ("postern", "helo_only"): "Postern always knows EHLO",
    ("postern", "old_tls"): "Postern speaks nothing older than TLS 1.2",
    ("postern", "slow"): "Postern never lets a client wait on purpose",
}


def impossible(kind, listener):
    """Why this kind cannot show the state; None: it can."""
    asked = {"broken key": listener.pair and listener.pair.broken, "helo_only": listener.helo_only, "old_tls": listener.old_tls,
             "slow": listener.slow, "long_ca_list": listener.long_ca_list}
    return next((CANNOT[kind, what] for what, wanted in asked.items() if wanted and (kind, what) in CANNOT), None)


def Servers(kind, workdir, name, listeners):  # noqa: N802  one of two classes
    for listener in listeners:
        if why := impossible(kind, listener):
            raise Impossible(f"{kind}: {listener.state}: {why}")
        listener.port = listener.port or free_port()
    return (_PosternServers if kind == "postern" else _PeerServers)(kind, pathlib.Path(workdir), name, listeners)


class _ByState:
    def port(self, state):
        return self.listener(state).port

    def listener(self, state):
        return next(one for one in self.listeners if one.state == state)


class _PeerServers(Peer, _ByState):
    def __init__(self, kind, workdir, name, listeners):
        pair = next(one.pair for one in listeners if one.pair)
        super().__init__(kind, workdir, tls=pair, name=name, ca=pair.chain)
        self.listeners = listeners

    def greeting_ports(self):
        return [next(one.port for one in self.listeners if not one.slow)]

    def _prepare(self):
        super()._prepare()
        owner = MTA if self.kind == "exim" else 0
        for one in self.listeners:
            if one.pair:
                self._install(one.pair.chain, f"{one.id}.chain", owner)
                if one.pair.key.exists():
                    self._install(one.pair.key, f"{one.id}.key", owner)
            if one.client_ca:
                self._install(one.client_ca, f"{one.id}.ca", owner)

    def _install(self, source, name, owner):
        target = self.root / "etc/tls" / name
        shutil.copyfile(source, target)
        os.chown(target, owner, 0)
        target.chmod(0o600)

    # ---- their configurations

    def _postfix(self):
        started = super()._postfix()
        main = self.root / "etc/postfix/main.cf"
        main.write_text(main.read_text().replace("smtpd_tls_CAfile = /etc/tls/ca.pem\n", "") + """
default_transport = discard:
default_process_limit = 500
# As many sessions as a test likes, from the one address it has.
smtpd_client_connection_rate_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
""")
        master = self.root / "etc/postfix/master.cf"
        master.write_text(master.read_text() + "".join(f"{one.address}:{one.port} inet n - n - - smtpd\n" + "".join(
            f"  -o {{ {key} = {value} }}\n" for key, value in self._smtpd(one).items()) for one in self.listeners))
        (self.root / "etc/postfix/no-ehlo").write_text("/^EHLO / UNKNOWN\n")
        for file in (main, master):
            os.utime(file, (0, 0))
        return started

    @staticmethod
    def _smtpd(one):
        if not one.pair:
            options = {"smtpd_tls_security_level": "none"}
        else:
            options = {"smtpd_tls_security_level": "encrypt" if one.demand_tls or one.require_client else "may",
                       "smtpd_tls_chain_files": f"/etc/tls/{one.id}.key, /etc/tls/{one.id}.chain"}
        if one.client_ca:
            options["smtpd_tls_req_ccert" if one.require_client else "smtpd_tls_ask_ccert"] = "yes"
            options["smtpd_tls_CAfile"] = f"/etc/tls/{one.id}.ca"
        if one.old_tls:
            options["smtpd_tls_protocols"] = options["smtpd_tls_mandatory_protocols"] = "<=TLSv1.1"
            # OpenSSL 3 speaks TLS 1.0 and 1.1 at no other level.
            options["tls_medium_cipherlist"] = "ALL:@SECLEVEL=0"
        if one.helo_only:
            options["smtpd_command_filter"] = "regexp:/etc/postfix/no-ehlo"
        if one.slow:
            options["smtpd_delay_reject"] = "no"
            options["smtpd_client_restrictions" if one.slow == "greeting" else "smtpd_helo_restrictions"] = "sleep 60"
        return options

    def _exim(self):
        here = "/etc/tls/$received_ip_address.$received_port"
        for one in self.listeners:
            flags = {"no-ehlo": one.helo_only, "demand": one.demand_tls, "old": one.old_tls, "require": one.require_client,
                     "slow-greeting": one.slow == "greeting", "slow-EHLO": one.slow == "EHLO"}
            for flag, wanted in flags.items():
                if wanted:
                    self._write(f"etc/tls/{one.id}.{flag}", "")

        def has(flag):
            return f"exists{{{here}.{flag}}}"

        self._write("etc/exim4/exim4.conf", f"""
{self._exim_head([one.id for one in self.listeners])}
# Each listener is what the files of its address and port say.
tls_advertise_hosts = ${{if {has("chain")}{{*}}}}
tls_certificate = {here}.chain
tls_privatekey = {here}.key
tls_verify_certificates = ${{if {has("ca")}{{{here}.ca}}}}
tls_verify_hosts = ${{if {has("require")}{{*}}}}
tls_try_verify_hosts = ${{if {has("ca")}{{*}}}}
tls_require_ciphers = ${{if {has("old")}{{NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:%COMPAT}}{{NORMAL}}}}
acl_smtp_connect = connect
acl_smtp_helo = helo
acl_smtp_mail = mail
acl_smtp_rcpt = accept

begin acl
connect:
  accept condition = ${{if {has("slow-greeting")}}}
         delay = 60s
  accept
helo:
  deny condition = ${{if and{{{{{has("no-ehlo")}}}{{match{{$smtp_command}}{{\\N(?i)^EHLO\\N}}}}}}}}
       message = 502 5.5.1 unrecognized command
  accept condition = ${{if {has("slow-EHLO")}}}
         delay = 60s
  accept
mail:
  deny message = Must issue a STARTTLS command first
       condition = ${{if {has("demand")}}}
       !encrypted = *
  accept

begin routers
forget:
  driver = redirect
  data = :blackhole:
""")
        for directory in ("var/spool/exim4", "var/log/exim4"):
            self._dir(directory, MTA, MTA, 0o750)
        self._dir("run", MTA, MTA)
        return ["/usr/sbin/exim4", "-bdf"], {}

    def _opensmtpd(self):
        started = super()._opensmtpd()
        conf = ['table vusers { "@" = "vmail" }', 'smtp max-message-size "200M"',
                'filter "no-ehlo" phase ehlo match src "127.0.0.0/8" reject "502 5.5.1 not known"']
        for one in self.listeners:
            words = [f"listen on {one.address} port {one.port}"]
            if one.pair:
                conf += [f'pki "{one.id}" cert "/etc/tls/{one.id}.chain"', f'pki "{one.id}" key "/etc/tls/{one.id}.key"']
                words.append("tls-require" if one.demand_tls or one.require_client else "tls")
            if one.require_client:
                words.append("verify")
            if one.old_tls:
                words += ['protocols "tlsv1.0,tlsv1.1"', 'ciphers "ALL:@SECLEVEL=0"']
            if one.pair:
                words.append(f'pki "{one.id}"')
            if one.client_ca:
                conf.append(f'ca "{one.id}" cert "/etc/tls/{one.id}.ca"')
                words.append(f'ca "{one.id}"')
            words.append(f'hostname "{self.name}"')
            if one.helo_only:
                words.append('filter "no-ehlo"')
            conf.append(" ".join(words))
        # Whoever it is for, one Maildir that nobody reads.
        conf += ['action "in" maildir "/deliver" virtual <vusers>', 'match from any for any action "in"']
        self._write("etc/smtpd.conf", "\n".join(conf) + "\n")
        return started


class _PosternServers(_ByState):
    def __init__(self, kind, workdir, name, listeners):
        self.kind, self.listeners = kind, listeners
        config = {"server": {"hostname": name}, "certificates": {}, "trust": {}, "receive": {},
                  "send": {"drop": {"domains": ["*"], "drop": "drop"}}}
        for index, one in enumerate(listeners):
            connector = {"listen": [f"{one.address}:{one.port}"], "tls": "none", "accept_domains": ["partner.test", "*.partner.test"]}
            if one.pair:
                connector["tls"] = "required" if one.demand_tls else "opportunistic"
                config["certificates"][f"c{index}"] = {"chain": one.pair.chain, "key": one.pair.key}
                connector["certificate"] = f"c{index}"
            if one.client_ca:
                config["trust"][f"t{index}"] = {"files": [one.client_ca]}
                connector["trust"] = connector["announce_cas"] = [f"t{index}"]
                connector["client_domains"] = list(one.client_names)
            if one.require_client:
                connector["tls"] = "mutual"
            config["receive"][f"r{index}"] = connector
        self.gateway = Gateway(workdir, config)

    def start(self):
        self.gateway.start()
        return self

    def stop(self):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.stop()

    def log(self):
        return self.gateway.text()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
