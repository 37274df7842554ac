#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "core/address.h"
#include "core/digest.h"
#include "core/exemption.h"
#include "ctl/ctl.h"
#include "tools/db.h"
#include "tools/template.h"

static bool change(struct ctl *ctl, const struct template_set *templates,
		   const struct exemption_wish *wish, bool is_undo,
		   bool *ret_is_late, struct err *err)
{
	const struct digest_context context = {
	    .settings = ctl->settings, .templates = templates, .now = ctl->now};

	if (!db_begin(ctl->db, err))
		return false;
	bool good = is_undo ? exemption_undo(ctl->db, &context, wish, err)
			    : exemption_record(ctl->db, &context, wish,
					       ret_is_late, err);
	return db_end(ctl->db, good, err);
}

int ctl_person_exempt(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "person exempt ADDRESS REF --reason TEXT [--undo]";
	bool is_undo = false, is_late = false;
	struct exemption_wish wish = {.actor = ctl->actor};
	const struct ctl_option options[] = {
	    {.name = "--reason", .text = &wish.reason},
	    {.name = "--undo", .flag = &is_undo},
	    {0}};
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 2)
		return ctl_usage(usage, "an address and a REF are wanted");
	if (!wish.reason)
		return ctl_usage(usage, "--reason is wanted: it is recorded");
	if (!address_parse(argv[at], strlen(argv[at]), address, key, &err))
		return ctl_fail_err(&err);
	wish.address_key = key;
	wish.ref = argv[at + 1];
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	struct template_set *templates = ctl_templates(ctl);
	if (!templates)
		return CTL_TROUBLE;
	bool good = change(ctl, templates, &wish, is_undo, &is_late, &err);
	template_set_free(templates);
	if (!good)
		return ctl_fail_err(&err);
	if (is_undo) {
		printf("%s is asked of them again, with the deadline it had; "
		       "they are told\n",
		       wish.ref);
		return CTL_GOOD;
	}
	printf(is_late ? "%s is asked of them no more, and they are told; it "
			 "comes after the deadline, so it is flagged and "
			 "improves no figure\n"
		       : "%s is asked of them no more, and they are told\n",
	       wish.ref);
	return CTL_GOOD;
}
