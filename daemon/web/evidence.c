#include "web/evidence.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "core/checkpoint.h"
#include "core/settings.h"
#include "core/shown.h"
#include "doors/http.h"
#include "web/visit.h"

static void reply(struct visit *visit, const char *text)
{
	static const struct http_header fresh = {"Cache-Control", "no-cache"};

	http_reply(visit->request,
		   &(struct http_reply){
		       .status = 200,
		       .content_type = "text/plain; charset=utf-8",
		       .body = text,
		       .size = strlen(text),
		       .headers = &fresh,
		       .header_count = 1,
		   });
}

void evidence_handle(struct visit *visit, const char *rest)
{
	struct checkpoint *last;
	struct err err = {0};

	if (!checkpoint_load(visit->web->db, INT64_MAX, visit->arena, &last,
			     &err))
		visit_fail(visit, &err);
	else if (last && strcmp(rest, "checkpoint") == 0)
		reply(visit, last->note);
	else if (last && strcmp(rest, "key") == 0)
		reply(visit,
		      arena_printf(visit->arena, "%s\n", last->verifier));
	else
		visit_tell_nothing_here(visit);
}

void evidence_show(struct visit *visit, struct view *view)
{
	struct checkpoint *last = NULL;

	shown_load_checkpoint(visit->web->shown, visit->web->db, visit->arena,
			      &last, NULL);
	checkpoint_show(view, last, visit->web->settings->web_base);
}
