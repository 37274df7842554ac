#include "run/intake.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <systemd/sd-event.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/intake.h"
#include "core/settings.h"
#include "doors/watch.h"
#include "run/daemon.h"
#include "run/errands.h"
#include "run/slots.h"
#include "run/timer.h"
#include "tools/db.h"

#define SCAN_MS (60 * 1000)
#define NOT_STILL_MS 1000
#define DOORBELL_MS 100
#define AGAIN_MS (30 * 1000) /* after trouble of the machine */
#define ANSWER_CEILING ((size_t)8 * 1024 * 1024)
#define FOLDERS_MAX 10000

struct intake_run {
	struct daemon *daemon;
	struct errands_run *errands;
	struct watch *watch;
	sd_event_source *source;
	struct timer *timer;
	bool is_reading;    /* an errand is on its way */
	char *name, *stamp; /* of the folder that it reads */
	char *after; /* that folder failed: look at those behind it first */
	bool said_no_folder;
};

static char *path_of(const struct intake_run *intake, const char *name)
{
	return xasprintf("%s/%s", intake->daemon->settings->approved_folder,
			 name);
}

static void log_taken(enum intake_result result, const char *name,
		      const char *text)
{
	switch (result) {
	case INTAKE_TAKEN:
		log_notice("taken folder=%s briefing=%s", name, text);
		break;
	case INTAKE_KNOWN:
		log_info("known folder=%s briefing=%s", name, text);
		break;
	case INTAKE_WAITING:
		log_info("waiting folder=%s for=%s", name, text);
		break;
	case INTAKE_REJECTED:
		log_warning("rejected folder=%s see=REJECTED.txt", name);
		break;
	}
}

/* commits what the errand found; false: try again later */
static bool take(struct intake_run *intake, const char *answer, size_t size,
		 struct arena *arena, enum intake_result *ret,
		 const char **ret_text, struct err *err)
{
	struct daemon *daemon = intake->daemon;

	if (!db_begin(daemon->db, err))
		return false;
	if (intake_take(daemon->db, intake->name, intake->stamp, answer, size,
			daemon->settings->deadline_days, clock_now(), arena,
			ret, ret_text, err) &&
	    db_commit(daemon->db, err))
		return true;
	db_rollback(daemon->db);
	return false;
}

static void answered(void *context, const struct errands_answer *answer)
{
	struct intake_run *intake = context;
	struct arena *arena = arena_new();
	struct err err = {0};
	enum intake_result result;
	const char *text;

	if (!answer->is_good)
		err_set(&err, ERR_SYSTEM, "%s", answer->text);
	if (answer->is_good && take(intake, answer->text, answer->size, arena,
				    &result, &text, &err)) {
		char *path = path_of(intake, intake->name);

		log_taken(result, intake->name, text);
		intake_tell(path, result == INTAKE_REJECTED ? text : NULL);
		free(path);
		if (result == INTAKE_TAKEN)
			slots_look(intake->daemon->slots);
		timer_set_sooner(intake->timer, 0);
	} else if (err.kind == ERR_BUSY) {
		timer_set(intake->timer, NOT_STILL_MS);
	} else {
		log_error("can't take folder=%s: %s", intake->name, err.text);
		free(intake->after);
		intake->after = xstrdup(intake->name);
		timer_set(intake->timer, 0);
	}
	intake->is_reading = false;
	arena_free(arena);
}

/* Its path can't be handed to an errand, nor shown to anybody. */
static void refuse_name(struct intake_run *intake)
{
	char *text = intake_refuse("this folder: its name is not in UTF-8; "
				   "give it another\n");

	answered(intake, &(struct errands_answer){.is_good = true,
						  .text = text,
						  .size = strlen(text)});
	free(text);
}

static void read_folder(struct intake_run *intake, const char *name,
			const char *path, const char *stamp)
{
	const struct settings *settings = intake->daemon->settings;
	char *documents = xasprintf("%s/documents", settings->state_folder);
	char *input =
	    intake_request(path, documents, settings->time_zone, clock_now());

	free(intake->name);
	free(intake->stamp);
	intake->name = xstrdup(name);
	intake->stamp = xstrdup(stamp);
	intake->is_reading = true;
	if (text_is_utf8(name, strlen(name), NULL))
		errands_give(intake->errands, "read-briefing", input,
			     strlen(input), ANSWER_CEILING, answered, intake);
	else
		refuse_name(intake);
	free(input);
	free(documents);
}

/* one folder: true when it was sent to an errand */
static bool look_at(struct intake_run *intake, const char *name,
		    struct arena *arena, bool *ret_is_restless)
{
	char *path = path_of(intake, name);
	const char *stamp;
	struct err err = {0};
	bool is_still, is_new, is_sent = false;

	if (!intake_stamp(path, clock_now(), arena, &stamp, &is_still, &err) ||
	    !intake_is_new(intake->daemon->db, name, stamp, &is_new, &err)) {
		log_warning("can't look at folder=%s: %s", name, err.text);
	} else if (is_new && !is_still) {
		*ret_is_restless = true;
	} else if (is_new) {
		read_folder(intake, name, path, stamp);
		is_sent = true;
	}
	free(path);
	return is_sent;
}

static int by_name(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

static bool is_folder(const char *parent, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_name[0] == '.')
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	char *path = xasprintf("%s/%s", parent, entry->d_name);
	bool is = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
	free(path);
	return is;
}

/* names of the folders, sorted, so that a scan has one order */
static bool list_folders(struct intake_run *intake, struct arena *arena,
			 const char ***ret_names, size_t *ret_count)
{
	const char *parent = intake->daemon->settings->approved_folder;
	DIR *folder = opendir(parent);
	const char **names = NULL;
	size_t count = 0;

	if (!folder) {
		if (!intake->said_no_folder)
			log_error("can't read the drop folder %s: %s", parent,
				  strerror(errno));
		intake->said_no_folder = true;
		return false;
	}
	intake->said_no_folder = false;
	names = arena_allocarray(arena, FOLDERS_MAX, sizeof(*names));
	for (struct dirent *entry; (entry = readdir(folder));)
		if (count < FOLDERS_MAX && is_folder(parent, entry))
			names[count++] = arena_strdup(arena, entry->d_name);
	closedir(folder);
	qsort(names, count, sizeof(*names), by_name);
	*ret_names = names;
	*ret_count = count;
	return true;
}

static void forget_gone(struct intake_run *intake, const char **names,
			size_t count)
{
	struct db *db = intake->daemon->db;
	struct err err = {0};

	if (!db_begin(db, &err))
		return; /* the next scan does it */
	if (!intake_forget(db, names, count, &err) || !db_commit(db, &err)) {
		db_rollback(db);
		log_warning("can't forget folders that are gone: %s", err.text);
	}
}

/* Behind one that failed, so that it keeps no other waiting. */
static size_t first_to_look_at(const struct intake_run *intake,
			       const char **names, size_t count)
{
	size_t i = 0;

	while (intake->after && i < count &&
	       strcmp(names[i], intake->after) <= 0)
		i++;
	return i;
}

static void begin_again(struct intake_run *intake)
{
	if (!intake->after)
		return;
	free(intake->after);
	intake->after = NULL;
	timer_set_sooner(intake->timer, AGAIN_MS);
}

static void scan(void *context)
{
	struct intake_run *intake = context;
	const char **names;
	size_t count;
	bool is_restless = false;

	if (intake->is_reading || intake->daemon->is_stopping)
		return;
	timer_set(intake->timer, SCAN_MS);
	struct arena *arena = arena_new();
	if (list_folders(intake, arena, &names, &count)) {
		size_t i = first_to_look_at(intake, names, count);

		while (i < count &&
		       !look_at(intake, names[i], arena, &is_restless))
			i++;
		if (i == count) {
			forget_gone(intake, names, count);
			begin_again(intake);
		}
	}
	if (is_restless)
		timer_set_sooner(intake->timer, NOT_STILL_MS);
	arena_free(arena);
}

static int rang(sd_event_source *source, int fd, uint32_t events,
		void *userdata)
{
	struct intake_run *intake = userdata;

	(void)source;
	(void)fd;
	(void)events;
	if (watch_drain(intake->watch))
		timer_set_sooner(intake->timer, DOORBELL_MS);
	return 0;
}

struct intake_run *intake_open(struct daemon *daemon,
			       struct errands_run *errands, struct err *err)
{
	struct intake_run *intake = xcalloc(1, sizeof(*intake));
	struct err absent = {0};

	intake->daemon = daemon;
	intake->errands = errands;
	intake->timer = timer_new(daemon->loop, scan, intake);
	intake->watch = watch_open(err);
	if (!intake->watch ||
	    (!watch_folder(intake->watch, daemon->settings->approved_folder,
			   &absent) &&
	     absent.kind != ERR_GONE)) {
		if (intake->watch && err)
			*err = absent;
		intake_close(intake);
		return NULL;
	}
	if (sd_event_add_io(daemon->loop, &intake->source,
			    watch_fd(intake->watch), EPOLLIN, rang,
			    intake) < 0) {
		err_set(err, ERR_SYSTEM, "watching the drop folder");
		intake_close(intake);
		return NULL;
	}
	timer_set(intake->timer, 0);
	return intake;
}

void intake_close(struct intake_run *intake)
{
	if (!intake)
		return;
	sd_event_source_disable_unref(intake->source);
	watch_close(intake->watch);
	timer_free(intake->timer);
	free(intake->name);
	free(intake->stamp);
	free(intake->after);
	free(intake);
}

void intake_look(struct intake_run *intake)
{
	watch_drain(intake->watch);
	timer_set_sooner(intake->timer, 0);
}
