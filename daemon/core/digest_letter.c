#include "core/digest_letter.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/digest.h"
#include "core/digest_deliver.h"
#include "core/digest_event.h"
#include "core/event.h"
#include "core/letter.h"
#include "core/roster.h"
#include "tools/db.h"

/* so that the store is asked once for each */
struct digest_letter {
	struct digest_letter *next;
	const char *content_key;
	int64_t id;
};

/* --- what is the same letter */

static int compare_ids(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return a < b ? -1 : a > b;
}

/* "3,17,25": the same versions, whatever their order in the mail, are the same
 * letter */
static const char *format_ids(int64_t *ids, size_t count, struct arena *arena)
{
	const char *key = "";

	if (count > 0)
		qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		key = arena_printf(arena, "%s%s%" PRId64, key, i ? "," : "",
				   ids[i]);
	return key;
}

static const char *format_news(const struct digest_news *news,
			       struct arena *arena)
{
	int64_t ids[DIGEST_VERSIONS_MAX];

	for (size_t i = 0; i < news->count; i++)
		ids[i] = news->versions[i]->id;
	return format_ids(ids, news->count, arena);
}

/* A reminder says when it is due, which differs from person to person. */
static const char *format_content(const char *versions,
				  const struct digest_notes *notes,
				  struct arena *arena)
{
	const char *key = versions;

	for (size_t i = 0; i < notes->reminder_count; i++)
		key = arena_printf(arena, "%s r%" PRId64 "@%" PRId64, key,
				   notes->reminders[i].version_id,
				   notes->reminders[i].due_at);
	for (size_t i = 0; i < notes->withdrawn_count; i++)
		key = arena_printf(arena, "%s w%" PRId64, key,
				   notes->withdrawn[i]);
	return key;
}

/* --- making it */

static bool add_letter_event(const struct digest_plan *plan,
			     const struct letter *letter, const char *key,
			     struct err *err)
{
	char hex[LETTER_HASH_SIZE];
	struct event event;

	letter_hash(letter, hex);
	event_begin(&event, "letter-made", plan->context->now, "briefingd");
	event_integer(&event, "digest", plan->digest.id);
	event_integer(&event, "letter", letter->id);
	event_text(&event, "versions", key);
	event_text(&event, "sha256", hex);
	return event_end(&event, plan->db, plan->context->now, err);
}

/* A slot that nobody asked for by hand is told when it turns out to have
 * something to send. */
static bool tell_opened(const struct digest_plan *plan, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_HAS_LETTERS);
	int64_t letters;

	query_integer(q, 1, plan->digest.id);
	letters = query_next(q) ? query_get_integer(q, 0) : 0;
	if (!query_done(q, err))
		return false;
	if (letters > 0 || *plan->digest.requested_by)
		return true;
	return digest_event_opened(plan->db, plan->digest.id, plan->list->name,
				   plan->digest.slot_at, plan->digest.mode,
				   "briefingd", plan->context->now, err);
}

/* what the letter shows, in an arena of its own */
struct shown {
	const struct briefing_version *versions[DIGEST_VERSIONS_MAX];
	int64_t due_at[DIGEST_VERSIONS_MAX];
	struct letter_reminder reminders[DIGEST_NOTES_MAX];
	const struct briefing_version *withdrawn[DIGEST_NOTES_MAX];
};

static bool load_version(const struct digest_plan *plan, int64_t id,
			 struct arena *arena,
			 const struct briefing_version **ret, struct err *err)
{
	struct briefing_version *whole;

	if (!briefing_load_version(plan->db, id, arena, &whole, err))
		return false;
	assert(whole);
	*ret = whole;
	return true;
}

static bool load_shown(const struct digest_plan *plan,
		       const struct digest_news *news,
		       const struct digest_notes *notes, struct arena *arena,
		       struct shown *ret, struct err *err)
{
	for (size_t i = 0; i < news->count; i++) {
		if (!load_version(plan, news->versions[i]->id, arena,
				  &ret->versions[i], err))
			return false;
		ret->due_at[i] = digest_scope_deadline(
		    plan->context->settings, plan->list, news->versions[i],
		    plan->digest.created_at);
	}
	for (size_t i = 0; i < notes->reminder_count; i++) {
		ret->reminders[i].due_at = notes->reminders[i].due_at;
		if (!load_version(plan, notes->reminders[i].version_id, arena,
				  &ret->reminders[i].version, err))
			return false;
	}
	for (size_t i = 0; i < notes->withdrawn_count; i++)
		if (!load_version(plan, notes->withdrawn[i], arena,
				  &ret->withdrawn[i], err))
			return false;
	return true;
}

static bool store(const struct digest_plan *plan, const char *key,
		  const char *versions, const struct letter_content *content,
		  struct letter *letter, struct err *err)
{
	return tell_opened(plan, err) &&
	       letter_store(plan->db, plan->digest.id, key, letter, content,
			    err) &&
	       add_letter_event(plan, letter, versions, err);
}

static bool make_letter(struct digest_plan *plan,
			const struct digest_news *news,
			const struct digest_notes *notes, const char *key,
			const char *versions, struct arena *arena,
			int64_t *ret_id, struct err *err)
{
	struct shown *shown = arena_alloc(arena, sizeof(*shown));
	struct checkpoint *checkpoint;
	struct letter letter = {0};
	struct roster_list *list;

	if (!checkpoint_load(plan->db, INT64_MAX, arena, &checkpoint, err) ||
	    !roster_load_list(plan->db, plan->list->name, arena, &list, err) ||
	    !load_shown(plan, news, notes, arena, shown, err))
		return false;
	assert(list);
	const struct letter_content content = {
	    .settings = plan->context->settings,
	    .list = list,
	    .versions = shown->versions,
	    .count = news->count,
	    .due_at = shown->due_at,
	    .reminders = shown->reminders,
	    .reminder_count = notes->reminder_count,
	    .withdrawn = shown->withdrawn,
	    .withdrawn_count = notes->withdrawn_count,
	    .is_rehearsal = strcmp(plan->digest.mode, "rehearsal") == 0,
	    .checkpoint = checkpoint,
	    .now = plan->context->now,
	};
	if (!letter_make(plan->context->templates, &content, &letter, err)) {
		plan->has_no_letter = true;
		return false;
	}
	bool good = store(plan, key, versions, &content, &letter, err);
	*ret_id = letter.id;
	letter_done(&letter);
	return good;
}

/* *ret_id 0: not there yet */
static bool find_letter(const struct digest_plan *plan, const char *key,
			int64_t *ret_id, struct err *err)
{
	struct query *q = db_query(plan->db, QUERY_DIGEST_FIND_LETTER);

	query_integer(q, 1, plan->digest.id);
	query_text(q, 2, key);
	*ret_id = query_next(q) ? query_get_integer(q, 0) : 0;
	return query_done(q, err);
}

static bool find_or_make(struct digest_plan *plan,
			 const struct digest_news *news,
			 const struct digest_notes *notes, const char *key,
			 struct digest_content *content, struct err *err)
{
	if (!find_letter(plan, key, &content->letter_id, err))
		return false;
	if (content->letter_id != 0)
		return true;
	struct arena *arena = arena_new();
	bool good = make_letter(plan, news, notes, key, content->versions,
				arena, &content->letter_id, err);

	arena_free(arena);
	return good;
}

bool digest_letter_use(struct digest_plan *plan, const struct digest_news *news,
		       const struct digest_notes *notes,
		       struct digest_content *ret, struct err *err)
{
	struct digest_content content = {.versions =
					     format_news(news, plan->arena)};
	const char *key = format_content(content.versions, notes, plan->arena);

	for (struct digest_letter *made = plan->letters; made;
	     made = made->next)
		if (strcmp(made->content_key, key) == 0) {
			content.letter_id = made->id;
			*ret = content;
			return true;
		}
	if (!find_or_make(plan, news, notes, key, &content, err))
		return false;
	struct digest_letter *made = arena_alloc(plan->arena, sizeof(*made));
	*made = (struct digest_letter){plan->letters, key, content.letter_id};
	plan->letters = made;
	*ret = content;
	return true;
}
