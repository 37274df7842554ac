#ifndef CORE_PACK_H
#define CORE_PACK_H

/*
 * The inspection pack of one briefing: what an inspector takes away, as one zip
 * that is the same to the last byte whenever it is made for the same
 * checkpoint. It holds the report, the manifest with its approval, the mail as
 * it went and the hash of each copy, the lists as they stood, and the events
 * behind all of it with their proofs; people are their random ids.
 * docs/verify-evidence.md says what each file is.
 *
 *	struct pack_wish wish = {.ref = ref, .checkpoint = checkpoint};
 *	pack_make(db, settings, templates, &wish, &zip, err);
 */
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct checkpoint;
struct db;
struct err;
struct settings;
struct template_set;

struct pack_wish {
	const char *ref;
	const struct checkpoint *checkpoint; /* as of which it is */
	/* also who the random ids are: NULL, or why */
	const char *names_reason;
	const char *destroy_on; /* of names: a date */
};

#define PACK_MAX_SIZE ((size_t)512 * 1024 * 1024)

/* Reads one state of the store, in a transaction of its own. ERR_GONE: there is
 * no such briefing. */
bool pack_make(struct db *db, const struct settings *settings,
	       const struct template_set *templates,
	       const struct pack_wish *wish, struct buf *zip, struct err *err);

/* That one with names was made, by whom and why; own transaction. */
bool pack_record_names(struct db *db, const struct pack_wish *wish,
		       const char *actor, int64_t now, struct err *err);

#endif
