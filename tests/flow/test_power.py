"""The power is cut at every write of a run from intake to acknowledgement. On
each disk that may be left the daemon starts again, and what the world had been
told by then must be true: nothing that a page called recorded is taken back,
nothing is lost, nothing differs that goes twice, and the figures add up.

Seen by itself, an image must hold all that was acted upon (examine). With a
daemon on it, the run must come to its end (Survivor)."""
import collections
import contextlib
import hashlib
import itertools
import os
import random
import re
import shutil
import sqlite3
import threading
import urllib.parse

import pytest

import power
from board import Board, preloaded
from conftest import IS_SOAK
from servers import Mail, Recorder
from test_delivery import until_loaded

# how many of the images a daemon is started on
STARTS = None if IS_SOAK else int(os.environ.get("STARTS", 16))
SENDERS = 2
MEMBERS = {"police": ["ann@police.example", "bob@police.example"],
           "health": ["cat@health.example", "dan@health.example"],
           "choir": ["eve@choir.example"]}
PEOPLE = sum(MEMBERS.values(), [])
HOLDING = set(MEMBERS["health"])  # in doubt, a mail to them is not sent again
[LEAVING] = MEMBERS["choir"]      # after the second briefing
REFS = ["LTB-1", "LTB-2", "LTB-3"]
# the lead is told of who left, in a mail that is no digest
NOTICE = "lead@choir.example", "notice"
TOLD = [*itertools.product(PEOPLE, REFS), NOTICE]
WITHDRAWN, WITHDRAWAL = "LTB-1", "briefing withdraw"
DOCUMENTS = {"a.pdf": b"%PDF-1.4 of two pages", "b.pdf": b"%PDF-1.4" + bytes(9999)}
# of all links, of all checkpoints, of who was erased
KEYS = ["keys/link.key", "keys/ledger.key", "keys/erasure.key"]
ERASURE = "person erase"  # of who left, at the end
SEED = random.randrange(1 << 32)  # of the torn images


def look(mail):
    """Its Message-ID and what it tells, from the raw bytes."""
    if not hasattr(mail, "id"):
        whole = mail.raw.replace(b"=\r\n", b"").decode()
        mail.id = re.search(r"(?m)^Message-ID: (\S+)", whole)[1]
        mail.path, mail.leave = (
            re.search(rf"https?://[^/\s]+(/{which}/\w+)|$", whole)[1]
            for which in "au")
        mail.refs = set(re.findall(r"\bLTB-\d\b", whole))
        if mail.recipient == NOTICE[0]:
            mail.refs = {NOTICE[1]}
        if "withdrawn after" in " ".join(whole.split()):
            mail.refs.discard(WITHDRAWN)  # it tells of its end
    return mail


def make_board(folder, relay):
    folder.mkdir()
    board = Board(folder, clock=True)
    board.environment["LD_PRELOAD"] = \
        f"{preloaded('power')} {board.environment['LD_PRELOAD']}"
    board.configure(relay={"port": relay.port, "connections": SENDERS},
                    web={"base": "https://briefings.example"})
    return board


class Run:
    """From intake to acknowledgement, and all of it written down."""

    def __init__(self, folder):
        self.folder, self.settled = folder, 0
        with Recorder() as relay:
            self.board = make_board(folder / "board", relay)
            self.root = str(self.board.folder / "state")
            journal = power.make_journal(folder / "journal")
            self.board.environment.update(POWER_JOURNAL=str(journal),
                                          POWER_STATE=self.root)
            self.relay = relay
            self._live()
        self.left = power.read_image(self.board.folder / "state")
        self.records = power.read_journal(journal)
        self.world = power.World(self.records)
        with self.board.store() as db:
            self.events = db.execute(EVENTS).fetchall()

    def _live(self):
        board = self.board
        board.advance(60)  # so that folders dropped just now are still
        board.list("police", [f"{each},A" for each in MEMBERS["police"]],
                   documents="attached", unsure="resend")
        board.list("health", [f"{each},B" for each in MEMBERS["health"]],
                   unsure="hold")
        board.list("choir", [f"{each},C" for each in MEMBERS["choir"]],
                   unsure="resend", mandatory=False)
        board.start()
        board.live()
        until_loaded(board, **{name: len(people)
                               for name, people in MEMBERS.items()})
        for ref, file in ("LTB-1", "a.pdf"), ("LTB-2", "b.pdf"):
            self._circulate(ref, PEOPLE, documents={file: DOCUMENTS[file]})
            self._confirm(ref, PEOPLE[0], PEOPLE[2])
        self._leave(LEAVING)
        board.stop()
        board.start()
        board.ctl("briefing", "withdraw", WITHDRAWN, "--reason", "an error")
        self._confirm("LTB-2", PEOPLE[1])
        self._circulate("LTB-3", PEOPLE[:4])
        self._confirm("LTB-3", PEOPLE[3])
        self.deliveries = dict(board.rows(
            "SELECT a.address || ' ' || coalesce(max(b.ref), 'notice'),"
            " d.id FROM delivery d"
            " JOIN addressee a ON a.delivery_id = d.id"
            " LEFT JOIN letter_version l USING (letter_id)"
            " LEFT JOIN briefing_version b ON b.id = l.version_id"
            " GROUP BY d.id"))
        board.ctl("person", "erase", LEAVING, "--reason", "they left")
        board.stop()

    def _circulate(self, ref, people, **more):
        self.board.brief(ref, **more)
        self._until_settled(len(people))

    def _until_settled(self, count):
        self.settled += count
        self.board.until(lambda: self.board.log.count(
            "\naccepted delivery=") == self.settled, "all is settled")

    def _leave(self, person):
        mail = look(self.relay.to(person)[0])
        page = self.board.post(mail.leave, {"List-Unsubscribe": "One-Click"})
        assert "You are off the list" in page.text
        self._until_settled(1)  # the notice

    def _confirm(self, ref, *people):
        for person in people:
            [mail] = [each for each in self.relay.to(person)
                      if ref in look(each).refs]
            assert "It is recorded." in self.board.confirm(mail).text

    def delivery(self, mail):
        return self.deliveries[f"{mail.recipient} {max(look(mail).refs)}"]


# --- an image by itself

def examine(run, world, folder):
    """What is wrong with it: all that was acted upon must be in it."""
    path = folder / "briefingd.db"
    if not path.exists() or not path.stat().st_size:
        return ["the store is gone"] if world.begun or world.done else []
    with contextlib.closing(sqlite3.connect(path)) as db:
        try:
            db.execute("PRAGMA synchronous = OFF")  # of no use for a look
            return [*examine_store(run, world, db),
                    *examine_files(run, world, db, folder)]
        except sqlite3.Error as error:
            # before the first commit there are no tables yet
            return [f"the store: {error}"] if world.begun or world.done else []


EVENTS = "SELECT id, kind, effective_at, actor, body FROM event ORDER BY id"


def examine_store(run, world, db):
    if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
        yield "the store is broken"
    state = dict(db.execute("SELECT id, state FROM delivery").fetchall())
    for number in {run.delivery(mail) for _, mail in world.begun}:
        if state.get(number, "due") == "due":
            yield f"delivery {number} began and is not claimed"
    for number in accepted(world):
        if state.get(number) != "accepted":
            yield f"delivery {number} was accepted and is {state.get(number)}"
    missing = {run.delivery(mail) for mail in recorded(run, world)} - {
        row[0] for row in db.execute("SELECT delivery_id FROM requirement"
                                     " WHERE acknowledged_at IS NOT NULL")}
    for number in missing:
        yield f"delivery {number} was recorded and is not acknowledged"
    members = {row[0] for row in db.execute(
        "SELECT address FROM identity JOIN member m USING (person_id)"
        " WHERE NOT EXISTS (SELECT 1 FROM member_status s"
        " WHERE s.member_id = m.id)")}
    for person in left(run, world) & members:
        yield f"{person} left and is a member again"
    for words, statement in {
            "mode live": "SELECT mode = 'live' FROM board",
            WITHDRAWAL: "SELECT count(*) FROM briefing"
                                 " WHERE withdrawn_at IS NOT NULL"}.items():
        if said(world, words) and not db.execute(statement).fetchone()[0]:
            yield f"done and undone: {words}"
    size = witnessed(world)
    if db.execute(EVENTS).fetchall()[:size] != run.events[:size]:
        yield f"a checkpoint of {size} events is out, and they are others"
    for ref in taken(world):
        if not db.execute("SELECT 1 FROM briefing WHERE ref = ?",
                          (ref,)).fetchone():
            yield f"{ref} was taken and is gone"


def examine_files(run, world, db, folder):
    for name, in db.execute("SELECT sha256 FROM document"):
        path = folder / "documents" / name
        if not path.exists():
            yield f"document {name} is gone"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != name:
            yield f"document {name} is another"
    if said(world, ERASURE):
        for path in folder.rglob("*"):
            if path.is_file() and LEAVING.encode() in path.read_bytes():
                yield f"{LEAVING} was erased and is in {path.name}"
    if any(line.startswith("started ") for _, line in world.logged):
        for key in KEYS:
            path = folder / key
            if not path.exists() or path.read_bytes() != run.left[key]:
                yield f"it had started and {key} is gone"


# --- what the world knows

def accepted(world):
    return {int(found[1]) for _, line in world.logged
            if (found := re.match(r"accepted delivery=(\d+)", line))}


def taken(world):
    return {found[1] for _, line in world.logged
            if (found := re.match(r"taken folder=\S+ briefing=(\S+)", line))}


def witnessed(world):
    """How many events the last checkpoint covers."""
    return max((int(found[1]) for _, line in world.logged
                if (found := re.match(r"checkpoint size=(\d+)", line))),
               default=0)


def recorded(run, world):
    """The mails whose page said so."""
    paths = {path for _, path in world.recorded}
    return [mail for _, mail in run.world.offered if look(mail).path in paths]


def left(run, world):
    """The people whose page said that they are off the list."""
    paths = {path for _, path in world.left}
    return {mail.recipient for _, mail in run.world.offered
            if look(mail).leave in paths}


def said(world, words):
    return any(words in line for _, line in world.done)


# --- a daemon on an image

class Survivor:
    """A machine that is started again on what its disk has kept."""

    def __init__(self, run, folder):
        self.run = run
        self.relay = Recorder()
        self.board = make_board(folder, self.relay)
        shutil.copytree(run.board.folder / "lists", folder / "lists",
                        dirs_exist_ok=True)
        # the clock went on
        self.board.advance(run.board.shift + 60)
        self.board.environment["POWER_BOOT"] = "2"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.board.is_running:
            self.board.kill()
        self.relay.controller.stop()

    def begin(self, image):
        folder = self.board.folder
        for name in ("state", "approved"):
            shutil.rmtree(folder / name)
        power.write_image(image, folder / "state")
        (folder / "approved").mkdir()
        (folder / "log").unlink(missing_ok=True)
        self.relay.mails.clear()
        self.board.start()

    def go_on(self, world):
        """All that the officer has dropped, or would have by the end; it
        comes when the board is live, as in the run."""
        board = self.board
        if board.facts("status")["mode"] != "live":
            assert not said(world, "mode live"), "it is not live any more"
            board.live()
        for folder in (self.run.board.folder / "approved").iterdir():
            shutil.copytree(folder, board.folder / folder.name)
            (board.folder / folder.name).rename(
                board.folder / "approved" / folder.name)
        board.until(self.is_done, "all is done", 15)

    def survive(self, image, world):
        """What is wrong once the daemon has done all that was left to do."""
        board = self.board
        try:
            self.begin(image)
            self.go_on(world)
            board.invariants()
            return [*self.judge_copies(world), *self.judge_pages(world),
                    *self.judge_store(world)]
        except AssertionError as error:
            return [str(error)]
        finally:
            if board.is_running:
                board.kill()

    def is_done(self):
        with self.board.store() as db:
            left = db.execute(
                "SELECT count(*) FROM delivery"
                " WHERE state IN ('due', 'sending')").fetchone()[0]
            missing = db.execute(
                "SELECT count(*) FROM identity JOIN (SELECT ?1 AS ref UNION"
                " SELECT ?2 UNION SELECT ?3) wanted WHERE NOT EXISTS ("
                " SELECT 1 FROM requirement r JOIN briefing_version v"
                " ON v.id = r.version_id"
                " WHERE r.person_id = identity.person_id"
                " AND v.ref = wanted.ref) AND NOT EXISTS (SELECT 1"
                " FROM briefing b WHERE b.ref = wanted.ref"
                " AND b.withdrawn_at IS NOT NULL) AND NOT EXISTS (SELECT 1"
                " FROM member m JOIN member_status s ON s.member_id = m.id"
                " WHERE m.person_id = identity.person_id)",
                REFS).fetchone()[0]
            people = db.execute(
                "SELECT count(*) FROM person LEFT JOIN identity"
                " ON identity.person_id = person.id WHERE person.erased_at"
                " IS NOT NULL OR person_id IS NOT NULL").fetchone()[0]
        return people == len(PEOPLE) and not left and not missing

    @property
    def is_erased(self):
        return self.board.value("SELECT count(*) FROM person"
                                " WHERE erased_at IS NOT NULL") > 0

    def judge_copies(self, world):
        """5"""
        run, rows = self.run, self.board.rows
        mails = [look(mail) for _, mail in world.offered]
        settled = accepted(world)
        stopped = set(itertools.product(left(run, world), REFS))
        erased = itertools.product([LEAVING] * self.is_erased, REFS)
        if said(world, WITHDRAWAL):
            stopped |= {(person, WITHDRAWN) for person in PEOPLE}
        return judge_copies(
            mails, [look(mail) for mail in list(self.relay.mails)],
            {mail.id for mail in mails if run.delivery(mail) in settled},
            spared=set(rows(DOUBTFUL) + rows(NOT_WANTED) + [NOTICE] * (
                not rows("SELECT 1 FROM member_status"))) | set(erased),
            stopped=stopped)

    def judge_pages(self, world):
        """4, and each link that is out there works"""
        known = {mail.path for mail in recorded(self.run, world)}
        ended = {look(mail).path for _, mail in world.offered
                 if self.is_erased and mail.recipient == LEAVING}
        for path in ended - {None}:
            if self.board.get(path).status != 410:
                yield "a link of who was erased opens something"
        for path in {look(mail).path for _, mail in world.offered} \
                - ended - {None}:
            page = self.board.get(path)
            if page.status != 200:
                yield f"a link is answered with {page.status}"
            elif path in known and "Recorded" not in page.text:
                yield "a page takes back what it called recorded"
            for link in re.findall(r'class="document"><a href="(.*?)"',
                                   page.text):
                if self.board.get(urllib.parse.urlparse(link).path).body \
                        not in DOCUMENTS.values():
                    yield "a page shows another document"

    def judge_store(self, world):
        board = self.board
        states = collections.Counter(board.rows(
            "SELECT coalesce(l.name, 'notice'), d.state FROM delivery d"
            " LEFT JOIN digest g ON g.id = d.digest_id"
            " LEFT JOIN list l ON l.id = g.list_id"))
        final = {("health", "unsure"), ("notice", "accepted"),
                 *((name, "accepted") for name in MEMBERS)}
        if states.keys() - final:
            yield f"not an end: {states}"
        if states["health", "unsure"] > SENDERS:
            yield f"more in doubt than were under way: {states}"
        count = board.facts("report")["total"]["acknowledged"]
        least, most = len(world.recorded), len(world.asked)
        if not least <= count <= most:
            yield f"{count} acknowledged, {least} recorded, {most} asked"
        status = board.facts("status")
        for word in ("paused", "held"):
            if status[word]:
                yield f"the board is {word}"


DOUBTFUL = """
SELECT a.address, b.ref FROM delivery d
    JOIN addressee a ON a.delivery_id = d.id
    JOIN letter_version l USING (letter_id)
    JOIN briefing_version b ON b.id = l.version_id
WHERE d.state = 'unsure'"""
NOT_WANTED = """
SELECT i.address, b.ref FROM identity i JOIN briefing b
WHERE b.withdrawn_at IS NOT NULL OR i.person_id IN (SELECT m.person_id
    FROM member m JOIN member_status s ON s.member_id = m.id)"""


def judge_copies(before, after, settled, spared=(), stopped=()):
    """What is wrong with the mails that were handed over before the cut and
    after it. settled: ids whose acceptance was told; (recipient, ref): spared
    may have come to nobody, and stopped may not go any more."""
    copies = collections.defaultdict(list)
    told = collections.defaultdict(set)
    for mail in before + after:
        copies[mail.id].append(mail)
        for ref in mail.refs:
            told[mail.recipient, ref].add(mail.id)
    twice = [each for each in copies.values() if len(each) > 1]
    again = sum(len(each) - 1 for each in twice)
    if again > SENDERS:
        yield f"{again} went again, with {SENDERS} senders"
    for first, second, *_ in twice:
        if (first.raw, first.sender, first.recipient) != \
                (second.raw, second.sender, second.recipient):
            yield f"the second copy to {first.recipient} differs"
        if first.recipient in HOLDING:
            yield f"in doubt and sent again: {first.recipient}"
        if first.id in settled:
            yield f"settled and sent again: {first.recipient}"
    for mail in after:
        if any((mail.recipient, ref) in stopped for ref in mail.refs):
            yield f"stopped and sent: {mail.recipient}"
    for person, ref in TOLD:
        if len(told[person, ref]) > 1:
            yield f"{person} got {ref} in two mails"
        if not told[person, ref] and (person, ref) not in spared:
            yield f"{person} never got {ref}"


# --- the tests

@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("power"))


def examine_cuts(run, records, folder, variants=power.VARIANTS):
    """{cut: what is wrong with its image}, of all cuts."""
    world, bad = power.World(records), {}
    found = power.find_cuts(records, run.root, variants)
    for cut, image in power.images(records, run.root, found, SEED):
        power.write_image(image, folder)
        wrong = examine(run, world.until(records[cut.index].place), folder)
        if wrong:
            bad[cut] = wrong
        shutil.rmtree(folder)
    return bad


def survive_cuts(run, wanted, tmp_path):
    """{cut: what is wrong after it}, of those; on two machines."""
    bad, lock = {}, threading.Lock()
    images = power.images(run.records, run.root, wanted, SEED)

    def work(survivor):
        while True:
            with lock:
                cut, image = next(images, (None, None))
            if not cut:
                return
            place = run.records[cut.index].place
            wrong = survivor.survive(image, run.world.until(place))
            if wrong:
                bad[cut] = [*wrong, survivor.board.log]
    with Survivor(run, tmp_path / "a") as one, \
            Survivor(run, tmp_path / "b") as other:
        both = [threading.Thread(target=work, args=(each,))
                for each in (one, other)]
        for each in both:
            each.start()
        for each in both:
            each.join()
    return bad


def assert_good(bad, count):
    told = [f"{len(bad)} of {count} cuts are bad"]
    for cut, wrong in sorted(bad.items())[:3]:
        told += [f"at {cut.index}, {cut.variant}:", *wrong]
    assert not bad, "\n".join(told)


def test_f10_all_is_written_down(run):
    """Else a cut would spare what was not."""
    disk = power.Disk(run.root)
    for record in run.records:
        disk.apply(record)
    assert disk.image("all", random) == run.left
    assert sorted(KEYS) == sorted(name for name in run.left if "keys/" in name)
    assert len(run.world.offered) == len(TOLD) - 1  # who left got no third
    assert witnessed(run.world) > 20
    assert len(run.world.recorded) == 6
    assert left(run, run.world) == {LEAVING}
    assert accepted(run.world) == set(run.deliveries.values())
    assert taken(run.world) == set(REFS)
    assert said(run.world, "mode live") and said(run.world, WITHDRAWAL)
    assert said(run.world, ERASURE)


def test_f20_each_image_has_what_was_promised(run, tmp_path):
    bad = examine_cuts(run, run.records, tmp_path / "image")
    assert_good(bad, len(power.find_cuts(run.records, run.root)))


def test_f20_started_again_it_does_what_was_left(run, tmp_path, figures):
    wanted = found = power.find_cuts(run.records, run.root)
    if not IS_SOAK:
        wanted = random.Random(SEED).sample(found, STARTS)
    assert_good(survive_cuts(run, wanted, tmp_path), len(wanted))
    figures(f"writes={sum(r.kind in power.ON_DISK for r in run.records)} "
            f"images={len(found)} started={len(wanted)}")


# --- the judges are judged: each must see a fault that was made on purpose

def without(kind, is_meant):
    """The run, had a sync been forgotten."""
    return lambda run: [each for each in run.records if not (
        each.kind == kind and is_meant(run, each))]


def of_file(ending):
    """Is it of the file that was made under such a name?"""
    def is_meant(run, record):
        return record.file in {each.file for each in run.records
                               if each.kind == "OPENED" and
                               re.search(ending, each.path)}
    return is_meant


def of_verb(words):
    """Is it of the briefingctl that ran so?"""
    return lambda run, record: record.process in {
        each.process for each in run.records
        if each.kind == "ENDED" and words in each.data.decode()}


def of_folder(name):
    return lambda run, record: record.path == f"{run.root}{name}"


def sooner(is_meant, after, kind="SAID"):
    """The run, had each such word been said just after the last such record
    and not where it was."""
    def doctor(run):
        records = []
        for record in run.records:
            to = max((i for i, each in enumerate(records) if after(each)),
                     default=None)
            if to and record.kind == kind and is_meant(record.data):
                place = records[to].place + 1  # none other is odd
                records.insert(to + 1, record._replace(place=place))
            else:
                records.append(record)
        return records
    return doctor


def said_at_once(words):
    """The run, had the verb ended as soon as it was asked."""
    def doctor(run):
        verb = next(i for i, record in enumerate(run.records)
                    if record.kind == "ENDED" and words in record.data.decode())
        end = run.records[verb]
        began = next(i for i, record in enumerate(run.records)
                     if record.process == end.process)
        return [*run.records[:began + 1],
                end._replace(place=run.records[began].place + 1),
                *run.records[began + 1:verb], *run.records[verb + 1:]]
    return doctor


def is_post(record):
    return record.kind == "HEARD" and record.data.startswith(b"POST ")


def is_plan(record):
    return record.kind == "LOGGED" and b"slots opened" in record.data


@pytest.mark.parametrize("doctor, words", [
    (without("SYNCED", of_file(r"-wal$")), "was accepted and is"),
    (without("SYNCED", of_verb("mode live")), "done and undone: mode live"),
    (without("SYNCED", of_verb(WITHDRAWAL)), "done and undone: briefing"),
    (said_at_once(ERASURE), "was erased and is in briefingd.db"),
    (without("SYNCED", of_file(r"/documents/\.new")), "is another"),
    (without("SYNCED_FOLDER", of_folder("/documents")), "document"),
    (without("SYNCED", of_file(r"/keys/\.new")), "keys/link.key is gone"),
    (without("SYNCED_FOLDER", of_folder("/keys")), "keys/link.key is gone"),
    (without("SYNCED_FOLDER", of_folder("")), "the store is gone"),
    (sooner(lambda said: b"It is recorded." in said, is_post),
     "was recorded and is not acknowledged"),
    (sooner(lambda said: b"checkpoint size=" in said, is_plan, "LOGGED"),
     "events is out, and they are others"),
    (sooner(lambda said: b"You are off the list" in said, is_post),
     "eve@choir.example left and is a member again"),
    (sooner(lambda said: said.startswith(b"MAIL FROM"), is_plan),
     "began and is not claimed"),
])
def test_f30_a_bad_image_is_known(run, tmp_path, doctor, words):
    bad = examine_cuts(run, doctor(run), tmp_path / "image",
                       ("none", "names"))
    assert any(words in each for wrong in bad.values() for each in wrong), bad


def test_f30_a_disk_that_forgets_is_known(run, tmp_path):
    """Which the world takes for one that lied: it remembers more."""
    early, late = (power.Cut(next(
        i for i, each in enumerate(run.records) if words in each.data), "none")
        for words in (b"taken folder=ltb-1", b"taken folder=ltb-2"))
    with Survivor(run, tmp_path / "a") as survivor:
        (_, image), = power.images(run.records, run.root, [early], SEED)
        wrong = survivor.survive(image, run.world.until(
            run.records[late.index].place))
    told = "\n".join(wrong)
    for words in ("went again", "in doubt and sent again",
                  "settled and sent again", "takes back", "acknowledged, 2"):
        assert words in told


def mail(person="ann@police.example", ref="LTB-1", number=1, more=b""):
    copy = Mail("bounce@board.example", person, more)
    copy.id, copy.refs = f"{person} {ref} {number}", {ref}
    return copy


ALL = [mail(*each) for each in TOLD]
LATE = mail("cat@health.example")


@pytest.mark.parametrize("after, words", [
    ([], ""),
    ([mail()], ""),
    ([mail(), mail("bob@police.example")], ""),
    ([mail(more=b"x")], "the second copy to ann@police.example differs"),
    ([LATE], "in doubt and sent again: cat@health.example"),
    ([mail(ref="LTB-3")], "settled and sent again: ann@police.example"),
    ([mail(number=2)], "ann@police.example got LTB-1 in two mails"),
    ([mail(ref="LTB-2")], "stopped and sent: ann@police.example"),
    ([mail(each) for each in PEOPLE[:2]] + [mail(ref="LTB-1")],
     "3 went again, with 2 senders"),
])
def test_f30_bad_copies_are_known(after, words):
    settled = {"ann@police.example LTB-3 1"}
    told = list(judge_copies(ALL, after, settled,
                             stopped={("ann@police.example", "LTB-2")}))
    assert told == [] if not words else words in "\n".join(told)


def test_f30_a_lost_mail_is_known():
    others = ALL[1:]
    assert list(judge_copies(others, [], set())) == \
        [f"{PEOPLE[0]} never got LTB-1"]
    assert not list(judge_copies(others, [], set(), {(PEOPLE[0], "LTB-1")}))
