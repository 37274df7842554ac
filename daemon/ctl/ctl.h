#ifndef CTL_CTL_H
#define CTL_CTL_H

/*
 * The control program: git-style verbs over the same core, without a loop. A
 * verb's function gets what stands behind its name and returns the exit
 * status: CTL_GOOD, CTL_TROUBLE (said on standard error) or CTL_USAGE.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct checkpoint;
struct db;
struct err;
struct json_value;
struct outbox_counts;
struct relay_standing;
struct roster_list;
struct settings;
struct template_set;

enum ctl_status { CTL_GOOD = 0, CTL_TROUBLE = 1, CTL_USAGE = 2 };

struct ctl {
	const char *settings_path;
	bool wants_json;
	const char *actor; /* "jo@host": who asks, for events */
	int64_t now;
	struct arena *arena;       /* for the verb's whole life */
	struct settings *settings; /* NULL until ctl_settings */
	struct db *db;             /* NULL until ctl_store */
};

struct ctl_verb {
	const char *name, *usage, *help;
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

/* Each table ends with a NULL name; argv[0] is the verb itself. */
extern const struct ctl_verb ctl_verbs[];
int ctl_dispatch(struct ctl *ctl, const struct ctl_verb *verbs,
		 const char *prefix, int argc, char **argv);

/* These say what is wrong and return false. */
bool ctl_settings(struct ctl *ctl);
bool ctl_store(struct ctl *ctl); /* and settings; must exist */
/* That list, unless it was removed. */
bool ctl_find_list(struct ctl *ctl, const char *name, struct roster_list **ret);
/* Opens the store for reading if there is one that can be read: else ctl->db
 * stays NULL, and nothing is said. The settings are there. */
void ctl_find_store(struct ctl *ctl);
struct template_set *ctl_templates(struct ctl *ctl); /* NULL: said */

/* "briefingctl: text" on standard error; returns CTL_TROUBLE */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int ctl_fail_err(const struct err *err);
/* a line on what was wrong, and how the verb is used; returns CTL_USAGE */
int ctl_usage(const char *usage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits a little for the daemon, which does what was asked in any case; *ret
 * NULL: it does not answer. */
bool ctl_await(struct ctl *ctl, int64_t request_id, const char **ret_answer,
	       struct err *err);
/* The last checkpoint, after the daemon was asked for one with all there is: it
 * alone signs. When it does not answer in time, the last one that there is.
 * NULL: there is none, and that is said. */
struct checkpoint *ctl_checkpoint(struct ctl *ctl);
/* Prints it and frees it; returns CTL_GOOD. */
int ctl_print_json(struct json_value *value);
/* how many deliveries are in each state */
struct json_value *ctl_counts_json(const struct outbox_counts *counts);
/* How the relays stand, as the daemon last recorded it. */
void ctl_print_relay(struct ctl *ctl, const struct relay_standing *relay);
void ctl_print_relays(struct ctl *ctl, const struct relay_standing *relays,
		      size_t count);
struct json_value *ctl_relays_json(const struct ctl *ctl,
				   const struct relay_standing *relays,
				   size_t count);
/* "2026-11-22 14:03" in the board's zone, "-" for 0; in the arena */
const char *ctl_time(struct ctl *ctl, int64_t at);
/* without what would move a terminal's cursor: names of folders are anybody's;
 * in the arena */
const char *ctl_plain(struct ctl *ctl, const char *text);
/* the board's date at a time, and at now, ISO; in the arena */
const char *ctl_date(struct ctl *ctl, int64_t at);
const char *ctl_today(struct ctl *ctl);

/* Options of one verb, in a table: flags and texts. Returns the index of the
 * first argument behind them, or -1 (said, with usage). "--" ends options. */
struct ctl_option {
	const char *name;   /* "--reason" */
	const char **text;  /* wants a value */
	bool *flag;         /* or none */
	const char ***list; /* or may come several times; NULL-ended */
};
int ctl_options(struct ctl *ctl, const struct ctl_option *options,
		const char *usage, int argc, char **argv);

/* the groups of verbs */
int ctl_attest(struct ctl *ctl, int argc, char **argv);
int ctl_init(struct ctl *ctl, int argc, char **argv);
int ctl_check(struct ctl *ctl, int argc, char **argv);
int ctl_status(struct ctl *ctl, int argc, char **argv);
/* a line for each slot under way, every so many seconds, until it is ended */
int ctl_watch(struct ctl *ctl, int64_t seconds);
int ctl_mode(struct ctl *ctl, int argc, char **argv);
int ctl_pause(struct ctl *ctl, int argc, char **argv);
int ctl_resume(struct ctl *ctl, int argc, char **argv);
int ctl_backup(struct ctl *ctl, int argc, char **argv);
int ctl_submit(struct ctl *ctl, int argc, char **argv);
int ctl_briefing(struct ctl *ctl, int argc, char **argv);
int ctl_list(struct ctl *ctl, int argc, char **argv);
int ctl_list_bounces(struct ctl *ctl, int argc, char **argv);
int ctl_person(struct ctl *ctl, int argc, char **argv);
int ctl_person_erase(struct ctl *ctl, int argc, char **argv);
int ctl_person_exempt(struct ctl *ctl, int argc, char **argv);
int ctl_person_readmit(struct ctl *ctl, int argc, char **argv);
int ctl_person_unsuppress(struct ctl *ctl, int argc, char **argv);
int ctl_preview(struct ctl *ctl, int argc, char **argv);
int ctl_run(struct ctl *ctl, int argc, char **argv);
int ctl_queue(struct ctl *ctl, int argc, char **argv);
int ctl_queue_retry(struct ctl *ctl, int argc, char **argv);
int ctl_queue_hold(struct ctl *ctl, int argc, char **argv);
int ctl_queue_release(struct ctl *ctl, int argc, char **argv);
int ctl_queue_cancel(struct ctl *ctl, int argc, char **argv);
int ctl_queue_resolve(struct ctl *ctl, int argc, char **argv);
int ctl_evidence(struct ctl *ctl, int argc, char **argv);
int ctl_evidence_pack(struct ctl *ctl, int argc, char **argv);
int ctl_retention(struct ctl *ctl, int argc, char **argv);
int ctl_report(struct ctl *ctl, int argc, char **argv);
int ctl_lead(struct ctl *ctl, int argc, char **argv);
int ctl_lead_mail(struct ctl *ctl, int argc, char **argv);
int ctl_lead_show(struct ctl *ctl, int argc, char **argv);
int ctl_session(struct ctl *ctl, int argc, char **argv);

/* Which lines of a list's CSV are of people who were erased, if any. */
void ctl_print_refused(const struct roster_list *list);

/* lists/, shared by check and list check: says each problem; the count */
size_t ctl_check_lists(struct ctl *ctl, const char *only_name, bool is_quiet);

#endif
