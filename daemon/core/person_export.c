#include "core/person_export.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/json.h"
#include "tools/template.h"
#include "tools/view.h"

#define FIELDS_MAX 12

/* What each statement takes. */
enum { BY_PERSON = 1, BY_PUBLIC_ID = 2, BY_ADDRESS = 4 };

struct field {
	const char *name, *label;
	bool is_number;
};

#define TEXT(name, label)                                                      \
	{                                                                      \
		name, label, false                                             \
	}
#define NUMBER(name, label)                                                    \
	{                                                                      \
		name, label, true                                              \
	}

/* Every table that holds something of a person stands here. */
static const struct kind {
	const char *name, *title;
	enum query_id query;
	int by;
	enum person_held held;
	struct field fields[FIELDS_MAX]; /* in the order of the columns */
} kinds[] = {
    {"identity",
     "Who you are, as your agency says",
     QUERY_PERSON_IDENTITY,
     BY_PERSON,
     PERSON_HELD_GOES,
     {TEXT("public_id", "Id in the record"), TEXT("address", "Address"),
      TEXT("name", "Name"), TEXT("role", "Role"), TEXT("team", "Team"),
      NUMBER("created_at", "First seen")}},
    {"lists",
     "Lists that you are or were on",
     QUERY_PERSON_LISTS,
     BY_PERSON,
     PERSON_HELD_GOES,
     {TEXT("list", "List"), TEXT("title", "Its name"), TEXT("agency", "Agency"),
      TEXT("row", "Row"), TEXT("since_on", "Since"),
      NUMBER("joined_at", "Joined"), TEXT("status", "Status"),
      NUMBER("added_at", "Added"), NUMBER("removed_at", "Removed")}},
    {"statuses",
     "What was said since of your status",
     QUERY_PERSON_STATUSES,
     BY_PERSON,
     PERSON_HELD_GOES,
     {TEXT("list", "List"), TEXT("status", "Status"), NUMBER("from_at", "From"),
      NUMBER("until_at", "Until"), NUMBER("recorded_at", "Recorded"),
      TEXT("actor", "By")}},
    {"requirements",
     "Briefings that you were to confirm, and confirmed",
     QUERY_PERSON_REQUIREMENTS,
     BY_PERSON,
     PERSON_HELD_STAYS,
     {TEXT("ref", "Briefing"), NUMBER("version", "Version"),
      TEXT("title", "Title"), TEXT("list", "Counted under"),
      NUMBER("required_at", "Asked"), NUMBER("due_at", "Due"),
      NUMBER("acknowledged_at", "Confirmed"), TEXT("grade", "How"),
      TEXT("receipt", "Receipt"), NUMBER("missed_at", "Window closed"),
      NUMBER("closed_at", "Closed"), TEXT("closed_as", "As")}},
    {"beside",
     "Briefings that you confirmed beside those",
     QUERY_PERSON_BESIDE,
     BY_PERSON,
     PERSON_HELD_STAYS,
     {TEXT("ref", "Briefing"), NUMBER("version", "Version"),
      TEXT("list", "Counted under"), TEXT("kind", "As"),
      NUMBER("confirmed_at", "Confirmed"), TEXT("grade", "How"),
      TEXT("receipt", "Receipt")}},
    {"disowned",
     "Confirmations under your name that you said were not yours",
     QUERY_PERSON_DISOWNED,
     BY_PERSON,
     PERSON_HELD_STAYS,
     {TEXT("ref", "Briefing"), NUMBER("version", "Version"),
      NUMBER("confirmed_at", "Confirmed"), TEXT("grade", "How"),
      TEXT("receipt", "Receipt"),
      NUMBER("disowned_at", "Not yours, as you said"),
      NUMBER("event", "Record")}},
    {"sheets",
     "Sheets that you signed, as your lead says",
     QUERY_PERSON_SHEETS,
     BY_PERSON,
     PERSON_HELD_STAYS,
     {TEXT("ref", "Briefing"), NUMBER("version", "Version"),
      TEXT("agency", "Agency"), NUMBER("signed_at", "Signed on"),
      NUMBER("attested_at", "Recorded"), NUMBER("undone_at", "Undone"),
      TEXT("scan", "Its scan"), NUMBER("sheet", "Sheet")}},
    {"forwards",
     "Links asked for with your address, on their way",
     QUERY_PERSON_FORWARDS,
     BY_ADDRESS,
     PERSON_HELD_GOES,
     {NUMBER("delivery", "Of mail"), NUMBER("asked_at", "Asked")}},
    {"reminders",
     "Reminders, and withdrawals that you were told of",
     QUERY_PERSON_REMINDERS,
     BY_PERSON,
     PERSON_HELD_STAYS,
     {TEXT("ref", "Briefing"), NUMBER("version", "Version"),
      TEXT("kind", "What"), NUMBER("delivery", "Mail")}},
    {"withheld",
     "Briefings that did not go to you, for they are marked",
     QUERY_PERSON_WITHHELD,
     BY_PERSON,
     PERSON_HELD_STAYS,
     {TEXT("ref", "Briefing"), NUMBER("version", "Version"),
      TEXT("list", "List"), TEXT("reason", "Why"),
      NUMBER("withheld_at", "When")}},
    {"mails",
     "Mails to you",
     QUERY_PERSON_MAILS,
     BY_PERSON | BY_ADDRESS,
     PERSON_HELD_GOES,
     {NUMBER("delivery", "Mail"), TEXT("of", "Of"), TEXT("address", "Address"),
      TEXT("name", "Name"), TEXT("mode", "Mode"), TEXT("state", "State"),
      NUMBER("created_at", "Planned"), NUMBER("ended_at", "Ended"),
      NUMBER("bounced_at", "Came back")}},
    {"attempts",
     "What mail servers said",
     QUERY_PERSON_ATTEMPTS,
     BY_PERSON | BY_ADDRESS,
     PERSON_HELD_GOES,
     {NUMBER("delivery", "Mail"), NUMBER("number", "Try"),
      NUMBER("began_at", "When"), TEXT("outcome", "Outcome"),
      TEXT("relay", "Server"), NUMBER("code", "Code"), TEXT("text", "Reply")}},
    {"returned",
     "What came back",
     QUERY_PERSON_RETURNED,
     BY_PERSON | BY_ADDRESS,
     PERSON_HELD_GOES,
     {NUMBER("delivery", "Mail"), NUMBER("recorded_at", "When"),
      TEXT("kind", "Kind"), TEXT("class", "Class"), NUMBER("code", "Code"),
      TEXT("status", "Status"), TEXT("text", "Reason"),
      TEXT("answer", "What it did as a reply")}},
    {"suppression",
     "Whether mail to your address arrives",
     QUERY_PERSON_SUPPRESSION,
     BY_ADDRESS,
     PERSON_HELD_GOES,
     {NUMBER("score", "Score"), NUMBER("scored_at", "Since"),
      NUMBER("suppressed_at", "No longer written to since"), TEXT("why", "Why"),
      NUMBER("released_at", "Written to again since")}},
    {"offices",
     "Lists that name you as lead or board member",
     QUERY_PERSON_OFFICES,
     BY_ADDRESS,
     PERSON_HELD_IN_FILES,
     {TEXT("list", "List"), TEXT("agency", "Agency"), TEXT("office", "As"),
      TEXT("name", "Name"), TEXT("address", "Address")}},
    {"deeds",
     "What you recorded as a list's lead",
     QUERY_PERSON_DEEDS,
     BY_ADDRESS,
     PERSON_HELD_STAYS,
     {NUMBER("event", "Record"), TEXT("kind", "What"),
      NUMBER("effective_at", "When"), NUMBER("recorded_at", "Recorded")}},
    {"texts",
     "What you wrote, and reasons that were given",
     QUERY_PERSON_TEXTS,
     BY_PUBLIC_ID,
     PERSON_HELD_GOES,
     {NUMBER("event", "Record"), TEXT("kind", "Of"),
      NUMBER("recorded_at", "When"), TEXT("name", "What"),
      TEXT("text", "Text")}},
    {"events",
     "The record, which knows you by your id",
     QUERY_PERSON_EVENTS,
     BY_PUBLIC_ID,
     PERSON_HELD_STAYS,
     {NUMBER("event", "Record"), TEXT("kind", "What"),
      NUMBER("effective_at", "When"), NUMBER("recorded_at", "Recorded"),
      TEXT("actor", "By"), TEXT("body", "Contents")}},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* --- reading */

static size_t count_fields(const struct kind *kind)
{
	size_t count = 0;

	while (count < FIELDS_MAX && kind->fields[count].name)
		count++;
	return count;
}

static struct person_record *read_record(struct query *q,
					 const struct kind *kind, size_t count,
					 struct arena *arena)
{
	struct person_record *record = arena_alloc(arena, sizeof(*record));

	record->values =
	    arena_allocarray(arena, count, sizeof(*record->values));
	for (size_t i = 0; i < count; i++) {
		struct person_value *value = &record->values[i];

		*value = (struct person_value){.name = kind->fields[i].name};
		if (query_is_null(q, (int)i))
			continue;
		value->is_number = kind->fields[i].is_number;
		if (value->is_number)
			value->number = query_get_integer(q, (int)i);
		else
			value->text =
			    arena_strdup(arena, query_get_text(q, (int)i));
	}
	return record;
}

static bool read_section(struct db *db, const struct kind *kind,
			 int64_t person_id, const struct person_export *held,
			 struct arena *arena, struct person_section *ret,
			 struct err *err)
{
	struct query *q = db_query(db, kind->query);
	struct person_record **end = &ret->records;

	*ret = (struct person_section){.name = kind->name,
				       .title = kind->title,
				       .held = kind->held,
				       .field_count = count_fields(kind)};
	if (kind->by & BY_PERSON)
		query_integer(q, 1, person_id);
	if (kind->by & BY_PUBLIC_ID)
		query_text(q, 1, held->public_id);
	if (kind->by & BY_ADDRESS)
		query_text(q, kind->by & BY_PERSON ? 2 : 1, held->address_key);
	while (query_next(q)) {
		*end = read_record(q, kind, ret->field_count, arena);
		end = &(*end)->next;
		ret->record_count++;
	}
	return query_done(q, err);
}

static bool find(struct db *db, const char *address_key, struct arena *arena,
		 int64_t *ret_id, const char **ret_public_id, struct err *err)
{
	struct query *q = db_query(db, QUERY_PERSON_FIND);

	*ret_id = 0;
	*ret_public_id = NULL;
	query_text(q, 1, address_key);
	if (query_next(q)) {
		*ret_id = query_get_integer(q, 0);
		*ret_public_id = arena_strdup(arena, query_get_text(q, 1));
	}
	return query_done(q, err);
}

bool person_export_load(struct db *db, const char *address_key,
			struct arena *arena, struct person_export **ret,
			struct err *err)
{
	struct person_export *held = arena_alloc(arena, sizeof(*held));
	size_t records = 0;
	int64_t person_id;

	*held = (struct person_export){
	    .address_key = arena_strdup(arena, address_key),
	    .sections = arena_allocarray(arena, KINDS, sizeof(*held->sections)),
	};
	if (!find(db, address_key, arena, &person_id, &held->public_id, err))
		return false;
	for (size_t i = 0; i < KINDS; i++) {
		struct person_section *section =
		    &held->sections[held->section_count];

		if (kinds[i].by == BY_PUBLIC_ID && !held->public_id)
			continue;
		if (!read_section(db, &kinds[i], person_id, held, arena,
				  section, err))
			return err_context(err, "reading %s", kinds[i].name);
		held->section_count++;
		records += section->record_count;
	}
	*ret = held;
	return records > 0 || err_set(err, ERR_GONE,
				      "nothing is held of %s: no list has it "
				      "and no mail went there",
				      address_key);
}

/* --- as JSON */

static struct json_value *record_json(const struct person_section *section,
				      const struct person_record *record)
{
	struct json_value *map = json_map_new();

	for (size_t i = 0; i < section->field_count; i++) {
		const struct person_value *value = &record->values[i];

		if (value->is_number)
			json_map_integer(map, value->name, value->number);
		else
			json_map_text(map, value->name, value->text);
	}
	return map;
}

struct json_value *person_export_json(const struct person_export *held,
				      int64_t now)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "address", held->address_key);
	json_map_integer(map, "exported_at", now);
	for (size_t i = 0; i < held->section_count; i++) {
		const struct person_section *section = &held->sections[i];
		struct json_value *list = json_list_new();

		for (const struct person_record *record = section->records;
		     record; record = record->next)
			json_list_put(list, record_json(section, record));
		json_map_put(map, section->name, list);
	}
	return map;
}

/* --- as a page */

static const struct field *fields_of(const struct person_section *section)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, section->name) == 0)
			return kinds[i].fields;
	return NULL;
}

static void view_value(struct view *view, const struct person_value *value,
		       const struct settings *settings)
{
	const char *ending = strrchr(value->name, '_');
	char text[WORDS_SIZE];

	if (!value->is_number) {
		view_text(view, "value", value->text);
	} else if (ending && strcmp(ending, "_at") == 0) {
		words_time(settings->zone, value->number, text);
		view_text(view, "value", text);
	} else {
		view_number(view, "value", value->number);
	}
}

static void view_record(struct view *view, const struct person_section *section,
			const struct person_record *record,
			const struct settings *settings)
{
	const struct field *fields = fields_of(section);

	for (size_t i = 0; i < section->field_count; i++) {
		const struct person_value *value = &record->values[i];

		if (!value->is_number && text_is_empty(value->text))
			continue;
		struct view *row = view_item(view, "values");
		view_text(row, "label", fields[i].label);
		view_value(row, value, settings);
	}
}

bool person_export_html(const struct person_export *held,
			const struct template_set *templates,
			const struct settings *settings, int64_t now,
			struct buf *out, struct err *err)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	char text[WORDS_SIZE];

	words_time(settings->zone, now, text);
	view_text(view, "made_at_text", text);
	view_text(view, "board_name", settings->board_name);
	view_text(view, "colour", settings->board_colour);
	view_text(view, "controller", settings->privacy_controller);
	view_text(view, "privacy_contact", settings->privacy_contact);
	view_text(view, "address", held->address_key);
	for (size_t i = 0; i < held->section_count; i++) {
		const struct person_section *section = &held->sections[i];
		struct view *part = view_item(view, "sections");

		view_text(part, "title", section->title);
		view_list(part, "records");
		for (const struct person_record *record = section->records;
		     record; record = record->next)
			view_record(view_item(part, "records"), section, record,
				    settings);
	}
	bool good = template_set_render(templates, "report/person.html", view,
					out, err);
	arena_free(arena);
	return good;
}
