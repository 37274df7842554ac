#include "web/privacy.h"

#include "core/settings.h"
#include "tools/view.h"
#include "web/visit.h"

/* As the daemon does it, so that the page can't promise anything else. */
static void show_days(struct view *view, const char *name, int64_t days)
{
	struct view *part = days > 0 ? view_item(view, name) : NULL;

	if (!part)
		return;
	view_number(part, "days", days);
	view_flag(part, "one", days == 1);
}

void privacy_handle(struct visit *visit, const char *rest)
{
	const struct settings *settings = visit->web->settings;
	struct view *view = visit_view(visit, "How we use personal data");

	(void)rest;
	view_text(view, "controller", settings->privacy_controller);
	view_text(view, "privacy_contact", settings->privacy_contact);
	view_text(view, "basis", settings->privacy_basis);
	view_text(view, "retention", settings->privacy_retention);
	show_days(view, "leavers", settings->retention_leavers_days);
	show_days(view, "texts", settings->retention_texts_days);
	show_days(view, "mails", settings->retention_mails_days);
	show_days(view, "scans", settings->retention_scans_days);
	view_flag(view, "keeps_all",
		  !settings->retention_leavers_days &&
		      !settings->retention_texts_days &&
		      !settings->retention_mails_days &&
		      !settings->retention_scans_days);
	view_number(view, "window_days", settings->window_days);
	visit_show(visit, 200, "web/privacy.html", view);
}
