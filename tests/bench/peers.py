"""What others do with the same mails, into the same sink: each function gives a
Sent, or raises Missing where the peer is not on this machine."""
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from scene import PROGRAMS, Sent, free_port, is_listening, let_through, until

SENDER, RECIPIENT = "bounce@severnside.example", "m@police.example"


class Missing(Exception):
    """That peer can't be run here."""


def program(name, package):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not path:
        raise Missing(f"not installed: {package}")
    return path


def curl(port, mails, connections, body):
    """libcurl alone in a loop: the body is ready, nothing is recorded."""
    done = subprocess.run(
        [PROGRAMS / "tests/bench_curl", "127.0.0.1", str(port),
         str(connections), str(mails), body], check=True, capture_output=True,
        text=True)
    rate, cpu_ms = map(float, done.stdout.split())
    return Sent(mails, mails / rate, cpu_ms)


def smtp_source(port, mails, connections, size, stay=False):
    """Postfix's load generator; stay: connections are kept open (-d)."""
    command = [program("smtp-source", "postfix"), *(["-d"] if stay else []),
               "-s", str(connections), "-m", str(mails), "-l", str(size),
               "-f", SENDER, "-t", RECIPIENT, f"127.0.0.1:{port}"]
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "smtp-source failed"
    return Sent(mails, time.monotonic() - began,
                (used.ru_utime + used.ru_stime) * 1000 / mails)


def nodemailer(port, mails, connections, _, folder):
    """nodemailer's pool, each verdict a durable row of better-sqlite3."""
    script = Path(__file__).with_name("nodemailer.js")
    if not (script.parent / "node_modules/better-sqlite3/build").is_dir():
        raise Missing("not installed: npm ci in tests/bench failed")
    store = folder / "nodemailer.db"
    seconds = subprocess.run(
        [program("node", "nodejs"), script, str(port), str(mails),
         str(connections), store], check=True, capture_output=True, text=True)
    store.unlink()
    return Sent(mails, float(seconds.stdout))


def postfix(port, mails, connections, body, folder):
    """Postfix takes each mail into its queue, durably, and relays it."""
    with Relay(folder / "postfix", port, connections) as relay:
        return relay.pass_on(mails, connections, body.stat().st_size)


class Relay:
    """A Postfix of our own that passes all on to a port."""

    def __init__(self, folder, port, connections):
        self.folder, self.port = folder, free_port()
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir(parents=True)
        let_through(folder)
        shutil.chown(folder / "data", "postfix")
        etc = folder / "etc"
        etc.joinpath("main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/data/maillog
maillog_file_prefixes = {folder}
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
relayhost = [127.0.0.1]:{port}
smtp_host_lookup = native
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
initial_destination_concurrency = {connections}
default_destination_concurrency_limit = {connections}
""")
        service = "{:<20} {:<10} {} n {} {} {}\n".format
        etc.joinpath("master.cf").write_text(
            service(f"127.0.0.1:{self.port}", "inet", "n -", "-", "-",
                    "smtpd") +
            "".join(service(*line) for line in [
                ("cleanup", "unix", "n -", "-", "0", "cleanup"),
                ("qmgr", "unix", "n -", "300", "1", "qmgr"),
                ("rewrite", "unix", "- -", "-", "-", "trivial-rewrite"),
                ("smtp", "unix", "- -", "-", "-", "smtp"),
                ("relay", "unix", "- -", "-", "-", "smtp"),
                ("bounce", "unix", "- -", "-", "0", "bounce"),
                ("defer", "unix", "- -", "-", "0", "bounce"),
                ("trace", "unix", "- -", "-", "0", "bounce"),
                ("error", "unix", "- -", "-", "-", "error"),
                ("retry", "unix", "- -", "-", "-", "error"),
                ("anvil", "unix", "- -", "-", "1", "anvil"),
                ("scache", "unix", "- -", "-", "1", "scache"),
                ("proxymap", "unix", "- -", "-", "-", "proxymap"),
                ("postlog", "unix-dgram", "n -", "-", "1", "postlogd")]))

    def __enter__(self):
        self.process = subprocess.Popen(
            [program("postfix", "postfix"), "-c", str(self.folder / "etc"),
             "start-fg"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until(lambda: is_listening(self.port), "Postfix listens")
        return self

    def __exit__(self, *_):
        # "start-fg" is a shell that waits for the master
        master = int((self.folder / "queue/pid/master.pid").read_text())
        os.kill(master, signal.SIGTERM)
        self.process.wait(20)

    def pass_on(self, mails, connections, size):
        """From the first mail that is given to it to the last that it passed
        on."""
        log = self.folder / "data/maillog"
        began = time.monotonic()
        smtp_source(self.port, mails, connections, size)
        until(lambda: log.read_text().count("status=sent") >= mails,
              "Postfix passed all on", 120)
        return Sent(mails, time.monotonic() - began)


def mailman(port, mails, _, body, folder):
    """Mailman 3 with a personalised list: its own runner and one connection,
    which is how it is."""
    program("mailman", "mailman3")
    done = subprocess.run(
        ["/usr/bin/python3", Path(__file__).with_name("mailman_list.py"),
         folder / "mailman", str(port), str(mails), body],
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return Sent(mails, float(done.stdout.split()[-1]))


def mlmmj(port, mails, _, body, folder):
    """mlmmj-send, which gives each subscriber a mail of their own."""
    send = program("mlmmj-send", "mlmmj")
    spool = folder / "mlmmj"
    shutil.rmtree(spool, ignore_errors=True)
    for name in ("control", "subscribers.d", "queue", "queue/discarded",
                 "archive", "bounce", "text", "requeue"):
        (spool / name).mkdir(parents=True)
    control = {"listaddress": "police@severnside.example",
               "relayhost": "127.0.0.1", "smtpport": str(port),
               "delimiter": "+", "owner": "owner@severnside.example"}
    for name, value in control.items():
        (spool / "control" / name).write_text(value + "\n")
    (spool / "index").write_text("0\n")
    (spool / "subscribers.d/m").write_text(
        "".join(f"m{i}@police.example\n" for i in range(mails)))
    mail = spool / "mail"
    mail.write_bytes(body.read_bytes().replace(b"\r\n", b"\n"))
    began = time.monotonic()
    subprocess.run([send, "-L", spool, "-m", mail, "-D"], check=True,
                   capture_output=True)
    return Sent(mails, time.monotonic() - began)
