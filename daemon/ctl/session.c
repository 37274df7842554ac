#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "core/team_session.h"
#include "ctl/ctl.h"
#include "tools/db.h"
#include "tools/json.h"

static bool read_number(const char *option, const char *text, int64_t *ret)
{
	long long number;

	if (!text_parse_integer(text, 0, TEAM_SESSION_HEADS_MAX, &number)) {
		ctl_fail("%s \"%s\": a number from 1 to %d is wanted", option,
			 text, TEAM_SESSION_HEADS_MAX);
		return false;
	}
	*ret = number;
	return true;
}

static int record_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "session record REF --agency NAME --on DATE --reached N --of N "
	    "--setting TEXT [--note TEXT]";
	const char *reached = NULL, *of = NULL;
	struct team_session_wish wish = {0};
	const struct ctl_option options[] = {
	    {.name = "--agency", .text = &wish.agency},
	    {.name = "--on", .text = &wish.held_on},
	    {.name = "--reached", .text = &reached},
	    {.name = "--of", .text = &of},
	    {.name = "--setting", .text = &wish.setting},
	    {.name = "--note", .text = &wish.note},
	    {0}};
	struct err err = {0};
	int64_t id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1 || !wish.agency || !wish.held_on || !reached ||
	    !of || !wish.setting)
		return ctl_usage(usage, "a REF, the agency, the date, how many "
					"of how many, and the setting are "
					"wanted");
	if (!read_number("--reached", reached, &wish.reached) ||
	    !read_number("--of", of, &wish.head_count))
		return CTL_TROUBLE;
	wish.ref = argv[at];
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!db_begin(ctl->db, &err) ||
	    !db_end(ctl->db,
		    team_session_record(ctl->db, ctl->settings, &wish,
					ctl->actor, ctl->now, &id, &err),
		    &err))
		return ctl_fail_err(&err);
	printf("session %" PRId64 " is recorded: %s, %s, %s, %" PRId64
	       " of %" PRId64 "\n",
	       id, wish.ref, wish.agency, wish.held_on, wish.reached,
	       wish.head_count);
	return CTL_GOOD;
}

static struct json_value *session_json(struct ctl *ctl,
				       const struct team_session *session)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "id", session->id);
	json_map_text(map, "ref", session->ref);
	json_map_integer(map, "version", session->version);
	json_map_text(map, "agency", session->agency);
	json_map_text(map, "held_on", ctl_date(ctl, session->held_at));
	json_map_integer(map, "reached", session->reached);
	json_map_integer(map, "head_count", session->head_count);
	json_map_text(map, "setting", session->setting);
	json_map_text(map, "note", session->note);
	json_map_text(map, "recorded_by", session->recorded_by);
	json_map_integer(map, "recorded_at", session->recorded_at);
	json_map_integer(map, "event", session->event_id);
	if (session->undone_at) {
		json_map_integer(map, "undone_at", session->undone_at);
		json_map_text(map, "undone_reason", session->undone_reason);
	}
	return map;
}

static void print_session(struct ctl *ctl, const struct team_session *session)
{
	printf("%-5" PRId64 " %s  %s version %d  %s: %" PRId64 " of %" PRId64
	       "%s%s\n",
	       session->id, ctl_date(ctl, session->held_at), session->ref,
	       session->version, ctl_plain(ctl, session->agency),
	       session->reached, session->head_count,
	       *session->setting ? ", " : "", ctl_plain(ctl, session->setting));
	if (*session->note)
		printf("      %s\n", ctl_plain(ctl, session->note));
	printf("      recorded %s by %s\n", ctl_time(ctl, session->recorded_at),
	       session->recorded_by);
	if (session->undone_at)
		printf("      undone %s%s%s\n",
		       ctl_time(ctl, session->undone_at),
		       *session->undone_reason ? ": " : "",
		       ctl_plain(ctl, session->undone_reason));
}

static int list_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "session list [REF] [--agency NAME]";
	const char *agency = NULL;
	const struct ctl_option options[] = {
	    {.name = "--agency", .text = &agency}, {0}};
	struct team_session *sessions;
	struct err err = {0};
	size_t count;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at > 1)
		return ctl_usage(usage, "one REF at most is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!team_session_load(ctl->db, argc > at ? argv[at] : NULL, agency,
			       ctl->arena, &sessions, &count, &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json) {
		struct json_value *list = json_list_new();

		for (size_t i = 0; i < count; i++)
			json_list_put(list, session_json(ctl, &sessions[i]));
		return ctl_print_json(list);
	}
	for (size_t i = 0; i < count; i++)
		print_session(ctl, &sessions[i]);
	if (count == 0)
		puts("no team session is recorded");
	return CTL_GOOD;
}

static int undo_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "session undo ID --reason TEXT";
	const char *reason = NULL;
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &reason}, {0}};
	struct err err = {0};
	long long id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1 || !reason || !*reason ||
	    !text_parse_integer(argv[at], 1, INT64_MAX, &id))
		return ctl_usage(usage, "a session's number and a reason are "
					"wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!db_begin(ctl->db, &err) ||
	    !db_end(ctl->db,
		    team_session_undo(ctl->db, id, reason, ctl->actor, ctl->now,
				      &err),
		    &err))
		return ctl_fail_err(&err);
	printf("session %lld is undone: it counts no more, and stays on "
	       "record\n",
	       id);
	return CTL_GOOD;
}

int ctl_session(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"record",
	     "record REF --agency NAME --on DATE --reached N --of N "
	     "--setting TEXT [--note TEXT]",
	     "staff were taken through a briefing, so many of so many",
	     record_verb},
	    {"list", "list [REF] [--agency NAME]",
	     "what was recorded, and by whom", list_verb},
	    {"undo", "undo ID --reason TEXT", "one that was wrong", undo_verb},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "session ", argc - 1, argv + 1);
}
