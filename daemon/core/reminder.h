#ifndef CORE_REMINDER_H
#define CORE_REMINDER_H

/*
 * When a person is reminded of what they have not confirmed: a list's
 * reminders are days, counted from the day of the deadline, and each
 * requirement gets each of them once, by its number. One that could not go on
 * its day (the daemon was down, the day is no working day, the person had a
 * mail) goes later, for a week; then it is stale. Pure functions; days are
 * counted since 1970.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define REMINDERS_MAX 6
#define REMINDER_DAYS_MAX 90 /* before and after */
#define REMINDER_LATE_DAYS 7

struct reminders {
	int days[REMINDERS_MAX]; /* ascending: -3 is three days before */
	size_t count;
};

/* As a person wrote them, in any order. ERR_INPUT says what is allowed. */
bool reminders_take(const int64_t *days, size_t count, struct reminders *ret,
		    struct err *err);

/* "-3,1", as the store has them; what is no such text has no reminders */
#define REMINDERS_SIZE 32
void reminders_format(const struct reminders *reminders,
		      char ret[REMINDERS_SIZE]);
void reminders_parse(const char *text, struct reminders *ret);

/* The number, from 1, of the last reminder that is due on this day for someone
 * who was asked on asked_on and has until due_on; 0: none. The day on which
 * they were asked reminds enough. */
int reminders_due(const struct reminders *reminders, int64_t today,
		  int64_t asked_on, int64_t due_on);

#endif
