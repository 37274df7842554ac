#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/address.h"
#include "core/erase.h"
#include "core/person_export.h"
#include "core/request.h"
#include "core/roster.h"
#include "ctl/ctl.h"
#include "tools/json.h"

/* Who an address is, and all that is held of them. */
struct whom {
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	const char **ids; /* those who have the address, or had it */
	size_t count;
};

static bool find(struct ctl *ctl, const char *text, struct whom *ret,
		 struct err *err)
{
	if (!address_parse(text, strlen(text), ret->address, ret->key, err) ||
	    !erase_find(ctl->db, ret->key, ctl->arena, &ret->ids, &ret->count,
			err))
		return false;
	return ret->count > 0 ||
	       err_set(err, ERR_GONE,
		       "nobody has the address %s: nothing is erased",
		       ret->key);
}

/* --- what it would do */

static struct json_value *held_json(const struct whom *whom,
				    const struct person_export *held)
{
	struct json_value *map = json_map_new();
	struct json_value *fates[] = {
	    [PERSON_HELD_GOES] = json_map_new(),
	    [PERSON_HELD_STAYS] = json_map_new(),
	    [PERSON_HELD_IN_FILES] = json_map_new(),
	};
	struct json_value *ids = json_list_new();

	for (size_t i = 0; i < whom->count; i++)
		json_list_text(ids, whom->ids[i]);
	for (size_t i = 0; i < held->section_count; i++) {
		const struct person_section *section = &held->sections[i];

		json_map_integer(fates[section->held], section->name,
				 (int64_t)section->record_count);
	}
	json_map_put(map, "people", ids);
	json_map_put(map, "goes", fates[PERSON_HELD_GOES]);
	json_map_put(map, "stays", fates[PERSON_HELD_STAYS]);
	json_map_put(map, "in_files", fates[PERSON_HELD_IN_FILES]);
	return map;
}

static void print_held(const struct person_export *held, enum person_held fate)
{
	for (size_t i = 0; i < held->section_count; i++) {
		const struct person_section *section = &held->sections[i];

		if (section->held == fate && section->record_count > 0)
			printf("  %-14s %6zu\n", section->name,
			       section->record_count);
	}
}

/* An agency's own files are not ours to change. */
static bool print_leads(struct ctl *ctl, const struct whom *whom,
			struct err *err)
{
	struct roster_list *lists;
	size_t count;

	if (!roster_load_lists(ctl->db, ctl->arena, &lists, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(lists[i].lead_address, whom->key) == 0 ||
		    strcasecmp(lists[i].board_member_address, whom->key) == 0)
			printf("%s.conf names them, and goes on to\n",
			       lists[i].name);
	return true;
}

static int show(struct ctl *ctl, const struct whom *whom)
{
	struct person_export *held;
	struct err err = {0};

	if (!person_export_load(ctl->db, whom->key, ctl->arena, &held, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json)
		return ctl_print_json(held_json(whom, held));
	puts("would go, or lose what names them:");
	print_held(held, PERSON_HELD_GOES);
	printf("would stay, under the id %s alone:\n", whom->ids[0]);
	print_held(held, PERSON_HELD_STAYS);
	if (!print_leads(ctl, whom, &err))
		return ctl_fail_err(&err);
	puts("nothing is done yet");
	return CTL_GOOD;
}

/* --- and does */

/* A reason is kept: it must not keep what is erased. */
static bool is_fit(const struct whom *whom, const char *reason)
{
	return !strcasestr(reason, whom->key);
}

static bool ask(struct ctl *ctl, const struct whom *whom, const char *reason,
		const char **ret_answer, struct err *err)
{
	int64_t *ids = arena_allocarray(ctl->arena, whom->count, sizeof(*ids));

	for (size_t i = 0; i < whom->count; i++)
		if (!request_add_reasoned(ctl->db, "erase", whom->ids[i],
					  reason, ctl->actor, ctl->now, &ids[i],
					  err))
			return false;
	for (size_t i = 0; i < whom->count; i++)
		if (!ctl_await(ctl, ids[i], ret_answer, err))
			return false;
	return true;
}

static int erase(struct ctl *ctl, const struct whom *whom, const char *reason)
{
	const char *answer = NULL;
	struct err err = {0};

	if (!ask(ctl, whom, reason, &answer, &err))
		return ctl_fail_err(&err);
	if (!answer)
		return ctl_fail("asked; it is done as soon as the daemon runs "
				"and no mail to them is on its way");
	printf("erased: person %s. What counts stays. Backups that were made "
	       "before still have it; when one is put back, it is erased "
	       "again\n",
	       whom->ids[0]);
	return CTL_GOOD;
}

int ctl_person_erase(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "person erase ADDRESS --reason TEXT | ADDRESS --dry-run";
	const char *reason = NULL;
	bool is_dry = false;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason},
	    {.name = "--dry-run", .flag = &is_dry},
	    {0}};
	struct whom whom;
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one address is wanted");
	if ((!reason || !*reason) && !is_dry)
		return ctl_usage(usage, "--reason is wanted: it is recorded");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!find(ctl, argv[at], &whom, &err))
		return ctl_fail_err(&err);
	if (is_dry)
		return show(ctl, &whom);
	if (!is_fit(&whom, reason))
		return ctl_usage(usage, "the reason is kept, so it can't hold "
					"the address");
	return erase(ctl, &whom, reason);
}

/* --- and undone for the future */

int ctl_person_readmit(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "person readmit ADDRESS --reason TEXT";
	const char *reason = NULL, *answer = NULL;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason}, {0}};
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct err err = {0};
	int64_t id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one address is wanted");
	if (!reason || !*reason)
		return ctl_usage(usage, "--reason is wanted: it is recorded");
	if (!address_parse(argv[at], strlen(argv[at]), address, key, &err))
		return ctl_fail_err(&err);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!request_add_reasoned(ctl->db, "readmit", key, reason, ctl->actor,
				  ctl->now, &id, &err) ||
	    !ctl_await(ctl, id, &answer, &err))
		return ctl_fail_err(&err);
	if (!answer)
		return ctl_fail("asked; it is done as soon as the daemon runs");
	if (strcmp(answer, "readmitted") != 0)
		return ctl_fail("nobody with that address was erased");
	puts("readmitted: lists may bring the address again. Nothing that was "
	     "erased comes back");
	return CTL_GOOD;
}
