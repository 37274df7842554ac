"""What others do with the same mails, into the same sink: each function gives a
Sent, or raises Missing where the peer is not on this machine."""
import os
import shutil
import subprocess
import time

from scene import PROGRAMS, Sent

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
