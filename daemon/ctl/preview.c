#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "core/board.h"
#include "core/checkpoint.h"
#include "core/digest.h"
#include "core/letter.h"
#include "core/quiet.h"
#include "core/request.h"
#include "core/roster.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/json.h"
#include "tools/template.h"

/* ---------------------------------------------------------- preview */

static bool is_format(const char *format)
{
	return strcmp(format, "eml") == 0 || strcmp(format, "html") == 0 ||
	       strcmp(format, "text") == 0;
}

static bool make_letter(struct ctl *ctl, const struct template_set *templates,
			const struct roster_list *list, const char *address,
			struct digest_preview *preview, struct letter *ret,
			struct err *err)
{
	const struct digest_context context = {
	    .settings = ctl->settings, .templates = templates, .now = ctl->now};
	struct checkpoint *checkpoint;
	struct board board;

	if (!board_load(ctl->db, ctl->arena, &board, err) ||
	    !checkpoint_load(ctl->db, INT64_MAX, ctl->arena, &checkpoint,
			     err) ||
	    !digest_preview_person(ctl->db, &context, list, address,
				   board.is_live, ctl->arena, preview, err))
		return false;
	if (preview->count + preview->reminder_count +
		preview->withdrawn_count ==
	    0)
		return err_set(err, ERR_GONE,
			       "nothing is new for %s on list %s",
			       address ? address : "any member", list->name);
	const struct letter_content content = {
	    .settings = ctl->settings,
	    .list = list,
	    .versions = preview->versions,
	    .count = preview->count,
	    .due_at = preview->due_at,
	    .reminders = preview->reminders,
	    .reminder_count = preview->reminder_count,
	    .withdrawn = preview->withdrawn,
	    .withdrawn_count = preview->withdrawn_count,
	    .is_rehearsal = !board.is_live,
	    .checkpoint = checkpoint,
	    .now = ctl->now,
	};
	return letter_make(templates, &content, ret, err);
}

static int print_preview(struct ctl *ctl, const struct letter *letter,
			 const struct digest_preview *preview,
			 const char *format)
{
	struct letter_person person;
	struct buf out;
	struct err err = {0};
	bool good;

	letter_person_specimen(
	    ctl->settings,
	    preview->address ? preview->address : "a.member@example.org",
	    preview->name ? preview->name : "A. Member", ctl->arena, &person);
	buf_init(&out, LETTER_MAX_SIZE);
	if (strcmp(format, "eml") == 0)
		good = letter_assemble(letter, &person, &out, &err);
	else if (strcmp(format, "html") == 0)
		good = letter_show_html(letter, &person, &out, &err);
	else
		good = letter_show_text(letter, &person, &out, &err);
	if (good)
		fwrite(out.data, 1, out.size, stdout);
	buf_done(&out);
	return good ? CTL_GOOD : ctl_fail_err(&err);
}

int ctl_preview(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "preview LIST [--person ADDRESS] [--format eml|html|text]";
	const char *address = NULL, *format = "text";
	const struct ctl_option options[] = {
	    {.name = "--person", .text = &address},
	    {.name = "--format", .text = &format},
	    {0}};
	struct roster_list *list;
	struct digest_preview preview = {0};
	struct letter letter = {0};
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one list is wanted");
	if (!is_format(format))
		return ctl_usage(usage, "no such format: %s", format);
	if (!ctl_store(ctl) || !ctl_find_list(ctl, argv[at], &list))
		return CTL_TROUBLE;
	struct template_set *templates = ctl_templates(ctl);
	if (!templates)
		return CTL_TROUBLE;
	bool is_made =
	    make_letter(ctl, templates, list, address, &preview, &letter, &err);
	int status = is_made ? print_preview(ctl, &letter, &preview, format)
			     : ctl_fail_err(&err);
	letter_done(&letter);
	template_set_free(templates);
	return status;
}

/* -------------------------------------------------------------- run */

static int dry_run(struct ctl *ctl, const struct roster_list *list)
{
	const struct digest_context context = {.settings = ctl->settings,
					       .now = ctl->now};
	int64_t members, versions;
	struct board board;
	struct err err = {0};

	if (!board_load(ctl->db, ctl->arena, &board, &err) ||
	    !digest_count_due(ctl->db, &context, list, board.is_live, &members,
			      &versions, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json) {
		struct json_value *map = json_map_new();

		json_map_text(map, "list", list->name);
		json_map_integer(map, "members", members);
		json_map_integer(map, "briefings", versions);
		json_map_flag(map, "live", board.is_live);
		return ctl_print_json(map);
	}
	printf("%s: %" PRId64 " members would get a mail%s, %" PRId64
	       " briefings in all\n",
	       list->name, members,
	       board.is_live ? "" : " (to the rehearsal address)", versions);
	return CTL_GOOD;
}

/* 0: mail goes out now */
static int64_t quiet_end(const struct ctl *ctl, const struct roster_list *list)
{
	struct quiet quiet;

	return quiet_parse(list->quiet_hours, &quiet, NULL)
		   ? quiet_until(&quiet, ctl->settings->zone, ctl->now)
		   : 0;
}

static int await_answer(struct ctl *ctl, int64_t id,
			const struct roster_list *list)
{
	const char *name = list->name;
	int64_t quiet_until_at = quiet_end(ctl, list);
	const char *answer = NULL;
	struct err err = {0};

	if (!ctl_await(ctl, id, &answer, &err))
		return ctl_fail_err(&err);
	if (!answer) {
		printf("%s: asked for; the daemon does not answer, it runs it "
		       "when it is up\n",
		       name);
		return CTL_GOOD;
	}
	if (strcmp(answer, "digest 0") == 0)
		printf("%s: nothing is new for anyone\n", name);
	else if (text_starts(answer, "digest ") && quiet_until_at)
		printf(
		    "%s: the slot is planned, and sent when the list's quiet "
		    "hours end at %s\n",
		    name, ctl_time(ctl, quiet_until_at));
	else if (text_starts(answer, "digest "))
		printf("%s: the slot is being sent; see \"briefingctl "
		       "status\"\n",
		       name);
	else
		return ctl_fail("%s: %s", name, answer);
	return CTL_GOOD;
}

int ctl_run(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "run LIST [--dry-run]";
	bool is_dry = false;
	const struct ctl_option options[] = {
	    {.name = "--dry-run", .flag = &is_dry}, {0}};
	struct roster_list *list;
	struct err err = {0};
	int64_t id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one list is wanted");
	if (!ctl_store(ctl) || !ctl_find_list(ctl, argv[at], &list))
		return CTL_TROUBLE;
	if (is_dry)
		return dry_run(ctl, list);
	if (!request_add(ctl->db, "run", list->name, ctl->actor, ctl->now, &id,
			 &err))
		return ctl_fail_err(&err);
	return await_answer(ctl, id, list);
}
