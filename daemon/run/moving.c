#include "run/moving.h"

#include <stdint.h>
#include <stdlib.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/store.h"
#include "doors/pool.h"
#include "run/daemon.h"
#include "tools/db.h"

#define LOG_PAGES 4000 /* 16 MB: so much is worth two waits for the disk */
/* What came while the thread moved the rest is moved by the loop when it is as
 * little as this; by the thread once more when it is not, at most so often. */
#define LITTLE_PAGES 64
#define TRIES 3

struct moving_run {
	struct pool_job job; /* first */
	struct daemon *daemon;
	struct pool *pool; /* of one thread, whose context is a struct db */
	sd_event_source *source;
	struct err err; /* of the thread's try */
	bool is_broken; /* the last try failed, and that was logged */
	int tries, pages_before, next_at;
};

/* --- in the thread */

static enum pool_next move_aside(struct pool_job *job, void *context,
				 struct pool_wait *ret_wait)
{
	struct moving_run *moving = (struct moving_run *)job;

	(void)ret_wait;
	err_clear(&moving->err);
	db_move_log(context, &moving->err);
	return POOL_DONE;
}

static void never(struct pool_job *job, void *context)
{
	(void)job, (void)context;
}

/* --- in the loop */

static void *open_aside(void *argument, struct err *err)
{
	struct moving_run *moving = argument;
	char *path = store_path(moving->daemon->settings);
	struct db *db = db_open(path, DB_WRITE, 0, err);

	free(path);
	return db;
}

static void close_aside(void *context)
{
	db_close(context);
}

static void give(struct moving_run *moving)
{
	moving->tries++;
	moving->pages_before = db_log_pages(moving->daemon->db);
	pool_give(moving->pool, &moving->job);
}

/* ERR_BUSY: briefingctl is at it, which does as well */
static void tell(struct moving_run *moving, const struct err *err)
{
	if (err->kind == ERR_BUSY)
		return;
	if (err->kind == ERR_NONE) {
		if (moving->is_broken)
			log_notice("store's log is moved again");
		moving->is_broken = false;
		return;
	}
	if (!moving->is_broken)
		log_error("store's log grows until it can be moved: %s",
			  err->text);
	moving->is_broken = true;
}

static void move_rest(struct moving_run *moving)
{
	struct db *db = moving->daemon->db;
	struct err err = {0};

	db_move_log(db, &err);
	tell(moving, &err);
	/* should a reader keep it from beginning anew */
	moving->next_at = db_log_pages(db) + LOG_PAGES;
	moving->tries = 0;
}

static void moved(struct moving_run *moving)
{
	int came = db_log_pages(moving->daemon->db) - moving->pages_before;

	if (moving->err.kind == ERR_NONE && came > LITTLE_PAGES &&
	    moving->tries < TRIES)
		give(moving);
	else
		move_rest(moving);
}

static int readable(sd_event_source *source, int fd, uint32_t events,
		    void *userdata)
{
	struct moving_run *moving = userdata;

	(void)source, (void)fd, (void)events;
	if (pool_take(moving->pool))
		moved(moving);
	return 0;
}

void moving_look(struct moving_run *moving)
{
	int pages = db_log_pages(moving->daemon->db);

	if (pages < LOG_PAGES)
		moving->next_at = LOG_PAGES;
	if (pool_idle(moving->pool) > 0 && pages >= moving->next_at)
		give(moving);
}

struct moving_run *moving_open(struct daemon *daemon, struct err *err)
{
	struct moving_run *moving = xcalloc(1, sizeof(*moving));
	const struct pool_context context = {
	    .open = open_aside, .close = close_aside, .argument = moving};

	moving->daemon = daemon;
	moving->job.work = move_aside;
	moving->job.block = never;
	moving->pool = pool_new(1, &context, err);
	if (!moving->pool) {
		moving_close(moving);
		return NULL;
	}
	if (sd_event_add_io(daemon->loop, &moving->source,
			    pool_fd(moving->pool), EPOLLIN, readable,
			    moving) < 0) {
		err_set(err, ERR_SYSTEM, "watching what moves the log");
		moving_close(moving);
		return NULL;
	}
	db_keep_log(daemon->db);
	return moving;
}

void moving_close(struct moving_run *moving)
{
	if (!moving)
		return;
	sd_event_source_unref(moving->source);
	if (moving->pool) {
		pool_stop(moving->pool);
		while (pool_take(moving->pool))
			;
	}
	pool_free(moving->pool);
	free(moving);
}
