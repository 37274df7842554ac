#ifndef TOOLS_TEMPLATE_H
#define TOOLS_TEMPLATE_H

/*
 * Mustache templates (https://mustache.github.io/mustache.5.html): variables,
 * sections, inverted sections, comments, partials; neither set-delimiter tags
 * nor lambdas. In HTML {{key}} is escaped (& < > " ') and {{{key}}} is not; in
 * text nothing is. A line with nothing but tags that show nothing by themselves
 * (sections, comments, partials) leaves no line behind; a partial's lines are
 * not indented. What a view is and shows: tools/view.h.
 *
 *	struct template_set *set = template_set_load(folder, &problems);
 *	if (!template_set_render(set, "mail/digest.html", view, &out, err))
 *		...
 *	template_set_free(set);
 *
 * A set owns its templates. With each it keeps what was shown, its texts left
 * open, of 400 KB at most (tools/outline.h). Nothing here throws. One thread at
 * a time.
 */
#include <stdbool.h>
#include <stddef.h>

struct assets_file;
struct buf;
struct err;
struct problems;
struct template;
struct template_set;
struct view;

enum template_kind {
	TEMPLATE_HTML,
	TEMPLATE_TEXT, /* no escaping */
};

/* One template by itself, which may not name partials. name is for messages;
 * what does not parse is ERR_INPUT, "name:line: ...". At most
 * TEMPLATE_SIZE_MAX bytes of UTF-8 and TEMPLATE_DEPTH_MAX nested sections. */
#define TEMPLATE_SIZE_MAX (256 * 1024)
#define TEMPLATE_DEPTH_MAX 32
struct template *template_parse(const char *name, const char *text, size_t size,
				enum template_kind kind, struct err *err);
void template_free(struct template *page);

/* Appends to out; ERR_FULL when out's ceiling is reached. */
bool template_render(const struct template *page, const struct view *view,
		     struct buf *out, struct err *err);

/* All templates that the program carries (the *.html and *.txt of templates/),
 * each replaced by FOLDER/mail/x.html and so on if that is there; no folder:
 * NULL. {{>head}} in mail/digest.html is mail/head.html, as is {{>mail/head}}
 * or {{>mail/head.html}}. Each file opens and closes its own sections; partials
 * may nest TEMPLATE_PARTIALS_MAX deep and never come back to themselves.
 *
 * What does not parse, names a partial that is not there, or replaces nothing,
 * is a problem, and NULL is returned: the caller keeps the set it has. */
#define TEMPLATE_PARTIALS_MAX 8
struct template_set *template_set_load(const char *override_folder,
				       struct problems *problems);
void template_set_free(struct template_set *set);

/* key: "mail/digest.html", with .html or .txt saying the kind. A key that the
 * program does not carry is ERR_GONE. */
bool template_set_render(const struct template_set *set, const char *key,
			 const struct view *view, struct buf *out,
			 struct err *err);

/* Other files than the carried ones: for tests. Ends with a NULL key. */
struct template_set *template_set_load_with(const struct assets_file *files,
					    const char *override_folder,
					    struct problems *problems);

#endif
