#include "core/reminder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int compare_days(const void *left, const void *right)
{
	int a = *(const int *)left, b = *(const int *)right;

	return a < b ? -1 : a > b;
}

bool reminders_take(const int64_t *days, size_t count, struct reminders *ret,
		    struct err *err)
{
	struct reminders reminders = {.count = count};

	if (count > REMINDERS_MAX)
		return err_set(err, ERR_INPUT, "at most %d reminders",
			       REMINDERS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (days[i] < -REMINDER_DAYS_MAX || days[i] > REMINDER_DAYS_MAX)
			return err_set(
			    err, ERR_INPUT,
			    "%lld: days from the deadline are wanted, "
			    "from -%d (before) to %d (after)",
			    (long long)days[i], REMINDER_DAYS_MAX,
			    REMINDER_DAYS_MAX);
		reminders.days[i] = (int)days[i];
	}
	if (count > 0)
		qsort(reminders.days, count, sizeof(*reminders.days),
		      compare_days);
	for (size_t i = 1; i < count; i++)
		if (reminders.days[i] == reminders.days[i - 1])
			return err_set(err, ERR_INPUT,
				       "%d is there twice: one mail a day is "
				       "enough",
				       reminders.days[i]);
	*ret = reminders;
	return true;
}

void reminders_format(const struct reminders *reminders,
		      char ret[REMINDERS_SIZE])
{
	size_t used = 0;

	*ret = '\0';
	for (size_t i = 0; i < reminders->count; i++)
		used +=
		    (size_t)snprintf(ret + used, REMINDERS_SIZE - used, "%s%d",
				     i ? "," : "", reminders->days[i]);
}

void reminders_parse(const char *text, struct reminders *ret)
{
	struct reminders reminders = {.count = 0};

	while (*text && reminders.count < REMINDERS_MAX) {
		char *end;
		long days = strtol(text, &end, 10);

		if (end == text)
			break;
		reminders.days[reminders.count++] = (int)days;
		text = end + (*end == ',');
	}
	*ret = reminders;
}

int reminders_due(const struct reminders *reminders, int64_t today,
		  int64_t asked_on, int64_t due_on)
{
	for (size_t i = reminders->count; i > 0; i--) {
		int64_t on = due_on + reminders->days[i - 1];

		if (on > today)
			continue;
		return on > asked_on && today < on + REMINDER_LATE_DAYS ? (int)i
									: 0;
	}
	return 0;
}
