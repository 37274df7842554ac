#include "tools/view.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

struct view *view_new(struct arena *arena)
{
	struct view *view = arena_alloc(arena, sizeof(*view));

	view->arena = arena;
	return view;
}

/* The entry of that key, new or as it is. */
static struct view_entry *entry_of(struct view *view, const char *key)
{
	struct view_entry **link = &view->entries;

	while (*link && strcmp((*link)->key, key) != 0)
		link = &(*link)->next;
	if (!*link) {
		*link = arena_alloc(view->arena, sizeof(**link));
		(*link)->key = arena_strdup(view->arena, key);
	}
	return *link;
}

/* The same, emptied, and of that kind from now on. */
static struct view_entry *set(struct view *view, const char *key,
			      enum view_kind kind)
{
	struct view_entry *entry = entry_of(view, key);

	entry->kind = kind;
	entry->object = entry->last = NULL;
	return entry;
}

void view_text(struct view *view, const char *key, const char *text)
{
	if (text)
		set(view, key, VIEW_TEXT)->text =
		    arena_strdup(view->arena, text);
	else
		view_flag(view, key, false);
}

void view_raw(struct view *view, const char *key, const char *html)
{
	view_text(view, key, html);
}

void view_number(struct view *view, const char *key, int64_t number)
{
	set(view, key, VIEW_TEXT)->text =
	    arena_printf(view->arena, "%lld", (long long)number);
}

void view_flag(struct view *view, const char *key, bool flag)
{
	set(view, key, VIEW_FLAG)->flag = flag;
}

struct view *view_child(struct view *view, const char *key)
{
	return set(view, key, VIEW_OBJECT)->object = view_new(view->arena);
}

void view_list(struct view *view, const char *list_key)
{
	struct view_entry *entry = entry_of(view, list_key);

	if (entry->kind != VIEW_LIST)
		set(view, list_key, VIEW_LIST);
}

struct view *view_item(struct view *view, const char *list_key)
{
	struct view *item = view_new(view->arena);

	view_list(view, list_key);
	struct view_entry *entry = entry_of(view, list_key);
	if (entry->last)
		entry->last->next = item;
	else
		entry->object = item;
	entry->last = item;
	return item;
}
