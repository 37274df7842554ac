#include "web/privacy.h"

#include "core/settings.h"
#include "tools/view.h"
#include "web/visit.h"

void privacy_handle(struct visit *visit, const char *rest)
{
	const struct settings *settings = visit->web->settings;
	struct view *view = visit_view(visit, "How we use personal data");

	(void)rest;
	view_text(view, "controller", settings->privacy_controller);
	view_text(view, "privacy_contact", settings->privacy_contact);
	view_text(view, "basis", settings->privacy_basis);
	view_text(view, "retention", settings->privacy_retention);
	view_number(view, "window_days", settings->window_days);
	visit_show(visit, 200, "web/privacy.html", view);
}
