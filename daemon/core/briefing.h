#ifndef CORE_BRIEFING_H
#define CORE_BRIEFING_H

/*
 * Briefings in the store: a briefing has versions, the highest number is the
 * one in force. One that is a material change supersedes those before it, whose
 * requirements are closed with them; one that is not carries them on: they stay
 * open and are confirmed as they are. Rows are copied into the caller's arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;

struct briefing_document {
	int position;
	const char *file, *title, *sha256, *type;
	int64_t size;
};

struct briefing_action {
	const char *ref, *agency, *text, *due_on; /* due_on may be NULL */
};

struct briefing_version {
	int64_t id, briefing_id;
	int number;
	bool is_latest;
	const char *ref, *kind, *title, *language, *marking;
	const char *approved_by, *approved_on, *approval_ref;
	int64_t not_before_at; /* 0: none */
	int64_t acknowledge_within_days;
	bool publish, already_circulated;
	const char **audience, **themes, **key_messages, **questions;
	size_t audience_count, theme_count, key_message_count, question_count;
	const char *summary;
	int64_t taken_at;
	int64_t withdrawn_at; /* 0: not withdrawn */
	const char *withdrawn_reason;
	bool carries;        /* a small change: who had one before is not
				asked again */
	const char *changes; /* what is new in it; "": not said */
	int64_t closed_at;   /* withdrawn or superseded; 0: open */
	bool essential;      /* of the back catalogue that joiners get */
	struct briefing_document *documents;
	size_t document_count;
	struct briefing_action *actions;
	size_t action_count;
};

/* "Learning Together Briefing" for "learning-together-briefing", ...; NULL for
 * an unknown kind. BRIEFING_KINDS is what a manifest may say. */
#define BRIEFING_KINDS                                                         \
	"learning-together-briefing|seven-minute-briefing|"                    \
	"local-learning-review|serious-case-review|"                           \
	"child-safeguarding-practice-review|national-learning"
const char *briefing_kind_name(const char *kind);
/* marked OFFICIAL-SENSITIVE */
bool briefing_is_sensitive(const struct briefing_version *version);

/* *ret = NULL and true when there is none. */
bool briefing_load_version(struct db *db, int64_t version_id,
			   struct arena *arena, struct briefing_version **ret,
			   struct err *err);
bool briefing_load_ref(struct db *db, const char *ref, struct arena *arena,
		       struct briefing_version **ret, struct err *err);
/* the latest version of each, newest approval first */
bool briefing_load_all(struct db *db, struct arena *arena,
		       struct briefing_version ***ret, size_t *ret_count,
		       struct err *err);

/* Those of them that may be published, to be listed: without their long texts,
 * documents and actions, for anyone may ask for the list. */
bool briefing_load_published(struct db *db, struct arena *arena,
			     struct briefing_version ***ret, size_t *ret_count,
			     struct err *err);

/* May it be mailed or shown at this moment (invariant 1): the latest version,
 * past its embargo, not withdrawn? Otherwise *ret_why (may be NULL) is one of
 * "withdrawn", "embargoed", "superseded". */
bool briefing_is_allowed(const struct briefing_version *version, int64_t now,
			 const char **ret_why);

/* Is it for a list with these words (or of this agency)? "all" is everyone.
 * ASCII case does not matter. */
bool briefing_is_for(const struct briefing_version *version, const char *agency,
		     const char *const *words, size_t word_count);

/* In the caller's transaction: its versions are closed, as "withdrawn" or
 * "superseded", and with them all that is outstanding on them. One row a
 * version, however many have to acknowledge it. */
bool briefing_close_versions(struct db *db, int64_t briefing_id,
			     const char *closed_as, int64_t now,
			     struct err *err);

/* Stops it: closes what is outstanding as withdrawn, writes the event, in one
 * transaction of its own. Unknown ref: ERR_GONE. Withdrawn before: true,
 * *ret_changed false. */
bool briefing_withdraw(struct db *db, const char *ref, const char *reason,
		       const char *actor, int64_t now, bool *ret_changed,
		       struct err *err);

#endif
