#include "web/library.h"

#include <string.h>

#include "base/arena.h"
#include "core/briefing.h"
#include "tools/view.h"
#include "web/content.h"
#include "web/visit.h"

static bool is_public(const struct visit *visit,
		      const struct briefing_version *version)
{
	return version->publish && strcmp(version->marking, "OFFICIAL") == 0 &&
	       briefing_is_allowed(version, visit->now, NULL);
}

static const char *page_url(struct visit *visit,
			    const struct briefing_version *version)
{
	return visit_url(visit, "/b/%s", visit_segment(visit, version->ref));
}

static void show_list(struct visit *visit)
{
	struct view *view = visit_view(visit, "Published briefings");
	struct briefing_version **all;
	struct err err = {0};
	size_t count;

	if (!briefing_load_published(visit->web->db, visit->arena, &all, &count,
				     &err)) {
		visit_fail(visit, &err);
		return;
	}
	view_flag(view, "public", true);
	view_list(view, "briefings");
	for (size_t i = 0; i < count; i++) {
		if (!is_public(visit, all[i]))
			continue;
		struct view *row = view_item(view, "briefings");
		content_name(visit, row, all[i]);
		view_text(row, "url", page_url(visit, all[i]));
	}
	visit_show(visit, 200, "web/library.html", view);
}

static void show_briefing(struct visit *visit,
			  const struct briefing_version *version)
{
	struct view *view =
	    content_view(visit, version, page_url(visit, version));

	if (!view)
		return;
	view_flag(view, "public", true);
	view_text(view, "back_url", visit_url(visit, "/b"));
	visit_show(visit, 200, "web/briefing.html", view);
}

static void show_place(struct visit *visit, const char *ref, const char *number)
{
	struct briefing_version *version;
	struct err err = {0};

	if (!briefing_load_ref(visit->web->db, ref, visit->arena, &version,
			       &err)) {
		visit_fail(visit, &err);
		return;
	}
	/* whether a briefing that is not public exists is nobody's business */
	if (!version || !is_public(visit, version)) {
		visit_tell_nothing_here(visit);
		return;
	}
	if (!number || !*number) {
		show_briefing(visit, version);
		return;
	}
	const struct briefing_document *document =
	    content_find_document(version, number);
	if (document)
		visit_send(visit, document);
	else
		visit_tell_nothing_here(visit);
}

void library_handle(struct visit *visit, const char *rest)
{
	char *next = arena_strdup(visit->arena, rest);
	const char *ref = strsep(&next, "/");

	if (*ref)
		show_place(visit, ref, next);
	else
		show_list(visit);
}
