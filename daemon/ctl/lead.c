#include <stdio.h>

#include "base/err.h"
#include "core/digest.h"
#include "core/lead_link.h"
#include "core/roster.h"
#include "ctl/ctl.h"
#include "tools/db.h"
#include "tools/template.h"

static bool send_link(struct ctl *ctl, const struct template_set *templates,
		      const struct roster_list *list, bool *ret_is_sent,
		      struct err *err)
{
	const struct digest_context context = {
	    .settings = ctl->settings, .templates = templates, .now = ctl->now};

	return db_begin(ctl->db, err) &&
	       db_end(ctl->db,
		      lead_link_send(ctl->db, &context, list, ret_is_sent, err),
		      err);
}

static int link_list(struct ctl *ctl, const struct template_set *templates,
		     const char *name)
{
	struct roster_list *list;
	struct err err = {0};
	bool is_sent;

	if (!ctl_find_list(ctl, name, &list))
		return CTL_TROUBLE;
	if (!send_link(ctl, templates, list, &is_sent, &err))
		return ctl_fail_err(&err);
	if (!is_sent)
		return ctl_fail("the lead of %s was sent %d links since this "
				"time yesterday: the last of them works",
				list->name, LEAD_LINKS_A_DAY);
	printf("a link to the page of %s goes to %s, and works for %d days\n",
	       list->name, list->lead_address, LEAD_LINK_DAYS);
	return CTL_GOOD;
}

static int link_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "lead link LIST";
	const struct ctl_option options[] = {{0}};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "a list is wanted");
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	struct template_set *templates = ctl_templates(ctl);
	if (!templates)
		return CTL_TROUBLE;
	int code = link_list(ctl, templates, argv[at]);
	template_set_free(templates);
	return code;
}

int ctl_lead(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"show", "show LIST",
	     "does mail reach a list's lead, and how do their members stand",
	     ctl_lead_show},
	    {"mail", "mail --preview [--html] LIST",
	     "their weekly mail as it would go now", ctl_lead_mail},
	    {"link", "link LIST", "mail a list's lead the link to their page",
	     link_verb},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "lead ", argc - 1, argv + 1);
}
