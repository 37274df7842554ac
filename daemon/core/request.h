#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

/*
 * What briefingctl asks of the daemon, which alone signs and sends. The daemon
 * looks when PRAGMA data_version changes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;

struct request {
	int64_t id;
	const char *verb, *argument, *actor;
	const char *reason; /* "": none */
};

/* own transaction */
bool request_add(struct db *db, const char *verb, const char *argument,
		 const char *actor, int64_t now, int64_t *ret_id,
		 struct err *err);
/* with a reason, which is forgotten with the answer */
bool request_add_reasoned(struct db *db, const char *verb, const char *argument,
			  const char *reason, const char *actor, int64_t now,
			  int64_t *ret_id, struct err *err);
bool request_load_open(struct db *db, struct arena *arena, struct request **ret,
		       size_t *ret_count, struct err *err);
/* Caller's transaction. What was asked with a reason is forgotten, for it may
 * name someone. */
bool request_answer(struct db *db, int64_t id, const char *answer, int64_t now,
		    struct err *err);
/* Likewise each that is open with that verb. */
bool request_answer_all(struct db *db, const char *verb, const char *answer,
			int64_t now, struct err *err);
/* *ret_answer NULL: not answered yet */
bool request_poll(struct db *db, int64_t id, struct arena *arena,
		  const char **ret_answer, struct err *err);

#endif
