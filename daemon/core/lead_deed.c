#include "core/lead_deed.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/problems.h"
#include "core/attestation.h"
#include "core/digest.h"
#include "core/exemption.h"
#include "core/lead_link.h"
#include "core/lead_people.h"
#include "core/leaving.h"
#include "core/roster_member.h"
#include "core/settings.h"
#include "core/team_session.h"
#include "tools/db.h"

static bool find(const struct lead_deed *deed, const char *public_id,
		 struct arena *arena, struct lead_person **ret, struct err *err)
{
	if (!lead_people_find(deed->db, deed->link->list_id, public_id,
			      deed->now, arena, ret, err))
		return false;
	return *ret || err_set(err, ERR_GONE,
			       "they are on the list no more, so nothing was "
			       "recorded");
}

/* --- left, on leave, back */

static struct roster_change change_of(const struct lead_deed *deed)
{
	return (struct roster_change){
	    .db = deed->db,
	    .list_id = deed->link->list_id,
	    .list_name = deed->link->list_name,
	    .now = deed->now,
	};
}

static bool say(const struct lead_deed *deed, const struct lead_person *person,
		const struct leaving_said *said, struct err *err)
{
	struct roster_change change = change_of(deed);
	bool is_new;

	if (!roster_member_say(&change, person->id, said->status,
			       said->until_at, deed->link->actor, &is_new, err))
		return false;
	return is_new || err_set(err, ERR_INPUT, "it was recorded before");
}

static bool take_back(const struct lead_deed *deed,
		      const struct lead_person *person, struct err *err)
{
	struct roster_change change = change_of(deed);
	bool is_new;

	if (!roster_member_unsay(&change, person->id, deed->link->actor,
				 &is_new, err))
		return false;
	return is_new ||
	       err_set(err, ERR_INPUT,
		       "nothing was said of them: what counts stands in your "
		       "list, the CSV file; please correct it there");
}

static bool set_status(const struct lead_deed *deed, const char *public_id,
		       const char *word, const char *until, struct arena *arena,
		       struct err *err)
{
	struct lead_person *person;
	struct leaving_said said;
	const char *why;

	if (!find(deed, public_id, arena, &person, err))
		return false;
	if (strcmp(word, "active") == 0)
		return take_back(deed, person, err);
	if (!leaving_parse(word, until, deed->settings->zone, deed->now, &said,
			   &why))
		return err_set(err, ERR_INPUT, "%s", why);
	return say(deed, person, &said, err);
}

bool lead_deed_status(const struct lead_deed *deed, const char *public_id,
		      const char *word, const char *until, struct err *err)
{
	struct arena *arena = arena_new();
	bool good = set_status(deed, public_id, word, until, arena, err);

	arena_free(arena);
	return good;
}

/* --- let off */

static bool exempt(const struct lead_deed *deed, const char *public_id,
		   const char *ref, const char *reason, bool is_undo,
		   bool *ret_is_late, struct err *err)
{
	const struct digest_context context = {.settings = deed->settings,
					       .templates = deed->templates,
					       .now = deed->now};
	struct arena *arena = arena_new();
	struct lead_person *person;
	bool good = find(deed, public_id, arena, &person, err);

	if (good) {
		const struct exemption_wish wish = {
		    .ref = ref,
		    .address_key = person->address_key,
		    .list_id = deed->link->list_id,
		    .reason = reason,
		    .actor = deed->link->actor,
		};
		good = is_undo ? exemption_undo(deed->db, &context, &wish, err)
			       : exemption_record(deed->db, &context, &wish,
						  ret_is_late, err);
	}
	arena_free(arena);
	return good;
}

bool lead_deed_exempt(const struct lead_deed *deed, const char *public_id,
		      const char *ref, const char *reason, bool *ret_is_late,
		      struct err *err)
{
	return exempt(deed, public_id, ref, reason, false, ret_is_late, err);
}

bool lead_deed_unexempt(const struct lead_deed *deed, const char *public_id,
			const char *ref, const char *reason, struct err *err)
{
	return exempt(deed, public_id, ref, reason, true, NULL, err);
}

/* --- sheets */

/* what is wrong with it: the first thing, and how many more there are */
static bool fail_problems(const struct problems *problems, struct err *err)
{
	const struct problem *first = &problems->list[0];

	if (problems->count == 0)
		return false; /* err has it */
	if (problems->count == 1)
		return err_set(err, ERR_INPUT, "%s: %s", first->file,
			       first->text);
	return err_set(err, ERR_INPUT, "%s: %s; and %zu more like it",
		       first->file, first->text, problems->count - 1);
}

/* The keys of all of them; room: for those ticked and those typed. */
static bool find_signers(const struct lead_deed *deed,
			 const struct lead_sheet *sheet, struct arena *arena,
			 const char ***ret_keys, size_t *ret_count,
			 struct problems *problems, struct err *err)
{
	const char **typed, **keys;
	size_t count = 0;

	if (!attestation_read_addresses(sheet->addresses,
					strlen(sheet->addresses), arena, &typed,
					&count, problems))
		return fail_problems(problems, err);
	keys = arena_allocarray(arena, count + sheet->public_id_count + 1,
				sizeof(*keys));
	if (count)
		memcpy(keys, typed, count * sizeof(*keys));
	for (size_t i = 0; i < sheet->public_id_count; i++) {
		struct lead_person *person;

		if (!find(deed, sheet->public_ids[i], arena, &person, err))
			return false;
		keys[count++] = person->address_key;
	}
	*ret_keys = keys;
	*ret_count = count;
	return true;
}

static bool attest(const struct lead_deed *deed, const struct lead_sheet *sheet,
		   struct arena *arena, struct problems *problems,
		   struct err *err)
{
	struct attestation_wish wish = {
	    .ref = sheet->ref,
	    .list = deed->link->list_name,
	    .signed_on = sheet->signed_on,
	    .scan = sheet->scan,
	    .scan_size = sheet->scan_size,
	    .note = *sheet->note ? sheet->note : NULL,
	};
	const char **keys = NULL;
	int64_t id;

	if (!sheet->scan)
		return err_set(err, ERR_INPUT, "choose the scan of the sheet");
	if (!find_signers(deed, sheet, arena, &keys, &wish.address_count,
			  problems, err))
		return false;
	wish.address_keys = keys;
	if (attestation_record(deed->db, deed->settings, &wish,
			       deed->link->actor, deed->now, problems, &id,
			       err))
		return true;
	return fail_problems(problems, err);
}

bool lead_deed_attest(const struct lead_deed *deed,
		      const struct lead_sheet *sheet, struct err *err)
{
	struct arena *arena = arena_new();
	struct problems problems = {0};
	bool good = attest(deed, sheet, arena, &problems, err);

	problems_done(&problems);
	arena_free(arena);
	return good;
}

bool lead_deed_undo_sheet(const struct lead_deed *deed, int64_t sheet_id,
			  const char *public_id, const char *reason,
			  struct err *err)
{
	const struct attestation_filter filter = {.list = deed->link->list_name,
						  .id = sheet_id};
	struct arena *arena = arena_new();
	struct attestation_sheet *sheets;
	size_t count;
	bool good =
	    attestation_load(deed->db, &filter, arena, &sheets, &count, err);

	arena_free(arena);
	if (!good)
		return false;
	if (count == 0)
		return err_set(err, ERR_GONE,
			       "there is no such sheet of your list");
	return attestation_undo(deed->db, sheet_id,
				*public_id ? public_id : NULL, reason,
				deed->link->actor, deed->now, err);
}

/* --- sessions */

bool lead_deed_undo_session(const struct lead_deed *deed, int64_t session_id,
			    const char *reason, struct err *err)
{
	struct arena *arena = arena_new();
	struct team_session *sessions;
	size_t count;
	bool good = team_session_load(deed->db, NULL, deed->link->agency, arena,
				      &sessions, &count, err);
	bool is_own = false;

	for (size_t i = 0; good && i < count; i++)
		is_own |= sessions[i].id == session_id;
	arena_free(arena);
	if (!good)
		return false;
	if (!is_own)
		return err_set(err, ERR_GONE,
			       "there is no such session of your agency");
	return team_session_undo(deed->db, session_id, reason,
				 deed->link->actor, deed->now, err);
}
