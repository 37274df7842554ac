#ifndef CORE_RELAY_RECORD_H
#define CORE_RELAY_RECORD_H

/*
 * What the store knows of the relays: how many mails each took in each minute
 * of the last day, so that its caps outlive the daemon, and how each stands,
 * for whoever asks with briefingctl. In the caller's transaction, on the loop
 * thread; core/relay decides.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;
struct relay;

struct relay_standing {
	const char *name;
	int position; /* in the settings, from 0 */
	bool is_broken;
	int64_t since_at; /* when that began, or the daemon did */
	int failures;     /* in a row */
	int64_t probe_at; /* when a broken one is tried next; 0: never */
	const char *trouble;
	/* as loaded: mails that ended in the minute before this one, and in 24
	 * hours */
	int64_t in_minute, in_day;
};

/* Empties the list: what the settings name is put in anew. */
bool relay_record_clear(struct db *db, struct err *err);
bool relay_record_put(struct db *db, const struct relay_standing *standing,
		      struct err *err);

/* Adds mails to this minute, and forgets what is older than a day. */
bool relay_record_use(struct db *db, const char *name, int64_t mails,
		      int64_t now, struct err *err);

/* Tells the relay what is recorded of the last day. A mail may have ended as
 * late as its minute did: what is in doubt counts as recent. */
bool relay_record_recall(struct db *db, const char *name, struct relay *relay,
			 int64_t now, int64_t now_ms, struct err *err);

/* in the order of the settings, as the daemon last had them */
bool relay_record_load(struct db *db, int64_t now, struct arena *arena,
		       struct relay_standing **ret, size_t *ret_count,
		       struct err *err);

#endif
