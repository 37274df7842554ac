#include "tools/template_source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "tools/mustache.h"
#include "tools/template.h"

/* What all partials of one template together may come to: a file of a few
 * lines that names others often would take for ever. */
#define PARTIALS_MAX 1000

/* --- files --- */

void source_init(struct source *source, const char *key)
{
	*source = (struct source){
	    .name = xstrdup(key),
	    .key = xstrdup(key),
	    .text = xstrdup(""),
	};
}

void source_done(struct source *source)
{
	free(source->name);
	free(source->key);
	free(source->text);
}

void source_set_text(struct source *source, const char *text, size_t size)
{
	struct buf clean;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	buf_init(&clean, size + 1);
	for (size_t i = 0; i < size; i++)
		if (text[i] != '\r' || i + 1 == size || text[i + 1] != '\n')
			buf_addc(&clean, text[i]);
	free(source->text);
	source->text = buf_take(&clean, &source->size);
}

const struct source *source_find(const struct source_list *list,
				 const char *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->sources[i].key, key) == 0)
			return &list->sources[i];
	return NULL;
}

/* --- tags --- */

struct tag {
	size_t start, end; /* offsets of its braces' ends */
	char sigil;        /* # ^ / > & ! = or { or, for {{key}}, 0 */
	const char *name;  /* trimmed, not ended by a NUL */
	size_t name_size;
};

static void trim(const char **text, size_t *size)
{
	while (*size && isspace((unsigned char)**text)) {
		++*text;
		--*size;
	}
	while (*size && isspace((unsigned char)(*text)[*size - 1]))
		--*size;
}

static bool starts_tag(const struct source *source, size_t at)
{
	return at + 1 < source->size && source->text[at] == '{' &&
	       source->text[at + 1] == '{';
}

/* The tag that starts at an offset; false when it has no end. */
static bool read_tag(const struct source *source, size_t start, struct tag *ret)
{
	const char *text = source->text;
	bool triple = start + 2 < source->size && text[start + 2] == '{';
	size_t inner = start + (triple ? 3 : 2);
	const char *close = triple ? "}}}" : "}}";
	const char *end =
	    memmem(text + inner, source->size - inner, close, strlen(close));

	if (!end)
		return false;
	*ret = (struct tag){
	    .start = start,
	    .end = (size_t)(end - text) + strlen(close),
	    .sigil = triple ? '{' : 0,
	    .name = text + inner,
	    .name_size = (size_t)(end - text) - inner,
	};
	trim(&ret->name, &ret->name_size);
	if (!triple && ret->name_size && strchr("#^/>&!=", *ret->name)) {
		ret->sigil = *ret->name++;
		ret->name_size--;
		trim(&ret->name, &ret->name_size);
	}
	return true;
}

/* Shows nothing by itself, so that a line of such tags is none. */
static bool is_structure(const struct tag *tag)
{
	return tag->sigil && strchr("#^/>!", tag->sigil);
}

/* In mail/digest.html, "head" is mail/head.html, and "web/head" is
 * web/head.html; a name with its suffix is taken as it is. free() it. */
static char *partial_key(const struct source *from, const struct tag *tag)
{
	const char *slash = strrchr(from->key, '/');
	const char *suffix = strrchr(from->key, '.');

	if (memchr(tag->name, '/', tag->name_size) || !slash)
		slash = from->key - 1;
	if (memchr(tag->name, '.', tag->name_size) || !suffix)
		suffix = "";
	return xasprintf("%.*s%.*s%s", (int)(slash + 1 - from->key), from->key,
			 (int)tag->name_size, tag->name, suffix);
}

/* --- checking: every fault of one file is found here, with its line --- */

struct check {
	const struct source *source;
	const struct source_list *partials;
	struct tag open[TEMPLATE_DEPTH_MAX]; /* the sections we are in */
	size_t depth;
	int *ret_line;
	struct err *err;
};

static int line_of(const struct source *source, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += source->text[i] == '\n';
	return line;
}

/* name: what the fault is about, or NULL */
static bool fault(struct check *check, size_t offset, const char *name,
		  size_t name_size, const char *what)
{
	*check->ret_line = line_of(check->source, offset);
	if (!name)
		return err_set(check->err, ERR_INPUT, "%s", what);
	name_size = text_cut(name, name_size, 60);
	return err_set(check->err, ERR_INPUT, "\"%.*s\": %s", (int)name_size,
		       name, what);
}

static bool is_name(const struct tag *tag)
{
	const char *extra = tag->sigil == '>' ? "_-./" : "_-.";

	if (tag->name_size == 1 && *tag->name == '.' && tag->sigil != '>')
		return true;
	for (size_t i = 0; i < tag->name_size; i++) {
		char byte = tag->name[i];
		bool dot = byte == '.' || byte == '/';

		if (!isalnum((unsigned char)byte) && !strchr(extra, byte))
			return false;
		/* a.b, but neither .a nor a. nor a..b */
		if (dot && (i == 0 || i + 1 == tag->name_size ||
			    tag->name[i - 1] == byte))
			return false;
	}
	return tag->name_size > 0;
}

static bool check_open(struct check *check, const struct tag *tag)
{
	if (check->depth == TEMPLATE_DEPTH_MAX)
		return fault(check, tag->start, tag->name, tag->name_size,
			     "this section is nested too deep");
	check->open[check->depth++] = *tag;
	return true;
}

static bool check_close(struct check *check, const struct tag *tag)
{
	if (check->depth == 0)
		return fault(check, tag->start, tag->name, tag->name_size,
			     "a section is closed here that was not opened");
	const struct tag *open = &check->open[--check->depth];
	if (open->name_size == tag->name_size &&
	    memcmp(open->name, tag->name, tag->name_size) == 0)
		return true;
	return fault(check, tag->start, tag->name, tag->name_size,
		     "the section that is open here has another name");
}

static bool check_partial(struct check *check, const struct tag *tag)
{
	char *key = partial_key(check->source, tag);
	bool there = source_find(check->partials, key);

	if (!there)
		fault(check, tag->start, key, strlen(key),
		      "there is no such partial");
	free(key);
	return there;
}

static bool check_tag(struct check *check, const struct tag *tag)
{
	if (tag->sigil == '!')
		return true;
	if (tag->sigil == '=')
		return fault(check, tag->start, tag->name, tag->name_size,
			     "other braces can't be chosen here");
	if (!is_name(tag))
		return fault(check, tag->start, tag->name, tag->name_size,
			     "this is no name: letters, digits, _ and - are "
			     "allowed, and one . between two names");
	if (tag->sigil == '#' || tag->sigil == '^')
		return check_open(check, tag);
	if (tag->sigil == '/')
		return check_close(check, tag);
	if (tag->sigil == '>')
		return check_partial(check, tag);
	return true;
}

static bool check_tags(struct check *check)
{
	const struct source *source = check->source;
	struct tag tag;

	for (size_t at = 0; at < source->size;) {
		if (!starts_tag(source, at)) {
			at++;
			continue;
		}
		if (!read_tag(source, at, &tag))
			return fault(check, at, source->text + at,
				     strcspn(source->text + at, "\n"),
				     "this tag is not closed");
		if (!check_tag(check, &tag))
			return false;
		at = tag.end;
	}
	if (check->depth == 0)
		return true;
	const struct tag *open = &check->open[check->depth - 1];
	return fault(check, open->start, open->name, open->name_size,
		     "this section is not closed");
}

static bool check_bytes(struct check *check)
{
	const struct source *source = check->source;
	size_t bad;

	if (!text_is_utf8(source->text, source->size, &bad))
		return fault(check, bad, NULL, 0, "this is not UTF-8");
	for (size_t i = 0; i < source->size; i++) {
		unsigned char byte = (unsigned char)source->text[i];

		if ((byte < ' ' && byte != '\n' && byte != '\t') ||
		    byte == 0x7f)
			return fault(check, i, NULL, 0,
				     "there is a control character");
	}
	return true;
}

bool source_check(const struct source *source,
		  const struct source_list *partials, int *ret_line,
		  struct err *err)
{
	struct check check = {
	    .source = source,
	    .partials = partials,
	    .ret_line = ret_line,
	    .err = err,
	};

	return check_bytes(&check) && check_tags(&check);
}

/* --- flattening: partials put in, lines of tags taken out --- */

struct flat {
	const struct source_list *partials;
	struct buf *out;
	size_t count;         /* of partials put in so far */
	size_t partial_depth; /* of the file being read */
	size_t section_depth; /* over all files */
	struct err *err;
};

static bool flatten(struct flat *flat, const struct source *source);

static bool flatten_partial(struct flat *flat, const struct source *from,
			    const struct tag *tag)
{
	char *key = partial_key(from, tag);
	const struct source *source = source_find(flat->partials, key);

	free(key);
	if (!source)
		abort(); /* source_check has looked for it */
	if (flat->partial_depth == TEMPLATE_PARTIALS_MAX)
		return err_set(flat->err, ERR_INPUT,
			       "partials nest more than %d deep; does %s come "
			       "back to itself?",
			       TEMPLATE_PARTIALS_MAX, source->key);
	if (flat->count++ == PARTIALS_MAX)
		return err_set(flat->err, ERR_INPUT, "more than %d partials",
			       PARTIALS_MAX);
	flat->partial_depth++;
	bool good = flatten(flat, source);
	buf_addc(flat->out, MUSTACHE_KEEP);
	flat->partial_depth--;
	return good;
}

static bool flatten_tag(struct flat *flat, const struct source *source,
			const struct tag *tag)
{
	if (tag->sigil == '!')
		return true;
	if (tag->sigil == '>')
		return flatten_partial(flat, source, tag);
	if (tag->sigil == '#' || tag->sigil == '^')
		flat->section_depth++;
	else if (tag->sigil == '/')
		flat->section_depth--;
	if (flat->section_depth > TEMPLATE_DEPTH_MAX)
		return err_set(flat->err, ERR_INPUT,
			       "sections nest more than %d deep, partials "
			       "counted in",
			       TEMPLATE_DEPTH_MAX);
	buf_add(flat->out, source->text + tag->start, tag->end - tag->start);
	return true;
}

/* Has the line from at on nothing but white space and tags of structure, at
 * least one? Then *ret_end is behind its line feed. A comment may hold line
 * feeds: such a tag's line ends where the tag's last line does. */
static bool is_line_of_tags(const struct source *source, size_t at,
			    size_t *ret_end)
{
	struct tag tag;
	bool found = false;

	for (; at < source->size && source->text[at] != '\n';) {
		if (starts_tag(source, at)) {
			if (!read_tag(source, at, &tag) || !is_structure(&tag))
				return false;
			found = true;
			at = tag.end;
		} else if (source->text[at] == ' ' || source->text[at] == '\t')
			at++;
		else
			return false;
	}
	*ret_end = at < source->size ? at + 1 : at;
	return found;
}

/* From at to end: the tags, and the text between them if it is wanted. */
static bool flatten_span(struct flat *flat, const struct source *source,
			 size_t at, size_t end, bool with_text)
{
	struct tag tag;

	while (at < end) {
		if (starts_tag(source, at)) {
			if (!read_tag(source, at, &tag))
				abort(); /* source_check has seen them all */
			if (!flatten_tag(flat, source, &tag))
				return false;
			at = tag.end;
			continue;
		}
		if (with_text && source->text[at] == '\n')
			buf_addc(flat->out, MUSTACHE_KEEP);
		if (with_text)
			buf_addc(flat->out, source->text[at]);
		at++;
	}
	return true;
}

/* Behind the line feed that is the first one outside of tags. */
static size_t end_of_line(const struct source *source, size_t at)
{
	struct tag tag;

	while (at < source->size && source->text[at] != '\n') {
		if (starts_tag(source, at) && read_tag(source, at, &tag))
			at = tag.end;
		else
			at++;
	}
	return at < source->size ? at + 1 : at;
}

static bool too_large(struct err *err)
{
	return err_set(err, ERR_INPUT, "more than %d bytes with its partials",
		       SOURCE_FLAT_MAX);
}

static bool flatten(struct flat *flat, const struct source *source)
{
	for (size_t at = 0, end; at < source->size; at = end) {
		bool tags = is_line_of_tags(source, at, &end);

		if (!tags)
			end = end_of_line(source, at);
		if (!flatten_span(flat, source, at, end, !tags))
			return false;
		if (flat->out->overflow)
			return too_large(flat->err);
	}
	return true;
}

bool source_flatten(const struct source *source,
		    const struct source_list *partials, struct buf *out,
		    struct err *err)
{
	struct flat flat = {.partials = partials, .out = out, .err = err};

	if (!flatten(&flat, source))
		return false;
	buf_addc(out, MUSTACHE_KEEP);
	return !out->overflow || too_large(err);
}
