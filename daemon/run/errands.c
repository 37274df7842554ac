#include "run/errands.h"

#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/bounce.h"
#include "core/intake.h"
#include "core/oauth.h"
#include "core/roster.h"
#include "core/settings.h"
#include "run/daemon.h"
#include "run/mailbox_tasks.h"
#include "run/timer.h"
#include "run/tokens.h"

#define ERRANDS_AT_ONCE 3
#define ERRAND_TIMEOUT_MS (120 * 1000)
#define ERRAND_CEILING ((size_t)256 * 1024 * 1024)

const struct errand_task errands_tasks[] = {
    {.name = "read-briefing",
     .rights = ERRAND_FILES,
     .output_ceiling = ERRAND_CEILING,
     .run = intake_read},
    {.name = "read-roster",
     .rights = ERRAND_FILES,
     .output_ceiling = ERRAND_CEILING,
     .run = roster_read_csv},
    {.name = "oauth-token",
     .rights = ERRAND_NETWORK,
     .output_ceiling = OAUTH_ANSWER_MAX + 64,
     .run = tokens_fetch},
    {.name = "read-token",
     .rights = ERRAND_COMPUTE,
     .output_ceiling = OAUTH_TOKEN_MAX + 64,
     .run = oauth_read},
    {.name = "read-mail",
     .rights = ERRAND_COMPUTE,
     .prepare = bounce_prepare,
     .run = bounce_read_mail},
    {.name = "imap-fetch",
     .rights = ERRAND_NETWORK,
     .output_ceiling = MAILBOX_BAG_MAX,
     .run = mailbox_imap_fetch},
    {.name = "imap-fetch-whole",
     .rights = ERRAND_NETWORK,
     .output_ceiling = MAILBOX_WHOLE_BAG_MAX,
     .run = mailbox_imap_fetch_whole},
    {.name = "imap-move", .rights = ERRAND_NETWORK, .run = mailbox_imap_move},
    {.name = "imap-wait",
     .rights = ERRAND_NETWORK,
     .timeout_ms = (MAILBOX_WAIT_S + 120) * 1000,
     .run = mailbox_imap_wait},
    {.name = "maildir-fetch",
     .rights = ERRAND_FILES,
     .output_ceiling = MAILBOX_BAG_MAX,
     .run = mailbox_maildir_fetch},
    {.name = "maildir-fetch-whole",
     .rights = ERRAND_FILES,
     .output_ceiling = MAILBOX_WHOLE_BAG_MAX,
     .run = mailbox_maildir_fetch_whole},
    {.name = "maildir-move",
     .rights = ERRAND_FILES,
     .run = mailbox_maildir_move},
    {.name = NULL},
};

struct waiting {
	struct waiting *next;
	char *name;
	void *input;
	size_t size;
	size_t ceiling; /* bytes of output */
	errands_done *done;
	void *context;
	/* while it runs */
	struct errands_run *errands;
	struct errand *errand;
	sd_event_source *source;
	struct timer *timer;
};

struct errands_run {
	struct daemon *daemon;
	struct waiting *queue; /* oldest first */
	struct waiting *running[ERRANDS_AT_ONCE];
};

static void start_next(struct errands_run *errands);

static void waiting_free(struct waiting *waiting)
{
	sd_event_source_disable_unref(waiting->source);
	timer_free(waiting->timer);
	errand_close(waiting->errand);
	free(waiting->name);
	/* it may hold a secret */
	if (waiting->input)
		explicit_bzero(waiting->input, waiting->size);
	free(waiting->input);
	free(waiting);
}

static void finish(struct waiting *waiting, const struct errands_answer *answer)
{
	struct errands_run *errands = waiting->errands;

	for (size_t i = 0; i < ERRANDS_AT_ONCE; i++)
		if (errands->running[i] == waiting)
			errands->running[i] = NULL;
	waiting->done(waiting->context, answer);
	waiting_free(waiting);
	start_next(errands);
}

static void step(struct waiting *waiting)
{
	struct errands_answer answer = {.errand = waiting->errand};

	switch (errand_step(waiting->errand)) {
	case ERRAND_RUNNING:
		timer_set(waiting->timer,
			  errand_timeout_ms(waiting->errand) + 1);
		return;
	case ERRAND_DONE:
		answer.is_good = true;
		answer.text = errand_output(waiting->errand, &answer.size);
		break;
	case ERRAND_FAILED:
		answer.text = errand_error(waiting->errand);
		answer.size = strlen(answer.text);
		break;
	}
	finish(waiting, &answer);
}

static int readable(sd_event_source *source, int fd, uint32_t events,
		    void *userdata)
{
	(void)source;
	(void)fd;
	(void)events;
	step(userdata);
	return 0;
}

static void timed_out(void *context)
{
	step(context);
}

static int timeout_of(const char *name)
{
	for (const struct errand_task *task = errands_tasks; task->name; task++)
		if (strcmp(task->name, name) == 0 && task->timeout_ms)
			return task->timeout_ms;
	return ERRAND_TIMEOUT_MS;
}

static bool start(struct waiting *waiting, struct err *err)
{
	const struct daemon *daemon = waiting->errands->daemon;
	const struct errand_limits limits = {
	    .timeout_ms = timeout_of(waiting->name),
	    .memory = (size_t)2 * 1024 * 1024 * 1024,
	    .output_ceiling = waiting->ceiling,
	    .scratch_folder = waiting->ceiling > ERRANDS_LARGE
				  ? daemon->settings->state_folder
				  : NULL,
	};

	waiting->errand =
	    errand_start(daemon->program, waiting->name, waiting->input,
			 waiting->size, &limits, err);
	if (!waiting->errand)
		return false;
	waiting->timer = timer_new(daemon->loop, timed_out, waiting);
	timer_set(waiting->timer, errand_timeout_ms(waiting->errand) + 1);
	if (sd_event_add_io(daemon->loop, &waiting->source,
			    errand_fd(waiting->errand), EPOLLIN, readable,
			    waiting) < 0)
		return err_set(err, ERR_SYSTEM, "watching an errand");
	return true;
}

static void start_next(struct errands_run *errands)
{
	for (size_t i = 0; i < ERRANDS_AT_ONCE && errands->queue; i++) {
		struct waiting *waiting = errands->queue;
		struct err err = {0};

		if (errands->running[i])
			continue;
		errands->queue = waiting->next;
		errands->running[i] = waiting;
		if (start(waiting, &err))
			continue;
		finish(waiting,
		       &(struct errands_answer){.text = err.text,
						.size = strlen(err.text)});
		return; /* finish went on with the rest */
	}
}

struct errands_run *errands_open(struct daemon *daemon)
{
	struct errands_run *errands = xcalloc(1, sizeof(*errands));

	errands->daemon = daemon;
	return errands;
}

void errands_close(struct errands_run *errands)
{
	if (!errands)
		return;
	for (size_t i = 0; i < ERRANDS_AT_ONCE; i++)
		if (errands->running[i])
			waiting_free(errands->running[i]);
	while (errands->queue) {
		struct waiting *waiting = errands->queue;

		errands->queue = waiting->next;
		waiting_free(waiting);
	}
	free(errands);
}

void errands_give(struct errands_run *errands, const char *name,
		  const void *input, size_t size, size_t ceiling,
		  errands_done *done, void *context)
{
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));
	struct waiting **end = &errands->queue;

	*waiting = (struct waiting){.name = xstrdup(name),
				    .input = memcpy(xmalloc(size), input, size),
				    .size = size,
				    .ceiling = ceiling,
				    .done = done,
				    .context = context,
				    .errands = errands};
	while (*end)
		end = &(*end)->next;
	*end = waiting;
	start_next(errands);
}
