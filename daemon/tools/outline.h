#ifndef TOOLS_OUTLINE_H
#define TOOLS_OUTLINE_H

/*
 * What a template shows, kept with its texts left open, so that the engine
 * (tools/mustache) runs once for each shape of a view and not for each page.
 *
 * A view's shape is its keys in their order, what kind of value each has, which
 * flags are true and which texts are empty, and how many items of which shape a
 * list has. A template has no lambdas, and no partials once it is flattened, so
 * a text does two things only: it is there or empty, which is of the shape, and
 * it is put in, escaped or as it is. Which view a key is found in hangs on keys
 * alone. (That the engine looks at whether a line is blank is met by
 * MUSTACHE_KEEP.) So views of one shape show the same but for the texts put in.
 *
 * An outline is rendered from the shape alone, with a mark for each text: no
 * text of a view is ever kept, nor can change what is. Marks begin and end with
 * control characters, which templates can't have. Shapes are compared byte for
 * byte. The OUTLINES_MAX that were used last are kept, of OUTLINES_SIZE_MAX
 * together (and 128 KB at most in which shapes are made out); a view whose
 * shape or page is larger than those below is rendered by the engine each time.
 *
 *	struct outlines *outlines = outlines_new(engine, escape_html);
 *	if (!outlines_render(outlines, view, &out, err))
 *		...
 *	outlines_free(outlines);
 *
 * They belong to one template and use its engine, which must outlive them. One
 * thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>

#include "tools/mustache.h"

struct buf;
struct err;
struct outlines;
struct view;

#define OUTLINES_MAX 32
#define OUTLINES_SIZE_MAX ((size_t)256 * 1024) /* bytes */
#define OUTLINE_SHAPE_MAX ((size_t)16 * 1024)
/* with a mark for each text, and 16 bytes that say where it stands */
#define OUTLINE_PAGE_MAX ((size_t)64 * 1024)

/* escape: as in mustache_render */
struct outlines *outlines_new(struct mustache *engine, mustache_escape *escape);
void outlines_free(struct outlines *outlines); /* accepts NULL */

/* Appends what mustache_render would, and fails as it does. */
bool outlines_render(struct outlines *outlines, const struct view *view,
		     struct buf *out, struct err *err);

/* Bytes and number of what is kept. */
size_t outlines_size(const struct outlines *outlines);
size_t outlines_count(const struct outlines *outlines);

#endif
