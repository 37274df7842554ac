#include "tools/template.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "tools/mustache.h"
#include "tools/outline.h"
#include "tools/template_source.h"

struct template
{
	struct mustache *engine;
	struct outlines *outlines; /* of the engine */
	char *name;
};

struct template_set {
	struct source_list list;
	struct template **pages; /* one for each source */
};

/* --- one template --- */

/* source has passed source_check */
static struct template *make_template(const struct source *source,
				      const struct source_list *partials,
				      enum template_kind kind, struct err *err)
{
	struct mustache *engine = NULL;
	struct buf flat;

	buf_init(&flat, SOURCE_FLAT_MAX);
	if (source_flatten(source, partials, &flat, err))
		engine = mustache_new(flat.data, flat.size, err);
	buf_done(&flat);
	if (!engine)
		return NULL;
	struct template *page = xmalloc(sizeof(*page));
	*page = (struct template){
	    .engine = engine,
	    .outlines = outlines_new(engine, kind == TEMPLATE_HTML ? escape_html
								   : NULL),
	    .name = xstrdup(source->name),
	};
	return page;
}

struct template *template_parse(const char *name, const char *text, size_t size,
				enum template_kind kind, struct err *err)
{
	const struct source_list none = {0};
	struct template *page = NULL;
	struct source source;
	int line = 1;

	source_init(&source, name);
	if (size > TEMPLATE_SIZE_MAX) {
		err_set(err, ERR_FULL, "more than %d bytes", TEMPLATE_SIZE_MAX);
	} else {
		source_set_text(&source, text, size);
		if (source_check(&source, &none, &line, err))
			page = make_template(&source, &none, kind, err);
	}
	if (!page)
		err_context(err, "%s:%d", name, line);
	source_done(&source);
	return page;
}

void template_free(struct template *page)
{
	if (!page)
		return;
	outlines_free(page->outlines);
	mustache_free(page->engine);
	free(page->name);
	free(page);
}

bool template_render(const struct template *page, const struct view *view,
		     struct buf *out, struct err *err)
{
	if (outlines_render(page->outlines, view, out, err))
		return true;
	return err_context(err, "showing %s", page->name);
}

/* --- the set --- */

static bool is_template(const char *key)
{
	return text_ends(key, ".html") || text_ends(key, ".txt");
}

static enum template_kind kind_of(const char *key)
{
	return text_ends(key, ".html") ? TEMPLATE_HTML : TEMPLATE_TEXT;
}

static void add_carried(struct source_list *list,
			const struct assets_file *file)
{
	list->sources = xreallocarray(list->sources, list->count + 1,
				      sizeof(*list->sources));
	struct source *source = &list->sources[list->count++];
	source_init(source, file->key);
	source_set_text(source, file->data, file->size);
}

static bool read_override(struct source *source, const char *folder,
			  struct problems *problems)
{
	char *path = xasprintf("%s/%s", folder, source->key);
	struct err err = {0};
	char *text;
	size_t size;

	if (file_read(path, TEMPLATE_SIZE_MAX, &text, &size, &err)) {
		source_set_text(source, text, size);
		free(text);
		free(source->name);
		source->name = path;
		return true;
	}
	if (err.kind != ERR_GONE)
		problems_add(problems, path, 0, "%s", err.text);
	free(path);
	return err.kind == ERR_GONE;
}

/* A file that replaces nothing is a slip of the pen in its name. */
static bool find_strangers(const struct source_list *list, const char *folder,
			   const char *part, struct problems *problems)
{
	char *path = xasprintf("%s/%s", folder, part);
	DIR *stream = opendir(path);
	bool good = stream || errno == ENOENT || errno == ENOTDIR;

	if (!good)
		problems_add(problems, path, 0, "%s", strerror(errno));
	for (struct dirent *each; stream && (each = readdir(stream));) {
		char *key = xasprintf("%s/%s", part, each->d_name);

		if (*each->d_name != '.' && is_template(key) &&
		    !source_find(list, key)) {
			problems_add(problems, path, 0,
				     "%s replaces nothing: there is no "
				     "template %s",
				     each->d_name, key);
			good = false;
		}
		free(key);
	}
	if (stream)
		closedir(stream);
	free(path);
	return good;
}

/* The sources are sorted by key, so those of a folder stand together. */
static bool read_overrides(struct source_list *list, const char *folder,
			   struct problems *problems)
{
	char *last = xstrdup("");
	bool good = true;

	for (size_t i = 0; i < list->count; i++) {
		struct source *source = &list->sources[i];
		size_t size = strcspn(source->key, "/");

		good &= read_override(source, folder, problems);
		if (strncmp(last, source->key, size) == 0 && !last[size])
			continue;
		free(last);
		last = xstrndup(source->key, size);
		good &= find_strangers(list, folder, last, problems);
	}
	free(last);
	return good;
}

static bool check_all(const struct source_list *list, struct problems *problems)
{
	bool good = true;

	for (size_t i = 0; i < list->count; i++) {
		struct err err = {0};
		int line = 0;

		if (source_check(&list->sources[i], list, &line, &err))
			continue;
		good = problems_add(problems, list->sources[i].name, line, "%s",
				    err.text);
	}
	return good;
}

static bool make_all(struct template_set *set, struct problems *problems)
{
	const struct source_list *list = &set->list;
	bool good = true;

	set->pages = xcalloc(list->count, sizeof(*set->pages));
	for (size_t i = 0; i < list->count; i++) {
		const struct source *source = &list->sources[i];
		struct err err = {0};

		set->pages[i] =
		    make_template(source, list, kind_of(source->key), &err);
		if (!set->pages[i])
			good = problems_add(problems, source->name, 0, "%s",
					    err.text);
	}
	return good;
}

struct template_set *template_set_load_with(const struct assets_file *files,
					    const char *override_folder,
					    struct problems *problems)
{
	struct template_set *set = xcalloc(1, sizeof(*set));

	for (; files->key; files++)
		if (is_template(files->key))
			add_carried(&set->list, files);
	bool good = !override_folder ||
		    read_overrides(&set->list, override_folder, problems);
	good &= check_all(&set->list, problems);
	if (good && make_all(set, problems))
		return set;
	template_set_free(set);
	return NULL;
}

struct template_set *template_set_load(const char *override_folder,
				       struct problems *problems)
{
	return template_set_load_with(assets_files, override_folder, problems);
}

void template_set_free(struct template_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->list.count; i++) {
		source_done(&set->list.sources[i]);
		if (set->pages)
			template_free(set->pages[i]);
	}
	free(set->list.sources);
	free(set->pages);
	free(set);
}

bool template_set_render(const struct template_set *set, const char *key,
			 const struct view *view, struct buf *out,
			 struct err *err)
{
	const struct source *source = source_find(&set->list, key);

	if (!source)
		return err_set(err, ERR_GONE, "there is no template %s", key);
	return template_render(set->pages[source - set->list.sources], view,
			       out, err);
}
