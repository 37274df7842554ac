#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/board.h"
#include "core/digest.h"
#include "core/lead_week.h"
#include "core/letter.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "ctl/ctl.h"
#include "tools/json.h"
#include "tools/template.h"

/* ------------------------------------------------------------- show */

static void print_mail(struct ctl *ctl, const struct lead_week_standing *lead)
{
	if (lead->suppressed_at == 0)
		puts("mail       reaches them");
	else
		printf("mail       comes back since %s: %s gets the numbers, "
		       "without names\n",
		       ctl_time(ctl, lead->suppressed_at), lead->owner.address);
}

static void print_reach(const struct ctl *ctl,
			const struct lead_week_reach *reach)
{
	char share[WORDS_SIZE], day[WORDS_SIZE];

	words_share(reach->acknowledged, reach->required, share);
	words_day(ctl->settings->zone, reach->due_at, day);
	printf("  %s: %s confirmed; %" PRId64 " outstanding", reach->ref, share,
	       reach->outstanding);
	if (reach->attested > 0)
		printf(" (of these %" PRId64 " attested on paper)",
		       reach->attested);
	printf(", the last by %s\n", day);
}

static void print_lead(struct ctl *ctl, const struct roster_list *list,
		       const struct lead_week_standing *lead)
{
	printf("%s: %s\n", list->name, list->title);
	printf("lead       %s, %s\n", list->lead, list->lead_address);
	print_mail(ctl, lead);
	printf("next       %s (%s), as long as something is outstanding or "
	       "somebody can't be reached\n",
	       lead->next_at > ctl->now ? ctl_time(ctl, lead->next_at)
					: "as soon as mail goes out",
	       list->lead_mail);
	printf("unreached  %zu of %" PRId64 " members\n", lead->unreachable,
	       list->member_count);
	printf("asked      %zu briefing%s\n", lead->reach_count,
	       lead->reach_count == 1 ? "" : "s");
	for (size_t i = 0; i < lead->reach_count; i++)
		print_reach(ctl, &lead->reach[i]);
}

static struct json_value *reach_json(const struct lead_week_standing *lead)
{
	struct json_value *all = json_list_new();

	for (size_t i = 0; i < lead->reach_count; i++) {
		const struct lead_week_reach *reach = &lead->reach[i];
		struct json_value *map = json_map_new();

		json_map_text(map, "ref", reach->ref);
		json_map_integer(map, "required", reach->required);
		json_map_integer(map, "acknowledged", reach->acknowledged);
		json_map_integer(map, "outstanding", reach->outstanding);
		json_map_integer(map, "attested", reach->attested);
		json_map_integer(map, "due_at", reach->due_at);
		json_list_put(all, map);
	}
	return all;
}

static int print_lead_json(const struct roster_list *list,
			   const struct lead_week_standing *lead)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "list", list->name);
	json_map_text(map, "lead", list->lead);
	json_map_text(map, "lead_address", list->lead_address);
	json_map_flag(map, "reached", lead->suppressed_at == 0);
	json_map_integer(map, "suppressed_at", lead->suppressed_at);
	json_map_text(map, "goes_to", lead->owner.address);
	json_map_text(map, "lead_mail", list->lead_mail);
	json_map_integer(map, "next_at", lead->next_at);
	json_map_integer(map, "members", list->member_count);
	json_map_integer(map, "unreachable", (int64_t)lead->unreachable);
	json_map_put(map, "briefings", reach_json(lead));
	return ctl_print_json(map);
}

int ctl_lead_show(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "lead show LIST";
	static const struct ctl_option none[] = {{0}};
	struct lead_week_standing lead;
	struct roster_list *list;
	struct err err = {0};
	int at = ctl_options(ctl, none, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one list is wanted");
	if (!ctl_store(ctl) || !ctl_find_list(ctl, argv[at], &list))
		return CTL_TROUBLE;
	const struct digest_context context = {.settings = ctl->settings,
					       .now = ctl->now};
	if (!lead_week_load_standing(ctl->db, &context, list, ctl->arena, &lead,
				     &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json)
		return print_lead_json(list, &lead);
	print_lead(ctl, list, &lead);
	return CTL_GOOD;
}

/* ------------------------------------------------------------- mail */

static bool make_letter(struct ctl *ctl, const struct template_set *templates,
			struct roster_list *list, struct notice_owner *ret_to,
			struct letter *ret, struct err *err)
{
	const struct digest_context context = {
	    .settings = ctl->settings, .templates = templates, .now = ctl->now};
	struct board board;

	return board_load(ctl->db, ctl->arena, &board, err) &&
	       lead_week_preview(ctl->db, &context, list, !board.is_live, ret,
				 ret_to, err);
}

static int print_letter(struct ctl *ctl, const struct letter *letter,
			const struct notice_owner *to, bool wants_html)
{
	struct letter_person person;
	struct buf out;
	struct err err = {0};

	letter_person_specimen(ctl->settings, to->address, to->name, ctl->arena,
			       &person);
	buf_init(&out, LETTER_MAX_SIZE);
	bool good = wants_html ? letter_show_html(letter, &person, &out, &err)
			       : letter_show_text(letter, &person, &out, &err);
	if (good)
		fwrite(out.data, 1, out.size, stdout);
	buf_done(&out);
	return good ? CTL_GOOD : ctl_fail_err(&err);
}

static int preview(struct ctl *ctl, struct roster_list *list, bool wants_html)
{
	struct template_set *templates = ctl_templates(ctl);
	struct letter letter = {0};
	struct notice_owner to;
	struct err err = {0};

	if (!templates)
		return CTL_TROUBLE;
	int status = make_letter(ctl, templates, list, &to, &letter, &err)
			 ? print_letter(ctl, &letter, &to, wants_html)
			 : ctl_fail_err(&err);
	letter_done(&letter);
	template_set_free(templates);
	return status;
}

int ctl_lead_mail(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "lead mail --preview [--html] LIST";
	bool is_preview = false, wants_html = false;
	const struct ctl_option options[] = {
	    {.name = "--preview", .flag = &is_preview},
	    {.name = "--html", .flag = &wants_html},
	    {0}};
	struct roster_list *list;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one list is wanted");
	if (!is_preview)
		return ctl_usage(usage, "the daemon mails by itself; here it "
					"can be looked at");
	if (!ctl_store(ctl) || !ctl_find_list(ctl, argv[at], &list))
		return CTL_TROUBLE;
	return preview(ctl, list, wants_html);
}
