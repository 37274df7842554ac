/*
 * A program under test that leaves one thing undone: preloaded, the statement
 * of SQL that $IDLE_STATEMENT is finds no row. A test that would not notice is
 * no test.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX 4096

typedef int preparer(void *, const char *, int, unsigned, void **,
		     const char **);

int sqlite3_prepare_v3(void *db, const char *sql, int size, unsigned flags,
		       void **ret, const char **rest)
{
	const char *idle = getenv("IDLE_STATEMENT");
	char text[STATEMENT_MAX];
	preparer *real;

	*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
	if (!idle || strcmp(sql, idle) != 0)
		return real(db, sql, size, flags, ret, rest);
	snprintf(text, sizeof(text), "%s AND 0", sql);
	*rest = sql + strlen(sql);
	return real(db, text, -1, flags, ret, NULL);
}
