#ifndef CORE_REPORT_H
#define CORE_REPORT_H

/*
 * Reach, per briefing and agency, as of any time T. Each requirement made by T
 * is in exactly one of six states at T, derived from its times in this order:
 * acknowledged (acknowledged_at <= T, and not disowned by T); closed (closed_at
 * <= T as left, withdrawn, superseded) or exempt (closed as exempt), unless it
 * was closed after the deadline by leaving or exemption: that is flagged and
 * stays outstanding or missed; missed (missed_at <= T); outstanding. So
 * required = acknowledged + outstanding + missed + exempt + closed
 * (invariant 7). Only live deliveries count; opens and fetches are nowhere.
 * Numbers only: no person is named, and agencies of whom fewer than five people
 * were required share one row, for such a row would tell of persons.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct db;
struct err;
struct settings;
struct template_set;

struct report_figures {
	int64_t required, accepted, failed;
	int64_t acknowledged, in_time, late; /* acknowledged = in_time + late */
	int64_t reflected; /* of acknowledged: confirmed with reflection */
	int64_t by_reply;  /* likewise: confirmed by reply */
	int64_t outstanding, overdue; /* overdue: of outstanding */
	int64_t missed, exempt, closed, flagged;
	/* of required, and not acknowledged: who stands on a sheet at T
	 * (core/attestation.h); they are in their state all the same */
	int64_t attested;
	/* beside required: colleagues who were passed the mail, and the further
	 * names at shared mailboxes */
	int64_t wider, further; /* not disowned by T */
	/* team sessions of the period that stand at T, the people reached in
	 * them, and the heads that were counted: someone may be in several */
	int64_t sessions, session_reached, session_heads;
	double median_days; /* from acceptance to acknowledgement; < 0: none */
};

#define REPORT_SMALL_AGENCIES "Small agencies (under 5)"

struct report_row {
	const char *agency; /* small ones last, as REPORT_SMALL_AGENCIES */
	struct report_figures figures;
};

struct report_briefing {
	const char *ref, *title, *kind;
	int version;
	struct report_row *rows;
	size_t row_count;
	struct report_figures total;
};

struct report {
	int64_t as_of, from_at, to_at; /* period: required_at in [from, to) */
	struct report_briefing *briefings;
	size_t briefing_count;
	struct report_figures total;
};

struct report_filter {
	const char *ref;        /* NULL: all */
	int64_t from_at, to_at; /* 0: open */
	int64_t as_of;
};

bool report_load(struct db *db, const struct report_filter *filter,
		 struct arena *arena, struct report **ret, struct err *err);

/* Each gives required and acknowledged beside every percentage; "-" stands for
 * a share of nobody. The CSV has a row for each agency, briefing and in all,
 * told apart by its column "level". false: out's ceiling is reached. */
bool report_format_text(const struct report *report,
			const struct settings *settings, struct buf *out);
bool report_format_csv(const struct report *report, struct buf *out);
char *report_format_json(const struct report *report); /* free() it */
bool report_format_html(const struct report *report,
			const struct settings *settings,
			const struct template_set *templates, struct buf *out,
			struct err *err);

#endif
