#include "core/lead_deed.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/exemption.h"
#include "core/lead_link.h"
#include "core/lead_people.h"
#include "core/leaving.h"
#include "core/roster_member.h"
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

static bool say(const struct lead_deed *deed, const struct lead_person *person,
		const struct leaving_said *said, struct err *err)
{
	struct roster_change change = {
	    .db = deed->db,
	    .list_id = deed->link->list_id,
	    .list_name = deed->link->list_name,
	    .now = deed->now,
	};
	bool is_new;

	if (!roster_member_say(&change, person->id, said->status,
			       said->until_at, deed->link->actor, &is_new, err))
		return false;
	return is_new || err_set(err, ERR_INPUT, "it was recorded before");
}

static bool take_back(const struct lead_deed *deed,
		      const struct lead_person *person, struct err *err)
{
	struct roster_change change = {
	    .db = deed->db,
	    .list_id = deed->link->list_id,
	    .list_name = deed->link->list_name,
	    .now = deed->now,
	};
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
	if (!leaving_parse(word, until, deed->zone, deed->now, &said, &why))
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
		good = is_undo ? exemption_undo(deed->db, &wish, deed->now, err)
			       : exemption_record(deed->db, &wish, deed->now,
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
