#include "base/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

bool problems_add(struct problems *problems, const char *file, int line,
		  const char *format, ...)
{
	char text[512];
	va_list args;

	if (problems->count++ >= PROBLEMS_MAX)
		return false;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problems->list[problems->count - 1] = (struct problem){
	    .file = xstrdup(file), .line = line, .text = xstrdup(text)};
	return false;
}

char *problems_format(const struct problems *problems)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
		const struct problem *each = &problems->list[i];

		if (each->line > 0)
			buf_addf(&out, "%s:%d: %s\n", each->file, each->line,
				 each->text);
		else
			buf_addf(&out, "%s: %s\n", each->file, each->text);
	}
	if (problems->count > PROBLEMS_MAX)
		buf_addf(&out, "and %zu more\n",
			 problems->count - PROBLEMS_MAX);
	return buf_take(&out, NULL);
}

void problems_done(struct problems *problems)
{
	for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
		free(problems->list[i].file);
		free(problems->list[i].text);
	}
	*problems = (struct problems){0};
}
