#include "core/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/escape.h"
#include "core/briefing.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/calendar.h"
#include "tools/json.h"
#include "tools/template.h"
#include "tools/view.h"

/* The counted figures, in the order of every report. The text table shows the
 * acknowledged as part of the share beside it. */
static const struct figure {
	const char *key, *heading;
	size_t offset;
} figures[] = {
#define FIGURE(name, heading)                                                  \
	{                                                                      \
#name, heading, offsetof(struct report_figures, name)          \
	}
    FIGURE(required, "Required"),
    FIGURE(accepted, "Accepted"),
    FIGURE(failed, "Failed"),
    FIGURE(acknowledged, "Reach"),
    FIGURE(in_time, "In time"),
    FIGURE(late, "Late"),
    FIGURE(reflected, "Reflected"),
    FIGURE(by_reply, "By reply"),
    FIGURE(outstanding, "Outstanding"),
    FIGURE(overdue, "Overdue"),
    FIGURE(missed, "Missed"),
    FIGURE(exempt, "Exempt"),
    FIGURE(closed, "Closed"),
    FIGURE(flagged, "Flagged"),
    FIGURE(attested, "Attested"),
    FIGURE(wider, "Wider reach"),
    FIGURE(further, "Further names"),
    FIGURE(sessions, "Sessions"),
    FIGURE(session_reached, "In sessions"),
    FIGURE(session_heads, "Of heads"),
#undef FIGURE
};

#define FIGURE_COUNT (sizeof(figures) / sizeof(*figures))

static int64_t figure_of(const struct report_figures *from,
			 const struct figure *figure)
{
	int64_t number;

	memcpy(&number, (const char *)from + figure->offset, sizeof(number));
	return number;
}

static void median_text(const struct report_figures *from, char ret[WORDS_SIZE])
{
	if (from->median_days < 0)
		snprintf(ret, WORDS_SIZE, "-");
	else
		snprintf(ret, WORDS_SIZE, "%.1f", from->median_days);
}

/* "1 October 2026" of the day in which utc lies */
static void date_text(const struct settings *settings, int64_t utc,
		      char ret[WORDS_SIZE])
{
	struct civil civil = zone_from_utc(settings->zone, utc);
	char date[CIVIL_DATE_SIZE];

	civil_format_date(&civil, date);
	words_date(date, ret);
}

#define PERIOD_SIZE (2 * WORDS_SIZE + 16)

static void period_text(const struct report *report,
			const struct settings *settings, char ret[PERIOD_SIZE])
{
	char from[WORDS_SIZE], to[WORDS_SIZE];

	/* the end is the moment after its last second */
	date_text(settings, report->from_at, from);
	date_text(settings, (report->to_at ? report->to_at : report->as_of) - 1,
		  to);
	if (report->from_at)
		snprintf(ret, PERIOD_SIZE, "%s to %s", from, to);
	else
		snprintf(ret, PERIOD_SIZE, "up to %s", to);
}

/* --- text --- */

#define AGENCY_WIDTH 28
#define SHARE_WIDTH 19
#define FIGURE_GAP 2

static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void add_left(struct buf *out, const char *text, size_t width)
{
	buf_adds(out, text);
	for (size_t used = count_characters(text); used < width; used++)
		buf_addc(out, ' ');
}

static size_t figure_width(const struct figure *figure)
{
	if (figure->offset == offsetof(struct report_figures, acknowledged))
		return SHARE_WIDTH;
	size_t width = strlen(figure->heading);
	return (width > 6 ? width : 6) + FIGURE_GAP;
}

static void add_headings(struct buf *out)
{
	add_left(out, "Agency", AGENCY_WIDTH);
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		buf_addf(out, "%*s", (int)figure_width(&figures[i]),
			 figures[i].heading);
	buf_addf(out, "%*s\n", 11 + FIGURE_GAP, "Median days");
}

static void add_line(struct buf *out, const char *agency,
		     const struct report_figures *from)
{
	char text[WORDS_SIZE], name[WORDS_AGENCY_SIZE];

	words_agency(agency, name);
	add_left(out, name, AGENCY_WIDTH);
	for (size_t i = 0; i < FIGURE_COUNT; i++) {
		int64_t number = figure_of(from, &figures[i]);
		if (figures[i].offset ==
		    offsetof(struct report_figures, acknowledged))
			words_share(number, from->required, text);
		else
			snprintf(text, sizeof(text), "%lld", (long long)number);
		buf_addf(out, "%*s", (int)figure_width(&figures[i]), text);
	}
	median_text(from, text);
	buf_addf(out, "%*s\n", 11 + FIGURE_GAP, text);
}

static void add_briefing(struct buf *out, const struct report_briefing *from)
{
	buf_addf(out, "\n%s version %d: %s\n", from->ref, from->version,
		 from->title);
	add_headings(out);
	for (size_t i = 0; i < from->row_count; i++)
		add_line(out, from->rows[i].agency, &from->rows[i].figures);
	add_line(out, "All agencies", &from->total);
}

static void add_legend(struct buf *out)
{
	buf_adds(
	    out,
	    "\nReach: confirmed by the person, of those required. Required =\n"
	    "acknowledged + outstanding + missed + exempt + closed. Accepted:\n"
	    "a mail server took the mail; that is neither delivered nor read.\n"
	    "Reflected: of those who confirmed, who wrote what they will do\n"
	    "differently. By reply: of those who confirmed, who answered the\n"
	    "mail with the word it asked for. Flagged: left or exempted only\n"
	    "after the deadline; such people stay outstanding or missed.\n"
	    "Attested: required, not confirmed by themselves, and on a sheet\n"
	    "that they signed, as their lead says; never reach.\n"
	    "Wider reach: colleagues of whom it was not required, and who\n"
	    "confirmed; beside required. Further names: at shared mailboxes,\n"
	    "of which each is required once. Sessions: of teams that were\n"
	    "taken through it; in sessions, of heads: how many were there, of\n"
	    "how many. They name nobody and are never reach. Median days: "
	    "from\n"
	    "acceptance to confirmation.\n");
}

bool report_format_text(const struct report *report,
			const struct settings *settings, struct buf *out)
{
	char as_of[WORDS_SIZE], period[PERIOD_SIZE];

	words_time(settings->zone, report->as_of, as_of);
	period_text(report, settings, period);
	buf_addf(out, "%s\nReport on reach, %s\nAs of %s\n",
		 settings->board_name, period, as_of);
	for (size_t i = 0; i < report->briefing_count; i++)
		add_briefing(out, &report->briefings[i]);
	if (report->briefing_count == 0)
		buf_adds(out, "\nNo briefing was circulated in this period.\n");
	if (report->briefing_count > 1) {
		buf_adds(out, "\nAll briefings\n");
		add_headings(out);
		add_line(out, "All agencies", &report->total);
	}
	if (report->briefing_count > 0)
		add_legend(out);
	return !out->overflow;
}

/* --- CSV (RFC 4180) --- */

static void add_field(struct buf *out, const char *text)
{
	escape_csv(out, text, strlen(text));
	buf_addc(out, ',');
}

static void csv_head(struct buf *out)
{
	buf_adds(out, "as_of,required_from,required_to,level,ref,version,title,"
		      "agency,");
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		buf_addf(out, "%s,", figures[i].key);
	buf_adds(out, "reach_percent,median_days\r\n");
}

/* "60" of "12/20, 60%": rounded by the same rule in every report */
static void percent_text(const struct report_figures *from,
			 char ret[WORDS_SIZE])
{
	words_share(from->acknowledged, from->required, ret);
	char *comma = strchr(ret, ',');
	if (comma)
		memmove(ret, comma + 2, strlen(comma + 2) + 1);
	ret[strcspn(ret, "%")] = '\0';
}

static void csv_line(const struct report *report, const char *level,
		     const struct report_briefing *briefing, const char *agency,
		     const struct report_figures *from, struct buf *out)
{
	const int64_t times[] = {report->as_of, report->from_at, report->to_at};
	char text[WORDS_SIZE];

	for (size_t i = 0; i < 3; i++) {
		if (times[i])
			civil_format_utc(times[i], text);
		buf_addf(out, "%s,", times[i] ? text : "");
	}
	add_field(out, level);
	add_field(out, briefing ? briefing->ref : "");
	snprintf(text, sizeof(text), "%d", briefing ? briefing->version : 0);
	add_field(out, briefing ? text : "");
	add_field(out, briefing ? briefing->title : "");
	add_field(out, agency);
	for (size_t i = 0; i < FIGURE_COUNT; i++)
		buf_addf(out, "%lld,", (long long)figure_of(from, &figures[i]));
	percent_text(from, text);
	buf_addf(out, "%s,", text);
	median_text(from, text);
	buf_addf(out, "%s\r\n", text);
}

bool report_format_csv(const struct report *report, struct buf *out)
{
	csv_head(out);
	for (size_t i = 0; i < report->briefing_count; i++) {
		const struct report_briefing *from = &report->briefings[i];

		for (size_t j = 0; j < from->row_count; j++)
			csv_line(report, "agency", from, from->rows[j].agency,
				 &from->rows[j].figures, out);
		csv_line(report, "briefing", from, "", &from->total, out);
	}
	csv_line(report, "all", NULL, "", &report->total, out);
	return !out->overflow;
}

/* --- JSON --- */

static struct json_value *json_figures(const struct report_figures *from)
{
	struct json_value *map = json_map_new();

	for (size_t i = 0; i < FIGURE_COUNT; i++)
		json_map_integer(map, figures[i].key,
				 figure_of(from, &figures[i]));
	if (from->median_days < 0)
		json_map_null(map, "median_seconds");
	else
		json_map_integer(map, "median_seconds",
				 llround(from->median_days * 86400));
	return map;
}

static void json_time(struct json_value *map, const char *key, int64_t utc)
{
	char text[CIVIL_UTC_SIZE];

	if (!utc) {
		json_map_null(map, key);
		return;
	}
	civil_format_utc(utc, text);
	json_map_text(map, key, text);
}

static struct json_value *json_briefing(const struct report_briefing *from)
{
	struct json_value *map = json_map_new(), *rows = json_list_new();

	json_map_text(map, "ref", from->ref);
	json_map_integer(map, "version", from->version);
	json_map_text(map, "title", from->title);
	json_map_text(map, "kind", from->kind);
	for (size_t i = 0; i < from->row_count; i++) {
		struct json_value *row = json_figures(&from->rows[i].figures);

		json_map_text(row, "agency", from->rows[i].agency);
		json_list_put(rows, row);
	}
	json_map_put(map, "agencies", rows);
	json_map_put(map, "total", json_figures(&from->total));
	return map;
}

char *report_format_json(const struct report *report)
{
	struct json_value *map = json_map_new(), *briefings = json_list_new();

	json_time(map, "as_of", report->as_of);
	json_time(map, "required_from", report->from_at);
	json_time(map, "required_to", report->to_at);
	for (size_t i = 0; i < report->briefing_count; i++)
		json_list_put(briefings, json_briefing(&report->briefings[i]));
	json_map_put(map, "briefings", briefings);
	json_map_put(map, "total", json_figures(&report->total));
	char *text = json_format_pretty(map);
	json_free(map);
	return text;
}

/* --- HTML --- */

static void view_figures(struct view *view, const struct report_figures *from)
{
	char text[WORDS_SIZE];

	for (size_t i = 0; i < FIGURE_COUNT; i++)
		view_number(view, figures[i].key, figure_of(from, &figures[i]));
	words_share(from->acknowledged, from->required, text);
	view_text(view, "percent_text", text);
	snprintf(text, sizeof(text), "%lld: %lld of %lld",
		 (long long)from->sessions, (long long)from->session_reached,
		 (long long)from->session_heads);
	view_text(view, "sessions_text", from->sessions ? text : "0");
	median_text(from, text);
	view_text(view, "median_days", text);
}

static void view_briefing(struct view *view, const struct report_briefing *from)
{
	const char *kind_name = briefing_kind_name(from->kind);

	view_text(view, "kind_name", kind_name ? kind_name : from->kind);
	view_text(view, "ref", from->ref);
	view_text(view, "title", from->title);
	view_number(view, "version", from->version);
	view_list(view, "rows");
	for (size_t i = 0; i < from->row_count; i++) {
		struct view *row = view_item(view, "rows");
		char name[WORDS_AGENCY_SIZE];

		words_agency(from->rows[i].agency, name);
		view_text(row, "agency", name);
		view_figures(row, &from->rows[i].figures);
	}
	view_figures(view_child(view, "total"), &from->total);
}

static void view_notes(struct view *view, struct arena *arena,
		       const struct report_figures *total)
{
	if (total->flagged == 0)
		return;
	view_text(view_item(view, "notes"), "text",
		  arena_printf(arena,
			       "%lld of the outstanding or missed left or were "
			       "exempted only after the deadline: they are "
			       "flagged, and stay counted.",
			       (long long)total->flagged));
}

bool report_format_html(const struct report *report,
			const struct settings *settings,
			const struct template_set *templates, struct buf *out,
			struct err *err)
{
	struct arena *arena = arena_new();
	struct view *view = view_new(arena);
	char text[PERIOD_SIZE];

	view_text(view, "lang", "en-GB");
	view_text(view, "board_name", settings->board_name);
	view_text(view, "colour", settings->board_colour);
	period_text(report, settings, text);
	view_text(view, "period_text", text);
	words_time(settings->zone, report->as_of, text);
	view_text(view, "as_of_text", text);
	view_list(view, "briefings");
	for (size_t i = 0; i < report->briefing_count; i++)
		view_briefing(view_item(view, "briefings"),
			      &report->briefings[i]);
	view_notes(view, arena, &report->total);
	bool good =
	    template_set_render(templates, "report/reach.html", view, out, err);
	arena_free(arena);
	return good;
}
