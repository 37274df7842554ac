-- A team session: somebody took staff of an agency through a briefing and counted
-- heads (core/team_session.h). Its setting and note stand with its event.
CREATE TABLE team_session (
	id INTEGER PRIMARY KEY,
	version_id INTEGER NOT NULL REFERENCES version (id),
	agency TEXT NOT NULL,
	held_at INTEGER NOT NULL, -- its day began, in the board's zone
	reached INTEGER NOT NULL CHECK (reached BETWEEN 1 AND head_count),
	head_count INTEGER NOT NULL,
	recorded_at INTEGER NOT NULL,
	event_id INTEGER NOT NULL REFERENCES event (id),
	undone_at INTEGER,
	undone_event_id INTEGER REFERENCES event (id),
	CHECK ((undone_at IS NULL) = (undone_event_id IS NULL))
) STRICT;
CREATE INDEX team_session_version ON team_session (version_id);
