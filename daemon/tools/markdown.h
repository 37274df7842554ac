#ifndef TOOLS_MARKDOWN_H
#define TOOLS_MARKDOWN_H

/*
 * CommonMark (cmark) as HTML for mails and pages, and as plain text. The text
 * is an outsider's: raw HTML and images are dropped (an image leaves its
 * description), a link goes only to http:, https: or mailto:, any other leaves
 * its words. Holds no state; any thread.
 *
 *	markdown_to_html(text, size, 3, &mail_style, &out, err);
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/* CSS for style="..." on each element of that kind, for mail clients that
 * drop style sheets; NULL: no attribute. Ours, not an outsider's, and written
 * without double quotes, & or <. */
struct markdown_style {
	const char *p;
	const char *h;  /* headings of every level */
	const char *ul; /* ol too */
	const char *li;
	const char *a;
	const char *blockquote;
};

/* Longer texts are refused with ERR_INPUT, as are those nested deeper than
 * MARKDOWN_DEPTH_MAX. */
#define MARKDOWN_SIZE_MAX (64 * 1024)
#define MARKDOWN_DEPTH_MAX 100

/*
 * Appends HTML to out. The highest heading found becomes <h heading_level> (1
 * to 6), those below it follow without gaps left by the author, none deeper
 * than h6. style may be NULL. ERR_INPUT: not UTF-8, or a control character
 * other than LF, CR, TAB; ERR_FULL: out's ceiling. On failure out may hold a
 * part of it.
 */
bool markdown_to_html(const char *text, size_t size, int heading_level,
		      const struct markdown_style *style, struct buf *out,
		      struct err *err);

/*
 * Appends plain text, LF line ends, paragraphs wrapped at width columns (at
 * least 20; one code point counts as one): headings underlined, lists "- " and
 * "1. ", quotes "> ", links "text (url)" with the URL never broken.
 */
bool markdown_to_text(const char *text, size_t size, int width, struct buf *out,
		      struct err *err);

#endif
