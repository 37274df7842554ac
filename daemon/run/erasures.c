#include "run/erasures.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/erase.h"
#include "core/event.h"
#include "core/request.h"
#include "core/retention.h"
#include "core/settings.h"
#include "core/tombstone.h"
#include "run/daemon.h"
#include "run/jumps.h"
#include "run/keys.h"
#include "run/rosters.h"
#include "run/timer.h"
#include "tools/db.h"

#define FILE_MAX_SIZE ((size_t)256 * 1024 * 1024)
#define BUSY_MS 50
#define START_BUSY_MS (10 * 1000) /* briefingctl may hold the lock */
#define SENDING_MS 500            /* a mail on its way has its verdict soon */
#define AGAIN_MS (10 * 1000)
#define LOOK_MS (10 * 60 * 1000) /* is a day over? */
#define DAY_SECONDS 86400
#define TELL_SECONDS 10
#define TURN_US 5000

struct erasures_run {
	struct daemon *daemon;
	struct tombstone_key key;
	int fd;
	struct timer *timer;
	/* what is done now; NULL: nothing */
	struct arena *arena;
	const struct request *request;
	struct erase_work *work;
	char mac[TOMBSTONE_SIZE];
	struct retention *retention;
	/* seconds since the machine's start */
	int64_t retain_at, tell_at;
	bool has_log;   /* what was erased is in the store's log yet */
	bool is_broken; /* the last one failed, and that was logged */
};

/* ------------------------------------------------------------- the file */

static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		text += written;
		size -= (size_t)written;
	}
	return true;
}

/* What was written in part is no line: the next begins on one of its own. */
static bool append(const struct erasures_run *erasures,
		   const struct tombstone_line *line, struct err *err)
{
	char text[TOMBSTONE_LINE_SIZE];

	tombstone_format_line(line, text);
	if (write_all(erasures->fd, text, strlen(text)) &&
	    fsync(erasures->fd) == 0)
		return true;
	err_errno(err, errno == ENOSPC ? ERR_FULL : ERR_SYSTEM,
		  "writing down an erasure");
	write_all(erasures->fd, "\n", 1);
	return false;
}

static bool open_file(struct erasures_run *erasures, const char *path,
		      struct err *err)
{
	erasures->fd = open(
	    path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (erasures->fd < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	return file_sync_folder(erasures->daemon->settings->state_folder, err);
}

/* ----------------------------------------------------------- at the start */

/* Who asked, where an erasure was cut off; NULL: it was done before, in a store
 * that was put back. */
static const struct request *asked_for(const struct request *requests,
				       size_t count, const char *person)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(requests[i].verb, "erase") == 0 &&
		    strcmp(requests[i].argument, person) == 0)
			return &requests[i];
	return NULL;
}

static struct erase_order order_of(const struct erasures_run *erasures,
				   const struct request *request,
				   const char *mac)
{
	const struct daemon *daemon = erasures->daemon;

	return (struct erase_order){
	    .settings = daemon->settings,
	    .keys = &daemon->keys,
	    .actor = request ? request->actor : "briefingd",
	    .reason = request ? request->reason : NULL,
	    .how = request ? "asked" : "replayed",
	    .mac = mac,
	    .now = clock_now(),
	};
}

static bool step(struct db *db, struct erase_work *work,
		 const struct erase_order *order, enum erase_state *ret,
		 struct err *err)
{
	if (db_begin(db, err) && erase_step(db, work, order, ret, err) &&
	    db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}

/* Nothing is being sent yet, so nothing has to wait. */
static bool erase_whole(struct db *db, struct erase_work *work,
			const struct erase_order *order, struct err *err)
{
	enum erase_state state = ERASE_WORKING;

	while (state != ERASE_DONE)
		if (!step(db, work, order, &state, err))
			return false;
	return true;
}

static bool put_tombstone(struct db *db, const struct tombstone_line *line,
			  struct err *err)
{
	bool was;

	if (!db_begin(db, err))
		return false;
	bool good = line->is_readmitted
			? tombstone_remove(db, line->mac, &was, err)
			: tombstone_put(db, line->mac, line->at, err);
	if (good && db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}

/* In the order in which it was written, so that the last word on an address
 * counts; most of it is so already. */
static bool replay_line(struct erasures_run *erasures,
			const struct tombstone_line *line,
			const struct request *requests, size_t count,
			struct err *err)
{
	struct db *db = erasures->daemon->db;
	struct err absent = {0};

	if (!put_tombstone(db, line, err))
		return false;
	struct erase_work *work =
	    line->is_readmitted ? NULL : erase_begin(db, line->person, &absent);
	if (!work) {
		if (line->is_readmitted || absent.kind == ERR_GONE)
			return true;
		if (err)
			*err = absent;
		return false;
	}
	const struct erase_order order = order_of(
	    erasures, asked_for(requests, count, line->person), line->mac);
	bool good = erase_whole(db, work, &order, err);
	erase_free(work);
	erasures->has_log = true;
	if (good)
		log_notice("person erased person=%s how=%s", line->person,
			   order.how);
	return good;
}

/* A line that is none was cut off before its erasure began. */
static bool replay_text(struct erasures_run *erasures, char *text,
			const struct request *requests, size_t count,
			struct err *err)
{
	struct tombstone_line line;

	for (char *at = text, *each; (each = strsep(&at, "\n"));)
		if (tombstone_parse_line(each, &line) &&
		    !replay_line(erasures, &line, requests, count, err))
			return false;
	return true;
}

/* behind one that was cut off */
static bool end_line(const struct erasures_run *erasures, const char *text,
		     size_t size, struct err *err)
{
	return size == 0 || text[size - 1] == '\n' ||
	       write_all(erasures->fd, "\n", 1) ||
	       err_errno(err, ERR_SYSTEM, "the list of erasures");
}

static bool replay(struct erasures_run *erasures, const char *path,
		   struct err *err)
{
	struct db *db = erasures->daemon->db;
	struct arena *arena = arena_new();
	struct request *requests;
	size_t size = 0, count = 0;
	char *text = NULL;
	bool good = file_read(path, FILE_MAX_SIZE, &text, &size, err) &&
		    end_line(erasures, text, size, err) &&
		    request_load_open(db, arena, &requests, &count, err) &&
		    replay_text(erasures, text, requests, count, err);

	free(text);
	arena_free(arena);
	return good;
}

/* -------------------------------------------------------- what is asked for */

static void forget(struct erasures_run *erasures)
{
	erase_free(erasures->work);
	erasures->work = NULL;
	retention_free(erasures->retention);
	erasures->retention = NULL;
	erasures->request = NULL;
	if (erasures->arena)
		arena_free(erasures->arena);
	erasures->arena = NULL;
}

static bool is_ours(const struct request *request)
{
	return strcmp(request->verb, "erase") == 0 ||
	       strcmp(request->verb, "readmit") == 0 ||
	       strcmp(request->verb, "retain") == 0;
}

static bool find_request(struct erasures_run *erasures, struct err *err)
{
	struct request *requests;
	size_t count = 0;

	erasures->arena = arena_new();
	if (!request_load_open(erasures->daemon->db, erasures->arena, &requests,
			       &count, err))
		return false;
	for (size_t i = 0; i < count && !erasures->request; i++)
		if (is_ours(&requests[i]))
			erasures->request = &requests[i];
	return true;
}

static bool answer(struct erasures_run *erasures, const char *text,
		   struct err *err)
{
	struct db *db = erasures->daemon->db;

	if (db_begin(db, err) &&
	    request_answer(db, erasures->request->id, text, clock_now(), err) &&
	    db_commit(db, err)) {
		forget(erasures);
		return true;
	}
	db_rollback(db);
	return false;
}

/* The store's log has what was erased until it is emptied, which waits for who
 * reads. */
static bool empty_log(struct erasures_run *erasures, struct err *err)
{
	if (!db_truncate_log(erasures->daemon->db, err))
		return false;
	erasures->has_log = false;
	return true;
}

static bool answer_erased(struct erasures_run *erasures, struct err *err)
{
	if (!empty_log(erasures, err))
		return false;
	rosters_look(erasures->daemon->rosters, true);
	return answer(erasures, "erased", err);
}

/* Written down first: from then on it comes to an end. */
static bool write_down(struct erasures_run *erasures, bool is_readmitted,
		       const char *address_key, const char *person,
		       struct err *err)
{
	struct tombstone_line line = {.is_readmitted = is_readmitted,
				      .at = clock_now()};

	if (strlen(person) >= sizeof(line.person))
		return err_set(err, ERR_INPUT, "%s is no person's id", person);
	tombstone_make(&erasures->key, address_key, line.mac);
	strcpy(line.person, person);
	strcpy(erasures->mac, line.mac);
	return append(erasures, &line, err);
}

static bool begin_erasing(struct erasures_run *erasures, struct err *err)
{
	const char *person = erasures->request->argument;
	struct err absent = {0};

	erasures->work = erase_begin(erasures->daemon->db, person, &absent);
	if (erasures->work)
		return write_down(erasures, false,
				  erase_address_key(erasures->work), person,
				  err);
	/* it was done, and not answered yet */
	if (absent.kind == ERR_GONE)
		return answer_erased(erasures, err);
	if (err)
		*err = absent;
	return false;
}

static bool go_on_erasing(struct erasures_run *erasures, int64_t *ret_wait_ms,
			  struct err *err)
{
	const struct request *request = erasures->request;
	const struct erase_order order =
	    order_of(erasures, request, erasures->mac);
	enum erase_state state;

	if (!step(erasures->daemon->db, erasures->work, &order, &state, err))
		return false;
	if (state == ERASE_WAITING)
		*ret_wait_ms = SENDING_MS;
	if (state != ERASE_DONE)
		return true;
	log_notice("person erased person=%s how=%s", request->argument,
		   order.how);
	erase_free(erasures->work);
	erasures->work = NULL;
	return true;
}

static bool record_readmitted(struct erasures_run *erasures, bool *ret_was,
			      struct err *err)
{
	const struct request *request = erasures->request;
	struct db *db = erasures->daemon->db;
	struct event event;

	if (!tombstone_remove(db, erasures->mac, ret_was, err))
		return false;
	if (!*ret_was)
		return true;
	event_begin(&event, "person-readmitted", clock_now(), request->actor);
	event_private(&event, "reason", request->reason);
	return event_end(&event, db, clock_now(), err);
}

/* Its file is written behind its commit: what is lost between the two is a
 * readmission, which can be asked for again. */
static bool readmit(struct erasures_run *erasures, struct err *err)
{
	const struct request *request = erasures->request;
	struct db *db = erasures->daemon->db;
	bool was = false;

	tombstone_make(&erasures->key, request->argument, erasures->mac);
	if (!db_begin(db, err) || !record_readmitted(erasures, &was, err) ||
	    !db_commit(db, err)) {
		db_rollback(db);
		return false;
	}
	if (was && !write_down(erasures, true, request->argument, "-", err))
		return false;
	if (was)
		rosters_look(erasures->daemon->rosters, true);
	return answer(erasures, was ? "readmitted" : "was not erased", err);
}

/* -------------------------------------------------------------- retention */

static void begin_retaining(struct erasures_run *erasures)
{
	const struct daemon *daemon = erasures->daemon;
	const struct retention_order order = {
	    .keys = &daemon->keys,
	    .actor = erasures->request ? erasures->request->actor : "briefingd",
	    .now = jumps_now(daemon->jumps),
	};

	erasures->retention = retention_new(&order);
	erasures->tell_at = clock_since_boot() + TELL_SECONDS;
}

static void tell_retention(const struct erasures_run *erasures,
			   const char *what)
{
	const struct retention_counts *went =
	    retention_went(erasures->retention);

	log_info("retention %s people=%" PRId64 " texts=%" PRId64
		 " mails=%" PRId64 " scans=%" PRId64,
		 what, went->people, went->texts, went->mails, went->scans);
}

static bool end_retaining(struct erasures_run *erasures, struct err *err)
{
	const struct retention_counts *went =
	    retention_went(erasures->retention);
	char text[160];

	if (went->people || went->texts || went->mails || went->scans) {
		tell_retention(erasures, "done");
		erasures->has_log = true;
	}
	erasures->retain_at = clock_since_boot() + DAY_SECONDS;
	snprintf(text, sizeof(text),
		 "people %" PRId64 ", texts %" PRId64 ", mails %" PRId64
		 ", scans %" PRId64,
		 went->people, went->texts, went->mails, went->scans);
	if (erasures->request)
		return answer(erasures, text, err);
	forget(erasures);
	return true;
}

/* Some of its steps share a commit, which takes longer than most of them. */
static bool step_retention(struct erasures_run *erasures, bool *ret_is_done,
			   struct err *err)
{
	int64_t until_us = clock_monotonic_us() + TURN_US;
	bool good = true;

	while (good && !*ret_is_done && clock_monotonic_us() < until_us)
		good = retention_step(erasures->daemon->db, erasures->retention,
				      erasures->daemon->settings,
				      erasures->request, ret_is_done, err);
	return good;
}

static bool go_on_retaining(struct erasures_run *erasures, struct err *err)
{
	struct db *db = erasures->daemon->db;
	bool is_done = false;

	if (!db_begin(db, err) || !step_retention(erasures, &is_done, err) ||
	    !db_commit(db, err)) {
		db_rollback(db);
		return false;
	}
	if (is_done)
		return end_retaining(erasures, err);
	if (clock_since_boot() >= erasures->tell_at) {
		erasures->tell_at = clock_since_boot() + TELL_SECONDS;
		tell_retention(erasures, "goes on");
	}
	return true;
}

/* Once a day; while the clock is in doubt nobody has left for long enough. */
static bool is_retention_due(const struct erasures_run *erasures)
{
	return !erasures->daemon->is_held &&
	       clock_since_boot() >= erasures->retain_at;
}

static bool look_around(struct erasures_run *erasures, int64_t *ret_wait_ms,
			struct err *err)
{
	forget(erasures);
	if (erasures->has_log)
		return empty_log(erasures, err);
	if (is_retention_due(erasures))
		begin_retaining(erasures);
	else
		*ret_wait_ms = LOOK_MS;
	return true;
}

static bool begin_request(struct erasures_run *erasures, struct err *err)
{
	const char *verb = erasures->request->verb;

	if (strcmp(verb, "readmit") == 0)
		return readmit(erasures, err);
	if (strcmp(verb, "erase") == 0)
		return begin_erasing(erasures, err);
	if (erasures->daemon->is_held)
		return answer(erasures, "the clock jumped", err);
	begin_retaining(erasures);
	return true;
}

static bool work_on(struct erasures_run *erasures, int64_t *ret_wait_ms,
		    struct err *err)
{
	if (erasures->work)
		return go_on_erasing(erasures, ret_wait_ms, err);
	if (erasures->retention)
		return go_on_retaining(erasures, err);
	if (!erasures->request && !find_request(erasures, err))
		return false;
	return erasures->request ? begin_request(erasures, err)
				 : look_around(erasures, ret_wait_ms, err);
}

/* One bounded piece a turn. What failed is begun again. */
static void work(void *context)
{
	struct erasures_run *erasures = context;
	struct err err = {0};
	int64_t wait_ms = 0;

	if (erasures->daemon->is_stopping)
		return;
	if (work_on(erasures, &wait_ms, &err)) {
		erasures->is_broken = false;
		timer_set(erasures->timer, wait_ms);
		return;
	}
	if (err.kind != ERR_BUSY && !erasures->is_broken)
		log_error("%s", err.text);
	erasures->is_broken = err.kind != ERR_BUSY;
	forget(erasures);
	timer_set(erasures->timer, err.kind == ERR_BUSY ? BUSY_MS : AGAIN_MS);
}

/* ------------------------------------------------------------------- open */

const struct tombstone_key *erasures_key(const struct erasures_run *erasures)
{
	return &erasures->key;
}

bool erasures_take(struct erasures_run *erasures, const struct request *request)
{
	if (!is_ours(request))
		return false;
	timer_set_sooner(erasures->timer, 0);
	return true;
}

static bool replay_patiently(struct erasures_run *erasures, const char *path,
			     struct err *err)
{
	struct err why = {0};

	for (int waited_ms = 0; waited_ms < START_BUSY_MS;
	     waited_ms += BUSY_MS) {
		err_clear(&why);
		if (replay(erasures, path, &why))
			return true;
		if (why.kind != ERR_BUSY)
			break;
		usleep(BUSY_MS * 1000);
	}
	if (err)
		*err = why;
	return false;
}

static bool take_up(struct erasures_run *erasures, struct err *err)
{
	struct daemon *daemon = erasures->daemon;
	char *path = xasprintf("%s/erasures", daemon->settings->state_folder);
	bool good = keys_load_erasure(daemon->settings, &erasures->key, err) &&
		    open_file(erasures, path, err) &&
		    replay_patiently(erasures, path, err);

	free(path);
	return good || err_context(err, "erasing again who was erased");
}

struct erasures_run *erasures_open(struct daemon *daemon, struct err *err)
{
	struct erasures_run *erasures = xcalloc(1, sizeof(*erasures));

	erasures->daemon = daemon;
	erasures->fd = -1;
	erasures->timer = timer_new(daemon->loop, work, erasures);
	if (take_up(erasures, err)) {
		timer_set(erasures->timer, 0);
		return erasures;
	}
	erasures_close(erasures);
	return NULL;
}

void erasures_close(struct erasures_run *erasures)
{
	if (!erasures)
		return;
	forget(erasures);
	timer_free(erasures->timer);
	if (erasures->fd >= 0)
		close(erasures->fd);
	crypto_forget(&erasures->key, sizeof(erasures->key));
	free(erasures);
}
