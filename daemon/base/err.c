#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void
format_into(char text[ERR_TEXT_SIZE], const char *format, va_list args)
{
	int length = vsnprintf(text, ERR_TEXT_SIZE, format, args);

	if (length >= ERR_TEXT_SIZE)
		strcpy(text + ERR_TEXT_SIZE - 4, "...");
}

static void append(char text[ERR_TEXT_SIZE], const char *more)
{
	size_t used = strlen(text);
	int length = snprintf(text + used, ERR_TEXT_SIZE - used, "%s", more);

	if (length >= (int)(ERR_TEXT_SIZE - used))
		strcpy(text + ERR_TEXT_SIZE - 4, "...");
}

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;

	if (!err)
		return false;
	char text[ERR_TEXT_SIZE]; /* an argument may be err->text itself */
	va_start(args, format);
	format_into(text, format, args);
	va_end(args);
	err->kind = kind;
	memcpy(err->text, text, sizeof(text));
	return false;
}

bool err_errno(struct err *err, enum err_kind kind, const char *format, ...)
{
	int saved = errno;
	va_list args;

	if (!err)
		return false;
	if (saved == ENOSPC || saved == EDQUOT)
		kind = ERR_FULL;
	err->kind = kind;
	va_start(args, format);
	format_into(err->text, format, args);
	va_end(args);
	append(err->text, ": ");
	append(err->text, strerror(saved));
	errno = saved;
	return false;
}

bool err_context(struct err *err, const char *format, ...)
{
	char inner[ERR_TEXT_SIZE];
	va_list args;

	if (!err)
		return false;
	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	format_into(err->text, format, args);
	va_end(args);
	append(err->text, ": ");
	append(err->text, inner);
	return false;
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	err->kind = ERR_NONE;
	err->text[0] = '\0';
}
