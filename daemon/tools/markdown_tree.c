#include "tools/markdown_tree.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include <cmark.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "tools/markdown.h"

/* the size of the control character at text, other than LF, CR and TAB; 0 if
 * there is none */
static size_t control_size(const char *text, size_t size)
{
	unsigned char byte = (unsigned char)text[0];

	if (byte == '\n' || byte == '\r' || byte == '\t')
		return 0;
	if (byte < 0x20 || byte == 0x7f)
		return 1;
	/* U+0080 to U+009F */
	return byte == 0xc2 && size > 1 && (unsigned char)text[1] < 0xa0 ? 2
									 : 0;
}

static bool check_text(const char *text, size_t size, struct err *err)
{
	size_t bad;

	if (size > MARKDOWN_SIZE_MAX)
		return err_set(err, ERR_INPUT,
			       "longer than %d bytes, which is more than a "
			       "summary needs",
			       MARKDOWN_SIZE_MAX);
	if (!text_is_utf8(text, size, &bad))
		return err_set(err, ERR_INPUT, "byte %zu is not UTF-8",
			       bad + 1);
	for (size_t i = 0; i < size; i++)
		if (control_size(text + i, size - i) > 0)
			return err_set(err, ERR_INPUT,
				       "byte %zu is a control character",
				       i + 1);
	return true;
}

static bool is_leaf(cmark_node *node)
{
	cmark_node_type type = cmark_node_get_type(node);

	return type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_CODE_BLOCK ||
	       type == CMARK_NODE_THEMATIC_BREAK || type == CMARK_NODE_TEXT ||
	       type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK ||
	       type == CMARK_NODE_CODE || type == CMARK_NODE_HTML_INLINE;
}

static struct markdown_outline find_outline(cmark_node *root)
{
	struct markdown_outline outline = {0};
	int depth = 0;
	cmark_iter *iter = cmark_iter_new(root);
	cmark_event_type event;

	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);

		if (is_leaf(node))
			continue;
		depth += event == CMARK_EVENT_ENTER ? 1 : -1;
		if (depth > outline.deepest)
			outline.deepest = depth;
		if (cmark_node_get_type(node) == CMARK_NODE_HEADING)
			outline.levels[cmark_node_get_heading_level(node)] =
			    true;
	}
	cmark_iter_free(iter);
	return outline;
}

int markdown_tree_rank(const struct markdown_outline *outline, cmark_node *node)
{
	int rank = 0;

	for (int i = 1; i <= cmark_node_get_heading_level(node); i++)
		rank += outline->levels[i];
	return rank;
}

cmark_node *markdown_tree_parse(const char *text, size_t size,
				struct markdown_outline *ret_outline,
				struct err *err)
{
	if (!check_text(text, size, err))
		return NULL;
	cmark_node *root = cmark_parse_document(text, size, CMARK_OPT_DEFAULT);
	assert(root);
	*ret_outline = find_outline(root);
	if (ret_outline->deepest <= MARKDOWN_DEPTH_MAX)
		return root;
	err_set(err, ERR_INPUT,
		"lists, quotes or emphasis are nested deeper "
		"than %d",
		MARKDOWN_DEPTH_MAX);
	cmark_node_free(root);
	return NULL;
}

bool markdown_tree_is_tight(cmark_node *node)
{
	cmark_node *item = cmark_node_parent(node);

	return item && cmark_node_get_type(item) == CMARK_NODE_ITEM &&
	       cmark_node_get_list_tight(cmark_node_parent(item));
}

bool markdown_tree_is_link(cmark_node *node)
{
	static const char *const schemes[] = {"http://", "https://", "mailto:"};
	const char *url = cmark_node_get_url(node);

	for (size_t i = 0; url && i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return url[strlen(schemes[i])] != '\0';
	return false;
}

void markdown_tree_url(struct buf *out, const char *url)
{
	static const char allowed[] = "-_.+!*(),%#@?=;:/$~[]&";

	for (; *url; url++) {
		bool is_letter = (*url >= 'a' && *url <= 'z') ||
				 (*url >= 'A' && *url <= 'Z') ||
				 (*url >= '0' && *url <= '9');

		if (is_letter || strchr(allowed, *url))
			buf_addc(out, *url);
		else
			buf_addf(out, "%%%02X", (unsigned char)*url);
	}
}

void markdown_tree_text(struct buf *out, const char *text, bool is_code)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < size; i++) {
		size_t control = control_size(text + i, size - i);
		bool is_blank =
		    text[i] == '\n' || text[i] == '\r' || text[i] == '\t';

		if (control > 0)
			i += control - 1;
		else if (is_blank && (!is_code || text[i] == '\r'))
			buf_addc(out, ' ');
		else
			buf_addc(out, text[i]);
	}
}
