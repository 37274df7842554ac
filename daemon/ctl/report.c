#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "core/briefing.h"
#include "core/report.h"
#include "core/settings.h"
#include "ctl/ctl.h"
#include "tools/calendar.h"
#include "tools/template.h"

#define REPORT_CEILING ((size_t)64 * 1024 * 1024)

static const char usage[] =
    "report [--briefing REF] [--from DATE] [--to DATE] [--as-of DATE] "
    "[--format text|csv|json|html]";

/* The start of a date's day in the board's zone, days later; "" is 0. */
static bool day_at(const struct settings *settings, const char *date, int days,
		   int64_t *ret_at)
{
	struct civil civil;

	*ret_at = 0;
	if (!date)
		return true;
	if (!civil_parse_date(date, &civil))
		return false;
	civil = civil_from_days(civil_days(civil.year, civil.month, civil.day) +
				days);
	*ret_at = zone_to_utc(settings->zone, &civil);
	return true;
}

static int print_report(struct ctl *ctl, const struct report *report,
			const char *format)
{
	struct buf out;
	struct err err = {0};
	bool good = true;

	buf_init(&out, REPORT_CEILING);
	if (strcmp(format, "json") == 0) {
		char *text = report_format_json(report);

		buf_adds(&out, text);
		free(text);
	} else if (strcmp(format, "csv") == 0) {
		good = report_format_csv(report, &out);
	} else if (strcmp(format, "html") == 0) {
		struct template_set *templates = ctl_templates(ctl);

		good = templates && report_format_html(report, ctl->settings,
						       templates, &out, &err);
		template_set_free(templates);
	} else {
		good = report_format_text(report, ctl->settings, &out);
	}
	if (good)
		fwrite(out.data, 1, out.size, stdout);
	else
		ctl_fail("%s",
			 err.text[0] ? err.text : "the report is too large");
	buf_done(&out);
	return good ? CTL_GOOD : CTL_TROUBLE;
}

static bool is_format(const char *format)
{
	static const char *const formats[] = {"text", "csv", "json", "html"};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i], format) == 0)
			return true;
	return false;
}

/* a REF that is not there is a slip of the pen, not an empty report */
static int check_ref(struct ctl *ctl, const char *ref)
{
	struct briefing_version *version;
	struct err err = {0};

	if (!ref)
		return CTL_GOOD;
	if (!briefing_load_ref(ctl->db, ref, ctl->arena, &version, &err))
		return ctl_fail_err(&err);
	if (!version)
		return ctl_fail("no briefing %s; see \"briefingctl briefing "
				"list\"",
				ref);
	return CTL_GOOD;
}

int ctl_report(struct ctl *ctl, int argc, char **argv)
{
	const char *ref = NULL, *from = NULL, *to = NULL, *as_of = NULL,
		   *format = NULL;
	const struct ctl_option options[] = {
	    {.name = "--briefing", .text = &ref},
	    {.name = "--from", .text = &from},
	    {.name = "--to", .text = &to},
	    {.name = "--as-of", .text = &as_of},
	    {.name = "--format", .text = &format},
	    {0}};
	struct report_filter filter = {0};
	struct report *report;
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (!format)
		format = ctl->wants_json ? "json" : "text";
	if (!is_format(format))
		return ctl_usage(usage, "no such format: %s", format);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	/* a period's last day is part of it */
	if (!day_at(ctl->settings, from, 0, &filter.from_at) ||
	    !day_at(ctl->settings, to, 1, &filter.to_at) ||
	    !day_at(ctl->settings, as_of, 1, &filter.as_of))
		return ctl_usage(usage, "a date is wanted as in 2026-11-30");
	if (!filter.as_of || filter.as_of > ctl->now)
		filter.as_of = ctl->now;
	filter.ref = ref;
	int status = check_ref(ctl, ref);
	if (status != CTL_GOOD)
		return status;
	if (!report_load(ctl->db, &filter, ctl->arena, &report, &err))
		return ctl_fail_err(&err);
	return print_report(ctl, report, format);
}
