"""A whole board in a temporary folder, served by the real daemon.

    def test_f10_something(board, recorder):
        board.relay(recorder)
        board.list("police", ["ann@police.example,Ann"])
        board.start()
        board.live()
        board.brief("LTB-1")
        mail = board.until(lambda: recorder.mails, "a mail")[0]
        board.confirm(mail)
"""
import contextlib
import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time
import urllib.parse
import zoneinfo
from pathlib import Path

from again import Again
from servers import free_port, until

TREE = Path(__file__).resolve().parents[2]
VARIANT = os.environ.get("V", "release")
PROGRAMS = TREE / "build" / VARIANT
# what briefingctl was asked for by this process, and how it was to end
asked_for = set()
# briefingctl, started and idle, by what is preloaded
spare = {}
# what a new store is, once one has been made by a daemon of this process
empty_stores = []
# between words' chance and the box: the daemon is asked again before this
FORM_SECONDS, MAIL_SECONDS = 3, 30


def libconfig(value):
    """A Python value in libconfig's syntax."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if abs(value) > 2**31 - 1 else str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'
    if isinstance(value, dict):
        return "{ " + settings(value) + " }"
    if value and isinstance(value[0], dict):
        return "( " + ", ".join(map(libconfig, value)) + " )"
    return "[ " + ", ".join(map(libconfig, value)) + " ]"


def preloaded(name):
    """The library of NAME.c, which changes a program that it is loaded into."""
    library = PROGRAMS / "tests" / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    if not library.exists() or \
            library.stat().st_mtime < source.stat().st_mtime:
        library.parent.mkdir(parents=True, exist_ok=True)
        # in one step: a test beside this one may be loading it
        draft = library.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
                        "-o", draft, source], check=True)
        draft.rename(library)
    return library


def empty_store():
    """The first time None: the daemon shall make its own. Under the sanitizers
    making it is a quarter of what a start and an end take."""
    if VARIANT != "asan":
        return None
    if not empty_stores:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "store"
            subprocess.run([PROGRAMS / "tests/store_driver", path], check=True)
            empty_stores.append(path.read_bytes())
        return None
    return empty_stores[0]


def statement(name):
    """Of queries/, as it is built in."""
    texts = "".join(path.read_text() for path in
                    (TREE / "daemon/queries").glob("*.sql"))
    text = texts.split(f"-- name: {name}\n", 1)[1].partition("\n-- name:")[0]
    lines = [line for line in text.splitlines()
             if line.strip() and not line.startswith("--")]
    return "\n".join(lines).removesuffix(";")


def settings(values):
    return "".join(f"{key} = {libconfig(value)};\n"
                   for key, value in values.items())


def written(item):
    """A group, or a list of groups, with each setting on a line."""
    name, values = item
    if isinstance(values, list):
        return f"{name} = (\n" + ",\n".join(
            f"{{\n{settings(each)}}}" for each in values) + "\n);\n"
    return f"{name}: {{\n{settings(values)}}};\n"


class Page:
    """What the daemon answered to one request."""

    def __init__(self, response, body):
        self.status, self.headers = response.status, response.headers
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def fields(self):
        """Hidden fields and boxes of the page's form, as (name, value)."""
        found = []
        for tag in re.findall(r"<input\b[^>]*>", self.text):
            attributes = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
            if attributes.get("type") in ("hidden", "checkbox"):
                found.append((attributes["name"], attributes.get("value", "")))
        return found


def until_tuesday():
    """The seconds until ten on one: a test's days are the same ones, whenever it
    runs."""
    now = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/London"))
    ten = now.replace(hour=10, minute=0, second=0, microsecond=0)
    ten += datetime.timedelta((1 - now.weekday()) % 7)
    if ten < now:
        ten += datetime.timedelta(7)
    return ten.timestamp() - now.timestamp()


class Board:
    def __init__(self, folder, clock=False):
        self.folder = Path(folder)
        self.port = free_port()
        self.environment = dict(os.environ, LC_ALL="C.UTF-8")
        self.process = None
        self.program = PROGRAMS / "briefingd"
        self.wrapper = []  # a command that the daemon is started by
        self.told = []
        self.clock_file = self.folder / "clock"
        self.shift = self.jumped = 0
        self.is_synchronised = False
        self.known_facts = None  # while something is waited for
        if clock:
            self.advance(until_tuesday())
            self.environment.update(
                LD_PRELOAD=str(preloaded("clock")), CLOCK_FILE=str(self.clock_file),
                ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
                ":verify_asan_link_order=0")
        for name in ("approved", "lists", "state", "templates"):
            (self.folder / name).mkdir()
        self.settings = {
            "board": {"name": "Severnside Safeguarding Children Partnership",
                      "help": "the business manager, 01632 960001"},
            "places": {"approved": str(self.folder / "approved"),
                       "state": str(self.folder / "state")},
            "mail": {"from": "learning@severnside.example",
                     "bounce": "learning-bounce@severnside.example",
                     "help": "learning-help@severnside.example",
                     "rehearsal_address": "rehearsal@severnside.example"},
            "relays": [{"host": "127.0.0.1", "port": 1, "tls": "none",
                        "timeout_seconds": 10}],
            "delivery": {"retry_first_seconds": 1, "retry_most_seconds": 2},
            "web": {"listen": f"127.0.0.1:{self.port}",
                    "base": f"http://127.0.0.1:{self.port}"},
        }

    def slow_disk(self):
        """Its store is on one (only with clock=True)."""
        self.environment["LD_PRELOAD"] += f" {preloaded('disk')}"

    def without(self, name):
        """Its programs run that statement of queries/ to no effect (only with
        clock=True)."""
        self.environment["LD_PRELOAD"] += f" {preloaded('idle')}"
        self.environment["IDLE_STATEMENT"] = statement(name)

    # --- what an administrator and an officer write

    @property
    def conf(self):
        return self.folder / "briefingd.conf"

    def configure(self, **groups):
        """configure(web={"base": "x"}) changes those settings only, and
        relay={"port": 25} those of the first relay."""
        for group, values in groups.items():
            if group == "relay":
                self.settings["relays"][0].update(values)
            else:
                self.settings.setdefault(group, {}).update(values)
        self.conf.write_text("".join(map(written, self.settings.items())))

    def relay(self, server):
        self.configure(relay=self.reached(server))

    def relays(self, **servers):
        """Several, by their names and in that order."""
        usual = {"tls": "none", "timeout_seconds": 10}
        self.settings["relays"] = [
            usual | {"name": name} | self.reached(server, name)
            for name, server in servers.items()]
        self.configure()

    def reached(self, server, name="password"):
        """The settings by which a server is reached; its password lies in the
        file of that name."""
        relay = {"port": server.port, "tls": server.tls_mode,
                 "host": getattr(server, "host", "127.0.0.1")
                 if server.tls_mode == "none" else "localhost"}
        if server.ca:
            relay["ca_file"] = str(server.ca)
        if server.user:
            secret = self.folder / name
            secret.write_text(server.password + "\n")
            secret.chmod(0o600)
            relay.update(user=server.user, password_file=str(secret))
        return relay

    def list(self, name, rows=(), header="address,name", **conf):
        """Both files of a list; each is replaced in one step."""
        values = {"agency": name, "title": f"Members of {name}",
                  "lead": "Lee Lead", "lead_address": f"lead@{name}.example",
                  "schedule": "immediately", "audience": [name],
                  "from_name": "Severnside learning",
                  "reply_to": "learning@severnside.example"} | conf
        self.write(self.folder / "lists" / f"{name}.csv",
                   "".join(f"{line}\n" for line in (header, *rows)))
        self.write(self.folder / "lists" / f"{name}.conf", settings(values))

    def write(self, path, content):
        if isinstance(content, str):
            content = content.encode()
        draft = path.with_name(f".{path.name}.part")
        draft.write_bytes(content)
        draft.rename(path)

    def manifest(self, ref, **values):
        return {"ref": ref, "kind": "learning-together-briefing",
                "title": f"Child {ref}: seeing the child",
                "approved_by": "Safeguarding Children Partnership",
                "approved_on": "2020-02-03", "approval_ref": "Minute 6.2",
                "language": "en-GB", "marking": "OFFICIAL",
                "audience": ["all"],
                "key_messages": ["See the child alone."],
                "questions": ["What will you do differently?"]} | values

    def brief(self, ref, summary="The child was *not* seen alone.\n",
              documents=None, named=None, folder=None, **values):
        """Drops a briefing's folder, complete and still. named: what the
        manifest says of its documents, where that is not the truth."""
        documents = documents or {}
        if documents or named:
            values["documents"] = named or [
                {"file": name, "title": f"Paper {name}"} for name in documents]
        final = self.folder / "approved" / (folder or ref.lower())
        draft = self.folder / f".draft-{ref.lower()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        (draft / "briefing.conf").write_text(settings(self.manifest(ref,
                                                                    **values)))
        (draft / "summary.md").write_text(summary)
        for name, content in documents.items():
            (draft / name).write_bytes(content)
        for path in (*draft.iterdir(), draft):
            self.age(path)
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
        return final

    def age(self, path, seconds=60):
        """As if it were last touched before: it counts as still."""
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))

    # --- the daemon

    def start(self, wait=True, arguments=()):
        if not self.conf.exists():
            self.configure()
        if wait and self.is_plain and not any(
                (self.folder / "state").iterdir()):
            self._give_store()
        self.told = []
        inbox = self.folder / "notify"
        inbox.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(inbox))
        inbox.chmod(0o777)  # for a daemon with a user of its own
        self.notify.setblocking(False)
        self.process = subprocess.Popen(
            [*self.wrapper, self.program, "-c", self.conf, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "log", "a"),
            env=self.environment | {"NOTIFY_SOCKET": str(inbox)})
        if wait:
            self.until(lambda: self.hears("READY=1"), "the daemon is ready")

    def _give_store(self):
        content = empty_store()
        if content:
            path = self.folder / "state" / "briefingd.db"
            path.touch(0o600)
            path.write_bytes(content)

    @property
    def is_plain(self):
        """Do its programs run as they are, but for the clock?"""
        return not self.wrapper and self.environment.get("LD_PRELOAD", "") in (
            "", str(preloaded("clock")))

    def hears(self, word):
        """Has the daemon told its service manager that?"""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told += self.notify.recv(4096).decode().splitlines()
        return word in self.told

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def until(self, condition, what, seconds=30):
        def alive():
            assert self.process is None or self.is_running, \
                f"the daemon ended ({self.process.returncode}): {what}"
            if self.process:
                self.hears("")  # a full socket would hold it up
            return condition()
        self.known_facts = {}
        try:
            return until(alive, what, seconds)
        finally:
            self.known_facts = None

    def stop(self, code=0):
        """SIGTERM; it must end well, and soon."""
        if self.process:
            self.process.terminate()
            ended = self.process.wait(40)
            self.process = None
            self.notify.close()
            assert ended == code, f"the daemon ended with {ended}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        self.notify.close()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def advance(self, seconds):
        """Time passes for the daemon (only with clock=True)."""
        self.shift += seconds
        self._set_clock()

    def jump(self, seconds):
        """Someone sets the daemon's wall clock; no time passes."""
        self.jumped += seconds
        self.shift += seconds
        self._set_clock()

    def synchronise(self, is_synchronised=True):
        """What the kernel says of the daemon's clock."""
        self.is_synchronised = is_synchronised
        self._set_clock()

    def _set_clock(self):
        # in place, for it is mapped
        with open(self.clock_file, "ab"):
            pass
        with open(self.clock_file, "r+b") as file:
            file.write(struct.pack("3d", self.shift, self.jumped,
                                   self.is_synchronised))

    @property
    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + \
            datetime.timedelta(seconds=self.shift)

    @property
    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # --- the control program

    def ctl(self, *arguments, code=0, input=None):
        """Its standard output; fails when it exits with another code. What it
        said on standard error stays in self.said."""
        if not self.conf.exists():
            self.configure()
        words = [str(PROGRAMS / "briefingctl"), "-c", str(self.conf),
                 *map(str, arguments)]
        environment = self.environment
        done = None
        if not self._is_new(code, arguments):
            # looking for leaks takes as long as all the rest
            environment = environment | {
                "ASAN_OPTIONS": environment.get("ASAN_OPTIONS", "") +
                ":detect_leaks=0"}
            if VARIANT == "asan" and self.is_plain and input is None:
                done = self._run_again(words, environment)
        done = done or subprocess.run(words, capture_output=True,
                                      env=environment, timeout=60, input=input)
        self.said = done.stderr.decode()
        assert done.returncode == code, \
            f"briefingctl {' '.join(map(str, arguments))} exited with " \
            f"{done.returncode}: {self.said}{done.stdout.decode()}"
        return done.stdout.decode()

    def _is_new(self, code, arguments):
        """Is it the first time that it is asked for that?"""
        asked = (code, *(word for word in map(str, arguments[:3])
                         if re.fullmatch("[a-z-]+", word)))
        is_new = asked not in asked_for
        asked_for.add(asked)
        return is_new

    def _run_again(self, words, environment):
        """In a child of a briefingctl that is started."""
        idle = spare.setdefault(environment.get("LD_PRELOAD"), [])
        try:
            again = idle.pop()
        except IndexError:
            options = environment["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
            again = Again(words[0], environment | {"ASAN_OPTIONS": options},
                          preloaded("again"))
        done = again.run(words, environment, timeout=60)
        idle.append(again)
        return done

    def facts(self, *arguments):
        """What a verb tells as JSON. Who waits asks again only when the store
        has changed, or for a second has not."""
        known = self.known_facts
        if known is None:
            return json.loads(self.ctl("--json", *arguments))
        now, stamp = time.monotonic(), self._store_stamp()
        at, seen, text = known.get(arguments, (0, None, ""))
        if seen != stamp or now > at + 1:
            text = self.ctl("--json", *arguments)
            known[arguments] = now, stamp, text
        return json.loads(text)

    def _store_stamp(self):
        """Another one once something was written."""
        found = []
        for name in ("briefingd.db", "briefingd.db-wal"):
            with contextlib.suppress(FileNotFoundError):
                now = (self.folder / "state" / name).stat()
                found.append((now.st_ino, now.st_size, now.st_mtime_ns))
        return found

    def live(self):
        self.ctl("mode", "live", "--reason", "the test begins")

    @contextlib.contextmanager
    def store(self):
        """The database, for looking."""
        path = self.folder / "state" / "briefingd.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro",
                                                uri=True, timeout=10)) as db:
            yield db

    def rows(self, statement, *values):
        with self.store() as db:
            return db.execute(statement, values).fetchall()

    def value(self, statement, *values):
        return self.rows(statement, *values)[0][0]

    # --- a reader's browser

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Page(response, response.read())
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, fields):
        return self.request(
            "POST", path, urllib.parse.urlencode(fields),
            {"Content-Type": "application/x-www-form-urlencoded"})

    def wait_as_readers_do(self, mail):
        """Until the mail counts as read; the board's clock must be a shifted
        one, which spares the waiting."""
        # time must not pass between the relay's yes and its record
        self.until(lambda: not self.rows(
            "SELECT 1 FROM delivery JOIN addressee ON delivery_id = id"
            " WHERE state = 'sending' AND address = ?", mail.recipient),
            "the mail's verdict")
        self.advance(MAIL_SECONDS + 1)

    def confirm(self, mail):
        """Opens the mail's link as a person does, ticks all and confirms."""
        self.wait_as_readers_do(mail)
        form = self.get(mail.link)
        assert form.status == 200, form.text
        self.advance(FORM_SECONDS + 1)
        return self.post(mail.link, form.fields)

    def invariants(self):
        """2 and 7, as the store has them at this moment."""
        assert self.rows("SELECT 1 FROM requirement GROUP BY version_id,"
                         " person_id HAVING count(*) > 1") == []
        assert self.rows("SELECT 1 FROM delivery WHERE digest_id IS NOT NULL"
                         " GROUP BY digest_id, person_id, generation"
                         " HAVING count(*) > 1") == []
        assert self.value("PRAGMA integrity_check") == "ok"
        # and all that the tables say, the events say too
        self.ctl("evidence", "verify")
        for briefing in self.facts("report")["briefings"]:
            for row in (*briefing["agencies"], briefing["total"]):
                assert row["required"] == sum(
                    row[state] for state in ("acknowledged", "outstanding",
                                             "missed", "exempt", "closed")), row
