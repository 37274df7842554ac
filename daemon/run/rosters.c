#include "run/rosters.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <systemd/sd-event.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/roster.h"
#include "core/settings.h"
#include "doors/watch.h"
#include "run/daemon.h"
#include "run/erasures.h"
#include "run/errands.h"
#include "run/slots.h"
#include "run/timer.h"
#include "tools/crypto.h"
#include "tools/db.h"

#define SCAN_MS (60 * 1000)
#define DOORBELL_MS 300
#define BUSY_MS 50
#define AGAIN_MS (30 * 1000)
#define SLICE_ROWS 250
#define LISTS_MAX 2000

/* What this process knows of one list's files. */
struct known {
	char *name;
	char conf_hash[CRYPTO_SHA256_HEX];
	char *csv_stamp;
	int64_t list_id; /* 0: its configuration is not in the store */
	bool is_here;    /* seen by this scan */
	bool wants_csv;
};

struct rosters_run {
	struct daemon *daemon;
	struct errands_run *errands;
	struct watch *watch;
	sd_event_source *source;
	struct timer *scan_timer, *load_timer;
	struct known *known;
	size_t count;
	struct known *reading; /* its CSV is with an errand, or being loaded */
	struct roster_load *load; /* in slices */
	bool again;
	bool passed_over; /* what is being read, by a scan meanwhile */
	bool said_empty;
};

static void load_next(struct rosters_run *rosters);

/* a small change as a transaction of its own; false was logged */
static bool commit_if(struct rosters_run *rosters, bool is_good,
		      struct err *err)
{
	if (is_good && db_commit(rosters->daemon->db, err))
		return true;
	db_rollback(rosters->daemon->db);
	if (err->kind != ERR_BUSY)
		log_error("lists: %s", err->text);
	timer_set_sooner(rosters->scan_timer,
			 err->kind == ERR_BUSY ? BUSY_MS : AGAIN_MS);
	return false;
}

static bool tell_problem(struct rosters_run *rosters, const char *name,
			 const char *problem)
{
	struct db *db = rosters->daemon->db;
	struct err err = {0};

	return commit_if(
	    rosters,
	    db_begin(db, &err) &&
		roster_set_problem(db, name, problem, clock_now(), &err),
	    &err);
}

/* ------------------------------------------------------ one list's conf and
 * CSV
 */

static bool apply_conf(struct rosters_run *rosters, struct known *known,
		       const struct roster_list *list, const char *hash)
{
	struct db *db = rosters->daemon->db;
	struct err err = {0};
	int64_t id = 0;

	if (!commit_if(
		rosters,
		db_begin(db, &err) &&
		    roster_apply_conf(db, list, hash, clock_now(), &id, &err),
		&err))
		return false;
	known->list_id = id;
	snprintf(known->conf_hash, sizeof(known->conf_hash), "%s", hash);
	log_info("list configured list=%s", known->name);
	return true;
}

static void refuse_conf(struct rosters_run *rosters, struct known *known,
			const struct problems *problems, const char *hash)
{
	char *text = problems_format(problems);

	log_warning("list refused list=%s problems=%zu see=\"briefingctl list "
		    "check\"",
		    known->name, problems->count);
	/* what is in the store stays in force */
	if (tell_problem(rosters, known->name, text))
		snprintf(known->conf_hash, sizeof(known->conf_hash), "%s",
			 hash);
	free(text);
}

/* true when the configuration in force is that of the file */
static bool look_at_conf(struct rosters_run *rosters, struct known *known,
			 const char *path)
{
	char hash[CRYPTO_SHA256_HEX];
	uint8_t digest[CRYPTO_SHA256_SIZE];
	struct problems problems = {0};
	struct roster_list list;
	struct err err = {0};
	char *text;
	size_t size;

	if (!file_read(path, ROSTER_CONF_MAX_SIZE, &text, &size, &err)) {
		tell_problem(rosters, known->name, err.text);
		return false;
	}
	crypto_sha256(text, size, digest);
	crypto_hex(digest, sizeof(digest), hash);
	bool is_same = strcmp(hash, known->conf_hash) == 0;
	if (!is_same || rosters->again) {
		struct arena *arena = arena_new();
		char *file = xasprintf("%s.conf", known->name);

		known->list_id = 0;
		known->conf_hash[0] = '\0'; /* until it is in the store */
		if (roster_parse_conf(file, text, size, arena, &list,
				      &problems))
			apply_conf(rosters, known, &list, hash);
		else
			refuse_conf(rosters, known, &problems, hash);
		free(file);
		arena_free(arena);
		/* its problem may have been the CSV's only one */
		known->wants_csv = known->list_id != 0;
	}
	problems_done(&problems);
	free(text);
	return known->list_id != 0;
}

static void look_at_csv(struct rosters_run *rosters, struct known *known,
			const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0) {
		char *problem =
		    xasprintf("%s.csv: %s", known->name, strerror(errno));

		if (!known->csv_stamp || *known->csv_stamp) {
			if (tell_problem(rosters, known->name, problem)) {
				free(known->csv_stamp);
				known->csv_stamp = xstrdup("");
			}
		}
		known->wants_csv = false;
		free(problem);
		return;
	}
	char *stamp =
	    xasprintf("%lld %lld.%09ld %llu", (long long)status.st_size,
		      (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
		      (unsigned long long)status.st_ino);
	if (!known->csv_stamp || strcmp(stamp, known->csv_stamp) != 0)
		known->wants_csv = true;
	free(known->csv_stamp);
	known->csv_stamp = stamp;
}

static struct known *known_of(struct rosters_run *rosters, const char *name)
{
	for (size_t i = 0; i < rosters->count; i++)
		if (strcmp(rosters->known[i].name, name) == 0)
			return &rosters->known[i];
	if (rosters->count == LISTS_MAX)
		return NULL;
	struct known *known = &rosters->known[rosters->count++];
	*known = (struct known){.name = xstrdup(name)};
	return known;
}

static void look_at_list(struct rosters_run *rosters, const char *name)
{
	const char *folder = rosters->daemon->settings->lists_folder;
	struct known *known = known_of(rosters, name);

	if (!known || known == rosters->reading) {
		if (known)
			known->is_here = rosters->passed_over = true;
		return;
	}
	char *conf = xasprintf("%s/%s.conf", folder, name);
	char *csv = xasprintf("%s/%s.csv", folder, name);
	known->is_here = true;
	if (look_at_conf(rosters, known, conf))
		look_at_csv(rosters, known, csv);
	free(conf);
	free(csv);
}

/* ------------------------------------------------------------------- the scan
 */

static void remove_missing(struct rosters_run *rosters)
{
	struct db *db = rosters->daemon->db;
	const char **names = xcalloc(rosters->count + 1, sizeof(*names));
	size_t count = 0;
	struct err err = {0};

	for (size_t i = 0; i < rosters->count; i++)
		if (rosters->known[i].is_here)
			names[count++] = rosters->known[i].name;
	/* more likely not mounted than meant; the last list goes with the board
	 */
	if (count == 0) {
		if (rosters->count > 0 && !rosters->said_empty)
			log_error("the lists folder is empty: no list is "
				  "removed");
		rosters->said_empty = true;
		free(names);
		return;
	}
	rosters->said_empty = false;
	commit_if(
	    rosters,
	    db_begin(db, &err) &&
		roster_remove_missing(db, names, count, clock_now(), &err),
	    &err);
	free(names);
}

static void forget_missing(struct rosters_run *rosters)
{
	for (size_t i = 0; i < rosters->count; i++) {
		struct known *known = &rosters->known[i];

		if (known->is_here)
			continue;
		known->conf_hash[0] = '\0'; /* if it comes again: anew */
		free(known->csv_stamp);
		known->csv_stamp = NULL;
		known->wants_csv = false;
	}
}

static void scan(void *context)
{
	struct rosters_run *rosters = context;
	const char *path = rosters->daemon->settings->lists_folder;

	timer_set(rosters->scan_timer, SCAN_MS);
	DIR *folder = opendir(path);
	if (!folder) {
		log_error("can't read the lists folder %s: %s", path,
			  strerror(errno));
		return; /* a folder that is gone removes no list */
	}
	for (size_t i = 0; i < rosters->count; i++)
		rosters->known[i].is_here = false;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.' ||
		    !text_ends(entry->d_name, ".conf"))
			continue;
		char *name = xstrndup(entry->d_name,
				      strlen(entry->d_name) - strlen(".conf"));
		look_at_list(rosters, name);
		free(name);
	}
	closedir(folder);
	rosters->again = false;
	remove_missing(rosters);
	forget_missing(rosters);
	load_next(rosters);
}

/* ---------------------------------------------------------------- CSV, sliced
 */

static void load_end(struct rosters_run *rosters)
{
	roster_load_free(rosters->load);
	rosters->load = NULL;
	rosters->reading = NULL;
	/* its files may have changed since they were read */
	if (rosters->passed_over)
		timer_set_sooner(rosters->scan_timer, 0);
	rosters->passed_over = false;
	load_next(rosters);
}

static void load_again_later(struct rosters_run *rosters)
{
	rosters->reading->wants_csv = true;
	roster_load_free(rosters->load);
	rosters->load = NULL;
	rosters->reading = NULL;
	timer_set(rosters->scan_timer, AGAIN_MS);
}

/* one slice in a transaction; true when the load is over */
static void load_work(void *context)
{
	struct rosters_run *rosters = context;
	struct daemon *daemon = rosters->daemon;
	struct err err = {0};
	enum roster_state state = ROSTER_WORKING;

	if (db_begin(daemon->db, &err) &&
	    roster_load_step(rosters->load, daemon->db,
			     daemon->settings->removal_percent, SLICE_ROWS,
			     clock_now(), &state, &err) &&
	    db_commit(daemon->db, &err)) {
		if (state == ROSTER_WORKING) {
			timer_set(rosters->load_timer, 0);
			return;
		}
		const char *name = rosters->reading->name;
		if (state == ROSTER_HELD) {
			log_warning("list held list=%s see=\"briefingctl list "
				    "accept %s\"",
				    name, name);
		} else {
			int refused = roster_load_refused(rosters->load);

			tell_problem(rosters, name, NULL);
			log_info("list loaded list=%s", name);
			if (refused > 0)
				log_warning("list has rows of people who were "
					    "erased list=%s rows=%d "
					    "see=\"briefingctl list show %s\"",
					    name, refused, name);
			slots_look(daemon->slots);
		}
		load_end(rosters);
		return;
	}
	db_rollback(daemon->db);
	if (err.kind != ERR_BUSY)
		log_error("can't load list=%s: %s", rosters->reading->name,
			  err.text);
	/* what a rolled back slice did is not in the load's own state either:
	 * begin again from the file */
	load_again_later(rosters);
	if (err.kind == ERR_BUSY)
		timer_set(rosters->scan_timer, BUSY_MS);
}

static void answered(void *context, const struct errands_answer *answer)
{
	struct rosters_run *rosters = context;
	struct err err = {0};

	if (!answer->is_good) {
		log_error("can't read list=%s: %s", rosters->reading->name,
			  answer->text);
		load_again_later(rosters);
		return;
	}
	rosters->load =
	    roster_load_begin(rosters->reading->list_id,
			      errand_take_scratch(answer->errand), &err);
	if (!rosters->load) {
		log_error("can't load list=%s: %s", rosters->reading->name,
			  err.text);
		load_again_later(rosters);
		return;
	}
	roster_load_refuse(rosters->load,
			   erasures_key(rosters->daemon->erasures));
	const char *problems = roster_load_problems(rosters->load);
	if (problems) {
		log_warning("list refused list=%s see=\"briefingctl list "
			    "check\"",
			    rosters->reading->name);
		tell_problem(rosters, rosters->reading->name, problems);
		load_end(rosters);
		return;
	}
	timer_set(rosters->load_timer, 0);
}

static void load_next(struct rosters_run *rosters)
{
	const struct daemon *daemon = rosters->daemon;

	for (size_t i = 0; i < rosters->count && !rosters->reading; i++) {
		struct known *known = &rosters->known[i];

		if (!known->wants_csv || !known->list_id)
			continue;
		known->wants_csv = false;
		rosters->reading = known;
		char *path = xasprintf(
		    "%s/%s.csv", daemon->settings->lists_folder, known->name);
		char *file = xasprintf("%s.csv", known->name);
		char *hash = roster_known_hash(daemon->db, known->list_id);
		char *input = roster_request(path, file, hash);
		errands_give(rosters->errands, "read-roster", input,
			     strlen(input), (size_t)4 * ROSTER_CSV_MAX_SIZE,
			     answered, rosters);
		free(input);
		free(hash);
		free(file);
		free(path);
	}
}

static int rang(sd_event_source *source, int fd, uint32_t events,
		void *userdata)
{
	struct rosters_run *rosters = userdata;

	(void)source;
	(void)fd;
	(void)events;
	if (watch_drain(rosters->watch))
		timer_set_sooner(rosters->scan_timer, DOORBELL_MS);
	return 0;
}

struct rosters_run *rosters_open(struct daemon *daemon,
				 struct errands_run *errands, struct err *err)
{
	struct rosters_run *rosters = xcalloc(1, sizeof(*rosters));
	struct err absent = {0};

	rosters->daemon = daemon;
	rosters->errands = errands;
	rosters->known = xcalloc(LISTS_MAX, sizeof(*rosters->known));
	rosters->scan_timer = timer_new(daemon->loop, scan, rosters);
	rosters->load_timer = timer_new(daemon->loop, load_work, rosters);
	rosters->watch = watch_open(err);
	if (!rosters->watch) {
		rosters_close(rosters);
		return NULL;
	}
	if (!watch_folder(rosters->watch, daemon->settings->lists_folder,
			  &absent) &&
	    absent.kind != ERR_GONE) {
		if (err)
			*err = absent;
		rosters_close(rosters);
		return NULL;
	}
	if (sd_event_add_io(daemon->loop, &rosters->source,
			    watch_fd(rosters->watch), EPOLLIN, rang,
			    rosters) < 0) {
		err_set(err, ERR_SYSTEM, "watching the lists folder");
		rosters_close(rosters);
		return NULL;
	}
	timer_set(rosters->scan_timer, 0);
	return rosters;
}

void rosters_close(struct rosters_run *rosters)
{
	if (!rosters)
		return;
	sd_event_source_disable_unref(rosters->source);
	watch_close(rosters->watch);
	timer_free(rosters->scan_timer);
	timer_free(rosters->load_timer);
	roster_load_free(rosters->load);
	for (size_t i = 0; i < rosters->count; i++) {
		free(rosters->known[i].name);
		free(rosters->known[i].csv_stamp);
	}
	free(rosters->known);
	free(rosters);
}

void rosters_look(struct rosters_run *rosters, bool again)
{
	rosters->again |= again;
	watch_drain(rosters->watch);
	timer_set_sooner(rosters->scan_timer, 0);
}
