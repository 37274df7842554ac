"""The rows of the web: pages behind personal links shown and confirmed, and how
long a confirmation takes while mails leave at full speed.

The links are those of the mails that the daemon sent; a form is posted as its
page had it. The daemon's clock is moved on (tests/flow/clock.c) past the half
minute in which a scanner is suspected, which a benchmark need not wait for.
"""
import contextlib
import re
import sqlite3
import subprocess
from dataclasses import dataclass

from scene import (PROGRAMS, TREE, FastSink, Scene, Sink, free_port, fsync_ms,
                   is_listening, until)
from table import Row, median, rate

from board import FORM_SECONDS, MAIL_SECONDS  # scene says where it is

CLIENTS = 64
GROUP = 64  # confirmations of one commit of sqlite alone
SENDERS = 8
PER_SECOND, SECONDS = 200, 4  # open loop
SLOTS = 12  # that are sent meanwhile,
OTHERS = "nhs"  # to the members of that list
LINK = re.compile(rb"/a/([0-9a-z]{29})")


def tell(*words):
    print(" ", *words, flush=True)


@dataclass
class Answers:
    """What bench_web measured."""
    rate: float
    middle_ms: float
    slow_ms: float  # the 99th percentile
    size: int  # bytes of a page


def ask(port, clients, per_second, requests, forms=None):
    """All of a file of requests; forms: where what its pages' forms would post
    is written."""
    done = subprocess.run(
        [PROGRAMS / "tests/bench_web", str(port), str(clients),
         str(per_second), requests, *([forms] if forms else [])],
        check=True, capture_output=True, text=True)
    words = done.stdout.split()
    return Answers(*map(float, words[:3]), int(words[3]))


@contextlib.contextmanager
def bare(size, *store_and_version):
    """libmicrohttpd alone, with a page of that size: its port."""
    port = free_port()
    store = []
    if store_and_version:
        path, version = store_and_version
        store = [path, TREE / "daemon/queries", str(version)]
    process = subprocess.Popen(
        [PROGRAMS / "tests/bench_page", str(port), str(size), *store])
    try:
        until(lambda: is_listening(port), "bench_page listens")
        yield port
    finally:
        process.kill()
        process.wait()


def marks(store, version):
    """sqlite alone: confirmations a second."""
    done = subprocess.run(
        [PROGRAMS / "tests/bench_marks", store, str(version), str(GROUP)],
        check=True, capture_output=True, text=True)
    return float(done.stdout)


class Readers(Scene):
    """A list whose members open their links and confirm."""

    def __init__(self, folder, sink, members, **conf):
        self.mails = sink.folder / "mails"
        self.mails_read = 0
        super().__init__(folder, sink, members, SENDERS, clock=True, **conf)

    def links(self):
        """The path in each mail that came since the last time."""
        with open(self.mails, "rb") as file:
            file.seek(self.mails_read)
            fresh = file.read()
        self.mails_read += len(fresh)
        # a soft line break may stand anywhere
        tokens = sorted(set(LINK.findall(fresh.replace(b"=\n", b""))))
        assert len(tokens) == self.members, f"{len(tokens)} links"
        return [f"/a/{token.decode()}" for token in tokens]

    def forms(self):
        """A slot's mails arrive and their pages are shown: the file of what
        can be posted to them now, and how fast they were shown."""
        self.slot()
        self.board.advance(MAIL_SECONDS + 1)
        links, forms = self.board.folder / "links", self.board.folder / "forms"
        links.write_text("".join(f"{link}\n" for link in self.links()))
        shown = ask(self.board.port, CLIENTS, 0, links, forms)
        self.board.advance(FORM_SECONDS + 1)
        return forms, shown

    def brief(self, **_):
        super().brief(audience=["police"])

    def add_others(self):
        self.board.list(OTHERS, (f"m{i}@nhs.example,Member {i},2010-01-01"
                                 for i in range(self.members)),
                        header="address,name,since",
                        schedule="monthly 1 03:00")
        self.watch(f"SELECT csv_hash <> '' FROM list WHERE name = '{OTHERS}'",
                   0.1)

    def send_meanwhile(self, sink):
        """So many slots, all planned by now, leave at full speed from here: to
        others, so that the readers' pages stay as they are."""
        self.board.configure(relay=self.board.reached(sink))
        self.board.reload()
        self.board.ctl("pause", "--reason", "to plan before it is sent")
        # few members, as in a trial, are not worth the wait for so many
        for _ in range(min(SLOTS, max(1, self.members // 100))):
            super().brief(audience=[OTHERS])
            self.plan(OTHERS)
        self.board.ctl("resume")
        self.watch("SELECT EXISTS (SELECT 1 FROM delivery"
                   " WHERE state = 'sending')")

    @property
    def is_sending(self):
        return self.board.value("SELECT EXISTS (SELECT 1 FROM delivery"
                                " WHERE state = 'due')") == 1

    @property
    def version(self):
        return self.board.value("SELECT max(id) FROM version")

    def check_recorded(self, version, count):
        recorded = self.board.value(
            "SELECT count(*) FROM requirement WHERE version_id = ?"
            " AND acknowledged_at IS NOT NULL", version)
        assert recorded == count, f"{recorded} of {count} were recorded"

    def copy(self, path):
        path.unlink(missing_ok=True)
        with self.board.store() as db:
            db.execute("VACUUM INTO ?", (str(path),))


@contextlib.contextmanager
def readers(folder, members, **conf):
    with Sink(folder, "-D", "mails", keep=False) as sink:
        scene = Readers(folder / "board", sink, members, **conf)
        try:
            yield scene
            scene.end()
        finally:
            scene.kill()


def look_ups(store, version, path):
    """A request for each delivery of that version."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        path.write_text("".join(f"/{delivery}\n" for delivery, in db.execute(
            "SELECT delivery_id FROM requirement WHERE version_id = ?",
            (version,))))
    return path


def confirm_rows(folder, options):
    """As many as there can be, at once."""
    recorded, shown, page, alone, looked = [], [], [], [], []
    store = folder / "copy.db"
    with readers(folder, options.members) as scene:
        for _ in range(options.runs):
            forms, each = scene.forms()
            shown.append(each)
            version = scene.version
            scene.copy(store)
            recorded.append(ask(scene.board.port, CLIENTS, 0, forms))
            scene.check_recorded(version, scene.members)
            with bare(recorded[-1].size) as port:
                page.append(ask(port, CLIENTS, 0, forms))
            with bare(each.size, store, version) as port:
                looked.append(ask(port, CLIENTS, 0, look_ups(
                    store, version, folder / "look-ups")))
            alone.append(marks(store, version))
            tell(f"recorded {recorded[-1].rate:.0f}/s, a fixed page "
                 f"{page[-1].rate:.0f}/s, sqlite alone {alone[-1]:.0f}/s; "
                 f"shown {each.rate:.0f}/s, fixed with the SELECTs "
                 f"{looked[-1].rate:.0f}/s; fsync {fsync_ms(folder):.2f} ms")
    slower = [min(a.rate, b) for a, b in zip(page, alone)]
    return [
        Row(f"confirmations, each durable before its answer, {CLIENTS} clients",
            rate(each.rate for each in recorded),
            f"the slower of libmicrohttpd with a fixed page "
            f"({rate(each.rate for each in page)}) and sqlite alone, {GROUP} "
            f"a commit ({rate(alone)})", rate(slower),
            median(a.rate / b for a, b in zip(recorded, slower)), 0.5),
        Row(f"pages of {shown[-1].size:,} bytes shown, {CLIENTS} clients",
            rate(each.rate for each in shown),
            "libmicrohttpd with such a page and the same SELECTs",
            rate(each.rate for each in looked),
            median(a.rate / b.rate for a, b in zip(shown, looked)), 0.5)]


def busy_rows(folder, options):
    """At a steady pace, while mails leave at full speed."""
    ours, theirs = [], []
    part = folder / "part"
    with readers(folder, options.members) as scene, FastSink() as fast:
        scene.add_others()
        forms = scene.forms()[0].read_text().splitlines(True)
        each = min(PER_SECOND * SECONDS, len(forms) // options.runs)
        for run in range(options.runs):
            part.write_text("".join(forms[run * each:(run + 1) * each]))
            scene.send_meanwhile(fast)
            ours.append(ask(scene.board.port, CLIENTS, PER_SECOND, part))
            with bare(ours[-1].size) as port:
                theirs.append(ask(port, CLIENTS, PER_SECOND, part))
            if not scene.is_sending:
                tell("the mails were sent before it ended")
            scene.finish()
            tell(f"recorded after {ours[-1].middle_ms:.2f} ms, 99 of 100 within "
                 f"{ours[-1].slow_ms:.2f} ms; a fixed page "
                 f"{theirs[-1].middle_ms:.2f} ms, {theirs[-1].slow_ms:.2f} ms; "
                 f"fsync {fsync_ms(folder):.2f} ms")
        scene.check_recorded(1, each * options.runs)
    return [Row(f"99th percentile of a confirmation, {PER_SECOND}/s while "
                f"{SENDERS} senders send at full speed",
                f"{median(each.slow_ms for each in ours):.2f} ms",
                "libmicrohttpd with a fixed page, so asked, beside it",
                f"{median(each.slow_ms for each in theirs):.2f} ms",
                median(a.slow_ms / b.slow_ms for a, b in zip(ours, theirs)), 5,
                most=True)]
