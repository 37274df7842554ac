#ifndef TOOLS_TEMPLATE_SOURCE_H
#define TOOLS_TEMPLATE_SOURCE_H

/*
 * The files of tools/template as they were written: checked, so that a person
 * is told the line, and flattened into what tools/mustache takes. Partials are
 * put in once, when a set is loaded, and not at each rendering: that is where
 * one that names itself is met.
 *
 *	if (source_check(&source, &list, &line, err) &&
 *	    source_flatten(&source, &list, &out, err))
 *		...
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

struct source {
	char *name; /* for messages: the key, or the path of what replaced it */
	char *key;  /* "mail/digest.html" */
	char *text; /* UTF-8 when source_check is content */
	size_t size;
};

struct source_list {
	struct source *sources;
	size_t count;
};

/* Empty, and named by its key. */
void source_init(struct source *source, const char *key);
void source_done(struct source *source);

/* Copies the text, without a byte order mark and without CR before LF. */
void source_set_text(struct source *source, const char *text, size_t size);

/* NULL when there is none of that key */
const struct source *source_find(const struct source_list *list,
				 const char *key);

/* Is it text, with tags that are known, names that are names, sections that are
 * opened and closed here, and partials that are there? On false *ret_line is
 * the line of the fault. */
bool source_check(const struct source *source,
		  const struct source_list *partials, int *ret_line,
		  struct err *err);

/* Appends the text to out (whose ceiling is SOURCE_FLAT_MAX) with partials put
 * in, comments and the lines of tags left out, and MUSTACHE_KEEP set. All of
 * them have passed source_check. */
#define SOURCE_FLAT_MAX (1024 * 1024)
bool source_flatten(const struct source *source,
		    const struct source_list *partials, struct buf *out,
		    struct err *err);

#endif
