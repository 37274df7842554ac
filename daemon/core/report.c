#include "core/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "tools/db.h"

/* fewer people than this are not shown by themselves */
#define SMALL_AGENCY 5

/* columns of report_figures */
enum {
	LEVEL,
	VERSION_ID,
	AGENCY,
	REQUIRED,
	ACCEPTED,
	FAILED,
	IN_TIME,
	LATE,
	REFLECTED,
	BY_REPLY,
	OUTSTANDING,
	OVERDUE,
	MISSED,
	EXEMPT,
	CLOSED,
	FLAGGED,
	ATTESTED,
	WIDER,
	FURTHER,
	SESSIONS,
	SESSION_REACHED,
	SESSION_HEADS,
	MEDIAN_SECONDS,
	REF,
	TITLE,
	KIND,
	NUMBER,
};

enum { LEVEL_ALL, LEVEL_BRIEFING, LEVEL_AGENCY };

/* a row of the answer, before the tree is made */
struct found {
	int64_t level, version_id;
	const char *agency, *ref, *title, *kind;
	int number;
	struct report_figures figures;
};

struct found_list {
	struct found *list;
	size_t count;
};

static void read_figures(struct query *q, struct report_figures *ret)
{
	*ret = (struct report_figures){
	    .required = query_get_integer(q, REQUIRED),
	    .accepted = query_get_integer(q, ACCEPTED),
	    .failed = query_get_integer(q, FAILED),
	    .in_time = query_get_integer(q, IN_TIME),
	    .late = query_get_integer(q, LATE),
	    .reflected = query_get_integer(q, REFLECTED),
	    .by_reply = query_get_integer(q, BY_REPLY),
	    .outstanding = query_get_integer(q, OUTSTANDING),
	    .overdue = query_get_integer(q, OVERDUE),
	    .missed = query_get_integer(q, MISSED),
	    .exempt = query_get_integer(q, EXEMPT),
	    .closed = query_get_integer(q, CLOSED),
	    .flagged = query_get_integer(q, FLAGGED),
	    .attested = query_get_integer(q, ATTESTED),
	    .wider = query_get_integer(q, WIDER),
	    .further = query_get_integer(q, FURTHER),
	    .sessions = query_get_integer(q, SESSIONS),
	    .session_reached = query_get_integer(q, SESSION_REACHED),
	    .session_heads = query_get_integer(q, SESSION_HEADS),
	    .median_days = query_is_null(q, MEDIAN_SECONDS)
			       ? -1
			       : query_get_real(q, MEDIAN_SECONDS) / 86400,
	};
	ret->acknowledged = ret->in_time + ret->late;
	/* invariant 7 */
	assert(ret->required == ret->acknowledged + ret->outstanding +
				    ret->missed + ret->exempt + ret->closed);
}

static const char *copy(struct arena *arena, const char *text)
{
	return text ? arena_strdup(arena, text) : NULL;
}

static void read_row(struct query *q, struct arena *arena, struct found *ret)
{
	const char *agency = query_get_text(q, AGENCY);

	*ret = (struct found){
	    .level = query_get_integer(q, LEVEL),
	    .version_id = query_get_integer(q, VERSION_ID),
	    .agency =
		*agency ? arena_strdup(arena, agency) : REPORT_SMALL_AGENCIES,
	    .ref = copy(arena, query_get_text(q, REF)),
	    .title = copy(arena, query_get_text(q, TITLE)),
	    .kind = copy(arena, query_get_text(q, KIND)),
	    .number = (int)query_get_integer(q, NUMBER),
	};
	read_figures(q, &ret->figures);
}

static bool find_rows(struct db *db, const struct report_filter *filter,
		      struct arena *arena, struct found_list *ret,
		      struct err *err)
{
	struct query *q = db_query(db, QUERY_REPORT_FIGURES);

	query_integer(q, 1, filter->as_of);
	query_integer(q, 2, filter->from_at);
	query_integer(q, 3, filter->to_at);
	query_text(q, 4, filter->ref);
	query_integer(q, 5, SMALL_AGENCY);
	while (query_next(q)) {
		ret->list = xreallocarray(ret->list, ret->count + 1,
					  sizeof(*ret->list));
		read_row(q, arena, &ret->list[ret->count++]);
	}
	return query_done(q, err);
}

static size_t count_level(const struct found_list *found, int64_t level)
{
	size_t count = 0;

	for (size_t i = 0; i < found->count; i++)
		count += found->list[i].level == level;
	return count;
}

/* Rows of agencies stand in the order of their briefings: one walk. */
static void build_briefings(struct report *report,
			    const struct found_list *found, struct arena *arena)
{
	size_t rows_left = count_level(found, LEVEL_AGENCY);
	const struct found *row = found->list + found->count - rows_left;

	report->briefings =
	    arena_allocarray(arena, count_level(found, LEVEL_BRIEFING),
			     sizeof(*report->briefings));
	for (size_t i = 0; i < found->count; i++) {
		const struct found *from = &found->list[i];
		if (from->level != LEVEL_BRIEFING)
			continue;
		struct report_briefing *briefing =
		    &report->briefings[report->briefing_count++];
		*briefing = (struct report_briefing){
		    .ref = from->ref,
		    .title = from->title,
		    .kind = from->kind,
		    .version = from->number,
		    .total = from->figures,
		};
		const struct found *first = row;
		while (rows_left > 0 && row->version_id == from->version_id) {
			row++;
			rows_left--;
		}
		briefing->row_count = (size_t)(row - first);
		briefing->rows = arena_allocarray(arena, briefing->row_count,
						  sizeof(*briefing->rows));
		for (size_t j = 0; j < briefing->row_count; j++)
			briefing->rows[j] = (struct report_row){
			    .agency = first[j].agency,
			    .figures = first[j].figures,
			};
	}
	assert(rows_left == 0);
}

bool report_load(struct db *db, const struct report_filter *filter,
		 struct arena *arena, struct report **ret, struct err *err)
{
	struct found_list found = {0};

	if (!find_rows(db, filter, arena, &found, err)) {
		free(found.list);
		return err_context(err, "report on reach");
	}
	struct report *report = arena_alloc(arena, sizeof(*report));
	report->as_of = filter->as_of;
	report->from_at = filter->from_at;
	report->to_at = filter->to_at;
	report->total.median_days = -1;
	if (found.count > 0) {
		assert(found.list[0].level == LEVEL_ALL);
		report->total = found.list[0].figures;
		build_briefings(report, &found, arena);
	}
	free(found.list);
	*ret = report;
	return true;
}
