#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "core/attestation.h"
#include "core/lead_link.h"
#include "core/lead_people.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/lead_part.h"
#include "web/visit.h"

/* Paper sign-in sheets on the lead's page: see lead_part.h. */

/* Boxes to tick; together with the form's other fields fewer than
 * HTTP_FIELDS_MAX. Who is not among them is typed. */
#define BOXES_MAX 150
#define ADDRESSES_SHOWN_MAX (16 * 1024)

static bool was_ticked(const struct lead *lead, const char *public_id)
{
	const char *value;

	for (size_t i = 0;
	     (value = http_form_at(lead->visit->request, "person", i)); i++)
		if (strcmp(value, public_id) == 0)
			return true;
	return false;
}

static bool show_people(const struct lead *lead, struct view *view,
			struct err *err)
{
	struct visit *visit = lead->visit;
	struct lead_person *people;
	size_t count;
	bool more;

	if (!lead_people_load(visit->web->db, lead->link->list_id, NULL,
			      visit->now, visit->arena, &people, &count, &more,
			      err))
		return false;
	view_list(view, "people");
	for (size_t i = 0; i < count && i < BOXES_MAX; i++) {
		struct view *item = view_item(view, "people");

		view_text(item, "person", people[i].public_id);
		view_text(item, "name",
			  *people[i].name ? people[i].name : people[i].address);
		view_text(item, "address", people[i].address);
		view_flag(item, "is_ticked",
			  was_ticked(lead, people[i].public_id));
	}
	view_flag(view, "has_people", count > 0);
	view_flag(view, "has_more", more || count > BOXES_MAX);
	return true;
}

/* what was typed, where it was refused; a file has to be chosen again */
static void show_typed(const struct lead *lead, struct view *view)
{
	static const struct {
		const char *name;
		size_t max_size;
	} fields[] = {{"signed_on", 40},
		      {"note", ATTESTATION_TEXT_MAX},
		      {"addresses", ADDRESSES_SHOWN_MAX}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const char *typed = lead_field(lead, fields[i].name);

		if (strlen(typed) <= fields[i].max_size)
			view_text(view, fields[i].name, typed);
	}
}

void lead_show_sheet(const struct lead *lead)
{
	struct view *view = lead_view(lead, "Record a sign-in sheet");
	struct err err = {0};

	show_typed(lead, view);
	if (lead_show_briefings(lead, view, &err) &&
	    show_people(lead, view, &err))
		visit_show(lead->visit, 200, "web/lead-sheet.html", view);
	else
		visit_fail(lead->visit, &err);
}

/* --- on record */

static bool show_signers(const struct lead *lead, int64_t sheet_id,
			 struct view *item, struct err *err)
{
	struct visit *visit = lead->visit;
	struct attestation_person *people;
	size_t count;

	if (!attestation_load_people(visit->web->db, sheet_id, visit->arena,
				     &people, &count, err))
		return false;
	view_list(item, "signers");
	view_list(item, "standing");
	for (size_t i = 0; i < count; i++) {
		struct view *signer = view_item(item, "signers");
		const char *name = *people[i].name ? people[i].name
				   : *people[i].address
				       ? people[i].address
				       : "somebody who was erased since";

		view_text(signer, "name", name);
		if (people[i].undone_at) {
			view_text(signer, "undone_on",
				  visit_day(visit, people[i].undone_at));
			view_text(signer, "undone_reason",
				  people[i].undone_reason);
			continue;
		}
		struct view *standing = view_item(item, "standing");
		view_text(standing, "person", people[i].public_id);
		view_text(standing, "name", name);
	}
	return true;
}

static bool show_sheet(const struct lead *lead,
		       const struct attestation_sheet *sheet, struct view *item,
		       struct err *err)
{
	view_number(item, "id", sheet->id);
	view_text(item, "ref", sheet->ref);
	view_text(item, "signed_on", visit_day(lead->visit, sheet->signed_at));
	view_number(item, "people_count", (int64_t)sheet->people);
	view_flag(item, "one", sheet->people == 1);
	view_flag(item, "is_standing", sheet->standing > 0);
	view_flag(item, "has_scan", sheet->has_scan);
	view_text(item, "note", sheet->note);
	view_text(item, "recorded_by", sheet->recorded_by);
	view_text(item, "recorded_on",
		  visit_time(lead->visit, sheet->recorded_at));
	return show_signers(lead, sheet->id, item, err);
}

static bool load(const struct lead *lead, int64_t id,
		 struct attestation_sheet **ret, size_t *ret_count,
		 struct err *err)
{
	const struct attestation_filter filter = {.list = lead->link->list_name,
						  .id = id};

	return attestation_load(lead->visit->web->db, &filter,
				lead->visit->arena, ret, ret_count, err);
}

bool lead_show_sheets(const struct lead *lead, struct view *view,
		      struct err *err)
{
	struct attestation_sheet *sheets;
	size_t count;
	bool good = load(lead, 0, &sheets, &count, err);

	view_list(view, "sheets");
	for (size_t i = 0; good && i < count; i++)
		good = show_sheet(lead, &sheets[i], view_item(view, "sheets"),
				  err);
	view_flag(view, "has_sheets", good && count > 0);
	return good;
}

/* --- a scan, as it came */

static void send_scan(const struct lead *lead, int64_t id)
{
	struct visit *visit = lead->visit;
	const void *bytes;
	const char *type;
	struct err err = {0};
	size_t size;

	if (!attestation_load_scan(visit->web->db, id, visit->arena, &bytes,
				   &size, &type, &err)) {
		struct lead again = *lead;

		if (err.kind != ERR_GONE) {
			visit_fail(visit, &err);
			return;
		}
		again.refused = "The scan of that sheet is gone.";
		lead_show_people(&again);
		return;
	}
	http_reply(visit->request, &(struct http_reply){.status = 200,
							.content_type = type,
							.body = bytes,
							.size = size});
}

void lead_send_scan(const struct lead *lead)
{
	struct attestation_sheet *sheets;
	struct err err = {0};
	long long id;
	size_t count = 0;

	if (text_parse_integer(lead_field(lead, "sheet"), 1, INT64_MAX, &id) &&
	    !load(lead, id, &sheets, &count, &err)) {
		visit_fail(lead->visit, &err);
		return;
	}
	/* of another list, or none */
	send_scan(lead, count ? id : 0);
}
