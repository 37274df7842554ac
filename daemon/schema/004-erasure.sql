-- When a person's data was erased: what names them is gone, what counts stays.
ALTER TABLE person ADD COLUMN erased_at INTEGER;

-- Addresses of people who were erased, keyed hashes alone (core/tombstone.h): no
-- list brings them back.
CREATE TABLE tombstone (
	mac TEXT PRIMARY KEY, -- hex
	made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The lines of its CSV that such an address stands in: "14, 27".
ALTER TABLE list ADD COLUMN refused_lines TEXT NOT NULL DEFAULT '';

-- What briefingctl asks of the daemon, which alone has keys.
CREATE TABLE asking (
	id INTEGER PRIMARY KEY,
	verb TEXT NOT NULL CHECK (verb = 'run' OR verb = 'reload'
		OR verb = 'checkpoint' OR verb = 'copies' OR verb = 'erase'
		OR verb = 'readmit' OR verb = 'retain'),
	argument TEXT NOT NULL,
	reason TEXT NOT NULL DEFAULT '', -- private; gone once it is done
	actor TEXT NOT NULL,
	asked_at INTEGER NOT NULL,
	done_at INTEGER,
	answer TEXT
) STRICT;
INSERT INTO asking (id, verb, argument, actor, asked_at, done_at, answer)
SELECT id, verb, argument, actor, asked_at, done_at, answer FROM request;
DROP TABLE request;
ALTER TABLE asking RENAME TO request;
