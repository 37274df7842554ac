#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/outbox.h"
#include "ctl/ctl.h"
#include "tools/json.h"

#define ITEMS_MAX 1000

/* ------------------------------------------------------------- the whole */

struct json_value *ctl_counts_json(const struct outbox_counts *counts)
{
	const struct {
		const char *name;
		int64_t count;
	} states[] = {
	    {"due", counts->due},
	    {"waiting", counts->waiting},
	    {"sending", counts->sending},
	    {"held", counts->held},
	    {"unsure", counts->unsure},
	    {"accepted", counts->accepted},
	    {"refused", counts->refused},
	    {"cancelled", counts->cancelled},
	    {"bounced", counts->bounced},
	    {"oldest_due_at", counts->oldest_due_at},
	    {"next_due_at", counts->next_due_at},
	};
	struct json_value *map = json_map_new();

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		json_map_integer(map, states[i].name, states[i].count);
	return map;
}

static void print_counts(struct ctl *ctl, const struct outbox_counts *counts)
{
	printf("due        %" PRId64, counts->due);
	if (counts->waiting)
		printf(", of which %" PRId64 " were tried before and wait",
		       counts->waiting);
	printf("\nsending    %" PRId64 "\nheld       %" PRId64
	       "\nunsure     %" PRId64 "\naccepted   %" PRId64
	       "\nrefused    %" PRId64 "\ncancelled  %" PRId64
	       "\nbounced    %" PRId64 "\n",
	       counts->sending, counts->held, counts->unsure, counts->accepted,
	       counts->refused, counts->cancelled, counts->bounced);
	printf("oldest     %s\n", counts->oldest_due_at
				      ? ctl_time(ctl, counts->oldest_due_at)
				      : "none is due now");
	printf("next       %s\n", counts->next_due_at
				      ? ctl_time(ctl, counts->next_due_at)
				      : "none falls due later");
}

static int show_counts(struct ctl *ctl)
{
	struct outbox_counts counts;
	struct err err = {0};

	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!outbox_count(ctl->db, ctl->now, &counts, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json)
		return ctl_print_json(ctl_counts_json(&counts));
	print_counts(ctl, &counts);
	return CTL_GOOD;
}

/* -------------------------------------------------------------- one by one */

static struct json_value *item_json(const struct outbox_item *item)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "delivery", item->delivery_id);
	json_map_text(map, "kind", item->kind);
	json_map_text(map, "list", item->list_name);
	json_map_text(map, "state", item->state);
	json_map_text(map, "mode", item->mode);
	json_map_text(map, "address", item->address);
	json_map_integer(map, "attempt", item->attempt);
	json_map_integer(map, "due_at", item->due_at);
	json_map_integer(map, "code", item->last_code);
	json_map_text(map, "text", item->last_text);
	json_map_text(map, "detail", item->detail);
	return map;
}

static void print_item(struct ctl *ctl, const struct outbox_item *item)
{
	printf("%8" PRId64 "  %-9s %-20s %-16s %2d  %s", item->delivery_id,
	       item->state, *item->list_name ? item->list_name : item->kind,
	       ctl_time(ctl, item->due_at), item->attempt,
	       item->address ? item->address : "(erased)");
	if (item->last_text && *item->last_text)
		printf("  %d %s", item->last_code, item->last_text);
	if (item->detail && *item->detail)
		printf("  (%s)", item->detail);
	putchar('\n');
}

static int list_items(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "queue list [--state STATE]";
	const char *state = NULL;
	const struct ctl_option options[] = {
	    {.name = "--state", .text = &state}, {0}};
	struct outbox_item *items;
	size_t count;
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!outbox_load_items(ctl->db, state, ITEMS_MAX, ctl->arena, &items,
			       &count, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json) {
		struct json_value *list = json_list_new();

		for (size_t i = 0; i < count; i++)
			json_list_put(list, item_json(&items[i]));
		return ctl_print_json(list);
	}
	if (count == 0)
		puts("nothing is on its way");
	else
		puts("delivery  state     list                 due            "
		     "tries  address");
	for (size_t i = 0; i < count; i++)
		print_item(ctl, &items[i]);
	if (count == ITEMS_MAX)
		printf("the first %d are shown\n", ITEMS_MAX);
	return CTL_GOOD;
}

static struct json_value *attempt_json(const struct outbox_attempt *attempt)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "number", attempt->number);
	json_map_integer(map, "began_at", attempt->began_at);
	json_map_text(map, "outcome", attempt->outcome);
	json_map_text(map, "relay", attempt->relay);
	json_map_text(map, "tls", attempt->tls);
	json_map_integer(map, "code", attempt->code);
	json_map_text(map, "enhanced", attempt->enhanced);
	json_map_text(map, "text", attempt->text);
	json_map_text(map, "queue_id", attempt->queue_id);
	json_map_integer(map, "duration_ms", attempt->duration_ms);
	return map;
}

static void print_attempt(struct ctl *ctl, const struct outbox_attempt *attempt)
{
	printf("%2d  %s  %-8s  %s, %s, %" PRId64 " ms", attempt->number,
	       ctl_time(ctl, attempt->began_at), attempt->outcome,
	       *attempt->relay ? attempt->relay : "no relay",
	       *attempt->tls ? attempt->tls : "without TLS",
	       attempt->duration_ms);
	if (*attempt->queue_id)
		printf(", there as %s", attempt->queue_id);
	putchar('\n');
	if (attempt->code || *attempt->text)
		printf("    %d %s%s%s\n", attempt->code, attempt->enhanced,
		       *attempt->enhanced ? " " : "", attempt->text);
}

static void print_delivery(struct ctl *ctl, const struct outbox_item *item,
			   const struct outbox_attempt *attempts, size_t count)
{
	bool is_digest = strcmp(item->kind, "digest") == 0;

	printf("delivery %" PRId64 "  %s, %s%s%slist %s, %s, to %s\n",
	       item->delivery_id, item->state, is_digest ? "" : "notice ",
	       is_digest ? "" : item->kind, is_digest ? "" : ", ",
	       *item->list_name ? item->list_name : "none", item->mode,
	       *item->address ? item->address : "(erased)");
	if (*item->detail)
		printf("%s\n", item->detail);
	if (strcmp(item->state, "due") == 0)
		printf("due %s\n", ctl_time(ctl, item->due_at));
	if (count == 0)
		puts("not tried yet");
	for (size_t i = 0; i < count; i++)
		print_attempt(ctl, &attempts[i]);
}

static int show_delivery(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	static const char usage[] = "queue show ID";
	long long id;
	struct outbox_item item;
	struct outbox_attempt *attempts;
	size_t count;
	struct err err = {0};
	int at = ctl_options(ctl, none, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1 || !text_parse_integer(argv[at], 1, INT64_MAX, &id))
		return ctl_usage(usage, "a delivery's number is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!outbox_load_item(ctl->db, id, ctl->arena, &item, &err) ||
	    !outbox_load_attempts(ctl->db, id, ctl->arena, &attempts, &count,
				  &err))
		return ctl_fail_err(&err);
	if (!ctl->wants_json) {
		print_delivery(ctl, &item, attempts, count);
		return CTL_GOOD;
	}
	struct json_value *list = json_list_new();
	for (size_t i = 0; i < count; i++)
		json_list_put(list, attempt_json(&attempts[i]));
	return ctl_print_json(list);
}

int ctl_queue(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	static const struct ctl_verb verbs[] = {
	    {"list", "list [--state STATE]",
	     "what is on its way, or in that state", list_items},
	    {"show", "show ID", "each attempt at one delivery", show_delivery},
	    {"retry", "retry ID | --list LIST | --all",
	     "what waits or was refused: try it again now", ctl_queue_retry},
	    {"hold", "hold ID | --list LIST | --all",
	     "keep what waits from being sent", ctl_queue_hold},
	    {"release", "release ID | --list LIST | --all",
	     "let go what is held", ctl_queue_release},
	    {"cancel", "cancel ID --reason TEXT", "it shall never be sent",
	     ctl_queue_cancel},
	    {"resolve", "resolve ID sent|not-sent --reason TEXT",
	     "say what became of what is unsure", ctl_queue_resolve},
	    {NULL, NULL, NULL, NULL},
	};

	if (argc > 1 && argv[1][0] != '-')
		return ctl_dispatch(ctl, verbs, "queue ", argc - 1, argv + 1);
	return ctl_options(ctl, none, "queue", argc, argv) < 0
		   ? CTL_USAGE
		   : show_counts(ctl);
}
