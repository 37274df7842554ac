#include "web/code.h"

#include <stdint.h>

#include "core/link.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/limit.h"
#include "web/visit.h"

static void show(struct visit *visit, const char *error)
{
	struct view *view = visit_view(visit, "Type your short code");

	view_text(view, "error", error);
	visit_show(visit, 200, "web/code.html", view);
}

static void tell_wait(struct visit *visit, int64_t wait_s)
{
	static const struct message message = {
	    .status = 429,
	    .title = "Please wait a few minutes",
	    .paragraphs = {"Too many wrong codes came from your network or "
			   "from others, so this page rests for a while.",
			   "The link in your mail goes on working."},
	};

	visit_tell(visit, &message, NULL, wait_s);
}

static void count_wrong(struct visit *visit, uint64_t from)
{
	limit_count(visit->web->code_tries, from, visit->now);
	limit_count(visit->web->all_code_tries, 0, visit->now);
}

static void try_code(struct visit *visit, const char *code)
{
	uint64_t from = limit_key(http_peer(visit->request));
	char token[LINK_TOKEN_SIZE];
	int64_t delivery_id, wait_s;

	/* before it is looked at: a right one must not stand out either */
	if (!limit_allows(visit->web->code_tries, from, visit->now, &wait_s) ||
	    !limit_allows(visit->web->all_code_tries, 0, visit->now, &wait_s)) {
		tell_wait(visit, wait_s);
		return;
	}
	switch (link_parse_code(visit->web->keys, code, &delivery_id)) {
	case LINK_GOOD:
		link_format(link_signer(visit->web->keys), delivery_id, token);
		visit_redirect(visit, visit_url(visit, "/a/%s", token));
		return;
	case LINK_SPECIMEN:
		visit_redirect(visit,
			       visit_url(visit, "/a/" LINK_SPECIMEN_TOKEN));
		return;
	case LINK_MANGLED:
		/* no guess, so not counted */
		show(visit, "Type all 12 letters and digits of the code, "
			    "like 7k3m-9x2p-4ab1");
		return;
	case LINK_UNKNOWN:
		break;
	}
	count_wrong(visit, from);
	show(visit, "This is not a code of ours. Look again at the end of the "
		    "mail");
}

void code_handle(struct visit *visit)
{
	const char *code = http_form(visit->request, "code");

	if (http_method(visit->request) == HTTP_POST)
		try_code(visit, code ? code : "");
	else
		show(visit, NULL);
}
