#ifndef TOOLS_CALENDAR_RULE_H
#define TOOLS_CALENDAR_RULE_H

/*
 * A recurrence rule taken apart: calendar_rule.c reads its text, calendar.c
 * finds its days. Nobody else's.
 */
#include <stdbool.h>

struct err;

#define RULE_LIST_MAX 96

enum frequency { DAILY, WEEKLY, MONTHLY, YEARLY, FREQUENCIES };

struct rule_list {
	int count; /* 0: the part is not there */
	int values[RULE_LIST_MAX];
};

struct recurrence {
	enum frequency frequency;
	int interval;
	int week_start; /* 0 = Sunday */
	struct rule_list months, month_days, year_days, hours, minutes,
	    positions;
	/* "2MO": ordinal * 7 + weekday, the ordinal being 0 in "MO" */
	struct rule_list days;
};

/* Reads the text, which it takes apart in place, into a rule that is all zero.
 * On failure the rule is of no use. */
bool calendar_rule_parse(struct recurrence *r, char *text, struct err *err);

#endif
