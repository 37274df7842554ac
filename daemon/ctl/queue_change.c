#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "core/outbox_operate.h"
#include "core/roster.h"
#include "core/settings.h"
#include "ctl/ctl.h"

#define DAY_SECONDS INT64_C(86400)

/* which deliveries are meant: a number, a list's or all */
struct target {
	long long id; /* 0: more than one */
	const char *list_name;
	bool is_all;
};

static bool parse_target(struct ctl *ctl, const char *usage, int argc,
			 char **argv, struct target *ret)
{
	struct target target = {0};
	const struct ctl_option options[] = {
	    {.name = "--list", .text = &target.list_name},
	    {.name = "--all", .flag = &target.is_all},
	    {0}};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return false;
	if (argc - at + (target.list_name != NULL) + target.is_all != 1 ||
	    (at < argc &&
	     !text_parse_integer(argv[at], 1, INT64_MAX, &target.id))) {
		ctl_usage(usage, "a delivery's number, --list LIST or --all is "
				 "wanted");
		return false;
	}
	*ret = target;
	return true;
}

static int operate_all(struct ctl *ctl, const struct outbox_order *order,
		       const struct target *target, const char *done)
{
	struct roster_list *list;
	struct err err = {0};
	int64_t count;
	/* a mail whose link is dead is of no use to anyone */
	int64_t from_at =
	    order->verb == OUTBOX_RETRY
		? ctl->now - ctl->settings->window_days * DAY_SECONDS
		: 0;

	if (target->list_name) {
		if (!roster_load_list(ctl->db, target->list_name, ctl->arena,
				      &list, &err))
			return ctl_fail_err(&err);
		if (!list)
			return ctl_fail("no list %s", target->list_name);
	}
	if (!outbox_operate_all(ctl->db, order, target->list_name, from_at,
				&count, &err))
		return ctl_fail_err(&err);
	printf("%" PRId64 " %s %s\n", count,
	       count == 1 ? "delivery is" : "deliveries are", done);
	return CTL_GOOD;
}

static int operate_one(struct ctl *ctl, const struct outbox_order *order,
		       int64_t id, const char *done)
{
	struct err err = {0};

	if (!outbox_operate_one(ctl->db, order, id, &err))
		return ctl_fail_err(&err);
	printf("delivery %" PRId64 " is %s\n", id, done);
	return CTL_GOOD;
}

static int operate(struct ctl *ctl, enum outbox_verb verb, const char *usage,
		   const char *done, int argc, char **argv)
{
	const struct outbox_order order = {
	    .verb = verb, .actor = ctl->actor, .now = ctl->now};
	struct target target;

	if (!parse_target(ctl, usage, argc, argv, &target))
		return CTL_USAGE;
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	return target.id ? operate_one(ctl, &order, target.id, done)
			 : operate_all(ctl, &order, &target, done);
}

int ctl_queue_retry(struct ctl *ctl, int argc, char **argv)
{
	return operate(ctl, OUTBOX_RETRY,
		       "queue retry ID | --list LIST | --all", "due now", argc,
		       argv);
}

int ctl_queue_hold(struct ctl *ctl, int argc, char **argv)
{
	return operate(ctl, OUTBOX_HOLD, "queue hold ID | --list LIST | --all",
		       "held", argc, argv);
}

int ctl_queue_release(struct ctl *ctl, int argc, char **argv)
{
	return operate(ctl, OUTBOX_RELEASE,
		       "queue release ID | --list LIST | --all", "released",
		       argc, argv);
}

/* ------------------------------------------------------- with a reason */

/* ID and words many arguments behind it, and --reason */
static int parse_reasoned(struct ctl *ctl, const char *usage, int words,
			  int argc, char **argv, long long *ret_id,
			  const char **ret_reason)
{
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = ret_reason}, {0}};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return -1;
	if (argc - at != 1 + words ||
	    !text_parse_integer(argv[at], 1, INT64_MAX, ret_id)) {
		ctl_usage(usage, "a delivery's number is wanted%s",
			  words ? ", and sent or not-sent" : "");
		return -1;
	}
	if (text_is_empty(*ret_reason)) {
		ctl_usage(usage, "--reason is wanted: it is recorded");
		return -1;
	}
	return at;
}

int ctl_queue_cancel(struct ctl *ctl, int argc, char **argv)
{
	struct outbox_order order = {
	    .verb = OUTBOX_CANCEL, .actor = ctl->actor, .now = ctl->now};
	long long id;

	if (parse_reasoned(ctl, "queue cancel ID --reason TEXT", 0, argc, argv,
			   &id, &order.reason) < 0)
		return CTL_USAGE;
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	return operate_one(ctl, &order, id, "cancelled");
}

int ctl_queue_resolve(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "queue resolve ID sent|not-sent --reason TEXT";
	struct outbox_order order = {.actor = ctl->actor, .now = ctl->now};
	long long id;
	int at = parse_reasoned(ctl, usage, 1, argc, argv, &id, &order.reason);

	if (at < 0)
		return CTL_USAGE;
	bool is_sent = strcmp(argv[at + 1], "sent") == 0;
	if (!is_sent && strcmp(argv[at + 1], "not-sent") != 0)
		return ctl_usage(usage, "sent or not-sent, not %s",
				 argv[at + 1]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	order.verb = is_sent ? OUTBOX_SENT : OUTBOX_NOT_SENT;
	return operate_one(ctl, &order, id,
			   is_sent ? "recorded as sent" : "due again");
}
