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

static const char usage[] = "queue [--state STATE] | queue show ID";

static struct json_value *item_json(const struct outbox_item *item)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "delivery", item->delivery_id);
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
	       item->state, item->list_name, ctl_time(ctl, item->due_at),
	       item->attempt, item->address ? item->address : "(erased)");
	if (item->last_text && *item->last_text)
		printf("  %d %s", item->last_code, item->last_text);
	if (item->detail && *item->detail)
		printf("  (%s)", item->detail);
	putchar('\n');
}

static int show_items(struct ctl *ctl, const char *state)
{
	struct outbox_item *items;
	size_t count;
	struct err err = {0};

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

/* the queue id stands in the relay's own words */
static void print_attempt(struct ctl *ctl, const struct outbox_attempt *attempt)
{
	printf("%2d  %s  %-8s %s %s  %d %s  %" PRId64 " ms\n", attempt->number,
	       ctl_time(ctl, attempt->began_at), attempt->outcome,
	       attempt->relay, *attempt->tls ? attempt->tls : "without TLS",
	       attempt->code, attempt->text, attempt->duration_ms);
}

static int show_attempts(struct ctl *ctl, const char *text)
{
	long long id;
	struct outbox_attempt *attempts;
	size_t count;
	struct err err = {0};

	if (!text_parse_integer(text, 1, INT64_MAX, &id))
		return ctl_usage(usage, "no delivery's number: %s", text);
	if (!outbox_load_attempts(ctl->db, id, ctl->arena, &attempts, &count,
				  &err))
		return ctl_fail_err(&err);
	struct json_value *list = json_list_new();
	for (size_t i = 0; i < count; i++) {
		json_list_put(list, attempt_json(&attempts[i]));
		if (!ctl->wants_json)
			print_attempt(ctl, &attempts[i]);
	}
	if (ctl->wants_json)
		return ctl_print_json(list);
	json_free(list);
	if (count == 0)
		printf("delivery %lld: not tried yet, or unknown\n", id);
	return CTL_GOOD;
}

int ctl_queue(struct ctl *ctl, int argc, char **argv)
{
	const char *state = NULL;
	const struct ctl_option options[] = {
	    {.name = "--state", .text = &state}, {0}};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	bool wants_one = argc - at == 2 && strcmp(argv[at], "show") == 0;
	if (!wants_one && at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	return wants_one ? show_attempts(ctl, argv[at + 1])
			 : show_items(ctl, state);
}
