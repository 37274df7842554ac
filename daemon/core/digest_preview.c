/* Looking at what would go out; changes nothing. */
#include "core/digest.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/address.h"
#include "core/briefing.h"
#include "core/digest_notes.h"
#include "core/digest_scope.h"
#include "core/letter.h"
#include "core/roster.h"
#include "core/settings.h"
#include "tools/db.h"

#define SLICE 500

static bool find_list(struct db *db, const struct digest_context *context,
		      const struct roster_list *list, bool is_live,
		      struct arena *arena, struct digest_scope *scope,
		      struct digest_list **ret, struct err *err)
{
	if (!digest_scope_load(db, context, is_live ? "live" : "rehearsal",
			       arena, scope, err))
		return false;
	*ret = digest_scope_find_list(scope, list->name);
	return *ret || err_set(err, ERR_GONE, "no list %s", list->name);
}

static bool find_person(struct db *db, struct digest_scope *scope,
			struct digest_list *list, const char *address,
			struct digest_preview *preview,
			struct digest_news *ret_news,
			struct digest_notes *ret_notes, struct err *err)
{
	char parsed[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct digest_member *member;

	if (!address_parse(address, strlen(address), parsed, key, err) ||
	    !digest_scope_find_member(db, scope, list, key, &member, err))
		return false;
	if (!member)
		return err_set(err, ERR_GONE, "%s is not on list %s", address,
			       list->name);
	preview->address = member->address;
	preview->name = member->name;
	preview->person_id = member->person_id;
	return digest_scope_news(db, scope, list, member, ret_news, err) &&
	       digest_notes_find(db, scope, list, member, ret_news->count > 0,
				 ret_notes, err);
}

/* Nobody particular: what the list has not been sent yet. */
static bool find_unsent(struct db *db, struct digest_scope *scope,
			struct digest_list *list, struct digest_news *ret,
			struct err *err)
{
	const struct briefing_version **versions;
	struct query *q = db_query(db, QUERY_DIGEST_LIST_VERSIONS);
	struct digest_news news = {.count = 0};
	size_t count;
	bool *sent;

	versions = digest_scope_versions(scope, list, &count);
	sent = arena_allocarray(scope->arena, count + 1, sizeof(*sent));
	query_integer(q, 1, list->id);
	query_text(q, 2, scope->mode);
	while (query_next(q)) {
		int64_t id = query_get_integer(q, 0);

		for (size_t i = 0; i < count; i++)
			sent[i] = sent[i] || versions[i]->id == id;
	}
	if (!query_done(q, err))
		return false;
	for (size_t i = 0; i < count && news.count < DIGEST_VERSIONS_MAX; i++)
		if (!sent[i] && !versions[i]->already_circulated)
			news.versions[news.count++] = versions[i];
	*ret = news;
	return true;
}

static bool fill_notes(struct db *db, const struct digest_scope *scope,
		       const struct digest_notes *notes,
		       struct digest_preview *ret, struct err *err)
{
	struct arena *arena = scope->arena;
	struct letter_reminder *reminders =
	    arena_allocarray(arena, notes->reminder_count, sizeof(*reminders));
	const struct briefing_version **withdrawn =
	    arena_allocarray(arena, notes->withdrawn_count, sizeof(*withdrawn));
	struct briefing_version *whole;

	for (size_t i = 0; i < notes->reminder_count; i++) {
		const struct digest_reminder *from = &notes->reminders[i];

		if (!briefing_load_version(db, from->version_id, arena, &whole,
					   err))
			return false;
		reminders[i] = (struct letter_reminder){whole, from->due_at};
	}
	for (size_t i = 0; i < notes->withdrawn_count; i++) {
		if (!briefing_load_version(db, notes->withdrawn[i], arena,
					   &whole, err))
			return false;
		withdrawn[i] = whole;
	}
	ret->reminders = reminders;
	ret->reminder_count = notes->reminder_count;
	ret->withdrawn = withdrawn;
	ret->withdrawn_count = notes->withdrawn_count;
	return true;
}

static bool fill(struct db *db, const struct digest_scope *scope,
		 const struct digest_list *list, const struct digest_news *news,
		 struct digest_preview *ret, struct err *err)
{
	struct arena *arena = scope->arena;
	const struct briefing_version **versions =
	    arena_allocarray(arena, news->count, sizeof(*versions));
	int64_t *due_at = arena_allocarray(arena, news->count, sizeof(*due_at));

	for (size_t i = 0; i < news->count; i++) {
		struct briefing_version *whole;

		if (!briefing_load_version(db, news->versions[i]->id, arena,
					   &whole, err))
			return false;
		versions[i] = whole;
		due_at[i] = digest_scope_deadline(
		    scope->settings, list, news->versions[i], scope->now);
	}
	ret->versions = versions;
	ret->due_at = due_at;
	ret->count = news->count;
	return true;
}

bool digest_preview_person(struct db *db, const struct digest_context *context,
			   const struct roster_list *list, const char *address,
			   bool is_live, struct arena *arena,
			   struct digest_preview *ret, struct err *err)
{
	struct digest_preview preview = {0};
	struct digest_scope scope;
	struct digest_news news;
	struct digest_notes notes = {.reminder_count = 0};
	struct digest_list *found;

	if (!find_list(db, context, list, is_live, arena, &scope, &found, err))
		return false;
	bool good = address ? find_person(db, &scope, found, address, &preview,
					  &news, &notes, err)
			    : find_unsent(db, &scope, found, &news, err);
	if (!good || !fill(db, &scope, found, &news, &preview, err) ||
	    !fill_notes(db, &scope, &notes, &preview, err))
		return false;
	*ret = preview;
	return true;
}

/* --- the count */

struct tally {
	int64_t members, versions;
	bool *seen; /* by place in the scope */
};

static void add_news(struct tally *tally, const struct digest_scope *scope,
		     const struct digest_news *news,
		     const struct digest_notes *notes)
{
	tally->members +=
	    news->count + notes->reminder_count + notes->withdrawn_count > 0;
	for (size_t i = 0; i < news->count; i++) {
		size_t at = (size_t)(news->versions[i] - scope->versions);

		tally->versions += !tally->seen[at];
		tally->seen[at] = true;
	}
}

static bool count_all(struct db *db, struct digest_scope *scope,
		      struct digest_list *list, struct tally *tally,
		      struct err *err)
{
	struct digest_member *members;
	struct digest_news news;
	struct digest_notes notes;
	int64_t after = 0;
	size_t count;

	do {
		if (!digest_scope_load_members(db, scope, list, after, SLICE,
					       &members, &count, err))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!digest_scope_news(db, scope, list, &members[i],
					       &news, err) ||
			    !digest_notes_find(db, scope, list, &members[i],
					       news.count > 0, &notes, err))
				return false;
			add_news(tally, scope, &news, &notes);
			after = members[i].member_id;
		}
	} while (count == SLICE);
	return true;
}

bool digest_count_due(struct db *db, const struct digest_context *context,
		      const struct roster_list *list, bool is_live,
		      int64_t *ret_members, int64_t *ret_versions,
		      struct err *err)
{
	struct arena *arena = arena_new();
	struct digest_scope scope;
	struct digest_list *found;
	struct tally tally = {0};
	bool good =
	    find_list(db, context, list, is_live, arena, &scope, &found, err);

	if (good) {
		tally.seen = arena_allocarray(arena, scope.version_count + 1,
					      sizeof(*tally.seen));
		good = count_all(db, &scope, found, &tally, err);
	}
	if (good) {
		*ret_members = tally.members;
		*ret_versions = tally.versions;
	}
	arena_free(arena);
	return good;
}
