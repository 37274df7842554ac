-- Confirmations that the person says were not theirs (core/disown.h).

-- Of a requirement: what stood in its row from acknowledged_at until disowned_at.
-- The row itself says what stands now, so that all who ask what is open ask it
-- alone; who asks what was so at a time looks here as well.
CREATE TABLE disowned (
	id INTEGER PRIMARY KEY,
	requirement_id INTEGER NOT NULL REFERENCES requirement (id),
	acknowledged_at INTEGER NOT NULL,
	disowned_at INTEGER NOT NULL,
	grade TEXT NOT NULL,
	receipt TEXT NOT NULL,
	event_id INTEGER NOT NULL REFERENCES event (id), -- that recorded it
	disowned_event_id INTEGER NOT NULL REFERENCES event (id)
) STRICT;
CREATE INDEX disowned_requirement ON disowned (requirement_id);

-- Of one beside what was required, which is a record of its own: it counts no
-- more from then on.
ALTER TABLE beside ADD COLUMN disowned_at INTEGER;
ALTER TABLE beside ADD COLUMN disowned_event_id INTEGER REFERENCES event (id);
CREATE INDEX beside_disowned ON beside (person_id)
	WHERE disowned_at IS NOT NULL;
DROP INDEX beside_wider;
CREATE UNIQUE INDEX beside_wider ON beside (version_id, person_id)
	WHERE kind = 'wider' AND disowned_at IS NULL;
