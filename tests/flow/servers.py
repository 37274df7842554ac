"""Real mail servers on loopback, each in a temporary folder of its own.

Recorder keeps the raw bytes of what it took and answers as a test says; Journal
is fast and keeps them in a process of its own; Sink is Postfix's smtp-sink; Postfix is
a whole instance with STARTTLS and AUTH.
"""
import contextlib
import email
import email.policy
import grp
import os
import pwd
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

STRICT = email.policy.SMTP.clone(raise_on_defect=True)


def until(condition, what, seconds=30):
    """The condition's first true value; fails when none comes in time. One that
    is dear to find out is asked after seldom: who waits leaves the processor to
    what is waited for."""
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        assert now < end, f"waited {seconds} s in vain: {what}"
        time.sleep(min(max(0.02, 2 * (now - began)), 0.5))


def free_port():
    """None of those that connections are given (from 32768 on): it stays free
    while a daemon that listens there is started again."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_listening(port, host="127.0.0.1"):
    with contextlib.suppress(OSError):
        socket.create_connection((host, port), 1).close()
        return True
    return False


def let_through(folder):
    """Lets servers with users of their own pass our temporary folders."""
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)


class Authority:
    """A certificate authority of our own and a certificate for localhost."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca = self._sign("ca", ["-x509", "-days", "30", "-subj",
            "/CN=Test authority", "-addext", "basicConstraints=critical,CA:TRUE"])
        self.cert = self._server("localhost", "DNS:localhost,IP:127.0.0.1")
        self.key = self.folder / "localhost.key"
        self.wrong_cert = self._server("wrong", "DNS:elsewhere.example")
        self.wrong_key = self.folder / "wrong.key"
        self._server("expired", "DNS:localhost", days=-1)
        self._sign("stranger", ["-x509", "-days", "30", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True,
                       capture_output=True, cwd=self.folder)

    def _sign(self, name, arguments):
        self._openssl("req", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                      f"{name}.key", "-out", f"{name}.pem", *arguments)
        return self.folder / f"{name}.pem"

    def _server(self, name, names, days=30):
        self._sign(f"{name}-request", ["-subj", f"/CN={name}"])
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        self._openssl("x509", "-req", "-in", f"{name}-request.pem", "-CA",
                      "ca.pem", "-CAkey", "ca.key", "-days", days, "-extfile",
                      f"{name}.ext", "-out", f"{name}.pem")
        (self.folder / f"{name}-request.key").rename(self.folder / f"{name}.key")
        return self.folder / f"{name}.pem"

    def context(self, wrong=False):
        return self.context_of("wrong" if wrong else "localhost")

    def context_of(self, name):
        """localhost (the good one), wrong, expired or stranger"""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem",
                                self.folder / f"{name}.key")
        return context


class Mail:
    """One mail as a server took it."""

    def __init__(self, sender, recipient, raw, tls=False):
        self.sender, self.recipient, self.raw = sender, recipient, raw
        self.tls = tls

    @property
    def message(self):
        """Parsed strictly: a defect raises."""
        message = email.message_from_bytes(self.raw, policy=STRICT)
        for part in message.walk():
            assert not part.defects, part.defects
        return message

    def part(self, kind):
        body = self.message.get_body((kind,))
        return body.get_content().replace("\r\n", "\n") if body else ""

    @property
    def text(self):
        return self.part("plain")

    @property
    def html(self):
        return self.part("html")

    @property
    def link(self):
        """The confirm link, path only."""
        return re.search(r"https?://[^/\s]+(/a/[0-9a-z]+)", self.text)[1]

    @property
    def code(self):
        return re.search(r"\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b",
                         self.text)[0]


class Recorder:
    """Keeps every mail it accepted. on_mail, on_rcpt and on_data may be set
    to functions (of address, address, Mail) that return a reply, or None for
    the usual one; the reply "drop" closes the connection without a word.
    adjust changes the TLS context before it is used."""

    tls_mode = "none"
    user = ""

    def __init__(self, authority=None, implicit=False, user="", password="",
                 wrong=False, mechanism=None, port=0, adjust=None):
        self.mails, self.offered = [], 0
        self.on_mail = self.on_rcpt = self.on_data = None
        self.connections = 0
        self.user, self.password = user, password
        self.ca = authority.ca if authority else None
        self.hold = threading.Event()  # clear it: replies at the dot wait
        self.hold.set()
        context = authority.context(wrong) if authority else None
        if adjust:
            adjust(context)
        recorder = self

        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login == user.encode() and
                    data.password == password.encode())
            # handled=False: aiosmtpd says 535 itself
            return AuthResult(success=good, handled=False)

        class Server(Controller):
            def factory(self):
                recorder.connections += 1
                return SMTP(self.handler, hostname="recorder",
                            timeout=120, data_size_limit=None,
                            tls_context=None if implicit else context,
                            require_starttls=bool(context) and not implicit,
                            auth_exclude_mechanism=[
                                each for each in ("PLAIN", "LOGIN")
                                if mechanism and each != mechanism],
                            authenticator=authenticate if user else None,
                            auth_required=bool(user),
                            auth_require_tls=bool(context) and not implicit)

        if context:
            self.tls_mode = "implicit" if implicit else "starttls"
        self.port = port or free_port()
        self.controller = Server(self, "127.0.0.1", self.port,
                                 ssl_context=context if implicit else None)
        self.controller.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.controller.stop()

    def to(self, recipient):
        return [m for m in self.mails if m.recipient == recipient]

    @property
    def circulated(self):
        """But the lead's week, which comes on each Monday."""
        return [m for m in self.mails if not
                m.message["subject"].endswith("still to be confirmed")]

    # --- what aiosmtpd calls, in its own thread

    async def _answer(self, server, reply):
        if reply == "drop":
            server.transport.abort()
            return "421 gone"
        return reply

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = self.on_mail and self.on_mail(address)
        if reply:
            return await self._answer(server, reply)
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.on_rcpt and self.on_rcpt(address)
        if reply:
            return await self._answer(server, reply)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        mail = Mail(envelope.mail_from, envelope.rcpt_tos[0],
                    bytes(envelope.original_content),
                    self.tls_mode == "implicit" or bool(session.ssl))
        self.offered += 1
        if not self.hold.is_set():
            await server.loop.run_in_executor(None, self.hold.wait, 120)
        reply = self.on_data and self.on_data(mail)
        if reply:
            return await self._answer(server, reply)
        self.mails.append(mail)
        return f"250 2.0.0 Ok: queued as R{len(self.mails):06}"


class Kept(Mail):
    """A mail in a journal's file; connected_ns tells when the connection that
    brought it was made. Thousands would fill the memory: the bytes are read
    when they are asked for."""

    tls = False

    def __init__(self, path, at, header):
        connected_ns, size, self.sender, self.recipient = \
            header.decode().split()
        self.connected_ns = int(connected_ns)
        self.path, self.at, self.size = path, at, int(size)

    @property
    def raw(self):
        with open(self.path, "rb") as file:
            file.seek(self.at)
            return file.read(self.size)


class Journal:
    """journal.py: what it took outlives everyone. wrapper: a command that it is
    started by."""

    tls_mode = "none"
    user = ""
    ca = None

    def __init__(self, folder, delay_ms=0, idle_seconds=0, host="127.0.0.1",
                 wrapper=()):
        self.path = Path(folder) / "journal"
        self.path.touch()
        self.host, self.port = host, free_port()
        self._mails, self._read_to = [], 0
        self.command = [*wrapper, sys.executable, "-B",
                        Path(__file__).with_name("journal.py"), self.path, host,
                        str(self.port), str(delay_ms), str(idle_seconds)]
        self.start()
        until(lambda: is_listening(self.port, host), "the journal listens")

    def start(self):
        self.process = subprocess.Popen(self.command)

    def kill(self):
        """What it has not written is lost, whatever it was sent."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    @property
    def mails(self):
        """In the order in which they were taken."""
        with open(self.path, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            while self._read_to < end:
                file.seek(self._read_to)
                header = file.readline()
                if not header.endswith(b"\n"):
                    break  # it is being written
                mail = Kept(self.path, file.tell(), header)
                if mail.at + mail.size > end:
                    break
                self._mails.append(mail)
                self._read_to = mail.at + mail.size
        return self._mails

    @property
    def count(self):
        return len(self.mails)


class Machine:
    """A machine of its own for a server: a network namespace at the end of a
    cable, which can be pulled: packets vanish then, and nobody says so. Needs
    root."""

    def __init__(self):
        self.name = f"b{os.getpid()}"
        net = f"198.18.{os.getpid() % 256}"
        self.host = f"{net}.2"
        self.wrapper = ["ip", "netns", "exec", self.name]
        self._ip("netns", "add", self.name)
        self._ip("link", "add", self.name, "type", "veth", "peer", "name",
                 "cable", "netns", self.name)
        self._ip("address", "add", f"{net}.1/30", "dev", self.name)
        self._ip("link", "set", self.name, "up")
        self._ip("-n", self.name, "address", "add", f"{self.host}/30", "dev",
                 "cable")
        self.plug()

    def _ip(self, *words):
        subprocess.run(["ip", *words], check=True)

    def plug(self):
        self._ip("-n", self.name, "link", "set", "cable", "up")

    def pull(self):
        self._ip("-n", self.name, "link", "set", "cable", "down")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ip("netns", "del", self.name)


class Sink:
    """smtp-sink; options as its manual says (-q RCPT drops, -r MAIL refuses,
    -w 3 delays the reply to DATA ...). Keeps what it took, one file each."""

    tls_mode = "none"
    user = ""
    ca = None

    def __init__(self, folder, *options, keep=True):
        self.folder = Path(folder) / f"sink-{free_port()}"
        self.folder.mkdir()
        self.port = free_port()
        command = [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"]
        if os.geteuid() == 0:
            let_through(self.folder)
            shutil.chown(self.folder, "nobody")
            command += ["-u", "nobody"]
        if keep:
            command += ["-d", str(self.folder / "m.%M.")]
        command += [*options, f"127.0.0.1:{self.port}", "100"]
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(command, stdout=self.log,
                                        stderr=self.log, cwd=self.folder)
        until(lambda: is_listening(self.port), "smtp-sink listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    @property
    def count(self):
        return len(list(self.folder.glob("m.*")))


class Postfix:
    """An instance that takes mail over STARTTLS after AUTH only, and delivers
    all of it into one Maildir or, onward, to the LMTP server at that port; what
    that does not take now it returns at once. Needs root, as Postfix does."""

    tls_mode = "starttls"
    user, password = "briefingd", "correct horse"

    def __init__(self, folder, authority, onward=None):
        self.transport = f"lmtp:inet:127.0.0.1:{onward}" if onward \
            else "virtual"
        self.folder = Path(folder) / "postfix"
        self.port = free_port()
        self.ca = authority.ca
        for name in ("etc", "etc/sasl", "queue", "data", "mail"):
            (self.folder / name).mkdir(parents=True)
        let_through(self.folder)
        self._write_passwords()
        self._write_settings(authority)
        self.process = subprocess.Popen(
            ["postfix", "-c", str(self.folder / "etc"), "start-fg"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until(lambda: is_listening(self.port), "Postfix listens")

    def _write_passwords(self):
        database = self.folder / "etc/sasl/users"
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", str(database), "-u",
                        "localhost", self.user], input=self.password.encode(),
                       check=True)
        shutil.chown(database, "postfix")
        (self.folder / "etc/sasl/smtpd.conf").write_text(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
            f"sasldb_path: {database}\nmech_list: PLAIN LOGIN\n")

    def _write_settings(self, authority):
        owner = pwd.getpwnam("postfix")
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        etc = self.folder / "etc"
        shutil.copy(authority.cert, etc / "cert.pem")
        shutil.copy(authority.key, etc / "key.pem")
        etc.joinpath("main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file = {self.folder}/data/maillog
maillog_file_prefixes = {self.folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = {grp.getgrnam("postdrop").gr_name}
myhostname = localhost
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
maximal_queue_lifetime = 0
virtual_transport = {self.transport}
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {self.folder}/mail
virtual_uid_maps = static:{owner.pw_uid}
virtual_gid_maps = static:{owner.pw_gid}
virtual_minimum_uid = 1
smtpd_tls_cert_file = {etc}/cert.pem
smtpd_tls_key_file = {etc}/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = localhost
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {etc}/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
""")
        service = "{:<20} {:<10} {} n {} {} {}\n".format
        etc.joinpath("master.cf").write_text(
            service(f"127.0.0.1:{self.port}", "inet", "n -", "-", "-",
                    "smtpd") +
            "".join(service(*line) for line in [
                ("cleanup", "unix", "n -", "-", "0", "cleanup"),
                ("qmgr", "unix", "n -", "300", "1", "qmgr"),
                ("rewrite", "unix", "- -", "-", "-", "trivial-rewrite"),
                ("virtual", "unix", "- n", "-", "-", "virtual"),
                ("lmtp", "unix", "- -", "-", "-", "lmtp"),
                ("bounce", "unix", "- -", "-", "0", "bounce"),
                ("defer", "unix", "- -", "-", "0", "bounce"),
                ("trace", "unix", "- -", "-", "0", "bounce"),
                ("error", "unix", "- -", "-", "-", "error"),
                ("retry", "unix", "- -", "-", "-", "error"),
                ("anvil", "unix", "- -", "-", "1", "anvil"),
                ("tlsmgr", "unix", "- -", "1000?", "1", "tlsmgr"),
                ("proxymap", "unix", "- -", "-", "-", "proxymap"),
                ("postlog", "unix-dgram", "n -", "-", "1", "postlogd")]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # "start-fg" is a shell that waits for the master
        master = int((self.folder / "queue/pid/master.pid").read_text())
        os.kill(master, signal.SIGTERM)
        self.process.wait(20)
        print(self.log)

    @property
    def log(self):
        path = self.folder / "data/maillog"
        return path.read_text() if path.exists() else ""

    @property
    def mails(self):
        """What was delivered: Postfix puts two lines of its own on top."""
        mails = []
        for path in sorted((self.folder / "mail/all").glob("new/*")):
            raw = path.read_bytes().replace(b"\n", b"\r\n")
            headers = email.message_from_bytes(raw)
            mails.append(Mail(headers["Return-Path"].strip("<>"),
                              headers["X-Original-To"] or
                              headers["Delivered-To"], raw, True))
        return mails
