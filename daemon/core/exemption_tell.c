#include "core/exemption_tell.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/notice.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/db.h"
#include "tools/view.h"

/* whom it is about, and what was asked of them */
struct told {
	int64_t person_id, version_id, delivery_id, due_at;
	const char *address, *name, *list_name;
};

static const char *copy(struct query *q, int column, struct arena *arena)
{
	return arena_strdup(arena, query_get_text(q, column));
}

static bool find(struct db *db, int64_t requirement_id, struct arena *arena,
		 struct told *ret, bool *ret_found, struct err *err)
{
	struct query *q = db_query(db, QUERY_EXEMPTION_TOLD);

	query_integer(q, 1, requirement_id);
	*ret_found = query_next(q);
	if (*ret_found)
		*ret = (struct told){
		    .person_id = query_get_integer(q, 0),
		    .version_id = query_get_integer(q, 1),
		    .delivery_id = query_get_integer(q, 2),
		    .due_at = query_get_integer(q, 3),
		    .address = copy(q, 4, arena),
		    .name = copy(q, 5, arena),
		    .list_name = copy(q, 6, arena),
		};
	return query_done(q, err);
}

static const char *who(const struct settings *settings, const char *actor,
		       struct arena *arena)
{
	if (strncmp(actor, "lead ", strlen("lead ")) == 0)
		return "the lead of your list";
	return arena_printf(arena, "somebody who works for %s",
			    settings->board_name);
}

static struct view *make_view(const struct digest_context *context,
			      const struct exemption_telling *telling,
			      const struct told *told,
			      const struct briefing_version *version,
			      struct arena *arena)
{
	const struct settings *settings = context->settings;
	struct view *view = view_new(arena);
	char text[WORDS_SIZE];

	view_text(view, "ref", version->ref);
	view_text(view, "briefing_title",
		  briefing_is_sensitive(version) ? NULL : version->title);
	words_time(settings->zone, context->now, text);
	view_text(view, "said_on", text);
	words_deadline(settings->zone, told->due_at, text);
	view_text(view, "deadline", text);
	view_text(view, "who", who(settings, telling->actor, arena));
	view_flag(view, "is_undo", telling->is_undo);
	view_flag(view, "is_late", telling->is_late);
	return view;
}

static bool queue(struct db *db, const struct digest_context *context,
		  const struct exemption_telling *telling,
		  const struct told *told, struct arena *arena, struct err *err)
{
	struct briefing_version *version;
	struct roster_list *list;
	struct notice_owner owner;
	int64_t delivery_id;

	if (!briefing_load_version(db, told->version_id, arena, &version,
				   err) ||
	    !roster_load_list(db, told->list_name, arena, &list, err) ||
	    !notice_find_owner(db, context->settings, list, &owner, err))
		return false;
	const struct notice notice = {
	    .key = arena_printf(arena, "exempted %lld",
				(long long)telling->event_id),
	    .kind = "exempted",
	    .list = list,
	    .person_id = told->person_id,
	    .address = told->address,
	    .name = told->name,
	    .reply_to = owner.address,
	    .subject = arena_printf(arena,
				    telling->is_undo
					? "%s is asked of you again"
					: "%s is not asked of you any more",
				    version->ref),
	    .view = make_view(context, telling, told, version, arena),
	    .link_id = told->delivery_id,
	};
	return notice_queue(db, context, &notice, &delivery_id, err);
}

bool exemption_tell(struct db *db, const struct digest_context *context,
		    const struct exemption_telling *telling, struct err *err)
{
	struct arena *arena = arena_new();
	struct told told;
	bool found;
	bool good =
	    find(db, telling->requirement_id, arena, &told, &found, err) &&
	    (!found || queue(db, context, telling, &told, arena, err));

	arena_free(arena);
	/* it is written by now, which is no fault of who asked for it */
	if (!good && err && err->kind == ERR_INPUT)
		err->kind = ERR_SYSTEM;
	return good;
}
