"""The row of the ledger: a store of many events verified, against sha256sum
over the bytes of all leaves.

The store is a board's own, filled by SQL with what a year of a large board
leaves: for each duty its delivery planned, accepted, and acknowledged, in the
tables and as events. The daemon takes them into its ledger and signs it.
"""
import contextlib
import sqlite3
import subprocess
import time

from scene import PROGRAMS, Board, FastSink
from table import Row, median

EVENTS_EACH = 3
PEOPLE = 20000
FILL = """
INSERT INTO person (id, public_id, created_at)
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
		WHERE i < :people)
	SELECT i, printf('p%019d', i), 1700000000 FROM n;
INSERT INTO list (id, name, agency, title, lead, lead_address, schedule,
		audience, deadline_days, mandatory, from_name, reply_to,
		documents, unsure, domains, conf_hash, slots_from_at, loaded_at)
	VALUES (1, 'police', 'police', 'Police', 'A. Lead', 'lead@example.org',
		'immediately', '["all"]', 0, 1, 'Board', 'board@example.org',
		'linked', 'resend', '[]', '', 0, 0);
INSERT INTO briefing (id, ref, created_at)
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
		WHERE i < :versions)
	SELECT i, printf('LTB-2026-%03d', i), 1700000000 FROM n;
INSERT INTO version (id, briefing_id, number, content_hash, kind, title,
		language, marking, approved_by, approved_on, approval_ref,
		acknowledge_within_days, publish, already_circulated, audience,
		themes, key_messages, questions, summary, taken_at)
	SELECT id, id, 1, printf('%064d', id), 'learning-together-briefing',
		'Child', 'en-GB', 'OFFICIAL', 'Board', '2026-11-19', '6.2', 14,
		0, 1, '["all"]', '[]', '[]', '[]', 'x', 1700000000 FROM briefing;
INSERT INTO digest (id, list_id, slot_at, mode, state, created_at)
	SELECT id, 1, id, 'live', 'planned', 1700000000 FROM version;
INSERT INTO letter (id, digest_id, content_key, format, made_at, sender, head,
		body)
	SELECT id, id, id, 1, 0, 'board@example.org', x'00', x'00' FROM version;
CREATE TEMP TABLE duty AS
	WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n
		WHERE i < :duties - 1)
	SELECT i + 1 AS id, i / :people + 1 AS version_id,
		i % :people + 1 AS person_id FROM n;
INSERT INTO delivery (id, digest_id, person_id, generation, letter_id, mode,
		state, attempt, due_at, created_at, claimed_at, ended_at)
	SELECT id, version_id, person_id, 1, version_id, 'live', 'accepted', 1,
		1700000000, 1700000000, 1700000000, 1700000100 FROM duty;
INSERT INTO event (kind, effective_at, recorded_at, actor, body)
	SELECT 'briefing-taken', 1700000000, 1700000000, 'briefingd',
		printf('{"approved_on":"2026-11-19","content_hash":"%064d",'
			|| '"ref":"LTB-2026-%03d","version":1}', id, id)
	FROM version;
INSERT INTO event (kind, effective_at, recorded_at, actor, body)
	SELECT 'delivery-planned', 1700000000, 1700000000, 'briefingd',
		printf('{"agency":"police","closes_at":1715552000,'
			|| '"delivery":%d,"digest":%d,"generation":1,'
			|| '"letter":%d,"list":"police","mode":"live",'
			|| '"person":"p%019d","required":"%d:1701209600",'
			|| '"versions":"%d"}',
			id, version_id, version_id, person_id, version_id,
			version_id)
	FROM duty;
INSERT INTO event (kind, effective_at, recorded_at, actor, body)
	SELECT 'delivery-accepted', 1700000100, 1700000100, 'briefingd',
		printf('{"attempt":1,"code":250,"delivery":%d,"list":"police",'
			|| '"mode":"live","person":"p%019d",'
			|| '"queue_id":"4XkZ%08d","state":"accepted"}',
			id, person_id, id)
	FROM duty;
INSERT INTO event (kind, effective_at, recorded_at, actor, body)
	SELECT 'acknowledged', 1700003600, 1700003600,
		printf('person:p%019d', person_id),
		printf('{"delivery":%d,"grade":"confirmed",'
			|| '"person":"p%019d","receipt":"r%019d",'
			|| '"ref":"LTB-2026-%03d","version":1}',
			id, person_id, id, version_id)
	FROM duty;
INSERT INTO requirement (version_id, person_id, list_id, agency, delivery_id,
		required_at, due_at, closes_at, acknowledged_at, grade, receipt,
		event_id)
	SELECT d.version_id, d.person_id, 1, 'police', d.id, 1700000000,
		1701209600, 1715552000, 1700003600, 'confirmed',
		printf('r%019d', d.id),
		(SELECT max(id) FROM event) - :duties + d.id
	FROM duty d ORDER BY d.id;
"""
LEAVES = """
SELECT '{"actor":"' || actor || '","body":' || body || ',"effective_at":'
	|| effective_at || ',"id":' || id || ',"kind":"' || kind
	|| '","recorded_at":' || recorded_at || '}' FROM event ORDER BY id
"""


def fill(board, count):
    duties = max(1, count // EVENTS_EACH)
    values = {"people": min(PEOPLE, duties), "duties": duties,
              "versions": (duties + PEOPLE - 1) // PEOPLE}
    path = board.folder / "state/briefingd.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        for statement in FILL.split(";\n"):
            if statement.strip():
                db.execute(statement, values)
        db.execute("COMMIT")


def write_leaves(board, path):
    with open(path, "w") as file:
        for leaf, in board.rows(LEAVES):
            file.write(leaf)
    return path.stat().st_size


def timed(*command):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: {command}: {done.stdout}{done.stderr}")
    return time.monotonic() - began


def evidence_rows(folder, options):
    ours, theirs = [], []
    with FastSink() as sink:
        (folder / "board").mkdir()
        board = Board(folder / "board")
        board.relay(sink)
        board.start()
        board.stop()
        fill(board, options.leaves)
        board.start()
        # the ledger takes them up, and a checkpoint is made
        board.until(lambda: board.facts("evidence", "head")["size"] >
                    options.leaves // EVENTS_EACH * EVENTS_EACH,
                    "the ledger has them all", seconds=120)
        board.stop()
        size = write_leaves(board, folder / "leaves")
        for _ in range(options.runs):
            theirs.append(timed("sha256sum", folder / "leaves"))
            ours.append(timed(PROGRAMS / "briefingctl", "-c", board.conf,
                              "evidence", "verify"))
            print(f"  evidence verify {ours[-1]:.2f} s, "
                  f"sha256sum {theirs[-1]:.2f} s", flush=True)
    return [Row(f"evidence verify, {options.leaves:,} leaves of "
                f"{size / options.leaves:.0f} bytes",
                f"{median(ours):.2f} s", "sha256sum of the same bytes",
                f"{median(theirs):.2f} s",
                median(a / b for a, b in zip(ours, theirs)), 4, most=True)]
