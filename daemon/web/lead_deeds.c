#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/lead_deed.h"
#include "core/lead_link.h"
#include "core/settings.h"
#include "core/team_session.h"
#include "doors/http.h"
#include "tools/db.h"
#include "web/lead_part.h"
#include "web/visit.h"

/* What a lead records: see lead_part.h. A deed writes nothing before it has
 * found that it may, so that what is refused leaves the others' turn alone. */

/* what is recorded, and with what was posted */
struct posted {
	struct lead_deed deed;
	const struct http_request *request;
	struct arena *arena;
};

static const char *field(const struct posted *posted, const char *name)
{
	const char *value = http_form(posted->request, name);

	return value ? value : "";
}

/* --- each of them */

static bool read_count(const struct posted *posted, const char *name,
		       const char *words, int64_t *ret, struct err *err)
{
	char text[24];
	long long number;
	const char *typed = field(posted, name);

	if (strlen(typed) < sizeof(text)) {
		strcpy(text, typed);
		if (text_parse_integer(text_trim(text), 0,
				       TEAM_SESSION_HEADS_MAX, &number)) {
			*ret = number;
			return true;
		}
	}
	return err_set(err, ERR_INPUT, "type %s as a number", words);
}

static bool record_session(const struct posted *posted, struct err *err)
{
	struct team_session_wish wish = {
	    .ref = field(posted, "ref"),
	    .agency = posted->deed.link->agency,
	    .held_on = field(posted, "held_on"),
	    .setting = field(posted, "setting"),
	    .note = field(posted, "note"),
	};
	int64_t id;

	return read_count(posted, "reached", "how many people were reached",
			  &wish.reached, err) &&
	       read_count(posted, "head_count", "how many people there are",
			  &wish.head_count, err) &&
	       team_session_record(posted->deed.db, posted->deed.settings,
				   &wish, posted->deed.link->actor,
				   posted->deed.now, &id, err);
}

static bool undo_session(const struct posted *posted, struct err *err)
{
	long long id;

	if (!text_parse_integer(field(posted, "session"), 1, INT64_MAX, &id))
		return err_set(err, ERR_INPUT, "choose a session");
	if (!*field(posted, "reason"))
		return err_set(err, ERR_INPUT,
			       "say why: the reason is recorded");
	return lead_deed_undo_session(&posted->deed, id,
				      field(posted, "reason"), err);
}

static const char **people_of(const struct posted *posted, size_t *ret_count)
{
	const char **people;
	size_t count = 0;

	while (http_form_at(posted->request, "person", count))
		count++;
	people = arena_allocarray(posted->arena, count + 1, sizeof(*people));
	for (size_t i = 0; i < count; i++)
		people[i] = http_form_at(posted->request, "person", i);
	*ret_count = count;
	return people;
}

static bool record_sheet(const struct posted *posted, struct err *err)
{
	struct lead_sheet sheet = {
	    .ref = field(posted, "ref"),
	    .signed_on = field(posted, "signed_on"),
	    .note = field(posted, "note"),
	    .addresses = field(posted, "addresses"),
	};

	sheet.scan = http_form_file(posted->request, "scan", &sheet.scan_size);
	sheet.public_ids = people_of(posted, &sheet.public_id_count);
	return lead_deed_attest(&posted->deed, &sheet, err);
}

static bool undo_sheet(const struct posted *posted, struct err *err)
{
	long long id;

	if (!text_parse_integer(field(posted, "sheet"), 1, INT64_MAX, &id))
		return err_set(err, ERR_INPUT, "choose a sheet");
	return lead_deed_undo_sheet(&posted->deed, id, field(posted, "person"),
				    field(posted, "reason"), err);
}

static bool record_status(const struct posted *posted, struct err *err)
{
	return lead_deed_status(&posted->deed, field(posted, "person"),
				field(posted, "what"), field(posted, "until"),
				err);
}

static bool record_exempt(const struct posted *posted, struct err *err)
{
	bool is_late;

	return lead_deed_exempt(&posted->deed, field(posted, "person"),
				field(posted, "ref"), field(posted, "reason"),
				&is_late, err);
}

static bool undo_exempt(const struct posted *posted, struct err *err)
{
	return lead_deed_unexempt(&posted->deed, field(posted, "person"),
				  field(posted, "ref"), field(posted, "reason"),
				  err);
}

static const struct deed {
	const char *what; /* as the form has it */
	bool (*record)(const struct posted *posted, struct err *err);
	/* after what was refused, to mend it there; NULL: a person's page
	 * follows in any case, and else the list's */
	void (*show_refused)(const struct lead *lead);
	const char *done;
} deeds[] = {
    {"session", record_session, lead_show_people,
     "The team session is recorded. It stands beside reach in the board’s "
     "report, and is never added to it."},
    {"record-sheet", record_sheet, lead_show_sheet,
     "The sheet is recorded, as attested by you. Who signed it is not reminded "
     "any more."},
    {"undo-sheet", undo_sheet, lead_show_people,
     "It is attested no more, and stays on record as undone. Who has not "
     "confirmed is asked again."},
    {"undo-session", undo_session, lead_show_people,
     "The team session counts no more. It stays on record, as undone."},
    {"on-leave", record_status, NULL,
     "The leave is recorded. Nothing new is sent until then; what was asked "
     "before stays asked."},
    {"left", record_status, NULL,
     "It is recorded that they have left. No more mail goes to them from this "
     "list. Please correct your list, the CSV file, as well."},
    {"active", record_status, NULL,
     "It is recorded that they are back: what your list says of them counts "
     "again."},
    {"exempt", record_exempt, NULL,
     "It is recorded that the briefing is asked of them no more, and they are "
     "told. If its deadline had passed, this is flagged and improves no "
     "figure."},
    {"unexempt", undo_exempt, NULL,
     "It is recorded that the briefing is asked of them again, with the "
     "deadline that it had, and they are told."},
};

static const struct deed *find_deed(const char *what)
{
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
		if (strcmp(deeds[i].what, what) == 0)
			return &deeds[i];
	return NULL;
}

/* --- in the turn's transaction */

static const char rehearsed[] = "It arrived as it should. This is a rehearsal, "
				"so nothing was recorded";

static bool try_deed(const struct posted *posted, struct err *err)
{
	const struct deed *deed = find_deed(field(posted, "what"));

	if (posted->deed.link->is_rehearsal)
		return err_set(err, ERR_INPUT, rehearsed);
	return deed->record(posted, err);
}

/* What was wrong with what was posted is told to the lead; all else is the
 * store's failure. */
static bool refuse(struct pending *pending, struct err *err)
{
	if (err->kind != ERR_INPUT && err->kind != ERR_GONE)
		return false;
	visit_refuse(pending, err);
	err_clear(err);
	return true;
}

static bool record(struct web *web, struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	struct arena *arena = arena_new();
	struct lead_link *link;
	bool good = lead_link_load(web->db, pending->delivery_id, now, arena,
				   &link, err);

	*ret_count = 0; /* no confirmation */
	visit_refuse(pending, NULL);
	if (good && link && !link->is_ended) {
		const struct posted posted = {
		    .deed = {.db = web->db,
			     .link = link,
			     .settings = web->settings,
			     .templates = web->templates,
			     .now = now},
		    .request = pending->request,
		    .arena = arena,
		};
		good = try_deed(&posted, err) || refuse(pending, err);
	}
	arena_free(arena);
	return good || err_context(err, "what a lead recorded");
}

/* --- and after it */

/* "Nothing was recorded. They are exempt already." */
static const char *refusal(struct visit *visit, const struct err *err)
{
	char *text = arena_printf(visit->arena, "%s.", err->text);

	if (*text >= 'a' && *text <= 'z')
		*text = (char)(*text - 'a' + 'A');
	return arena_printf(visit->arena, "Nothing was recorded. %s", text);
}

static void answer(struct visit *visit, const struct pending *pending)
{
	struct lead lead;

	if (!lead_again(visit, pending->delivery_id, &lead))
		return;
	const struct deed *deed = find_deed(lead_field(&lead, "what"));
	lead.code = lead_field(&lead, "code");
	if (pending->refused)
		lead.refused = refusal(visit, pending->refused);
	else
		lead.done = deed->done;
	if (!deed->show_refused)
		lead_show_person(&lead, lead_field(&lead, "person"));
	else if (lead.refused)
		deed->show_refused(&lead);
	else
		lead_show_people(&lead);
}

static const struct message not_saved = {
    .status = 503,
    .title = "What you recorded could not be saved",
    .paragraphs = {"The fault is ours. Nothing was recorded. Please go back, "
		   "wait a minute, and press the button again."},
};

static const struct pending_kind recording = {
    .record = record,
    .answer = answer,
    .not_saved = &not_saved,
};

bool lead_post_deed(const struct lead *lead, const char *what)
{
	if (!find_deed(what))
		return false;
	visit_keep(lead->visit, &recording, lead->link->delivery_id, 0);
	return true;
}
