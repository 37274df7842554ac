#ifndef CORE_RETENTION_H
#define CORE_RETENTION_H

/*
 * What names people goes when it was kept for as long as the settings say
 * (retention.*), and counts stay: who people were, some time after they are on
 * no list; what they wrote, and reasons about them; what servers said, what
 * came back, and notices; scans of sheets. In slices of at most 1,000 rows, or
 * one scan, each in a transaction of the caller's. A run that is cut off is
 * begun again, and finds its own work done.
 *
 *	struct retention *run = retention_new(&order);
 *	do
 *		... retention_step(db, run, &is_done, err), commit
 *	while (!is_done);
 *
 * Who stands in an agency's CSV is on a list, whatever the row says of them:
 * the row would bring them back.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct link_keys;
struct retention;
struct settings;

struct retention_order {
	const struct link_keys *keys;
	const char *actor;
	int64_t now;
};

struct retention_counts {
	int64_t people, texts;
	int64_t mails; /* servers' words, what came back, notices */
	int64_t scans; /* of sheets that were signed */
};

/* order is copied; what it points to is borrowed, but for the actor. */
struct retention *retention_new(const struct retention_order *order);
/* settings: those in force now, for a reload frees those of the step before.
 * After a failure or a rollback only fit to be freed. The last writes the
 * event, if anything went or is_asked. */
bool retention_step(struct db *db, struct retention *run,
		    const struct settings *settings, bool is_asked,
		    bool *ret_is_done, struct err *err);
const struct retention_counts *retention_went(const struct retention *run);
void retention_free(struct retention *run);

/* What a run would take. Reads all of it: with a connection of one's own. */
bool retention_count(struct db *db, const struct settings *settings,
		     int64_t now, struct retention_counts *ret,
		     struct err *err);

#endif
