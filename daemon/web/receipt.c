#include "core/receipt.h"

#include <string.h>

#include "base/arena.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/briefing.h"
#include "core/digest.h"
#include "core/settings.h"
#include "doors/http.h"
#include "tools/view.h"
#include "web/evidence.h"
#include "web/personal.h"
#include "web/visit.h"

/* The receipt of a confirmation, to print, and to have mailed. */

static bool load(struct visit *visit, int64_t delivery_id, int64_t version_id,
		 const char *id, struct receipt **ret)
{
	struct err err = {0};

	if (receipt_load(visit->web->db, delivery_id, version_id, id,
			 visit->arena, ret, &err))
		return true;
	visit_fail(visit, &err);
	return false;
}

static void show(const struct personal *personal, const struct receipt *receipt,
		 const char *notice)
{
	struct visit *visit = personal->visit;
	struct view *view = visit_view(visit, "Receipt");
	char masked[ADDRESS_MASK_SIZE];

	receipt_show(receipt, visit->web->settings, view);
	evidence_show(visit, view);
	if (personal->is_sensitive)
		view_text(view, "marking", "OFFICIAL-SENSITIVE");
	if (*receipt->address) {
		address_mask(receipt->address, masked);
		view_text(view, "person", masked);
	}
	view_text(view, "notice", notice);
	if (!notice && *receipt->address && !receipt->disowned_at)
		view_text(view, "form", gate_form(personal));
	if (!receipt->disowned_at)
		view_text(
		    view, "not_me_url",
		    arena_printf(visit->arena, "%s/%s/%s/" PERSONAL_NOT_ME,
				 personal->home,
				 visit_segment(visit, receipt->version->ref),
				 receipt->id));
	view_text(view, "back_url", personal->home);
	visit_show(visit, 200, "web/receipt.html", view);
}

/* --- by mail */

/* The receipt's id is the last part of the path, with a slash behind it or not.
 */
static const char *id_of(const struct http_request *request,
			 struct arena *arena)
{
	const char *path = http_path(request);
	size_t end = strlen(path);

	while (end > 1 && path[end - 1] == '/')
		end--;
	size_t start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return arena_strndup(arena, path + start, end - start);
}

static bool record(struct web *web, struct pending *pending, int64_t now,
		   int *ret_count, struct err *err)
{
	const struct digest_context context = {
	    .settings = web->settings, .templates = web->templates, .now = now};
	struct arena *arena = arena_new();
	struct receipt *receipt;
	bool good =
	    receipt_load(web->db, pending->delivery_id, pending->ids[0],
			 id_of(pending->request, arena), arena, &receipt, err);

	*ret_count = 0;
	/* erased or disowned, perhaps, since the button was pressed */
	if (good && receipt && *receipt->address && !receipt->disowned_at)
		good = receipt_queue(web->db, &context, receipt, err);
	arena_free(arena);
	return good;
}

static void answer(struct visit *visit, const struct pending *pending)
{
	static const struct message message = {
	    .status = 200,
	    .title = "Your receipt is on its way",
	    .paragraphs = {"It goes to the address that the briefing was sent "
			   "to, once a day at most.",
			   "You can close this page."},
	};

	(void)pending;
	visit_tell(visit, &message, NULL, 0);
}

static const struct message not_saved = {
    .status = 503,
    .title = "Your receipt could not be mailed",
    .paragraphs = {"The fault is ours. Your confirmation is recorded. Please "
		   "go back, wait a minute, and press the button again."},
};

static const struct pending_kind mailing = {
    .record = record,
    .answer = answer,
    .not_saved = &not_saved,
};

static void post(const struct personal *personal, const struct receipt *receipt)
{
	struct visit *visit = personal->visit;

	if (!personal_has_form(personal))
		show(personal, receipt,
		     "Nothing was sent: this page was open for more than a "
		     "day, or was not whole. Please open it again.");
	else if (!*receipt->address || receipt->disowned_at)
		show(personal, receipt, NULL);
	else
		visit_keep(visit, &mailing, receipt->delivery_id, 1)->ids[0] =
		    receipt->version->id;
}

bool receipt_handle(const struct personal *personal, int64_t version_id,
		    const char *id)
{
	struct visit *visit = personal->visit;
	struct receipt *receipt;

	if (!load(visit, personal->page->delivery_id, version_id, id, &receipt))
		return true;
	if (!receipt)
		return false;
	if (http_method(visit->request) == HTTP_POST &&
	    !http_form(visit->request, "address"))
		post(personal, receipt);
	else
		show(personal, receipt, NULL);
	return true;
}
