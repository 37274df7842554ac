#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/file.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/pack.h"
#include "core/request.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/archive.h"
#include "tools/json.h"
#include "tools/template.h"
#include "tools/zone.h"

#define NAMES_DAYS 90 /* then a pack with names is destroyed */

/* the board's date so many days from now */
static const char *date_in(struct ctl *ctl, int days)
{
	struct civil civil = zone_from_utc(ctl->settings->zone, ctl->now);
	char date[CIVIL_DATE_SIZE];

	civil = civil_from_days(civil_days(civil.year, civil.month, civil.day) +
				days);
	civil_format_date(&civil, date);
	return arena_strdup(ctl->arena, date);
}

/* The daemon makes each copy again, for its links are signed. What it has not
 * hashed stands in the pack without a hash. */
static bool ask_copies(struct ctl *ctl, const char *ref)
{
	const char *answer;
	struct err err = {0};
	int64_t id;

	if (!request_add(ctl->db, "copies", ref, ctl->actor, ctl->now, &id,
			 &err) ||
	    !ctl_await(ctl, id, &answer, &err)) {
		ctl_fail_err(&err);
		return false;
	}
	if (!answer)
		fprintf(stderr, "briefingctl: the daemon does not answer or is "
				"not done: some copies have no hash yet\n");
	return true;
}

static int write_pack(struct ctl *ctl, const struct pack_wish *wish,
		      const char *path)
{
	struct template_set *templates = ctl_templates(ctl);
	struct err err = {0};
	struct buf zip;
	bool good;

	if (!templates)
		return CTL_TROUBLE;
	buf_init(&zip, PACK_MAX_SIZE);
	good = (!wish->names_reason ||
		pack_record_names(ctl->db, wish, ctl->actor, ctl->now, &err)) &&
	       pack_make(ctl->db, ctl->settings, templates, wish, &zip, &err) &&
	       file_write(path, zip.data, zip.size, 0600, &err);
	template_set_free(templates);
	buf_done(&zip);
	if (!good)
		return ctl_fail_err(&err);
	if (ctl->wants_json) {
		struct json_value *map = json_map_new();

		json_map_text(map, "file", path);
		json_map_integer(map, "size", wish->checkpoint->head.size);
		json_map_text(map, "destroy_on",
			      wish->names_reason ? wish->destroy_on : NULL);
		return ctl_print_json(map);
	}
	printf("%s: as of the checkpoint of %" PRId64 " events\n", path,
	       wish->checkpoint->head.size);
	if (wish->names_reason)
		printf("it contains names: destroy it by %s\n",
		       wish->destroy_on);
	return CTL_GOOD;
}

int ctl_evidence_pack(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "evidence pack REF [--out FILE] [--with-names --reason TEXT]";
	const char *path = NULL, *reason = NULL;
	bool wants_names = false;
	const struct ctl_option options[] = {
	    {.name = "--out", .text = &path},
	    {.name = "--with-names", .flag = &wants_names},
	    {.name = "--reason", .text = &reason},
	    {0}};
	struct briefing_version *version;
	struct pack_wish wish = {0};
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one briefing is wanted");
	if (wants_names != (reason && *reason))
		return ctl_usage(usage, "--with-names and --reason belong "
					"together: the reason is recorded");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	wish.ref = argv[at];
	if (!briefing_load_ref(ctl->db, wish.ref, ctl->arena, &version, &err))
		return ctl_fail_err(&err);
	if (!version)
		return ctl_fail("no briefing %s; see \"briefingctl briefing "
				"list\"",
				wish.ref);
	if (!ask_copies(ctl, wish.ref))
		return CTL_TROUBLE;
	wish.checkpoint = ctl_checkpoint(ctl);
	if (!wish.checkpoint)
		return CTL_TROUBLE;
	wish.names_reason = wants_names ? reason : NULL;
	wish.destroy_on = date_in(ctl, NAMES_DAYS);
	if (!path) {
		char *name =
		    arena_printf(ctl->arena, "%s-evidence.zip", wish.ref);

		archive_name(name);
		path = name;
	}
	return write_pack(ctl, &wish, path);
}
