"""What power.c wrote down of a run, and the disk as a power cut at any point of
it leaves it.

Durable is what was synced: a file's bytes by a sync of the file, a name by a
sync of its folder. Of what was not, a disk may have kept anything, so there are
several images of one cut:

    none    nothing of it
    all     all of it, as a kill leaves it
    names   all names, and of the files only what was synced
    data    all bytes, and only the names that were synced
    torn    the first few names, and of the bytes any 512-byte sectors
"""
import bisect
import collections
import itertools
import os
import random
import re
import struct

from servers import Mail

JOURNAL_SIZE = 96 << 20
HEAD_SIZE, SECTOR = 64, 512
KINDS = ("OPENED WRITTEN CUT_OFF SYNCED SYNCED_FOLDER RENAMED REMOVED "
         "MADE_FOLDER SAID HEARD CONNECTED LOGGED ENDED").split()
ON_DISK = set(KINDS[:KINDS.index("SAID")])
VARIANTS = ("none", "all", "names", "data", "torn")

Record = collections.namedtuple("Record",
                                "place kind process file at path data")


def make_journal(path):
    with open(path, "wb") as file:
        file.truncate(JOURNAL_SIZE)  # a hole until it is used
    return path


def read_journal(path):
    head = struct.Struct("<6I2q")
    with open(path, "rb") as file:
        used, = struct.unpack("<Q", file.read(8))
        file.seek(HEAD_SIZE)
        raw = file.read(used)
    records, place = [], 0
    while place < used:
        size, kind, path_size, data_size, process, _, number, at = \
            head.unpack_from(raw, place)
        middle = place + head.size + path_size
        records.append(Record(
            place, KINDS[kind - 1], process, number, at,
            raw[place + head.size:middle].decode(),
            raw[middle:middle + data_size]))
        place += size
    return records


# --- the disk

def put(content, at, data):
    """data is None: the file is cut off there, or grows to there."""
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at:at + len(data)] = data


class File:
    def __init__(self):
        self.durable, self.now = bytearray(), bytearray()
        self.pending = []  # (place, at, data)

    def change(self, place, at, data):
        put(self.now, at, data)
        self.pending.append((place, at, data))

    def sync(self, began):
        """False: there was nothing to sync."""
        done = [each for each in self.pending if each[0] < began]
        self.pending = [each for each in self.pending if each[0] >= began]
        for _, at, data in done:
            put(self.durable, at, data)
        return bool(done)

    def torn(self, dice):
        content, share = bytearray(self.durable), dice.random()
        for _, at, data in self.pending:
            if data is None:
                if dice.random() < share:
                    put(content, at, None)
                continue
            ends = [*range(at // SECTOR * SECTOR + SECTOR, at + len(data),
                           SECTOR), at + len(data)]
            for begin, end in itertools.pairwise([at, *ends]):
                if dice.random() < share:
                    put(content, begin, data[begin - at:end - at])
        return content


FOLDER = None  # what a folder's name stands for


class Disk:
    """Everything below one folder, which is empty and durable at first."""

    def __init__(self, root):
        self.root = str(root)
        self.names, self.durable_names = {}, {}
        self.pending = []  # (place, {path: File, FOLDER or ... for none})
        self.inodes = {}
        # two images with the same numbers are the same
        self.version = collections.Counter()

    def apply(self, record):
        if record.kind in ON_DISK:
            getattr(self, "_" + record.kind.lower())(record)

    # --- files

    def _opened(self, record):
        if record.path not in self.names:
            self._rename(record, {record.path: File()})
        self.inodes[record.file] = self.names[record.path]

    def _change(self, record, data):
        self.inodes[record.file].change(record.place, record.at, data)
        self.version["data"] += 1

    def _written(self, record):
        self._change(record, record.data)

    def _cut_off(self, record):
        self._change(record, None)

    def _synced(self, record):
        if self.inodes[record.file].sync(record.at):
            self.version["durable data"] += 1

    # --- names

    def _rename(self, record, changes):
        for path, file in changes.items():
            if file is ...:
                del self.names[path]
            else:
                self.names[path] = file
        self.pending.append((record.place, changes))
        self.version["names"] += 1

    def _renamed(self, record):
        to = record.data.decode()
        assert os.path.dirname(to) == os.path.dirname(record.path)
        self._rename(record, {to: self.names[record.path], record.path: ...})

    def _removed(self, record):
        self._rename(record, {record.path: ...})

    def _made_folder(self, record):
        self._rename(record, {record.path: FOLDER})

    def _synced_folder(self, record):
        is_done = lambda each: each[0] < record.at and \
            os.path.dirname(next(iter(each[1]))) == record.path
        done = [each for each in self.pending if is_done(each)]
        self.pending = [each for each in self.pending if not is_done(each)]
        self._settle(self.durable_names, done)
        self.version["durable names"] += bool(done)

    @staticmethod
    def _settle(names, changes):
        for _, change in changes:
            for path, file in change.items():
                if file is ...:
                    names.pop(path, None)
                else:
                    names[path] = file

    # --- images

    def number(self, variant):
        """Equal numbers, equal images. None: another variant has it already."""
        is_synced = not any(file and file.pending
                            for file in self.names.values())
        if variant == "torn":
            return None if is_synced and not self.pending else \
                tuple(self.version.values())
        if variant == "all" and is_synced or \
                variant in ("names", "data") and not self.pending:
            return None
        return (self.version["names" if variant in ("all", "names")
                             else "durable names"],
                self.version["data" if variant in ("all", "data")
                             else "durable data"])

    def image(self, variant, dice):
        """{path below the root: bytes, or FOLDER}"""
        names = dict(self.durable_names)
        if variant in ("all", "names"):
            names = self.names
        elif variant == "torn":
            kept = dice.randint(0, len(self.pending))
            self._settle(names, self.pending[:kept])
        content = {
            "none": lambda file: file.durable, "all": lambda file: file.now,
            "names": lambda file: file.durable, "data": lambda file: file.now,
            "torn": lambda file: file.torn(dice)}[variant]
        image = {}
        for path, file in sorted(names.items()):
            above = os.path.dirname(path)
            if above == self.root or above in names:
                image[os.path.relpath(path, self.root)] = \
                    FOLDER if file is FOLDER else bytes(content(file))
        return {path: content for path, content in image.items()
                if os.path.dirname(path) in ("", *image)}


def write_image(image, folder):
    folder.mkdir()
    for path, content in image.items():
        if content is FOLDER:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)
            (folder / path).chmod(0o600)


def read_image(folder):
    """What a folder holds; SQLite's -shm is memory."""
    return {str(path.relative_to(folder)):
            FOLDER if path.is_dir() else path.read_bytes()
            for path in folder.rglob("*") if not path.name.endswith("-shm")}


# --- the world

class Connection:
    """What was said on one, with the place at which each byte was."""

    def __init__(self):
        self.raw, self.ends, self.places = b"", [], []

    def add(self, place, data):
        self.raw += data
        self.ends.append(len(self.raw))
        self.places.append(place)

    def place(self, byte):
        return self.places[bisect.bisect_right(self.ends, byte)]


TALK = re.compile(rb"MAIL FROM:<(.*?)>.*?\r\nRCPT TO:<(.*?)>.*?\r\n"
                  rb"DATA\r\n(.*?\r\n)\.\r\n", re.DOTALL)


class World:
    """What it has seen and was told, each with its place in the journal."""

    def __init__(self, records):
        self.begun = []      # (place, mail): the relay hears of it
        self.offered = []    # (place, mail): it may have taken it
        self.recorded = []   # (place, path): a page said so
        self.left = []       # (place, path): a page said so of a list
        self.asked = []      # (place, path): that was posted
        self.logged = []     # (place, line)
        self.done = []       # (place, arguments): verbs of briefingctl
        said = collections.defaultdict(Connection)
        heard = {}
        for record in records:
            self._see(record, said, heard)
        for connection in said.values():
            self._read_mails(connection)
        for seen in (self.begun, self.offered):
            seen.sort(key=lambda each: each[0])

    def _see(self, record, said, heard):
        place, number = record.place, (record.process, record.file)
        if record.kind == "CONNECTED":
            if number in said:
                said[number, place] = said.pop(number)
            heard.pop(number, None)
        elif record.kind == "SAID":
            said[number].add(place, record.data)
            if b"It is recorded." in record.data:
                self.recorded.append((place, heard[number]))
            if b"You are off the list" in record.data:
                self.left.append((place, heard[number]))
        elif record.kind == "HEARD":
            post = re.match(rb"POST (/\S+) ", record.data)
            if post:
                heard[number] = post[1].decode()
                self.asked.append((place, heard[number]))
        elif record.kind == "LOGGED":
            self.logged.append((place, record.data.decode()))
        elif record.kind == "ENDED":
            self.done.append((place, record.data.decode()))

    def _read_mails(self, connection):
        for found in TALK.finditer(connection.raw):
            sender, recipient, raw = found.groups()
            mail = Mail(sender.decode(), recipient.decode(),
                        re.sub(rb"(?m)^\.", b"", raw))
            self.begun.append((connection.place(found.start()), mail))
            self.offered.append((connection.place(found.end() - 1), mail))

    def until(self, place):
        """The world as it was when the power went."""
        world = object.__new__(World)
        for name, seen in vars(self).items():
            setattr(world, name, [each for each in seen if each[0] <= place])
        return world


# --- cuts

Cut = collections.namedtuple("Cut", "index variant")


def find_cuts(records, root, variants=VARIANTS):
    """Each image that a cut can leave, once, behind the last record that leaves
    it: by then the world had been told most."""
    found, before, disk = [], dict.fromkeys(variants), Disk(root)
    for index, record in enumerate(records):
        disk.apply(record)
        for variant in variants:
            number = disk.number(variant)
            if number != before[variant] and before[variant] is not None:
                found.append(Cut(index - 1, variant))
            before[variant] = number
    return found + [Cut(len(records) - 1, variant) for variant in variants
                    if before[variant] is not None]


def images(records, root, wanted, seed):
    """(cut, its image) for each, in order."""
    disk, done = Disk(root), 0
    for cut in sorted(wanted):
        for record in records[done:cut.index + 1]:
            disk.apply(record)
        done = max(done, cut.index + 1)
        yield cut, disk.image(cut.variant, random.Random(f"{seed} {cut}"))
