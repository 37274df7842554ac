#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/board.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/intake.h"
#include "ctl/ctl.h"
#include "tools/json.h"

static const char *state_of(struct ctl *ctl,
			    const struct briefing_version *version)
{
	const char *why;

	if (briefing_is_allowed(version, ctl->now, &why))
		return version->already_circulated ? "circulated" : "approved";
	return why;
}

static struct json_value *texts_json(const char *const *texts, size_t count)
{
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < count; i++)
		json_list_text(list, texts[i]);
	return list;
}

static struct json_value *version_json(struct ctl *ctl,
				       const struct briefing_version *version)
{
	struct json_value *map = json_map_new();
	struct json_value *documents = json_list_new();

	json_map_text(map, "ref", version->ref);
	json_map_integer(map, "version", version->number);
	json_map_text(map, "kind", version->kind);
	json_map_text(map, "title", version->title);
	json_map_text(map, "state", state_of(ctl, version));
	json_map_text(map, "marking", version->marking);
	json_map_text(map, "approved_by", version->approved_by);
	json_map_text(map, "approved_on", version->approved_on);
	json_map_text(map, "approval_ref", version->approval_ref);
	json_map_integer(map, "not_before_at", version->not_before_at);
	json_map_integer(map, "taken_at", version->taken_at);
	json_map_flag(map, "publish", version->publish);
	json_map_flag(map, "essential", version->essential);
	if (version->number > 1) {
		json_map_flag(map, "material", !version->carries);
		json_map_text(map, "changes", version->changes);
	}
	json_map_put(map, "audience",
		     texts_json(version->audience, version->audience_count));
	for (size_t i = 0; i < version->document_count; i++) {
		const struct briefing_document *each = &version->documents[i];
		struct json_value *document = json_map_new();

		json_map_text(document, "file", each->file);
		json_map_text(document, "title", each->title);
		json_map_text(document, "sha256", each->sha256);
		json_map_integer(document, "size", each->size);
		json_list_put(documents, document);
	}
	json_map_put(map, "documents", documents);
	if (version->withdrawn_at) {
		json_map_integer(map, "withdrawn_at", version->withdrawn_at);
		json_map_text(map, "withdrawn_reason",
			      version->withdrawn_reason);
	}
	return map;
}

static struct json_value *folder_json(const struct intake_folder *folder)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "folder", folder->name);
	json_map_text(map, "state", folder->state);
	json_map_text(map, "detail", folder->detail);
	return map;
}

/* each line of what a folder waits for, or of its problems, indented */
static void print_folder(struct ctl *ctl, const struct intake_folder *folder)
{
	printf("%-16s %-10s\n", ctl_plain(ctl, folder->name), folder->state);
	for (const char *line = folder->detail; *line;) {
		size_t size = strcspn(line, "\n");

		printf("    %s\n",
		       ctl_plain(ctl, arena_strndup(ctl->arena, line, size)));
		line += size + (line[size] == '\n');
	}
}

static int list_verb(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	struct briefing_version **versions;
	struct intake_folder *folders;
	size_t count, folder_count;
	struct err err = {0};
	struct json_value *list;

	if (ctl_options(ctl, none, "briefing list", argc, argv) < 0)
		return CTL_USAGE;
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!briefing_load_all(ctl->db, ctl->arena, &versions, &count, &err) ||
	    !intake_load_folders(ctl->db, ctl->arena, &folders, &folder_count,
				 &err))
		return ctl_fail_err(&err);
	list = json_list_new();
	for (size_t i = 0; i < count; i++) {
		json_list_put(list, version_json(ctl, versions[i]));
		if (!ctl->wants_json)
			printf("%-16s %-10s approved %s  %s%s\n",
			       versions[i]->ref, state_of(ctl, versions[i]),
			       versions[i]->approved_on, versions[i]->title,
			       versions[i]->number > 1
				   ? arena_printf(ctl->arena, " (version %d)",
						  versions[i]->number)
				   : "");
	}
	for (size_t i = 0; i < folder_count; i++) {
		if (strcmp(folders[i].state, "taken") == 0)
			continue;
		json_list_put(list, folder_json(&folders[i]));
		if (!ctl->wants_json)
			print_folder(ctl, &folders[i]);
	}
	if (ctl->wants_json)
		return ctl_print_json(list);
	json_free(list);
	if (count == 0 && folder_count == 0)
		puts("no briefing was taken in yet");
	return CTL_GOOD;
}

static void print_version(struct ctl *ctl,
			  const struct briefing_version *version)
{
	printf("%s, version %d: %s\n", version->ref, version->number,
	       version->title);
	printf("kind       %s\n", briefing_kind_name(version->kind));
	printf("state      %s\n", state_of(ctl, version));
	printf("approved   by %s on %s, %s\n", version->approved_by,
	       version->approved_on, version->approval_ref);
	if (version->not_before_at)
		printf("embargo    until %s\n",
		       ctl_time(ctl, version->not_before_at));
	if (version->withdrawn_at)
		printf("withdrawn  %s: %s\n",
		       ctl_time(ctl, version->withdrawn_at),
		       version->withdrawn_reason);
	printf("marking    %s%s\n", version->marking,
	       version->publish ? ", in the public library" : "");
	if (version->essential)
		puts("essential  for those who join later, too");
	if (version->number > 1)
		printf("change     %s%s%s\n",
		       version->carries ? "small, nobody is asked again"
					: "material, to be confirmed anew",
		       *version->changes ? ": " : "", version->changes);
	printf("taken in   %s\n", ctl_time(ctl, version->taken_at));
	for (size_t i = 0; i < version->document_count; i++)
		printf("document   %s: %s, sha256 %s\n",
		       version->documents[i].file, version->documents[i].title,
		       version->documents[i].sha256);
}

static int show_verb(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_option none[] = {{0}};
	struct briefing_version *version;
	struct err err = {0};
	int at = ctl_options(ctl, none, "briefing show REF", argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage("briefing show REF", "one REF is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!briefing_load_ref(ctl->db, argv[at], ctl->arena, &version, &err))
		return ctl_fail_err(&err);
	if (!version)
		return ctl_fail("no briefing %s; see \"briefingctl briefing "
				"list\"",
				argv[at]);
	if (ctl->wants_json)
		return ctl_print_json(version_json(ctl, version));
	print_version(ctl, version);
	return CTL_GOOD;
}

static int tell_withdrawal(struct ctl *ctl, const char *ref)
{
	struct board board;
	struct err err = {0};
	int lists;

	if (!board_load(ctl->db, ctl->arena, &board, &err))
		return ctl_fail_err(&err);
	if (!board.is_live)
		return ctl_fail("in a rehearsal nobody is told");
	if (!digest_tell_withdrawal(ctl->db, ref, ctl->actor, ctl->now, &lists,
				    &err))
		return ctl_fail_err(&err);
	if (lists == 0)
		puts("nobody is told: no list was mailed it, or all are "
		     "being told already");
	else
		printf("who had it is told now, on %d %s, in quiet hours when "
		       "those end; see \"briefingctl queue\"\n",
		       lists, lists == 1 ? "list" : "lists");
	return CTL_GOOD;
}

static int withdraw_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "briefing withdraw REF --reason TEXT [--tell-now]";
	const char *reason = NULL;
	bool tell_now = false;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason},
	    {.name = "--tell-now", .flag = &tell_now},
	    {0}};
	struct err err = {0};
	bool has_changed;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1 || !reason)
		return ctl_usage(usage, "a REF and a reason are wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!briefing_withdraw(ctl->db, argv[at], reason, ctl->actor, ctl->now,
			       &has_changed, &err))
		return ctl_fail_err(&err);
	printf(has_changed ? "%s is withdrawn: it is mailed to nobody from "
			     "now on, and its pages say so\n"
			   : "%s was withdrawn before\n",
	       argv[at]);
	return tell_now ? tell_withdrawal(ctl, argv[at]) : CTL_GOOD;
}

int ctl_briefing(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"list", "list", "what was taken in, waits or was rejected",
	     list_verb},
	    {"show", "show REF", "one briefing", show_verb},
	    {"withdraw", "withdraw REF --reason TEXT [--tell-now]",
	     "stop it everywhere", withdraw_verb},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "briefing ", argc - 1, argv + 1);
}
