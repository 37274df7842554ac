#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/address.h"
#include "core/returned.h"
#include "core/roster.h"
#include "core/suppression.h"
#include "ctl/ctl.h"
#include "tools/json.h"

#define ITEMS_MAX 1000

/* ---------------------------------------------------------- list bounces */

static struct json_value *item_json(const struct returned_item *item)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "delivery", item->delivery_id);
	json_map_integer(map, "recorded_at", item->recorded_at);
	json_map_text(map, "address", item->address);
	json_map_text(map, "name", item->name);
	json_map_text(map, "kind", item->kind);
	json_map_text(map, "class", item->cls);
	json_map_integer(map, "code", item->code);
	json_map_text(map, "status", item->status);
	json_map_text(map, "text", item->text);
	json_map_flag(map, "suppressed", item->suppressed_at != 0);
	if (*item->notice)
		json_map_text(map, "notice", item->notice);
	return map;
}

static void print_item(struct ctl *ctl, const struct returned_item *item)
{
	printf("%s  %-36s %-7s %s%s%s%s%s%s\n",
	       ctl_time(ctl, item->recorded_at),
	       *item->address ? item->address : "(erased)",
	       item->cls ? item->cls : item->kind, item->status,
	       *item->status ? " " : "", ctl_plain(ctl, item->text),
	       *item->notice ? "  of the notice " : "", item->notice,
	       item->suppressed_at ? "  (suppressed)" : "");
}

static int show_items(struct ctl *ctl, const struct returned_item *items,
		      size_t count)
{
	if (ctl->wants_json) {
		struct json_value *list = json_list_new();

		for (size_t i = 0; i < count; i++)
			json_list_put(list, item_json(&items[i]));
		return ctl_print_json(list);
	}
	for (size_t i = 0; i < count; i++)
		print_item(ctl, &items[i]);
	if (count == 0)
		puts("nothing came back");
	if (count == ITEMS_MAX)
		printf("the last %d are shown\n", ITEMS_MAX);
	return CTL_GOOD;
}

int ctl_list_bounces(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "list bounces LIST";
	static const struct ctl_option none[] = {{0}};
	struct returned_item *items;
	struct roster_list *list;
	size_t count;
	struct err err = {0};
	int at = ctl_options(ctl, none, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one list is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!roster_load_list(ctl->db, argv[at], ctl->arena, &list, &err))
		return ctl_fail_err(&err);
	if (!list)
		return ctl_fail("no list %s; see \"briefingctl list show\"",
				argv[at]);
	if (!returned_load_list(ctl->db, list->id, ITEMS_MAX, ctl->arena,
				&items, &count, &err))
		return ctl_fail_err(&err);
	return show_items(ctl, items, count);
}

/* ---------------------------------------------------- person unsuppress */

int ctl_person_unsuppress(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "person unsuppress ADDRESS --reason TEXT";
	const char *reason = NULL;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason}, {0}};
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one address is wanted");
	if (!reason)
		return ctl_usage(usage, "--reason is wanted: it is recorded");
	if (!address_parse(argv[at], strlen(argv[at]), address, key, &err))
		return ctl_fail_err(&err);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!suppression_release(ctl->db, key, reason, ctl->actor, ctl->now,
				 &err))
		return ctl_fail_err(&err);
	puts("mail is sent there again; what did not arrive goes with the "
	     "list's next slot");
	return CTL_GOOD;
}
