-- Times are UTC seconds (INTEGER) in columns named ..._at; dates of the board's
-- calendar are ISO text in columns named ..._on.
--
-- Of three words or more, CHECK (x = 'a' OR ...): for x IN ('a', ...) SQLite
-- fills a temporary B-tree for each row that is written, which takes as long as
-- the row. So it does for an index's WHERE.

-- The one board that this store serves.
CREATE TABLE board (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	mode TEXT NOT NULL DEFAULT 'rehearsal'
		CHECK (mode IN ('rehearsal', 'live')),
	paused_at INTEGER,
	paused_reason TEXT,
	-- where the store last ran: another machine or file is a restore or a clone
	home TEXT,
	-- the wall clock jumped forward by clock_ahead seconds, and nothing goes out
	clock_held_at INTEGER,
	clock_ahead INTEGER,
	-- the machine's start that the daemon last ran in, and the wall clock less
	-- the time since: as long as it stays the same, no clock jumped
	boot_id TEXT,
	clock_offset INTEGER,
	created_at INTEGER NOT NULL
) STRICT;

-- What was promised to the past: one row per change that is evidence, never
-- changed and never deleted. body is canonical JSON (sorted keys, no spaces)
-- and holds random person ids and salted hashes of free text, never a name.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,
	effective_at INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,
	actor TEXT NOT NULL,
	body TEXT NOT NULL
) STRICT;
-- what makes a version new to someone, besides versions; no index over all
-- kinds, which each mail would have to write to
CREATE INDEX event_renewal ON event (id) WHERE kind = 'mode-set'
	OR kind = 'list-loaded' OR kind = 'briefing-restored'
	OR kind = 'address-released';

-- Free text of an event, apart from it, so that it can be erased: the body has
-- its salted SHA-256 under the same name.
CREATE TABLE event_text (
	event_id INTEGER NOT NULL REFERENCES event (id),
	name TEXT NOT NULL,
	salt BLOB NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (event_id, name)
) STRICT;

-- People at the control program, by the random id that events know them by;
-- personal data.
CREATE TABLE operator (
	public_id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE -- "jo@host"
) STRICT;

-- The Merkle tree over the events (core/ledger.h): how many of them it has, and
-- the hashes, 256 a tile.
CREATE TABLE ledger (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	size INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO ledger (id) VALUES (1);

CREATE TABLE ledger_tile (
	level INTEGER NOT NULL,
	number INTEGER NOT NULL,
	hashes BLOB NOT NULL,
	PRIMARY KEY (level, number)
) STRICT;

-- Public keys that signed checkpoints, as C2SP verifier keys.
CREATE TABLE ledger_key (
	id INTEGER PRIMARY KEY,
	verifier TEXT NOT NULL UNIQUE,
	first_used_at INTEGER NOT NULL
) STRICT;

-- Signed notes over the first size events; never changed and never deleted.
CREATE TABLE checkpoint (
	size INTEGER PRIMARY KEY,
	made_at INTEGER NOT NULL,
	note TEXT NOT NULL,
	key_id INTEGER NOT NULL REFERENCES ledger_key (id)
) STRICT;

-- ---------------------------------------------------------------- briefings

CREATE TABLE briefing (
	id INTEGER PRIMARY KEY,
	ref TEXT NOT NULL UNIQUE,
	created_at INTEGER NOT NULL,
	withdrawn_at INTEGER,
	withdrawn_reason TEXT
) STRICT;

CREATE TABLE version (
	id INTEGER PRIMARY KEY,
	briefing_id INTEGER NOT NULL REFERENCES briefing (id),
	number INTEGER NOT NULL CHECK (number >= 1),
	-- SHA-256 over all that the manifest says and names
	content_hash TEXT NOT NULL,
	kind TEXT NOT NULL,
	title TEXT NOT NULL,
	language TEXT NOT NULL,
	marking TEXT NOT NULL,
	approved_by TEXT NOT NULL,
	approved_on TEXT NOT NULL,
	approval_ref TEXT NOT NULL,
	not_before_at INTEGER NOT NULL DEFAULT 0,
	acknowledge_within_days INTEGER NOT NULL,
	publish INTEGER NOT NULL CHECK (publish IN (0, 1)),
	already_circulated INTEGER NOT NULL CHECK (already_circulated IN (0, 1)),
	audience TEXT NOT NULL, -- JSON lists of text
	themes TEXT NOT NULL,
	key_messages TEXT NOT NULL,
	questions TEXT NOT NULL,
	-- 1: a small change. It closes no version before it: who had one of
	-- those that are open is not asked again, and confirms that one
	carries INTEGER NOT NULL DEFAULT 0 CHECK (carries IN (0, 1)),
	changes TEXT NOT NULL DEFAULT '', -- what is new in it, for people
	-- 1: of the back catalogue that joiners get
	essential INTEGER NOT NULL DEFAULT 0 CHECK (essential IN (0, 1)),
	taken_at INTEGER NOT NULL,
	-- when it was withdrawn or superseded, and with it each requirement
	-- that was outstanding then (standing_requirement); never undone
	closed_at INTEGER,
	closed_as TEXT CHECK (closed_as IN ('withdrawn', 'superseded')),
	summary TEXT NOT NULL, -- CommonMark; last, for it may be long
	CHECK ((closed_at IS NULL) = (closed_as IS NULL)),
	UNIQUE (briefing_id, number),
	UNIQUE (briefing_id, content_hash)
) STRICT;
-- when something became sendable is asked every turn: not past each summary
CREATE INDEX version_times ON version (not_before_at, taken_at);

CREATE TABLE document (
	version_id INTEGER NOT NULL REFERENCES version (id),
	position INTEGER NOT NULL CHECK (position >= 1),
	file TEXT NOT NULL,
	title TEXT NOT NULL,
	sha256 TEXT NOT NULL, -- hex; the bytes are at documents/SHA256 in the store
	size INTEGER NOT NULL,
	type TEXT NOT NULL, -- media type
	PRIMARY KEY (version_id, position)
) STRICT;

CREATE TABLE action (
	version_id INTEGER NOT NULL REFERENCES version (id),
	position INTEGER NOT NULL,
	ref TEXT NOT NULL,
	agency TEXT NOT NULL,
	text TEXT NOT NULL,
	due_on TEXT,
	PRIMARY KEY (version_id, position)
) STRICT;

-- A version with its briefing's part; the highest number is in force.
CREATE VIEW briefing_version AS
SELECT version.id, version.briefing_id, version.number,
	version.number = (SELECT MAX(other.number) FROM version AS other
		WHERE other.briefing_id = version.briefing_id) AS is_latest,
	briefing.ref, version.kind, version.title, version.language,
	version.marking, version.approved_by, version.approved_on,
	version.approval_ref, version.not_before_at,
	version.acknowledge_within_days, version.publish,
	version.already_circulated, version.audience, version.themes,
	version.key_messages, version.questions, version.summary,
	version.taken_at, briefing.withdrawn_at, briefing.withdrawn_reason,
	version.carries, version.changes, version.closed_at, version.essential
FROM version JOIN briefing ON briefing.id = version.briefing_id;

-- What the last scan made of each folder below approved/.
CREATE TABLE folder (
	name TEXT PRIMARY KEY,
	state TEXT NOT NULL CHECK (state = 'waiting' OR state = 'taken'
		OR state = 'rejected'),
	ref TEXT,	      -- of the briefing, once taken
	detail TEXT NOT NULL, -- what it waits for, ref and version, or the problems
	stamp TEXT NOT NULL,  -- of names, sizes and times, to see that it is still
	seen_at INTEGER NOT NULL
) STRICT;

-- -------------------------------------------------------- lists and people

CREATE TABLE list (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	agency TEXT NOT NULL,
	title TEXT NOT NULL,
	lead TEXT NOT NULL,
	lead_address TEXT NOT NULL,
	review_on TEXT,
	schedule TEXT NOT NULL,
	audience TEXT NOT NULL, -- JSON list
	deadline_days INTEGER NOT NULL, -- 0: the briefing's own
	mandatory INTEGER NOT NULL CHECK (mandatory IN (0, 1)),
	from_name TEXT NOT NULL,
	reply_to TEXT NOT NULL,
	documents TEXT NOT NULL CHECK (documents IN ('linked', 'attached')),
	unsure TEXT NOT NULL CHECK (unsure IN ('resend', 'hold')),
	domains TEXT NOT NULL, -- JSON list; where marked content may go
	quiet_hours TEXT NOT NULL DEFAULT '', -- "20:00-07:00"; nothing is sent
	-- days overdue after which the lead and then the board member are told,
	-- 0: never; and up to which deadline they were
	escalate_to_lead_days INTEGER NOT NULL DEFAULT 0,
	lead_told_due_at INTEGER NOT NULL DEFAULT 0,
	escalate_to_board_days INTEGER NOT NULL DEFAULT 0,
	board_told_due_at INTEGER NOT NULL DEFAULT 0,
	board_member TEXT NOT NULL DEFAULT '',
	board_member_address TEXT NOT NULL DEFAULT '',
	catalogue_per_week INTEGER NOT NULL DEFAULT 0, -- for a joiner; 0: none
	reminders TEXT NOT NULL DEFAULT '', -- days from the deadline: "-3,1"
	-- reminders and withdrawals up to this time are dealt with
	notes_from_at INTEGER NOT NULL DEFAULT 0,
	-- what a confirmation asks besides the tick
	confirm TEXT NOT NULL DEFAULT 'tick'
		CHECK (confirm = 'tick' OR confirm = 'code'
			OR confirm = 'email'),
	conf_hash TEXT NOT NULL,
	csv_hash TEXT NOT NULL DEFAULT '', -- of the last CSV applied whole
	waiting_hash TEXT,		   -- of a CSV that the guard holds
	waiting_removals INTEGER,
	accepted_hash TEXT, -- what "list accept" let through
	problem TEXT,	    -- why the files as they are now can't be used
	slots_from_at INTEGER NOT NULL, -- slots up to this time are dealt with
	-- the Monday up to which its lead was told who can't be reached
	told_slot_at INTEGER NOT NULL DEFAULT 0,
	loaded_at INTEGER NOT NULL,
	removed_at INTEGER
) STRICT;

CREATE TABLE person (
	id INTEGER PRIMARY KEY,
	public_id TEXT NOT NULL UNIQUE, -- random; the only name events know
	created_at INTEGER NOT NULL
) STRICT;

-- Personal data, apart from what must survive erasure.
CREATE TABLE identity (
	person_id INTEGER PRIMARY KEY REFERENCES person (id),
	address_key TEXT UNIQUE, -- NULL: the address is another person's now
	address TEXT NOT NULL,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	team TEXT NOT NULL
) STRICT;

CREATE TABLE member (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	person_id INTEGER NOT NULL REFERENCES person (id),
	row_key TEXT, -- the CSV's id, else the address key; NULL once removed
	row_hash TEXT NOT NULL,
	is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
	-- a mailbox that several people read: each may confirm by name
	is_shared INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1)),
	since_on TEXT, -- when they joined, as the agency says
	joined_at INTEGER NOT NULL, -- since_on, else when the row was first seen
	status TEXT NOT NULL CHECK (status = 'active' OR status = 'left'
		OR status = 'on-leave'),
	added_at INTEGER NOT NULL,
	removed_at INTEGER, -- NULL while the row is in the CSV
	UNIQUE (list_id, person_id),
	UNIQUE (list_id, row_key)
) STRICT;
CREATE INDEX member_person ON member (person_id);
-- planning takes a list's members in slices
CREATE INDEX member_list ON member (list_id, id);

-- A status that a person or a verb recorded: it wins until the row changes.
CREATE TABLE member_status (
	id INTEGER PRIMARY KEY,
	member_id INTEGER NOT NULL REFERENCES member (id),
	status TEXT NOT NULL CHECK (status = 'left' OR status = 'on-leave'
		OR status = 'not-for-me'),
	from_at INTEGER NOT NULL,
	until_at INTEGER,
	row_hash TEXT NOT NULL,
	recorded_at INTEGER NOT NULL,
	actor TEXT NOT NULL
) STRICT;
CREATE INDEX member_status_member ON member_status (member_id);

-- ------------------------------------------------------ digests and delivery

CREATE TABLE digest (
	id INTEGER PRIMARY KEY,
	list_id INTEGER NOT NULL REFERENCES list (id),
	slot_at INTEGER NOT NULL,
	mode TEXT NOT NULL CHECK (mode IN ('rehearsal', 'live')),
	state TEXT NOT NULL CHECK (state IN ('planning', 'planned')),
	cursor INTEGER NOT NULL DEFAULT 0, -- the last member planned
	generation INTEGER NOT NULL DEFAULT 1,
	-- notes: on a day without a slot, reminders and withdrawals alone
	kind TEXT NOT NULL DEFAULT 'slot' CHECK (kind IN ('slot', 'notes')),
	requested_by TEXT, -- the person who ran it by hand
	created_at INTEGER NOT NULL,
	postponed_at INTEGER NOT NULL DEFAULT 0, -- when planning last failed
	planned_at INTEGER,
	UNIQUE (list_id, slot_at, mode)
) STRICT;
CREATE INDEX digest_state ON digest (state) WHERE state = 'planning';

-- A mail that is no digest: to a lead, an owner, one person (core/notice.h).
CREATE TABLE notice (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL, -- what it tells, and tells once
	mode TEXT NOT NULL CHECK (mode IN ('rehearsal', 'live')),
	kind TEXT NOT NULL, -- and its template: mail/KIND.html
	list_id INTEGER REFERENCES list (id), -- NULL: the board's own
	-- whose page its link opens; NULL: its own delivery's
	link_delivery_id INTEGER REFERENCES delivery (id),
	-- someone waits for it: it goes in quiet hours, too
	is_prompt INTEGER NOT NULL CHECK (is_prompt IN (0, 1)),
	created_at INTEGER NOT NULL,
	UNIQUE (key, mode)
) STRICT;

-- One text for all in a digest who get the same versions in the same form, or
-- a notice's.
CREATE TABLE letter (
	id INTEGER PRIMARY KEY,
	digest_id INTEGER REFERENCES digest (id),
	notice_id INTEGER REFERENCES notice (id),
	content_key TEXT NOT NULL, -- version ids, comma-separated, ascending
	format INTEGER NOT NULL,   -- of the assembler
	made_at INTEGER NOT NULL,  -- the Date of every copy
	sender TEXT NOT NULL,	   -- address in From
	head BLOB NOT NULL,	   -- header lines that all copies share
	body BLOB NOT NULL,	   -- encoded, with slots (core/letter.h)
	CHECK ((digest_id IS NULL) <> (notice_id IS NULL)),
	UNIQUE (digest_id, content_key)
) STRICT;

CREATE TABLE letter_version (
	letter_id INTEGER NOT NULL REFERENCES letter (id),
	version_id INTEGER NOT NULL REFERENCES version (id),
	position INTEGER NOT NULL,
	-- what the letter does with it: brings it, reminds of it, or tells that
	-- it was withdrawn
	part TEXT NOT NULL DEFAULT 'new'
		CHECK (part = 'new' OR part = 'reminder' OR part = 'withdrawn'),
	PRIMARY KEY (letter_id, version_id)
) STRICT;

CREATE TABLE delivery (
	id INTEGER PRIMARY KEY,
	digest_id INTEGER REFERENCES digest (id),
	person_id INTEGER REFERENCES person (id), -- NULL: no member
	generation INTEGER NOT NULL,
	notice_id INTEGER REFERENCES notice (id), -- when it is of no digest
	letter_id INTEGER NOT NULL REFERENCES letter (id),
	mode TEXT NOT NULL CHECK (mode IN ('rehearsal', 'live')),
	state TEXT NOT NULL CHECK (state = 'due' OR state = 'sending'
		OR state = 'accepted' OR state = 'refused' OR state = 'unsure'
		OR state = 'cancelled' OR state = 'held' OR state = 'bounced'),
	attempt INTEGER NOT NULL DEFAULT 0,
	due_at INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	claimed_at INTEGER,
	relay TEXT NOT NULL DEFAULT '', -- that has it, or had it last
	domain INTEGER NOT NULL DEFAULT 0, -- its recipient's, core/share
	key_id TEXT, -- of the link key its bytes are made with, once claimed
	ended_at INTEGER, -- when it became accepted, refused or cancelled
	-- when an operator asked for another try: its tries count from here
	retried_at INTEGER NOT NULL DEFAULT 0,
	-- cancelled by an operator, and so not planned anew
	by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
	bounced_at INTEGER, -- when it came back: until then it was accepted
	detail TEXT NOT NULL DEFAULT '', -- why it was cancelled or held
	CHECK ((digest_id IS NULL) <> (notice_id IS NULL)),
	CHECK (digest_id IS NULL OR person_id IS NOT NULL),
	UNIQUE (digest_id, person_id, generation)
) STRICT;
CREATE INDEX delivery_due ON delivery (due_at, id) WHERE state = 'due';
CREATE INDEX delivery_domain ON delivery (domain, due_at, id)
	WHERE state = 'due';
CREATE INDEX delivery_sending ON delivery (id) WHERE state = 'sending';
CREATE INDEX delivery_unsure ON delivery (id) WHERE state = 'unsure';
CREATE INDEX delivery_person ON delivery (person_id);
CREATE INDEX delivery_refused ON delivery (ended_at) WHERE state = 'refused';

-- Whom a delivery goes to, frozen when it was planned; personal data.
CREATE TABLE addressee (
	delivery_id INTEGER PRIMARY KEY REFERENCES delivery (id),
	address TEXT NOT NULL,
	name TEXT NOT NULL
) STRICT;

-- What went to a person, hashed (core/copy.h): it stays when the address goes.
CREATE TABLE copy (
	delivery_id INTEGER PRIMARY KEY REFERENCES delivery (id),
	sha256 TEXT NOT NULL -- hex; '' when it can't be made again
) STRICT;

CREATE TABLE attempt (
	delivery_id INTEGER NOT NULL REFERENCES delivery (id),
	number INTEGER NOT NULL,
	began_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	outcome TEXT NOT NULL CHECK (outcome = 'accepted' OR outcome = 'later'
		OR outcome = 'refused' OR outcome = 'unsure'),
	relay TEXT NOT NULL,
	tls TEXT NOT NULL,
	code INTEGER NOT NULL,
	enhanced TEXT NOT NULL,
	text TEXT NOT NULL,
	queue_id TEXT NOT NULL,
	duration_ms INTEGER NOT NULL,
	-- 0: the relay was out of order or the daemon died, which says nothing
	-- of this mail: it uses up neither its waits nor its days
	counts INTEGER NOT NULL CHECK (counts IN (0, 1)),
	PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID; -- one tree to write a verdict to, not two

-- ----------------------------------------------------------- what comes back

-- Mails of the bounce mailbox, each once: known again by its bytes, wherever
-- the mailbox has it since.
CREATE TABLE returned (
	id INTEGER PRIMARY KEY,
	sha256 TEXT NOT NULL UNIQUE, -- of what was read of it
	place TEXT NOT NULL, -- uidvalidity and uid, or its name in the Maildir
	kind TEXT NOT NULL CHECK (kind = 'returned' OR kind = 'delayed'
		OR kind = 'auto-reply' OR kind = 'abuse' OR kind = 'reply'
		OR kind = 'receipt' OR kind = 'unknown'),
	class TEXT CHECK (class = 'hard' OR class = 'soft' OR class = 'block'),
	delivery_id INTEGER REFERENCES delivery (id), -- NULL: of none of ours
	-- what it says could be used; the others wait for a person
	is_understood INTEGER NOT NULL CHECK (is_understood IN (0, 1)),
	code INTEGER NOT NULL, -- SMTP's, 0 when it was not told
	status TEXT NOT NULL, -- RFC 3463's, likewise ''
	text TEXT NOT NULL, -- the reason as it was told; may name a person
	recorded_at INTEGER NOT NULL,
	CHECK ((kind = 'returned') = (class IS NOT NULL))
) STRICT;
CREATE INDEX returned_delivery ON returned (delivery_id);
CREATE INDEX returned_recorded ON returned (recorded_at);

-- The bounce mailbox, as the last look found it.
CREATE TABLE mailbox (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	looked_at INTEGER,
	problem TEXT -- why it could not be read; NULL: it could
) STRICT;
INSERT INTO mailbox (id) VALUES (1);

-- Whether mail to an address arrives. Of the address and not of the person: a
-- list that corrects an address has a new one. Personal data.
CREATE TABLE suppression (
	address_key TEXT PRIMARY KEY,
	score INTEGER NOT NULL, -- of soft bounces, as it was at scored_at
	scored_at INTEGER NOT NULL,
	suppressed_at INTEGER, -- NULL: mail is sent
	why TEXT CHECK (why IN ('hard', 'soft')),
	released_at INTEGER, -- when a person last said that it works
	CHECK ((suppressed_at IS NULL) = (why IS NULL))
) STRICT;
CREATE INDEX suppression_standing ON suppression (address_key)
	WHERE suppressed_at IS NOT NULL;

-- The relays of the settings, in their order, as the daemon has them.
CREATE TABLE relay (
	name TEXT PRIMARY KEY,
	position INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('working', 'broken')),
	since_at INTEGER NOT NULL,
	failures INTEGER NOT NULL, -- in a row
	probe_at INTEGER NOT NULL, -- when a broken one is tried next
	trouble TEXT NOT NULL	   -- the last; may name a person
) STRICT;

-- Mails that a relay took, or may have, for its caps of a minute and a day;
-- older ones are forgotten. Also of relays that are no longer named.
CREATE TABLE relay_use (
	relay TEXT NOT NULL,
	minute INTEGER NOT NULL, -- since 1970
	mails INTEGER NOT NULL,
	PRIMARY KEY (relay, minute)
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- evidence

-- One person's duty to acknowledge one version: the denominator. Only live
-- deliveries make one. Its state at time T is derived from the times (see
-- core/report.h), never stored.
CREATE TABLE requirement (
	id INTEGER PRIMARY KEY,
	version_id INTEGER NOT NULL REFERENCES version (id),
	person_id INTEGER NOT NULL REFERENCES person (id),
	list_id INTEGER NOT NULL REFERENCES list (id), -- counted under
	agency TEXT NOT NULL,
	delivery_id INTEGER NOT NULL REFERENCES delivery (id),
	required_at INTEGER NOT NULL,
	due_at INTEGER NOT NULL,   -- end of the deadline's day
	closes_at INTEGER NOT NULL, -- when the window closes
	acknowledged_at INTEGER,
	-- how (core/grade.h), and its event, with the receipt's random id
	grade TEXT CHECK (grade = 'confirmed'
		OR grade = 'confirmed-with-reflection'
		OR grade = 'confirmed-by-reply'),
	receipt TEXT,
	event_id INTEGER REFERENCES event (id),
	missed_at INTEGER, -- the negative receipt; stays when acknowledged late
	closed_at INTEGER,
	closed_as TEXT CHECK (closed_as = 'left' OR closed_as = 'withdrawn'
		OR closed_as = 'superseded' OR closed_as = 'exempt'),
	CHECK ((acknowledged_at IS NULL) = (grade IS NULL)),
	CHECK ((closed_at IS NULL) = (closed_as IS NULL)),
	UNIQUE (version_id, person_id)
) STRICT;
CREATE INDEX requirement_person ON requirement (person_id);
CREATE INDEX requirement_delivery ON requirement (delivery_id);
-- whom a reminder may be due to
CREATE INDEX requirement_reminding ON requirement (list_id, due_at)
	WHERE acknowledged_at IS NULL AND missed_at IS NULL
	AND closed_at IS NULL;
-- leaving or an exemption after the deadline lets nobody off
CREATE INDEX requirement_open ON requirement (closes_at)
	WHERE acknowledged_at IS NULL AND missed_at IS NULL
	AND (closed_at IS NULL
		OR closed_as IN ('left', 'exempt') AND closed_at > due_at);

-- Requirements as they stand. A version is closed by one row however many had
-- to acknowledge it; what was outstanding on it is closed from that moment on.
-- Its own columns follow when its window ends, which tells nothing new.
CREATE VIEW standing_requirement AS
SELECT r.id, r.version_id, r.person_id, r.list_id, r.agency, r.delivery_id,
	r.required_at, r.due_at, r.closes_at, r.acknowledged_at, r.grade,
	r.missed_at,
	CASE WHEN r.closed_at IS NULL AND r.acknowledged_at IS NULL
		AND r.missed_at IS NULL
		THEN v.closed_at ELSE r.closed_at END AS closed_at,
	CASE WHEN r.closed_at IS NULL AND r.acknowledged_at IS NULL
		AND r.missed_at IS NULL
		THEN v.closed_as ELSE r.closed_as END AS closed_as
FROM requirement r JOIN version v ON v.id = r.version_id;

-- Confirmations beside what was required, each a record of its own: they never
-- improve reach (core/grade.h).
CREATE TABLE beside (
	id INTEGER PRIMARY KEY,
	-- wider: of a colleague who was passed the mail; further: one more
	-- name at a shared mailbox, whose first is its requirement's
	kind TEXT NOT NULL CHECK (kind IN ('wider', 'further')),
	version_id INTEGER NOT NULL REFERENCES version (id),
	person_id INTEGER NOT NULL REFERENCES person (id),
	list_id INTEGER NOT NULL REFERENCES list (id), -- counted under
	agency TEXT NOT NULL,
	confirmed_at INTEGER NOT NULL,
	grade TEXT NOT NULL,
	receipt TEXT NOT NULL,
	event_id INTEGER NOT NULL REFERENCES event (id)
) STRICT;
CREATE INDEX beside_version ON beside (version_id, person_id);
CREATE UNIQUE INDEX beside_wider ON beside (version_id, person_id)
	WHERE kind = 'wider';

-- Who was passed the mail delivery_id asks for a link of their own; deleted when
-- it is answered. Personal data.
CREATE TABLE forward (
	id INTEGER PRIMARY KEY,
	delivery_id INTEGER NOT NULL REFERENCES delivery (id),
	address TEXT NOT NULL,
	asked_at INTEGER NOT NULL
) STRICT;

-- A notice whose link opens what another mail, which was passed on, asked.
CREATE TABLE guest (
	delivery_id INTEGER PRIMARY KEY REFERENCES delivery (id),
	source_id INTEGER NOT NULL REFERENCES delivery (id)
) STRICT;

-- The reminders that went, each of a list's (by its number) once.
CREATE TABLE reminder (
	requirement_id INTEGER NOT NULL REFERENCES requirement (id),
	number INTEGER NOT NULL CHECK (number >= 1),
	delivery_id INTEGER NOT NULL REFERENCES delivery (id),
	PRIMARY KEY (requirement_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_delivery ON reminder (delivery_id);

-- Who was told that a version which they had was withdrawn.
CREATE TABLE withdrawal_told (
	version_id INTEGER NOT NULL REFERENCES version (id),
	person_id INTEGER NOT NULL REFERENCES person (id),
	delivery_id INTEGER NOT NULL REFERENCES delivery (id),
	PRIMARY KEY (version_id, person_id)
) STRICT, WITHOUT ROWID;

-- A version that is new to a person and did not go to them, so that planning
-- tells it once and not at every slot.
CREATE TABLE withheld (
	version_id INTEGER NOT NULL REFERENCES version (id),
	person_id INTEGER NOT NULL REFERENCES person (id),
	list_id INTEGER NOT NULL REFERENCES list (id),
	-- domain: it is marked, and their domain is none of the list's
	reason TEXT NOT NULL CHECK (reason IN ('domain')),
	withheld_at INTEGER NOT NULL,
	PRIMARY KEY (version_id, person_id)
) STRICT;

-- What briefingctl asks of the daemon, which alone signs and sends.
CREATE TABLE request (
	id INTEGER PRIMARY KEY,
	verb TEXT NOT NULL CHECK (verb = 'run' OR verb = 'reload'
		OR verb = 'checkpoint' OR verb = 'copies'),
	argument TEXT NOT NULL,
	actor TEXT NOT NULL,
	asked_at INTEGER NOT NULL,
	done_at INTEGER,
	answer TEXT
) STRICT;

INSERT INTO board (id, created_at) VALUES (1, unixepoch());
