-- A reply to the mail may confirm it, where the list says so.
ALTER TABLE list ADD COLUMN confirm_by_reply INTEGER NOT NULL DEFAULT 0
	CHECK (confirm_by_reply IN (0, 1));

-- The word that the letter asks for in a reply; '': it takes none.
ALTER TABLE letter ADD COLUMN reply_word TEXT NOT NULL DEFAULT '';

-- What became of a reply with that word; '': it was none. unproved: nobody whom
-- the board trusts says that its author wrote it, so it went the way of all that
-- people write.
ALTER TABLE returned ADD COLUMN answer TEXT NOT NULL DEFAULT ''
	CHECK (answer = '' OR answer = 'confirmed' OR answer = 'declined'
		OR answer = 'unproved');
