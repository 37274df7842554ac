#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/text.h"
#include "core/grade.h"
#include "core/lead_link.h"
#include "core/lead_people.h"
#include "core/settings.h"
#include "core/team_session.h"
#include "doors/http.h"
#include "tools/view.h"
#include "tools/zone.h"
#include "web/lead_part.h"
#include "web/visit.h"

/* What stands behind the code: see lead_part.h. */

static const char *status_text(const struct lead *lead,
			       const struct lead_person *person)
{
	struct visit *visit = lead->visit;

	if (strcmp(person->status, "on-leave") == 0)
		return person->until_at
			   ? arena_printf(
				 visit->arena, "On leave until %s",
				 visit_deadline(visit, person->until_at))
			   : "On leave";
	if (strcmp(person->status, "left") == 0)
		return "Has left";
	if (strcmp(person->status, "not-for-me") == 0)
		return "Said that the list is not for them";
	return NULL;
}

static void show_head(const struct lead *lead, struct view *view,
		      const struct lead_person *person)
{
	view_text(view, "person", person->public_id);
	view_text(view, "name", *person->name ? person->name : person->address);
	view_text(view, "address", person->address);
	view_text(view, "role", person->role);
	view_text(view, "team", person->team);
	view_text(view, "status_text", status_text(lead, person));
	view_text(view, "refs", person->refs);
	if (person->due_at) {
		view_text(view, "due_on",
			  visit_deadline(lead->visit, person->due_at));
		view_flag(view, "is_overdue",
			  person->due_at < lead->visit->now);
	}
}

/* --- all of them */

/* What was looked for, without white space around it; NULL: nothing was. */
static const char *sought(const struct lead *lead)
{
	char *text =
	    text_trim(arena_strdup(lead->visit->arena, lead_field(lead, "q")));

	if (strcmp(lead_field(lead, "what"), "find") != 0 || !*text)
		return NULL;
	text[text_cut(text, strlen(text), LEAD_FIND_MAX)] = '\0';
	return text;
}

static bool show_list(const struct lead *lead, struct view *view,
		      struct err *err)
{
	struct visit *visit = lead->visit;
	const char *text = sought(lead);
	struct lead_person *people;
	size_t count;
	bool more;

	if (!lead_people_load(visit->web->db, lead->link->list_id, text,
			      visit->now, visit->arena, &people, &count, &more,
			      err))
		return false;
	view_list(view, "people");
	for (size_t i = 0; i < count; i++)
		show_head(lead, view_item(view, "people"), &people[i]);
	view_text(view, "sought", text);
	view_number(view, "people_count", (int64_t)count);
	view_flag(view, "has_people", count > 0);
	view_flag(view, "one", count == 1);
	view_flag(view, "has_more", more);
	return true;
}

static const char *date_of(const struct lead *lead, int64_t at)
{
	const struct zone *zone = lead->visit->web->settings->zone;
	struct civil day = zone_from_utc(zone, at);
	char date[CIVIL_DATE_SIZE];

	civil_format_date(&day, date);
	return arena_strdup(lead->visit->arena, date);
}

bool lead_show_briefings(const struct lead *lead, struct view *view,
			 struct err *err)
{
	struct visit *visit = lead->visit;
	const char *chosen = lead_field(lead, "ref");
	struct lead_briefing *rows;
	size_t count;

	if (!lead_people_reach(visit->web->db, lead->link->list_id, visit->now,
			       visit->arena, &rows, &count, err))
		return false;
	view_list(view, "briefings");
	for (size_t i = 0; i < count; i++) {
		struct view *item = view_item(view, "briefings");

		view_text(item, "ref", rows[i].ref);
		view_text(item, "briefing_title", rows[i].title);
		view_flag(item, "is_chosen", strcmp(chosen, rows[i].ref) == 0);
	}
	view_flag(view, "has_briefings", count > 0);
	view_text(view, "today", date_of(lead, visit->now));
	return true;
}

/* the form for a session, as it was typed where it was refused */
static bool show_session_form(const struct lead *lead, struct view *view,
			      struct err *err)
{
	static const char *const fields[] = {"held_on", "setting", "reached",
					     "head_count", "note"};
	bool is_again =
	    lead->refused && strcmp(lead_field(lead, "what"), "session") == 0;

	for (size_t i = 0; is_again && i < sizeof(fields) / sizeof(*fields);
	     i++)
		if (strlen(lead_field(lead, fields[i])) <=
		    TEAM_SESSION_TEXT_MAX)
			view_text(view, fields[i], lead_field(lead, fields[i]));
	return lead_show_briefings(lead, view, err);
}

static void show_session(const struct lead *lead, struct view *item,
			 const struct team_session *session)
{
	view_number(item, "id", session->id);
	view_text(item, "ref", session->ref);
	view_text(item, "held_on", visit_day(lead->visit, session->held_at));
	view_number(item, "reached", session->reached);
	view_number(item, "head_count", session->head_count);
	view_text(item, "setting", session->setting);
	view_text(item, "note", session->note);
	view_text(item, "recorded_by", session->recorded_by);
	view_text(item, "recorded_on",
		  visit_time(lead->visit, session->recorded_at));
	if (!session->undone_at)
		return;
	view_text(item, "undone_on",
		  visit_time(lead->visit, session->undone_at));
	view_text(item, "undone_reason", session->undone_reason);
}

static bool show_sessions(const struct lead *lead, struct view *view,
			  struct err *err)
{
	struct visit *visit = lead->visit;
	struct team_session *sessions;
	size_t count;

	if (!team_session_load(visit->web->db, NULL, lead->link->agency,
			       visit->arena, &sessions, &count, err))
		return false;
	view_list(view, "sessions");
	for (size_t i = 0; i < count; i++)
		show_session(lead, view_item(view, "sessions"), &sessions[i]);
	view_flag(view, "has_sessions", count > 0);
	return true;
}

void lead_show_people(const struct lead *lead)
{
	struct view *view = lead_view(lead, "The people on your list");
	struct err err = {0};

	if (show_list(lead, view, &err) &&
	    show_session_form(lead, view, &err) &&
	    show_sessions(lead, view, &err) &&
	    lead_show_sheets(lead, view, &err))
		visit_show(lead->visit, 200, "web/lead-people.html", view);
	else
		visit_fail(lead->visit, &err);
}

/* --- one of them */

static const char *closed_text(const char *closed_as)
{
	if (strcmp(closed_as, "exempt") == 0)
		return "Let off";
	if (strcmp(closed_as, "left") == 0)
		return "Asked no more: has left";
	return strcmp(closed_as, "withdrawn") == 0
		   ? "Asked no more: the briefing was withdrawn"
		   : "Asked no more: the briefing has a new version";
}

static const char *duty_text(const struct lead *lead,
			     const struct lead_duty *duty)
{
	struct visit *visit = lead->visit;

	if (duty->acknowledged_at)
		return arena_printf(visit->arena, "%s, on %s",
				    grade_title(grade_parse(duty->grade)),
				    visit_time(visit, duty->acknowledged_at));
	if (duty->closed_at)
		return arena_printf(visit->arena, "%s, since %s",
				    closed_text(duty->closed_as),
				    visit_day(visit, duty->closed_at));
	if (duty->missed_at)
		return arena_printf(visit->arena,
				    "No confirmation came by %s, when the "
				    "window closed. It can still come, late",
				    visit_day(visit, duty->missed_at));
	return arena_printf(visit->arena, "Outstanding, %s by %s",
			    duty->due_at < visit->now ? "was due" : "due",
			    visit_deadline(visit, duty->due_at));
}

static void show_duty(const struct lead *lead, struct view *view,
		      const struct lead_duty *duty)
{
	struct view *item = view_item(view, "duties");
	bool is_exempt = strcmp(duty->closed_as, "exempt") == 0;
	bool is_open =
	    duty->is_outstanding ||
	    (duty->missed_at && !duty->closed_at && !duty->acknowledged_at);

	view_text(item, "ref", duty->ref);
	view_text(item, "briefing_title", duty->title);
	view_text(item, "state_text", duty_text(lead, duty));
	if (duty->signed_at)
		view_text(item, "signed_on",
			  visit_day(lead->visit, duty->signed_at));
	if (is_open)
		view_text(view_item(view, "open"), "ref", duty->ref);
	if (is_exempt)
		view_text(view_item(view, "exempt"), "ref", duty->ref);
}

static bool show_duties(const struct lead *lead,
			const struct lead_person *person, struct view *view,
			struct err *err)
{
	struct visit *visit = lead->visit;
	struct lead_duty *duties;
	size_t count;

	if (!lead_people_duties(visit->web->db, lead->link->list_id, person->id,
				visit->arena, &duties, &count, err))
		return false;
	view_list(view, "duties");
	view_list(view, "open");
	view_list(view, "exempt");
	for (size_t i = 0; i < count; i++)
		show_duty(lead, view, &duties[i]);
	view_flag(view, "has_duties", count > 0);
	return true;
}

static void tell_gone(const struct lead *lead)
{
	struct lead again = *lead;

	again.refused = "They are on your list no more.";
	lead_show_people(&again);
}

void lead_show_person(const struct lead *lead, const char *public_id)
{
	struct visit *visit = lead->visit;
	struct lead_person *person;
	struct err err = {0};

	if (!lead_people_find(visit->web->db, lead->link->list_id, public_id,
			      visit->now, visit->arena, &person, &err)) {
		visit_fail(visit, &err);
		return;
	}
	if (!person) {
		tell_gone(lead);
		return;
	}
	struct view *view =
	    lead_view(lead, *person->name ? person->name : person->address);
	show_head(lead, view, person);
	view_flag(view, "is_member",
		  strcmp(person->status, "active") == 0 ||
		      strcmp(person->status, "on-leave") == 0);
	view_flag(view, "is_said", person->is_said);
	if (show_duties(lead, person, view, &err))
		visit_show(visit, 200, "web/lead-person.html", view);
	else
		visit_fail(visit, &err);
}
