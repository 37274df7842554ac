#include "tools/markdown.h"

#include <assert.h>
#include <stdio.h>

#include <cmark.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "tools/markdown_tree.h"

struct html {
	struct buf *out;
	struct buf clean;
	const struct markdown_style *style;
	struct markdown_outline outline;
	int heading_level;
};

static void html_open(struct html *h, const char *tag, const char *style)
{
	buf_addf(h->out, style ? "<%s style=\"%s\">" : "<%s>", tag, style);
}

static void html_close(struct html *h, const char *tag, const char *end)
{
	buf_addf(h->out, "</%s>%s", tag, end);
}

static void html_text(struct html *h, const char *text, bool is_code)
{
	buf_clear(&h->clean);
	markdown_tree_text(&h->clean, text, is_code);
	escape_html(h->out, h->clean.data, h->clean.size);
}

static void html_heading(struct html *h, cmark_node *node, bool entering)
{
	int level =
	    h->heading_level + markdown_tree_rank(&h->outline, node) - 1;
	char tag[] = {'h', (char)('0' + (level > 6 ? 6 : level)), '\0'};

	if (entering)
		html_open(h, tag, h->style->h);
	else
		html_close(h, tag, "\n");
}

static void html_list(struct html *h, cmark_node *node, bool entering)
{
	bool is_ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
	const char *tag = is_ordered ? "ol" : "ul";
	char start[32];

	if (!entering) {
		html_close(h, tag, "\n");
		return;
	}
	if (is_ordered && cmark_node_get_list_start(node) != 1) {
		snprintf(start, sizeof(start), "ol start=\"%d\"",
			 cmark_node_get_list_start(node));
		tag = start;
	}
	html_open(h, tag, h->style->ul);
	buf_addc(h->out, '\n');
}

static void html_link(struct html *h, cmark_node *node, bool entering)
{
	const char *url = cmark_node_get_url(node);

	if (!markdown_tree_is_link(node))
		return;
	if (!entering) {
		html_close(h, "a", "");
		return;
	}
	buf_clear(&h->clean);
	markdown_tree_url(&h->clean, url);
	buf_adds(h->out, "<a href=\"");
	escape_html(h->out, h->clean.data, h->clean.size);
	if (h->style->a)
		buf_addf(h->out, "\" style=\"%s", h->style->a);
	buf_adds(h->out, "\">");
	/* a link without words can't be pressed, nor read aloud */
	if (!cmark_node_first_child(node))
		html_text(h, url, false);
}

/* <tag style="..."> and </tag>, both without more */
static void html_plain(struct html *h, const char *tag, const char *style,
		       const char *end, bool entering)
{
	if (entering)
		html_open(h, tag, style);
	else
		html_close(h, tag, end);
}

static void html_node(struct html *h, cmark_node *node, bool entering)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		if (!markdown_tree_is_tight(node))
			html_plain(h, "p", h->style->p, "\n", entering);
		else if (!entering && cmark_node_next(node))
			buf_addc(h->out, '\n');
		return;
	case CMARK_NODE_HEADING:
		html_heading(h, node, entering);
		return;
	case CMARK_NODE_BLOCK_QUOTE:
		html_plain(h, "blockquote", h->style->blockquote, "\n",
			   entering);
		return;
	case CMARK_NODE_LIST:
		html_list(h, node, entering);
		return;
	case CMARK_NODE_ITEM:
		html_plain(h, "li", h->style->li, "\n", entering);
		return;
	case CMARK_NODE_CODE_BLOCK:
		buf_adds(h->out, "<pre><code>");
		html_text(h, cmark_node_get_literal(node), true);
		buf_adds(h->out, "</code></pre>\n");
		return;
	case CMARK_NODE_THEMATIC_BREAK:
		buf_adds(h->out, "<hr>\n");
		return;
	case CMARK_NODE_TEXT:
		html_text(h, cmark_node_get_literal(node), false);
		return;
	case CMARK_NODE_CODE:
		html_open(h, "code", NULL);
		html_text(h, cmark_node_get_literal(node), false);
		html_close(h, "code", "");
		return;
	case CMARK_NODE_SOFTBREAK:
		buf_addc(h->out, '\n');
		return;
	case CMARK_NODE_LINEBREAK:
		buf_adds(h->out, "<br>\n");
		return;
	case CMARK_NODE_EMPH:
		html_plain(h, "em", NULL, "", entering);
		return;
	case CMARK_NODE_STRONG:
		html_plain(h, "strong", NULL, "", entering);
		return;
	case CMARK_NODE_LINK:
		html_link(h, node, entering);
		return;
	case CMARK_NODE_IMAGE: /* its description stays */
	case CMARK_NODE_HTML_BLOCK:
	case CMARK_NODE_HTML_INLINE:
	case CMARK_NODE_CUSTOM_BLOCK:
	case CMARK_NODE_CUSTOM_INLINE:
	case CMARK_NODE_DOCUMENT:
	case CMARK_NODE_NONE:
		return;
	}
}

bool markdown_to_html(const char *text, size_t size, int heading_level,
		      const struct markdown_style *style, struct buf *out,
		      struct err *err)
{
	static const struct markdown_style plain = {0};
	struct html h = {.out = out,
			 .style = style ? style : &plain,
			 .heading_level = heading_level};

	assert(heading_level >= 1 && heading_level <= 6);
	cmark_node *root = markdown_tree_parse(text, size, &h.outline, err);
	if (!root)
		return false;
	buf_init(&h.clean, MARKDOWN_PARAGRAPH_MAX);
	cmark_iter *iter = cmark_iter_new(root);
	cmark_event_type event;
	while (!out->overflow &&
	       (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
		html_node(&h, cmark_iter_get_node(iter),
			  event == CMARK_EVENT_ENTER);
	cmark_iter_free(iter);
	cmark_node_free(root);
	bool overflow = out->overflow || h.clean.overflow;
	buf_done(&h.clean);
	return !overflow || err_set(err, ERR_FULL,
				    "the text as HTML is longer than %zu bytes",
				    out->ceiling);
}
