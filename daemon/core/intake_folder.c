#include "core/intake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "tools/db.h"

bool intake_is_new(struct db *db, const char *folder_name, const char *stamp,
		   bool *ret, struct err *err)
{
	bool is_new = true;
	struct query *q = db_query(db, QUERY_INTAKE_LOAD_STAMP);

	query_text(q, 1, folder_name);
	if (query_next(q))
		is_new = strcmp(query_get_text(q, 0), stamp) != 0;
	if (!query_done(q, err))
		return false;
	*ret = is_new;
	return true;
}

bool intake_load_folders(struct db *db, struct arena *arena,
			 struct intake_folder **ret, size_t *ret_count,
			 struct err *err)
{
	struct intake_folder *list = NULL;
	size_t count = 0, room = 0;
	struct query *q = db_query(db, QUERY_INTAKE_LOAD_FOLDERS);

	while (query_next(q)) {
		list = arena_grow(arena, list, count, &room, sizeof(*list));
		list[count++] = (struct intake_folder){
		    .name = arena_strdup(arena, query_get_text(q, 0)),
		    .state = arena_strdup(arena, query_get_text(q, 1)),
		    .detail = arena_strdup(arena, query_get_text(q, 2)),
		    .seen_at = query_get_integer(q, 3),
		};
	}
	if (!query_done(q, err))
		return false;
	*ret = list;
	*ret_count = count;
	return true;
}

static bool is_present(const char *name, const char *const *present_names,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(present_names[i], name) == 0)
			return true;
	return false;
}

static bool forget_folder(struct db *db, const char *name, struct err *err)
{
	struct query *q = db_query(db, QUERY_INTAKE_FORGET_FOLDER);

	query_text(q, 1, name);
	return query_run(q, NULL, err);
}

static bool forget(struct db *db, struct arena *arena,
		   const char *const *present_names, size_t count,
		   struct err *err)
{
	struct intake_folder *folders;
	size_t folder_count;
	bool is_one_gone = false;

	if (!intake_load_folders(db, arena, &folders, &folder_count, err))
		return false;
	for (size_t i = 0; i < folder_count; i++) {
		if (is_present(folders[i].name, present_names, count))
			continue;
		if (!forget_folder(db, folders[i].name, err))
			return false;
		is_one_gone = true;
	}
	return !is_one_gone ||
	       query_run(db_query(db, QUERY_INTAKE_LOOK_AGAIN), NULL, err);
}

bool intake_forget(struct db *db, const char *const *present_names,
		   size_t count, struct err *err)
{
	struct arena *arena = arena_new();
	bool good = forget(db, arena, present_names, count, err);

	arena_free(arena);
	return good;
}

/* --- REJECTED.txt */

static const char opening[] =
    "This briefing was not taken, and nothing of it was sent.\n"
    "\n"
    "Please mend what is listed here, in the files of this folder, and save\n"
    "them. The folder is then read again by itself within a minute, and this\n"
    "file goes away once all is well. Each line says in which file, on which\n"
    "line, what is wrong and what is allowed.\n"
    "\n";

void intake_tell(const char *folder, const char *problems)
{
	char *path = xasprintf("%s/" INTAKE_REJECTED_FILE, folder);

	if (problems) {
		char *text = xasprintf("%s%s", opening, problems);

		file_write(path, text, strlen(text), 0664, NULL);
		free(text);
	} else {
		unlink(path);
	}
	free(path);
}
