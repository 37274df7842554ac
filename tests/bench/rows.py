"""The rows: each function measures some of them and gives them back."""
import contextlib
import os
import subprocess

import peers
from evidence import evidence_rows
from scene import PROGRAMS, Authority, FastSink, Scene, Sink, fsync_ms
from table import Absent, Row, median, rate
from timing import time_rows
from web import busy_rows, confirm_rows

CONNECTIONS = 16
SLOW_MS, SLOW_CONNECTIONS = 50, 32
REPLIES = 4  # to MAIL, RCPT, DATA and the dot
FEW = 1000  # what many are compared with


def tell(*words):
    print(" ", *words, flush=True)


# --- from the slot to the last accepted mail

def slot_row(options, size):
    work = f"slot to last accepted, {options.members:,} mails of {size:,} bytes"

    def against(ours, peer, theirs, goal):
        return Row(work, rate(each.rate for each in ours), peer,
                   rate(each.rate for each in theirs),
                   median(a.rate / b.rate for a, b in zip(ours, theirs)), goal)
    return against


def slot_rows(folder, options):
    """Against what only sends."""
    ours, curl, source, source_d = [], [], [], []
    with Sink(folder, keep=False) as sink, \
            on_board(folder, sink, options.members, CONNECTIONS) as scene:
        body = folder / "body"
        for _ in range(options.runs):
            scene.brief()
            body.write_bytes(scene.letter())
            size = body.stat().st_size
            common = sink.port, options.members, CONNECTIONS
            ours.append(scene.slot())
            curl.append(peers.curl(*common, body))
            source.append(peers.smtp_source(*common, size))
            source_d.append(peers.smtp_source(*common, size, stay=True))
            tell(f"slot {ours[-1].rate:.0f}/s {ours[-1].cpu_ms:.3f} ms, "
                 f"libcurl {curl[-1].rate:.0f}/s {curl[-1].cpu_ms:.3f} ms, "
                 f"smtp-source {source[-1].rate:.0f}/s, "
                 f"-d {source_d[-1].rate:.0f}/s, "
                 f"fsync {fsync_ms(folder):.2f} ms, {size} bytes")
    against = slot_row(options, size)
    alone = f"libcurl alone, {CONNECTIONS} threads"
    cpu = Row("its processor time a mail",
              f"{median(a.cpu_ms for a in ours):.3f} ms", alone,
              f"{median(a.cpu_ms for a in curl):.3f} ms",
              median(a.cpu_ms / b.cpu_ms for a, b in zip(ours, curl)), 1.3,
              most=True)
    return [against(ours, alone, curl, 0.95), cpu,
            against(ours, f"smtp-source -s {CONNECTIONS}", source, 1.15),
            against(ours, f"smtp-source -d -s {CONNECTIONS}", source_d, 0.8)]


@contextlib.contextmanager
def on_board(folder, relay, members, connections, verbose=False):
    scene = Scene(folder / "board", relay, members, connections, verbose)
    try:
        yield scene
        scene.end()
    finally:
        scene.kill()


# name, how, which part of the mails it gets (it is slow), the goal
RIVALS = [("nodemailer pool, better-sqlite3", peers.nodemailer, 5, 7),
          ("Postfix relaying", peers.postfix, 5, 8),
          ("Mailman 3 personalised", peers.mailman, 50, 50),
          ("mlmmj", peers.mlmmj, 50, 50)]


def rival_rows(folder, options):
    """Against what one would send a digest with instead; those that are slow get
    fewer mails, and rates are compared."""
    ours, theirs, missing = [], {}, {}
    with Sink(folder, keep=False) as sink, \
            on_board(folder, sink, options.members, CONNECTIONS) as scene:
        body = folder / "body"
        for _ in range(options.runs):
            scene.brief()
            body.write_bytes(scene.letter())
            ours.append(scene.slot())
            tell(f"slot {ours[-1].rate:.0f}/s")
            for name, send, part, _ in RIVALS:
                mails = max(options.members // part, CONNECTIONS)
                try:
                    sent = send(sink.port, mails, CONNECTIONS, body, folder)
                except peers.Missing as why:
                    missing[name] = str(why)
                    continue
                theirs.setdefault(name, []).append(sent)
                tell(f"{name} {sent.rate:.0f}/s")
        size = body.stat().st_size
    against = slot_row(options, size)
    return [against(ours, name, theirs[name], goal) if name in theirs else
            Absent("the same", name, missing[name])
            for name, _, _, goal in RIVALS]


# --- behind a relay that takes its time

def slow_rows(folder, options):
    limit = SLOW_CONNECTIONS * 1000 / (REPLIES * SLOW_MS)
    members = min(options.members, SLOW_CONNECTIONS * 40)
    rates = []
    for run in range(options.runs):
        with FastSink(SLOW_MS) as sink, \
                on_board(folder / str(run), sink, members,
                         SLOW_CONNECTIONS) as scene:
            scene.slot()
            scene.end()
            rates.append(sink.end()[1])
        tell(f"slow relay {rates[-1]:.1f}/s of {limit:.0f}/s")
    return [Row(f"behind a relay with {SLOW_MS} ms to each reply, "
                f"{SLOW_CONNECTIONS} connections", rate(rates),
                f"connections / ({REPLIES} × {SLOW_MS} ms)", f"{limit:.0f}/s",
                median(rates) / limit, 0.95)]


# --- a list with very many members

def many_rows(folder, options):
    """Read in once; planned on copies of that store; then sent over TLS."""
    members = options.many
    (folder / "tls").mkdir()
    authority = Authority(folder / "tls")
    with FastSink(0, authority, max(1, members // 1000)) as sink, \
            on_board(folder, sink, members, CONNECTIONS, True) as scene:
        read_mb = scene.peak_mb
        tell(f"{members} rows read in, at most {read_mb:.0f} MB")
        scene.brief()
        scene.keep()
        rows = plan_rows(scene, options)
        sent, tenths = send_many(scene, sink)
        rows += [
            Row(f"memory while {members:,} rows are read in",
                f"{read_mb:.1f} MB", "", "", read_mb, 40, True, "MB"),
            Row(f"memory while sending to {members:,}, {CONNECTIONS} senders, "
                f"TLS, {sent:,.0f}/s", f"{scene.peak_mb:.1f} MB", "", "",
                scene.peak_mb, 40, True, "MB"),
            Row(f"{members:,} deliveries, the last tenth",
                f"{tenths[1]:,.0f}/s", "the first tenth",
                f"{tenths[0]:,.0f}/s", tenths[1] / tenths[0], 0.95)]
        return rows + start_rows(scene, folder, options)


def plan_rows(scene, options):
    """The last run's plan stays, to be sent."""
    ours, theirs, turns = [], [], []
    copy = scene.board.folder / "copy.db"
    for _ in range(options.runs):
        scene.put_back(copy)
        done = subprocess.run([PROGRAMS / "tests/bench_rows", copy, "1",
                               "1000"], check=True, capture_output=True,
                              text=True)
        theirs.append(float(done.stdout))
        for path in scene.board.folder.glob("copy.db*"):
            path.unlink()
        scene.end()
        scene.put_back()
        lines = scene.start_and_settle()
        ours.append(scene.members / scene.plan())
        turns.append(scene.longest_turn(lines))
        tell(f"planned {ours[-1]:.0f}/s, longest turn {turns[-1]:.0f} ms, "
             f"rows alone {theirs[-1]:.0f}/s")
    work = f"planning a slot for {scene.members:,} members"
    return [Row(f"{work}, longest turn {median(turns):.0f} ms", rate(ours),
                "bound rows into the same tables", rate(theirs),
                median(b / a for a, b in zip(ours, theirs)), 3, most=True,
                text="times as long")]


def send_many(scene, sink):
    """Mails a second, and those of the first and the last tenth."""
    scene.peak_mb = 0
    # what planning left in the page cache would slow down the first tenth
    os.sync()
    scene.board.ctl("resume")
    began = scene.watch("SELECT 1")
    ended = scene.finish()
    scene.check(scene.members)
    scene.end()
    moments = sink.end()[0]
    step = scene.members / len(moments)
    tenth = max(1, (len(moments) - 1) // 10)
    paces = [tenth * step / (moments[at + tenth] - moments[at])
             for at in range(0, len(moments) - tenth, tenth)]
    tell("sent, by tenths: " + " ".join(f"{pace:.0f}" for pace in paces))
    return scene.members / (ended - began), (paces[0], paces[-1])


def start_rows(many, folder, options):
    """Until READY=1, with all that is finished in the store."""
    with FastSink() as sink, \
            on_board(folder / "few", sink, min(FEW, many.members),
                     CONNECTIONS) as few:
        few.slot()
        few.end()
        ours, theirs = [], []
        many.verbose = False
        for _ in range(options.runs):
            for scene, seconds in ((many, ours), (few, theirs)):
                seconds.append(scene.start() * 1000)
                scene.end()
            tell(f"ready after {ours[-1]:.0f} ms, {theirs[-1]:.0f} ms")
    return [Row(f"start with {many.members:,} finished deliveries, READY=1",
                f"{median(ours):.0f} ms", f"with {few.members:,}",
                f"{median(theirs):.0f} ms", median(ours) - median(theirs), 100,
                most=True, text="ms more")]


ROWS = {"slot": slot_rows, "rivals": rival_rows, "slow": slow_rows,
        "many": many_rows, "evidence": evidence_rows, "confirm": confirm_rows,
        "busy": busy_rows, "time": time_rows}
