#!/usr/bin/python3
"""Verifies an inspection pack of briefingd, without anything of briefingd.

    verify_pack.py PACK.zip [KEY]

Written from RFC 6962 section 2.1 and RFC 9162 sections 2.1.3 and 2.1.4 (Merkle
trees), RFC 8032 (Ed25519), C2SP signed-note, tlog-checkpoint and tlog-proof,
and docs/verify-evidence.md (what a pack holds). KEY is the public key as the
board made it known ("name+id+key"), from the minutes say: without it the key
in the pack is believed. Exit status: 0 all is good, 1 something is not.
"""
import base64
import csv
import hashlib
import io
import json
import sys
import zipfile


class Trouble(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Trouble(what)


def unbase64(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Trouble(f"{text[:20]!r} is not base64") from None


# --- Ed25519 (RFC 8032, 5.1), in the plainest way

P = 2 ** 255 - 19
Q = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def recover_x(y, sign):
    need(y < P, "a point that is none")
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need((x * x - x2) % P == 0 and (x or not sign), "a point that is none")
    return P - x if x & 1 != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return x, y, 1, x * y % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, p):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, p)
        p, scalar = add(p, p), scalar >> 1
    return total


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = point(BASE_Y.to_bytes(32, "little"))


def signature_is_good(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= Q:
        return False
    h = int.from_bytes(
        hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    left = multiply(s, BASE)
    right = add(point(signature[:32]), multiply(h, point(key)))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and \
        (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- Merkle trees (RFC 6962, 2.1)

def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves):
    """MTH of a list of leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


def inclusion_is_good(leaf, index, size, path, root):
    """RFC 9162, 2.1.3.2"""
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistency_is_good(first, first_root, second, second_root, path):
    """RFC 9162, 2.1.4.2"""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    path = list(path)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


# --- notes, checkpoints, proofs (C2SP)

def parse_key(text):
    """name, id and public key of a verifier key"""
    parts = text.strip().split("+", 2)
    need(len(parts) == 3, "not a verifier key")
    name, key = parts[0], unbase64(parts[2])
    need(len(key) == 33 and key[0] == 1, "not an Ed25519 key")
    made = hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    need(made == parts[1], "the key's id is not its own")
    return name, bytes.fromhex(made), key[1:]


def open_note(note, key):
    """the text of a note that the key signed"""
    name, key_id, public = key
    text, empty, lines = note.rpartition("\n\n")
    need(empty and lines.endswith("\n"), "not a note")
    text += "\n"
    for line in lines.splitlines():
        need(line.startswith("\u2014 ") and line.count(" ") == 2,
             "not a note's signature")
        signed = unbase64(line.split(" ")[2])
        if line.split(" ")[1] == name and signed[:4] == key_id:
            need(signature_is_good(public, text.encode(), signed[4:]),
                 "the signature is forged")
            return text
    raise Trouble("not signed by the key")


def parse_checkpoint(text):
    """origin, size and root"""
    lines = text.split("\n")
    need(len(lines) >= 4 and lines[-1] == "", "not a checkpoint")
    need(lines[1].isdigit() and str(int(lines[1])) == lines[1],
         "not a checkpoint's size")
    root = unbase64(lines[2])
    need(len(root) == 32, "not a root hash")
    return lines[0], int(lines[1]), root


def open_checkpoint(note, key):
    return parse_checkpoint(open_note(note, key))


def check_proof(text, key):
    """the leaf of a tlog-proof, when all of it is right"""
    head, empty, note = text.partition("\n\n")
    need(empty, "not a proof")
    lines = head.split("\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1" and len(lines) >= 3 and
         lines[1].startswith("extra ") and lines[2].startswith("index "),
         "not a proof")
    leaf = unbase64(lines[1][len("extra "):])
    index = int(lines[2][len("index "):])
    _, size, root = open_checkpoint(note, key)
    need(inclusion_is_good(leaf_hash(leaf), index, size,
                           [unbase64(line) for line in lines[3:]], root),
         f"leaf {index} is not in the tree")
    return leaf


# --- the pack (docs/verify-evidence.md)

class Pack:
    def __init__(self, path, key=None):
        self.zip = zipfile.ZipFile(path)
        need(self.zip.testzip() is None, "the zip is damaged")
        self.names = self.zip.namelist()
        need(len(set(self.names)) == len(self.names), "a file stands twice")
        self.key = parse_key(key or self.text("ledger/key"))
        self.head = open_checkpoint(self.text("ledger/checkpoint"), self.key)
        self.leaves = {}

    def bytes(self, name):
        need(name in self.names, f"{name} is not there")
        return self.zip.read(name)

    def text(self, name):
        return self.bytes(name).decode()

    def lines(self, name):
        return [json.loads(line) for line in self.text(name).splitlines()]

    def table(self, name):
        return list(csv.DictReader(io.StringIO(self.text(name), newline="")))

    def check_sums(self):
        listed = dict(reversed(line.split("  ", 1))
                      for line in self.text("SHA256SUMS").splitlines())
        need(set(listed) == set(self.names) - {"SHA256SUMS"},
             "SHA256SUMS lists other files")
        for name, wanted in listed.items():
            need(hashlib.sha256(self.bytes(name)).hexdigest() == wanted,
                 f"{name} is not what SHA256SUMS says")

    def check_leaves(self):
        _, size, root = self.head
        for line in self.lines("ledger/leaves.jsonl"):
            leaf, index = line["leaf"].encode(), line["index"]
            need(inclusion_is_good(
                leaf_hash(leaf), index, size,
                [unbase64(each) for each in line["proof"]], root),
                f"leaf {index} is not in the checkpoint")
            event = json.loads(leaf)
            need(event["id"] == index + 1, f"leaf {index} is another event")
            self.leaves[event["id"]] = event

    def check_checkpoints(self):
        """that the pack's one goes on from each that a mail may carry"""
        _, size, root = self.head
        for line in self.lines("ledger/checkpoints.jsonl"):
            _, old_size, old_root = open_checkpoint(line["note"],
                                                    parse_key(line["key"]))
            need(consistency_is_good(
                old_size, old_root, size, root,
                [unbase64(each) for each in line["proof"]]),
                f"the checkpoint of {old_size} is of another history")

    def check_texts(self):
        for line in self.lines("ledger/texts.jsonl"):
            event = self.leaves[line["event"]]
            promised = hashlib.sha256(bytes.fromhex(line["salt"]) +
                                      line["text"].encode()).hexdigest()
            need(event["body"].get(line["name"]) == promised,
                 f"the {line['name']} of event {event['id']} is another")

    def of_kind(self, kind):
        return [e for e in self.leaves.values() if e["kind"] == kind]

    def check_manifests(self):
        taken = {e["body"]["version"]: e["body"]["content_hash"]
                 for e in self.of_kind("briefing-taken")}
        approvals = {(self.leaves[line["event"]]["body"]["version"],
                      line["name"]): line["text"]
                     for line in self.lines("ledger/texts.jsonl")}
        for name in self.names:
            if not name.startswith("briefing/"):
                continue
            manifest = json.loads(self.text(name))
            number = manifest["version"]
            need(taken.get(number) == manifest["content_hash"],
                 f"{name} is not what was approved")
            for word in ("approved_by", "approval_ref"):
                need(approvals.get((number, word), manifest[word]) ==
                     manifest[word], f"{name}: {word} is another")

    def check_letters(self):
        made = {e["body"]["letter"]: e["body"]["sha256"]
                for e in self.of_kind("letter-made")}
        for name in self.names:
            if name.startswith("mail/letter-") and name.endswith(".stored"):
                number = int(name[len("mail/letter-"):-len(".stored")])
                need(made.get(number) ==
                     hashlib.sha256(self.bytes(name)).hexdigest(),
                     f"{name} is not what was made")

    def standing(self):
        """the acknowledgements that nobody disowned since"""
        standing = {}
        for event in sorted(self.leaves.values(), key=lambda e: e["id"]):
            body = event["body"]
            who = body.get("person"), str(body.get("version"))
            if event["kind"] == "acknowledged":
                standing[who] = event
            elif (event["kind"] == "acknowledgement-disowned" and
                  body["as"] == "required"):
                need(standing.pop(who, {"id": 0})["id"] == body["event"],
                     f"event {event['id']} disowns what did not stand")
        return standing

    def check_lists(self):
        """each line against its events; gives the lines"""
        planned = {}
        for event in self.of_kind("delivery-planned"):
            body = event["body"]
            for each in filter(None, body.get("required", "").split(",")):
                version, due = each.split(":")
                planned.setdefault(body["person"], []).append(
                    (due, str(body["closes_at"]), body["agency"],
                     str(event["recorded_at"])))
        acknowledged = self.standing()
        lines, seen = [], set()
        for name in self.names:
            if name.startswith("lists/"):
                lines += self.table(name)
        for line in lines:
            who = line["person"], line["version"]
            need((line["due_at"], line["closes_at"], line["agency"],
                  line["required_at"]) in planned.get(line["person"], []),
                 f"person {line['person']}: the duty is another")
            if not line["acknowledged_at"]:
                need(who not in acknowledged,
                     f"person {line['person']} has acknowledged it")
                continue
            event = acknowledged.get(who)
            need(event and line["event"] == str(event["id"]) and
                 line["acknowledged_at"] == str(event["effective_at"]) and
                 line["grade"] == event["body"]["grade"],
                 f"person {line['person']}: the acknowledgement is another")
            seen.add(who)
        need(seen == set(acknowledged), "an acknowledgement is not in a list")
        return lines

    def attested(self):
        """whom, and of which version, a lead attests by a sheet that stands"""
        sheets = {e["id"]: e["body"]["people"]
                  for e in self.of_kind("sheet-recorded")}
        signed = [e["body"]["sheet"] for e in self.of_kind("attested")]
        for sheet, people in sheets.items():
            need(signed.count(sheet) == people,
                 f"sheet {sheet} has other people than it says")
        need(set(signed) <= set(sheets), "an attestation is of no sheet")
        standing = {}
        for event in sorted(self.leaves.values(), key=lambda e: e["id"]):
            body = event["body"]
            if event["kind"] == "attested":
                standing[event["id"]] = body
            elif event["kind"] == "attestation-undone":
                need(standing.pop(body["attested"], None),
                     f"event {event['id']} undoes what did not stand")
            elif event["kind"] == "sheet-undone":
                undone = [number for number, each in standing.items()
                          if each["sheet"] == body["sheet"]]
                need(len(undone) == body["people"],
                     f"event {event['id']} undoes other people than it says")
                for number in undone:
                    del standing[number]
        return {(body["person"], str(body["version"]))
                for body in standing.values()}

    def check_report(self, lines):
        total = json.loads(self.text("report/reach.json"))["total"]
        attested = self.attested()
        need(total["attested"] == sum(
            1 for line in lines if not line["acknowledged_at"] and
            (line["person"], line["version"]) in attested),
             "the report has other people attested than the sheets")
        need(total["required"] == len(lines) and total["acknowledged"] ==
             sum(1 for line in lines if line["acknowledged_at"]),
             "the report has other figures than the lists")

    def check_copies(self):
        accepted = {e["body"]["delivery"]: e["effective_at"]
                    for e in self.of_kind("delivery-accepted")}
        for copy in self.table("mail/copies.csv"):
            need(accepted.get(int(copy["delivery"])) ==
                 int(copy["accepted_at"]),
                 f"delivery {copy['delivery']} was not accepted then")

    def check(self):
        self.check_sums()
        self.check_leaves()
        self.check_checkpoints()
        self.check_texts()
        self.check_manifests()
        self.check_letters()
        self.check_report(self.check_lists())
        self.check_copies()


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        pack = Pack(*arguments)
        pack.check()
    except (Trouble, KeyError, ValueError, zipfile.BadZipFile) as why:
        print(f"NOT GOOD: {why}")
        return 1
    origin, size, root = pack.head
    print(f"good: {len(pack.leaves)} events\n{origin}\n{size}\n"
          f"{base64.b64encode(root).decode()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
