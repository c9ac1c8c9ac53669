"""Postfix, Exim and OpenSMTPD as children of the test, each in a root directory of its own.

    receiver = Peer("exim", dir, domain="exim.test", name="mx.exim.test", tls=leaf)      # ca.Leaf
    sender = Peer("postfix", dir, tls=client_leaf,
                  relay_to=Relay(port=receiver.listen_port, name="mx.exim.test"))
    with receiver, sender:
        sent = inject.send("127.0.0.1", sender.submit_port, 20, recipient="bob@exim.test")
        arrived = receiver.wait_messages(20)
        assert inject.compare(sent, arrived).ok
        assert all(receiver.tls_facts(m)["client_verified"] for m in arrived)

A peer with a `domain` receives: listen_port takes mail for that domain only, after STARTTLS and
(require_client_cert) a client certificate that its CA made. A peer with `relay_to` sends:
submit_port takes any mail from loopback in clear text and relays it by STARTTLS, with its own
certificate, only to a server whose certificate the CA made for relay_to.name. One peer may do both.

They start as root and drop to users that only their own /etc/passwd knows. That, the paths
compiled into smtpd, and the promise to leave the machine alone are why each runs by chroot in
workdir, on hard links to what `scripts/peers fetch` unpacked. chroot rather than a mount
namespace, because it works inside a chroot and in a container without further privileges.

What they change in a message. None changes the body; the header gains, at the top:
  as sender    all          Received
  as receiver  Postfix      Return-Path, X-Original-To, Delivered-To, Received
               Exim         Return-path, Envelope-to, Delivery-date, Received; and one field at the end,
                            X-Exim-TLS, which our configuration adds as its record of the client certificate
               OpenSMTPD    Return-Path, Delivered-To, Received
Maildirs hold LF for CRLF. Lines over 998 octets: Postfix would fold them and Exim bounce them by
default; the configurations here let them pass.

Worth knowing: Exim reads certificates for every connection, Postfix when a process starts, and
OpenSMTPD once, so a renewal is restart(tls=...) for all. After a failure Postfix and Exim try
again within 5 s, OpenSMTPD after 15 s at least (compiled in). The first two pass relay_to.name
as SNI or check it separately; OpenSMTPD has one name for looking up and for checking. That is
relay_to.name for all three: each finds it in its own /etc/hosts.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from kit import DEADLINE, POLL, free_port, inject, wait_for, wait_greeting

KINDS = ("postfix", "exim", "opensmtpd")
TOP = pathlib.Path(__file__).resolve().parents[2]
FETCHED = pathlib.Path(os.environ.get("POSTERN_PEERS", TOP / "build" / "peers"))

# Known only inside the roots. Numbers that no Debian user has.
MTA, QUEUE, VMAIL = 61001, 61002, 61003
_USERS = {"postfix": ("postfix", "postdrop"), "exim": ("Debian-exim", "mail"), "opensmtpd": ("opensmtpd", "opensmtpq")}


def _pids(root):
    """The peer's processes are those with its root as theirs: exact, whatever sessions they made."""
    mine, pids = str(root), []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                of = os.readlink(f"/proc/{entry}/root").removesuffix(" (deleted)")
            except OSError:
                continue
            if of == mine or of.startswith(mine + "/"):
                pids.append(int(entry))
    return pids


def _signal(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _guard(root):
    """Runs as a process of its own and ends the peer when the test has died, by whatever means: its
    end of the pipe closes. (PR_SET_PDEATHSIG does not do: the kernel forgets it when Postfix and
    Exim change their ids.)"""
    while os.read(0, 1):
        pass
    while pids := _pids(root):
        _signal(pids, signal.SIGKILL)
        time.sleep(POLL)


@dataclasses.dataclass(frozen=True)
class Relay:
    port: int
    name: str  # whom the server must prove to be
    host: str = "127.0.0.1"
    present_certificate: bool = True  # as a client; Peer.tls is what is presented


class Peer:
    def __init__(self, kind, workdir, *, tls, domain=None, name=None, ca=None, listen_port=None, submit_port=None,
                 require_client_cert=True, relay_to=None, deliver_dir=None):
        """tls: a ca.Leaf, or anything with .chain .key .ca; ca: the file of roots to trust, default tls.ca.
        name: the host name it greets with. deliver_dir: where to leave a link to the Maildir.
        Ports are chosen when not given."""
        if kind not in KINDS:
            raise ValueError(f"no such peer: {kind}")
        self.kind, self.workdir, self.tls, self.ca = kind, pathlib.Path(workdir).resolve(), tls, ca
        self.domain, self.relay_to, self.require_client_cert = domain, relay_to, require_client_cert
        self.name = name or f"{kind}.kit.test"
        self.listen_port = listen_port or (free_port() if domain else None)
        self.submit_port = submit_port or (free_port() if relay_to else None)
        self.root = self.workdir / "root"
        self.maildir = self.root / "deliver"
        self.output = self.workdir / "output.log"
        self.process = self.guard = None
        if deliver_dir:
            pathlib.Path(deliver_dir).symlink_to(self.maildir)

    # ---- life

    def start(self, deadline=DEADLINE):
        """Returns when every port greets. The peer ends with this process, even when that is killed."""
        if os.geteuid() != 0:
            raise PermissionError("peers start as root (or in a user namespace: unshare --map-root-user --map-auto)")
        self._prepare()
        command, extra = getattr(self, f"_{self.kind}")()

        def enter():
            os.chroot(self.root)
            os.chdir("/")
            os.umask(0o022)

        # Before the peer, and in a session of its own: what ends the test's process group must not
        # end the guard first.
        self.guard = subprocess.Popen(
            [sys.executable, __file__, "--guard", str(self.root)], stdin=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[1])})
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env={"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C", **extra}, preexec_fn=enter)
        try:
            for port in self.greeting_ports():
                wait_greeting(port, alive=self._check_alive, deadline=deadline)
        except BaseException as error:
            self.stop()
            raise RuntimeError(f"{self.kind} did not start: {error}\n{self.log()[-3000:]}") from error
        return self

    def stop(self, deadline=15.0):
        """Ends every process of this peer; mail in its queue stays for the next start."""
        if not self.process:
            return
        # The first alone: it tells its children, and sees them end in good order.
        _signal([self.process.pid] if self.process.poll() is None else _pids(self.root), signal.SIGTERM)
        end = time.monotonic() + deadline
        while self.process.poll() is None or _pids(self.root):
            if time.monotonic() > end:
                _signal(_pids(self.root), signal.SIGKILL)
            time.sleep(POLL)
        self.guard.stdin.close()
        self.guard.wait()
        self.process = None

    def restart(self, **changes):
        """Stops, changes attributes (tls=, ca=, relay_to=, require_client_cert=), starts: how a
        peer's administrator puts a certificate in place."""
        self.stop()
        for key, value in changes.items():
            setattr(self, key, value)
        return self.start()

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.stop()

    def run(self, *command, timeout=DEADLINE):
        """A program of the package, in the peer's root and as root: (exit code, all its output). The peer may be down."""
        if not (self.root / "etc/passwd").exists():
            self._prepare()
            getattr(self, f"_{self.kind}")()

        def enter():
            os.chroot(self.root)
            os.chdir("/")

        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=timeout, preexec_fn=enter,
                              env={"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C", "MAIL_CONFIG": "/etc/postfix"})
        return done.returncode, done.stdout

    def greeting_ports(self):
        return [port for port in (self.listen_port, self.submit_port) if port]

    # ---- what a test looks at

    def messages(self):
        """The raw messages delivered so far, with LF line ends, oldest first."""
        files = [f for part in ("new", "cur") for f in (self.maildir / part).glob("*")]
        return [f.read_bytes() for f in sorted(files, key=lambda f: (f.stat().st_mtime_ns, f.name))]

    def count(self):
        return sum(len(os.listdir(self.maildir / part)) for part in ("new", "cur") if (self.maildir / part).exists())

    def wait_messages(self, n, deadline=DEADLINE):
        def enough():
            self._check_alive()
            return self.count() >= n

        try:
            wait_for(enough, f"{n} messages in {self.kind}", deadline)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; there are {self.count()}\n{self.log()[-3000:]}") from None
        return self.messages()

    def queued(self):
        """How many messages wait in its queue."""
        patterns = {
            "postfix": ("spool/postfix/active/*", "spool/postfix/incoming/*", "spool/postfix/deferred/*/*"),
            "exim": ("spool/exim4/input/*-H",),
            "opensmtpd": ("spool/smtpd/queue/*/*",),
        }[self.kind]
        return sum(1 for p in patterns for f in (self.root / "var").glob(p) if len(f.name) > 1)

    def log(self):
        """All it logged, as text."""
        files = [self.output, *sorted((self.root / "var" / "log").rglob("*"))]
        return "".join(f.read_text(errors="replace") for f in files if f.is_file())

    def wait_log(self, pattern, deadline=DEADLINE):
        """Waits for a regular expression to match what it logged, and returns the match."""
        compiled = re.compile(pattern)
        try:
            return wait_for(lambda: compiled.search(self.log()), f"{pattern!r} in the log of {self.kind}", deadline)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log()[-3000:]}") from None

    def tls_facts(self, raw):
        """What this receiver recorded about the session that brought the message:
        {"version": "TLSv1.3" or None, "client_verified": bool, "record": the text it is taken from}."""
        if self.kind == "exim":
            record = (inject.field(raw, "X-Exim-TLS") or [""])[0]
            version, ok = re.search(r"version=TLS([\d.]+)", record), " verified=1 " in record
        else:
            record = (inject.field(raw, "Received") or [""])[0]
            version = re.search(r"TLSv([\d.]+)", record)
            ok = "(verified OK)" in record if self.kind == "postfix" else bool(re.search(r"\(TLSv[\w.:-]+:YES\)", record))
        return {"version": "TLSv" + version[1] if version else None, "client_verified": bool(version and ok), "record": record}

    # ---- inside

    def _check_alive(self):
        if self.process.poll() is not None:
            raise ChildProcessError(f"{self.kind} ended with {self.process.returncode}")

    def _prepare(self):
        source = FETCHED / self.kind
        if not source.is_dir():
            raise FileNotFoundError(f"{source} is missing: run scripts/peers fetch")
        root = self.root
        if not root.exists():
            self.workdir.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, root, symlinks=True, copy_function=_link)
        # The workdir may have been made with mkdtemp's 0700; inside, this is "/" for the MTA's users.
        root.chmod(0o755)
        for part in ("etc/tls", "dev", "tmp", "run", "var/log", "var/spool", "var/lib", "deliver"):
            (root / part).mkdir(parents=True, exist_ok=True)
        if not (root / "var/run").exists():
            (root / "var/run").symlink_to("../run")
        (root / "tmp").chmod(0o1777)
        _device(root / "dev/null", 1, 3)
        _device(root / "dev/urandom", 1, 9)

        first, second = _USERS[self.kind]
        groups = {first: MTA, second: QUEUE, "vmail": VMAIL, "nogroup": 65534}
        users = {**groups, "nobody": 65534}
        home = "/var/lib/opensmtpd/empty" if self.kind == "opensmtpd" else "/"
        self._write("etc/passwd", "root:x:0:0:root:/:/bin/sh\n" + "".join(
            f"{u}:x:{n}:{n}::{home}:/bin/sh\n" for u, n in users.items() if u != "nogroup"))
        self._write("etc/group", "root:x:0:\n" + "".join(f"{g}:x:{n}:\n" for g, n in groups.items()))
        self._write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\n")
        # `lookup` is for OpenSMTPD's own resolver: it must not ask any server.
        self._write("etc/resolv.conf", "lookup file\nnameserver 127.0.0.1\n")
        relay = f"{self.relay_to.host} {self.relay_to.name}\n" if self.relay_to else ""
        self._write("etc/hosts", f"127.0.0.1 localhost\n{relay}127.0.0.1 {self.name}\n")
        self._write("etc/services", "smtp 25/tcp\nsmtps 465/tcp\n")
        self._write("etc/mailname", self.name + "\n")

        # Exim reads the key as its user; the others read it as root, and OpenSMTPD insists on that.
        owner = MTA if self.kind == "exim" else 0
        anchors = pathlib.Path(self.ca or self.tls.ca)
        for file, path in (("chain.pem", self.tls.chain), ("key.pem", self.tls.key), ("ca.pem", anchors)):
            shutil.copyfile(path, root / "etc/tls" / file)
        os.chown(root / "etc/tls/key.pem", owner, 0)
        (root / "etc/tls/key.pem").chmod(0o600)
        os.chown(self.maildir, MTA if self.kind == "exim" else VMAIL, -1)

    def _write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def _dir(self, path, user=0, group=0, mode=0o755):
        path = self.root / path
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, user, group)
        path.chmod(mode)

    def _postfix(self):
        relay = self.relay_to
        main = f"""
compatibility_level = 3.6
maillog_file = /var/log/mail.log
queue_directory = /var/spool/postfix
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = {self.name}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
# Names come from /etc/hosts; nothing here may depend on a DNS server.
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
message_size_limit = 0
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_client_connection_count_limit = 0
# Held mail must be seen to move soon after its cure.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 5s
# The default 998 folds longer lines.
smtp_line_length_limit = 0
tls_random_source = dev:/dev/urandom
smtpd_tls_chain_files = /etc/tls/key.pem, /etc/tls/chain.pem
smtpd_tls_CAfile = /etc/tls/ca.pem
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtp_tls_loglevel = 1
"""
        if self.domain:
            main += f"""
virtual_mailbox_domains = {self.domain}
virtual_mailbox_base = /
virtual_mailbox_maps = static:deliver/
virtual_uid_maps = static:{VMAIL}
virtual_gid_maps = static:{VMAIL}
"""
        if relay:
            main += f"""
relayhost = [{relay.name}]:{relay.port}
# OpenSMTPD listens with a backlog of 5. Linux leaves a client beyond it waiting for a greeting.
smtp_destination_concurrency_limit = 4
smtp_helo_timeout = 20s
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = {relay.name}
smtp_tls_CAfile = /etc/tls/ca.pem
"""
            if relay.present_certificate:
                main += "smtp_tls_chain_files = /etc/tls/key.pem, /etc/tls/chain.pem\n"
        master = """
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
virtual   unix  - n n -     - virtual
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
        if self.domain:
            ask = "-o smtpd_tls_req_ccert=yes" if self.require_client_cert else "-o smtpd_tls_ask_ccert=yes"
            master += (f"127.0.0.1:{self.listen_port} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {ask}"
                       " -o smtpd_relay_restrictions=reject_unauth_destination\n")
        if relay:
            master += (f"127.0.0.1:{self.submit_port} inet n - n - - smtpd -o smtpd_tls_security_level=none"
                       " -o smtpd_relay_restrictions=permit_mynetworks,reject\n")
        self._write("etc/postfix/main.cf", main)
        self._write("etc/postfix/master.cf", master)
        # Postfix waits two seconds over a configuration that might still be being written.
        for file in ("main.cf", "master.cf"):
            os.utime(self.root / "etc/postfix" / file, (0, 0))
        self._dir("var/lib/postfix", MTA, MTA, 0o700)
        self._dir("var/spool/postfix")
        self._dir("var/spool/postfix/pid")
        for d in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"):
            self._dir(f"var/spool/postfix/{d}", MTA, 0, 0o700)
        self._dir("var/spool/postfix/maildrop", MTA, QUEUE, 0o730)
        self._dir("var/spool/postfix/public", MTA, QUEUE, 0o710)
        # master alone, without `postfix start-fg`, whose scripts need half a system around them.
        return ["/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d"], {"MAIL_CONFIG": "/etc/postfix"}

    def _exim_head(self, interfaces):
        """What every configuration of ours begins with."""
        return f"""
primary_hostname = {self.name}
exim_user = Debian-exim
# No setuid binary lies about, so nothing after the daemon's start is root.
deliver_drop_privilege = true
keep_environment =
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
log_selector = +tls_cipher +tls_peerdn +tls_certificate_verified +incoming_port
pid_file_path = /run/exim.pid
# Abstract, named by the spool's path, which is the same in every root.
notifier_socket =
disable_ipv6 = true
local_interfaces = <; {" ; ".join(interfaces)}
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 100000
message_size_limit = 200M
dkim_verify_signers ="""

    def _exim(self):
        relay = self.relay_to
        ports = [p for p in (self.listen_port, self.submit_port) if p]
        on_tls = f"${{if eq{{$received_port}}{{{self.listen_port}}}{{*}}}}" if self.domain else ""
        conf = f"""
{self._exim_head([f"127.0.0.1.{p}" for p in ports])}
tls_advertise_hosts = {on_tls}
tls_certificate = /etc/tls/chain.pem
tls_privatekey = /etc/tls/key.pem
tls_verify_certificates = /etc/tls/ca.pem
{"tls_verify_hosts" if self.require_client_cert else "tls_try_verify_hosts"} = {on_tls}
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data
domainlist here = {self.domain or ""}

begin acl
mail:
  deny message = Must issue a STARTTLS command first
       condition = ${{if eq{{$received_port}}{{{self.listen_port or 0}}}}}
       !encrypted = *
  accept
rcpt:
  accept condition = ${{if eq{{$received_port}}{{{self.submit_port or 0}}}}}
         hosts = 127.0.0.0/8
  accept domains = +here
  deny message = relay not permitted
data:
  accept condition = ${{if eq{{$received_port}}{{{self.listen_port or 0}}}}}
         add_header = X-Exim-TLS: version=$tls_in_ver verified=$tls_in_certificate_verified dn=$tls_in_peerdn
  accept

begin routers
deliver:
  driver = accept
  domains = +here
  transport = maildir
"""
        if relay:
            conf += f"""
relay:
  driver = manualroute
  domains = ! +here
  transport = relay
  route_list = * {relay.name} byname
  # The next hop is on loopback, which Exim takes for itself.
  self = send
"""
        conf += f"""
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = /deliver
  return_path_add
  envelope_to_add
  delivery_date_add
"""
        if relay:
            presented = "tls_certificate = /etc/tls/chain.pem\n  tls_privatekey = /etc/tls/key.pem" if relay.present_certificate else ""
            conf += f"""
relay:
  driver = smtp
  port = {relay.port}
  allow_localhost
  # See Postfix's smtp_destination_concurrency_limit.
  max_parallel = 4
  hosts_require_tls = *
  tls_verify_certificates = /etc/tls/ca.pem
  tls_verify_hosts = *
  tls_verify_cert_hostnames = *
  tls_sni = {relay.name}
  # The default 998 bounces longer lines.
  message_linelength_limit = 1000000
  {presented}
"""
        conf += """
begin retry
* * F,1d,1s
"""
        self._write("etc/exim4/exim4.conf", conf)
        for d in ("var/spool/exim4", "var/log/exim4"):
            self._dir(d, MTA, MTA, 0o750)
        self._dir("run", MTA, MTA)
        return ["/usr/sbin/exim4", "-bdf", "-q2s"], {}

    def _opensmtpd(self):
        relay = self.relay_to
        conf = """
pki own cert "/etc/tls/chain.pem"
pki own key "/etc/tls/key.pem"
ca roots cert "/etc/tls/ca.pem"
smtp max-message-size "200M"
smtp limit max-mails 100000
table vusers { "@" = "vmail" }
"""
        if self.domain:
            verify = " verify" if self.require_client_cert else ""
            conf += (f'listen on 127.0.0.1 port {self.listen_port} tls-require{verify} pki own ca roots hostname "{self.name}"\n'
                     'action "in" maildir "/deliver" virtual <vusers>\n')
        if relay:
            presented = " pki own" if relay.present_certificate else ""
            conf += (f'listen on 127.0.0.1 port {self.submit_port} hostname "{self.name}" tag submit\n'
                     f'action "out" relay host "smtp+tls://{relay.name}:{relay.port}"{presented} tls helo "{self.name}"\n')
        if self.domain:
            conf += f'match from any for domain "{self.domain}" action "in"\n'
        if relay:
            conf += 'match tag submit from any for any action "out"\n'
        self._write("etc/smtpd.conf", conf)
        # Which CA its client side trusts is compiled in.
        self._dir("etc/ssl/certs")
        shutil.copyfile(self.root / "etc/tls/ca.pem", self.root / "etc/ssl/certs/ca-certificates.crt")
        self._dir("var/lib/opensmtpd/empty")
        self._dir("var/spool/smtpd", 0, 0, 0o711)
        return ["/usr/sbin/smtpd", "-d"], {}


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target


def _device(path, major, minor):
    if path.exists():
        return
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(major, minor))
        path.chmod(0o666)
        with open(path, "rb+" if minor == 3 else "rb"):
            return
    except OSError:
        # Not permitted here (a container), or a file system without devices. A file will do: the
        # programs' randomness is getrandom(2).
        path.unlink(missing_ok=True)
        path.write_bytes(b"" if minor == 3 else os.urandom(4096))
        path.chmod(0o666)


if __name__ == "__main__" and sys.argv[1:2] == ["--guard"]:
    _guard(sys.argv[2])
