#ifndef TOOLS_VIEW_H
#define TOOLS_VIEW_H

/*
 * A tree of values that a template shows. It lives in the arena and copies
 * what it is given; setting a key again replaces its value. One thread.
 *
 *	struct view *view = view_new(arena);
 *	view_text(view, "title", "Child G");
 *	struct view *row = view_item(view, "actions");
 *	view_text(row, "owner", "police");
 *
 * What a template does with it: {{key}} shows a text or number; {{#key}} runs
 * its block for a true flag, a text that is not empty, a number (0 too), a
 * child, or once for each item; {{^key}} runs it otherwise. A key that is not
 * set is looked for in the views around: set it to NULL, false or an empty
 * list when it must not be found there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct view;

/* an object without a key */
struct view *view_new(struct arena *arena);

void view_text(struct view *view, const char *key, const char *text);
void view_number(struct view *view, const char *key, int64_t number);
void view_flag(struct view *view, const char *key, bool flag);

/* HTML that is escaped already (of markdown_to_html); shown by {{{key}}}. Its
 * storage is view_text's: the name is for who reads the code. */
void view_raw(struct view *view, const char *key, const char *html);

/* One nested object: {{#key}}...{{/key}}, or {{key.name}} */
struct view *view_child(struct view *view, const char *key);

/* Appends a new object to the list under that key and returns it. */
struct view *view_item(struct view *view, const char *list_key);

/* Makes the list under that key, empty unless it is there. */
void view_list(struct view *view, const char *list_key);

/* --- for the template: the tree as it is --- */

enum view_kind {
	VIEW_TEXT,   /* text */
	VIEW_FLAG,   /* flag */
	VIEW_OBJECT, /* object */
	VIEW_LIST,   /* object, object->next, ... */
};

struct view_entry {
	struct view_entry *next;
	const char *key;
	enum view_kind kind;
	const char *text; /* never NULL in a VIEW_TEXT */
	bool flag;
	struct view *object, *last; /* last: of the list */
};

struct view {
	struct arena *arena;
	struct view *next; /* in its list */
	struct view_entry *entries;
};

#endif
