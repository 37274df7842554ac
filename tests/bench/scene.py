"""A board on a real disk, and how fast it sends.

    with folder_on_disk(None) as folder, Sink(folder, keep=False) as sink:
        scene = Scene(folder, sink, members=10000, connections=16)
        sent = scene.slot()      # sent.rate, sent.cpu_ms
"""
import contextlib
import os
import re
import select
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests/flow"))

from board import PROGRAMS, Board  # noqa: E402
from servers import (Authority, Sink, free_port, is_listening,  # noqa: E402
                     let_through, until)  # noqa: E402

MAIL_SIZE = 20000
TICK = os.sysconf("SC_CLK_TCK")
IN_MEMORY = ("tmpfs", "ramfs")


@dataclass
class Sent:
    mails: int
    seconds: float
    cpu_ms: float = None  # a mail's processor time, user and system

    @property
    def rate(self):
        return self.mails / self.seconds


@contextlib.contextmanager
def folder_on_disk(parent):
    """A temporary folder; what must be durable there waits for a disk."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent or "/var/tmp"))
    try:
        kind = subprocess.run(["stat", "-f", "-c", "%T", folder], check=True,
                              capture_output=True, text=True).stdout.strip()
        if kind in IN_MEMORY:
            sys.exit(f"bench: {folder} is on {kind}, where nothing waits for a "
                     "disk: choose another with --folder")
        yield folder
    finally:
        shutil.rmtree(folder)


def fsync_ms(folder, count=200):
    """The middle one of so many writes of 4 KB, each made durable."""
    times = []
    path = Path(folder) / "fsync"
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            began = time.monotonic()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append((time.monotonic() - began) * 1000)
    path.unlink()
    return statistics.median(times)


def cpu_seconds(pid):
    """Of all its threads; without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def anonymous_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


class FastSink:
    """bench_sink: takes all, keeps none; delay_ms before each reply."""

    user = ""

    def __init__(self, delay_ms=0, authority=None, step=1000):
        self.port = free_port()
        self.ca = authority.ca if authority else None
        self.tls_mode = "implicit" if authority else "none"
        secret = [authority.cert, authority.key] if authority else []
        self.process = subprocess.Popen(
            [PROGRAMS / "tests/bench_sink", str(self.port), str(delay_ms),
             str(step), *secret], stdout=subprocess.PIPE, text=True)
        until(lambda: is_listening(self.port), "bench_sink listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def end(self):
        """(the moments of every so many mails, mails a second in the steady
        state); only once nothing is connected any more."""
        self.process.terminate()
        lines = self.process.communicate()[0].splitlines()
        return ([float(line.split()[1]) for line in lines[:-1]],
                float(lines[-1].split()[2]))


def summary_of(size):
    """A summary that makes a mail of about that size: it is in it twice, as
    text and as HTML."""
    text = (TREE / "sample/briefings/ltb-2026-07-child-g/summary.md").read_text()
    paragraph = ("The worker saw the child with her mother each time, and wrote "
                 "down what the mother said. Nobody asked the child alone what "
                 "a day at home was like, and nobody compared notes.\n")
    while len(text.encode()) < (size - 12300) / 2.35:
        text += "\n" + paragraph
    return text


class Scene:
    """One list; every slot sends a briefing that is new to all its members."""

    def __init__(self, folder, relay, members, connections, verbose=False,
                 clock=False, **conf):
        folder.mkdir(parents=True)
        self.members = members
        self.slots = 0
        self.peak_mb = 0
        self.verbose = verbose  # tells of long turns, and of each mail
        self.board = Board(folder, clock)
        self.board.relay(relay)
        self.board.configure(relay={"connections": connections})
        self.board.list("police", (f"m{i}@police.example,Member {i},2010-01-01"
                                   for i in range(members)),
                        header="address,name,since", schedule="monthly 1 03:00",
                        **conf)
        self.start()
        self.board.live()
        self.watch("SELECT csv_hash <> '' FROM list", 0.1)

    def start(self):
        """Seconds until it says that it is ready."""
        began = time.monotonic()
        self.board.start(wait=False, arguments=["-v"] if self.verbose else [])
        while not self.board.hears("READY=1"):
            assert self.board.is_running, self.board.log[-2000:]
            select.select([self.board.notify], [], [], 1)
        return time.monotonic() - began

    def start_and_settle(self):
        """Also until it has looked at its list's file once more; gives how many
        lines its log has then."""
        lines = len(self.board.log.splitlines())
        self.start()
        until(lambda: "list loaded" in
              "".join(self.board.log.splitlines(True)[lines:]), "", 300)
        return len(self.board.log.splitlines())

    def end(self):
        if self.board.is_running:
            self.board.stop()

    def kill(self):
        if self.board.is_running:
            self.board.kill()

    @property
    def pid(self):
        return self.board.process.pid

    # --- the store, apart from the daemon that has it

    @property
    def store(self):
        return self.board.folder / "state/briefingd.db"

    def keep(self):
        """Ends the daemon and sets its store aside, as it is."""
        self.end()
        shutil.copy(self.store, self.board.folder / "kept.db")

    def put_back(self, path=None):
        """As a new file: the daemon takes it for a restore, and is paused."""
        path = path or self.store
        path.unlink(missing_ok=True)
        shutil.copy(self.board.folder / "kept.db", path)

    # --- what the daemon does

    def brief(self, **values):
        self.slots += 1
        self.board.brief(f"LTB-{self.slots}", summary=summary_of(MAIL_SIZE),
                         **values)
        self.watch(f"SELECT count(*) = {self.slots} FROM version", 0.02)

    def letter(self):
        """A mail as the next slot sends it."""
        text = self.board.ctl("preview", "police", "--format", "eml")
        return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()

    def watch(self, condition, every=0.01):
        """The moment at which a statement is true of the store; looks seldom
        enough to take hardly anything of the machine."""
        with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro",
                                                uri=True, timeout=10)) as db:
            while not self.look(db, condition):
                assert self.board.is_running, "the daemon ended"
                self.board.hears("")
                time.sleep(every)
        return time.monotonic()

    def look(self, db, condition):
        self.peak_mb = max(self.peak_mb, anonymous_mb(self.pid))
        row = db.execute(condition).fetchone()
        return row and row[0]

    def longest_turn(self, from_line):
        """Milliseconds, of the log's lines from that on; at least 5, for it
        tells of no shorter one."""
        return max([5.0] + [float(found[1]) for found in re.finditer(
            r"long turn ms=([\d.]+)",
            "".join(self.board.log.splitlines(True)[from_line:]))])

    def open_slot(self, name="police"):
        """The moment at which it was opened, which takes the daemon until it
        looks for requests."""
        with subprocess.Popen(
                [PROGRAMS / "briefingctl", "-c", self.board.conf, "run",
                 name], stdout=subprocess.DEVNULL) as run:
            began = self.watch(
                f"SELECT count(*) = {self.slots} FROM digest", 0.001)
            assert run.wait(30) == 0
        return began

    def plan(self, name="police"):
        """Seconds to plan a slot of which nothing is sent meanwhile."""
        assert self.board.value("SELECT paused_at IS NOT NULL FROM board")
        return -self.open_slot(name) + self.watch(
            "SELECT NOT EXISTS (SELECT 1 FROM digest WHERE state = 'planning')",
            0.05)

    def finish(self):
        """The moment at which nothing is left to be planned or sent."""
        return self.watch(
            "SELECT NOT EXISTS (SELECT 1 FROM digest WHERE state = 'planning')"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE state = 'due')"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE state = 'sending')")

    def slot(self):
        """From the slot to the last accepted mail, all verdicts durable."""
        if self.board.value("SELECT count(*) FROM digest") == self.slots:
            self.brief()
        cpu = cpu_seconds(self.pid)
        began = self.open_slot()
        seconds = self.finish() - began
        cpu = cpu_seconds(self.pid) - cpu
        self.check(self.members * self.slots)
        return Sent(self.members, seconds, cpu * 1000 / self.members)

    def check(self, count):
        accepted = self.board.value(
            "SELECT count(*) FROM delivery WHERE state = 'accepted'")
        assert accepted == count, f"{accepted} of {count} were accepted"
