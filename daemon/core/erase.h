#ifndef CORE_ERASE_H
#define CORE_ERASE_H

/*
 * Erases one person: what names them goes, what counts stays. In slices, each
 * in a transaction of the caller's; the first takes them off every list,
 * cancels what waits to be sent and ends what their links record, the last
 * forgets who they were and writes the event. Cut off anywhere, it is begun
 * again and goes on to the same end. Requirements stay as they are: nothing
 * is closed, no figure changes.
 *
 *	struct erase_work *work = erase_begin(db, public_id, err);
 *	do
 *		... erase_step(db, work, &order, &state, err), commit
 *	while (state != ERASE_DONE);
 *	erase_free(work);
 *
 * Only the daemon can: the copies of mails are hashed before the addresses go
 * (core/copy), with its keys. When it is done, db_truncate_log takes what was
 * erased out of the log, too. Which tables, says core/person_data.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;
struct erase_work;
struct link_keys;
struct settings;

struct erase_order {
	const struct settings *settings;
	const struct link_keys *keys;
	const char *actor;
	const char *reason; /* NULL: none */
	const char *how;    /* asked | replayed | retention */
	const char *mac;    /* its tombstone; NULL: the address may return */
	/* only what is found by the person: not what names them elsewhere, nor
	 * events' texts, which core/retention walks over for many at once */
	bool is_own_only;
	int64_t now;
};

enum erase_state {
	ERASE_WORKING,
	ERASE_WAITING, /* a mail is being sent: later */
	ERASE_DONE,
};

/* ERR_GONE: nobody is known by that id, or they are erased. */
struct erase_work *erase_begin(struct db *db, const char *public_id,
			       struct err *err);
/* The key of their address, also where it was given to another since. */
const char *erase_address_key(const struct erase_work *work);
/* Bounded work. After a failure or a rollback the work is only fit to be
 * freed. */
bool erase_step(struct db *db, struct erase_work *work,
		const struct erase_order *order, enum erase_state *ret,
		struct err *err);
void erase_free(struct erase_work *work);

/* The public ids of who has an address, and of who had it when it was given to
 * another. */
bool erase_find(struct db *db, const char *address_key, struct arena *arena,
		const char ***ret, size_t *ret_count, struct err *err);

#endif
