-- A sign-in sheet: people were taken through a briefing on paper, and their lead
-- says who signed (core/attestation.h). Its note stands with its event.
CREATE TABLE sheet (
	id INTEGER PRIMARY KEY,
	version_id INTEGER NOT NULL REFERENCES version (id), -- the latest then
	agency TEXT NOT NULL,
	list_id INTEGER REFERENCES list (id), -- NULL: of the whole agency
	signed_at INTEGER NOT NULL, -- its day began, in the board's zone
	scan_type TEXT NOT NULL CHECK (scan_type = 'application/pdf'
		OR scan_type = 'image/jpeg' OR scan_type = 'image/png'),
	scan_size INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,
	event_id INTEGER NOT NULL REFERENCES event (id)
) STRICT;

-- Its scan, apart, so that it can be erased with the salt that its event hashed
-- it with: it shows names and signatures.
CREATE TABLE sheet_scan (
	sheet_id INTEGER PRIMARY KEY REFERENCES sheet (id),
	salt BLOB NOT NULL,
	bytes BLOB NOT NULL
) STRICT;

-- Who signed it, of whom it was required: beside the requirement, whose state it
-- never changes. One that was wrong is undone, and may be made anew.
CREATE TABLE attestation (
	id INTEGER PRIMARY KEY,
	sheet_id INTEGER NOT NULL REFERENCES sheet (id),
	requirement_id INTEGER NOT NULL REFERENCES requirement (id),
	attested_at INTEGER NOT NULL,
	event_id INTEGER NOT NULL REFERENCES event (id),
	undone_at INTEGER,
	undone_event_id INTEGER REFERENCES event (id),
	CHECK ((undone_at IS NULL) = (undone_event_id IS NULL))
) STRICT;
CREATE INDEX attestation_sheet ON attestation (sheet_id);
CREATE INDEX attestation_requirement ON attestation (requirement_id);
CREATE UNIQUE INDEX attestation_standing ON attestation (requirement_id)
	WHERE undone_at IS NULL;
CREATE INDEX attestation_undone ON attestation (undone_event_id)
	WHERE undone_event_id IS NOT NULL;
