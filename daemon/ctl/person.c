#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/address.h"
#include "core/person_export.h"
#include "ctl/ctl.h"
#include "tools/json.h"
#include "tools/template.h"

#define PAGE_MAX_SIZE (64 * 1024 * 1024)

static int print_page(struct ctl *ctl, const struct person_export *held)
{
	struct template_set *templates = ctl_templates(ctl);
	struct err err = {0};
	struct buf page;

	if (!templates)
		return CTL_TROUBLE;
	buf_init(&page, PAGE_MAX_SIZE);
	bool good = person_export_html(held, templates, ctl->settings, ctl->now,
				       &page, &err);
	if (good)
		fwrite(page.data, 1, page.size, stdout);
	else
		ctl_fail_err(&err);
	buf_done(&page);
	template_set_free(templates);
	return good ? CTL_GOOD : CTL_TROUBLE;
}

static int export(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "person export ADDRESS [--format json|html]";
	const char *format = "json";
	const struct ctl_option options[] = {
	    {.name = "--format", .text = &format}, {0}};
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct person_export *held;
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1)
		return ctl_usage(usage, "one address is wanted");
	bool is_page = strcmp(format, "html") == 0;
	if (!is_page && strcmp(format, "json") != 0)
		return ctl_usage(usage, "no such format: %s", format);
	if (!address_parse(argv[at], strlen(argv[at]), address, key, &err))
		return ctl_fail_err(&err);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!person_export_load(ctl->db, key, ctl->arena, &held, &err))
		return ctl_fail_err(&err);
	return is_page ? print_page(ctl, held)
		       : ctl_print_json(person_export_json(held, ctl->now));
}

int ctl_person(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"export", "export ADDRESS [--format json|html]",
	     "all that is held of a person", export},
	    {"erase", "erase ADDRESS --reason TEXT | ADDRESS --dry-run",
	     "what names a person goes, what counts stays", ctl_person_erase},
	    {"readmit", "readmit ADDRESS --reason TEXT",
	     "let lists bring the address of one who was erased again",
	     ctl_person_readmit},
	    {"exempt", "exempt ADDRESS REF --reason TEXT [--undo]",
	     "one briefing is not asked of them", ctl_person_exempt},
	    {"unsuppress", "unsuppress ADDRESS --reason TEXT",
	     "send mail again to an address that it came back from",
	     ctl_person_unsuppress},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "person ", argc - 1, argv + 1);
}
