#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/manifest.h"
#include "core/settings.h"
#include "ctl/ctl.h"

#define NAMES_MAX 1000

static const char usage[] =
    "submit --ref REF --title TITLE --approved-by WHO --approved-on DATE "
    "--approval-ref MINUTE\n"
    "       [--kind KIND] [--not-before TIME] [--within DAYS] [--audience "
    "WORD]... [--theme TEXT]...\n"
    "       [--key-message TEXT]... [--question TEXT]... [--language TAG] "
    "[--marking TEXT]\n"
    "       [--publish] [--already-circulated] [--essential] [--material] "
    "[--changes TEXT]\n"
    "       SUMMARY.md [DOCUMENT[=TITLE]]...";

struct submission {
	const char *ref, *title, *kind, *approved_by, *approved_on,
	    *approval_ref, *not_before, *within, *language, *marking, *changes;
	const char **audience, **themes, **key_messages, **questions;
	bool publish, already_circulated, essential, material;
	const char *summary;
	char **documents;
	int document_count;
};

/* a string of libconfig; what may not stand in one is left for the manifest's
 * own check to refuse */
static void add_string(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(out, '\\');
		if ((unsigned char)*text < ' ')
			buf_addf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_addf(out, "%s = ", name);
	add_string(out, text);
	buf_adds(out, ";\n");
}

static void add_list(struct buf *out, const char *name, const char **list)
{
	if (!list)
		return;
	buf_addf(out, "%s = [", name);
	for (size_t i = 0; list[i]; i++) {
		buf_adds(out, i ? ",\n\t" : "\n\t");
		add_string(out, list[i]);
	}
	buf_adds(out, "];\n");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "FILE=TITLE" in two; without a title the file's name serves */
static void split_document(struct ctl *ctl, const char *argument,
			   const char **ret_path, const char **ret_title)
{
	const char *equals = strchr(argument, '=');

	*ret_path = equals ? arena_strndup(ctl->arena, argument,
					   (size_t)(equals - argument))
			   : argument;
	*ret_title = equals ? equals + 1 : base_name(argument);
}

static void format_manifest(struct ctl *ctl, const struct submission *what,
			    struct buf *out)
{
	add_text(out, "ref", what->ref);
	add_text(out, "kind", what->kind);
	add_text(out, "title", what->title);
	add_text(out, "approved_by", what->approved_by);
	add_text(out, "approved_on", what->approved_on);
	add_text(out, "approval_ref", what->approval_ref);
	add_text(out, "not_before", what->not_before);
	if (what->within)
		buf_addf(out, "acknowledge_within_days = %s;\n", what->within);
	add_text(out, "language", what->language);
	add_text(out, "marking", what->marking);
	add_list(out, "audience", what->audience);
	add_list(out, "themes", what->themes);
	add_list(out, "key_messages", what->key_messages);
	add_list(out, "questions", what->questions);
	if (what->publish)
		buf_adds(out, "publish = true;\n");
	if (what->already_circulated)
		buf_adds(out, "already_circulated = true;\n");
	if (what->essential)
		buf_adds(out, "essential = true;\n");
	if (what->material)
		buf_adds(out, "material = true;\n");
	add_text(out, "changes", what->changes);
	if (what->document_count == 0)
		return;
	buf_adds(out, "documents = (");
	for (int i = 0; i < what->document_count; i++) {
		const char *path, *title;

		split_document(ctl, what->documents[i], &path, &title);
		buf_adds(out, i ? ",\n\t{ file = " : "\n\t{ file = ");
		add_string(out, base_name(path));
		buf_adds(out, "; title = ");
		add_string(out, title);
		buf_adds(out, "; }");
	}
	buf_adds(out, ");\n");
}

static bool copy_file(const char *from, const char *folder, const char *name,
		      size_t ceiling, struct err *err)
{
	char *data;
	size_t size;

	if (!file_read(from, ceiling, &data, &size, err))
		return false;
	char *to = xasprintf("%s/%s", folder, name);
	bool good = file_write(to, data, size, 0660, err);
	free(to);
	free(data);
	return good;
}

static bool fill_folder(struct ctl *ctl, const struct submission *what,
			const char *folder, const struct buf *manifest,
			struct err *err)
{
	char *path = xasprintf("%s/briefing.conf", folder);
	bool good = file_write(path, manifest->data, manifest->size, 0660, err);

	free(path);
	good = good && copy_file(what->summary, folder, "summary.md",
				 MANIFEST_SUMMARY_MAX_SIZE, err);
	for (int i = 0; good && i < what->document_count; i++) {
		const char *file, *title;

		split_document(ctl, what->documents[i], &file, &title);
		good = copy_file(file, folder, base_name(file),
				 MANIFEST_DOCUMENT_MAX_SIZE, err);
	}
	return good;
}

/* what was half made goes; nothing else can be in it */
static void remove_folder(struct ctl *ctl, const struct submission *what,
			  const char *folder)
{
	unlink(arena_printf(ctl->arena, "%s/briefing.conf", folder));
	unlink(arena_printf(ctl->arena, "%s/summary.md", folder));
	for (int i = 0; i < what->document_count; i++) {
		const char *file, *title;

		split_document(ctl, what->documents[i], &file, &title);
		unlink(
		    arena_printf(ctl->arena, "%s/%s", folder, base_name(file)));
	}
	rmdir(folder);
}

/* Gives the folder its name: the ref, else the ref with a number behind it. */
static bool place_folder(struct ctl *ctl, const char *folder, const char *ref,
			 const char **ret_name, struct err *err)
{
	const char *approved = ctl->settings->approved_folder;

	for (int i = 1; i < NAMES_MAX; i++) {
		const char *name =
		    i == 1 ? ref : arena_printf(ctl->arena, "%s-%d", ref, i);

		if (renameat2(AT_FDCWD, folder, AT_FDCWD,
			      arena_printf(ctl->arena, "%s/%s", approved, name),
			      RENAME_NOREPLACE) == 0) {
			*ret_name = name;
			return file_sync_folder(approved, err);
		}
		if (errno != EEXIST)
			return err_errno(err, ERR_SYSTEM, "placing %s in %s",
					 name, approved);
	}
	return err_set(err, ERR_FULL, "%s: too many folders named %s", approved,
		       ref);
}

static int check_manifest(struct ctl *ctl, const struct buf *manifest,
			  struct manifest *ret)
{
	struct problems problems = {0};
	int status = CTL_GOOD;

	if (!manifest_parse("briefing.conf", manifest->data, manifest->size,
			    ctl->settings->zone, ctl_today(ctl), ctl->arena,
			    ret, &problems)) {
		char *text = problems_format(&problems);

		ctl_fail("the briefing can't be placed:");
		fputs(text, stderr);
		free(text);
		status = CTL_TROUBLE;
	}
	problems_done(&problems);
	return status;
}

static int place(struct ctl *ctl, const struct submission *what,
		 const struct buf *manifest)
{
	/* a leading dot: the daemon looks past it until it has its name */
	char *folder = arena_printf(ctl->arena, "%s/.submit-XXXXXX",
				    ctl->settings->approved_folder);
	const char *name = NULL;
	struct err err = {0};

	if (!mkdtemp(folder)) {
		err_errno(&err, ERR_SYSTEM, "%s",
			  ctl->settings->approved_folder);
		return ctl_fail_err(&err);
	}
	if (!fill_folder(ctl, what, folder, manifest, &err) ||
	    chmod(folder, 02770) < 0 ||
	    !place_folder(ctl, folder, what->ref, &name, &err)) {
		remove_folder(ctl, what, folder);
		return ctl_fail_err(&err);
	}
	printf("placed %s/%s; the daemon takes it in within seconds (see "
	       "\"briefingctl briefing list\")\n",
	       ctl->settings->approved_folder, name);
	return CTL_GOOD;
}

int ctl_submit(struct ctl *ctl, int argc, char **argv)
{
	struct submission what = {0};
	const struct ctl_option options[] = {
	    {.name = "--ref", .text = &what.ref},
	    {.name = "--title", .text = &what.title},
	    {.name = "--kind", .text = &what.kind},
	    {.name = "--approved-by", .text = &what.approved_by},
	    {.name = "--approved-on", .text = &what.approved_on},
	    {.name = "--approval-ref", .text = &what.approval_ref},
	    {.name = "--not-before", .text = &what.not_before},
	    {.name = "--within", .text = &what.within},
	    {.name = "--language", .text = &what.language},
	    {.name = "--marking", .text = &what.marking},
	    {.name = "--audience", .list = &what.audience},
	    {.name = "--theme", .list = &what.themes},
	    {.name = "--key-message", .list = &what.key_messages},
	    {.name = "--question", .list = &what.questions},
	    {.name = "--publish", .flag = &what.publish},
	    {.name = "--already-circulated", .flag = &what.already_circulated},
	    {.name = "--essential", .flag = &what.essential},
	    {.name = "--material", .flag = &what.material},
	    {.name = "--changes", .text = &what.changes},
	    {0}};
	struct manifest manifest;
	struct buf text;
	long long days;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at == argc || !what.ref)
		return ctl_usage(usage, "a --ref and a summary are wanted");
	if (!ctl_settings(ctl))
		return CTL_TROUBLE;
	/* it stands in the manifest without quotes */
	if (what.within && !text_parse_integer(what.within, 1, 365, &days))
		return ctl_fail("--within \"%s\": wanted is a number of days, "
				"1 to 365",
				what.within);
	if (!what.kind)
		what.kind = "learning-together-briefing";
	what.summary = argv[at];
	what.documents = argv + at + 1;
	what.document_count = argc - at - 1;
	buf_init(&text, MANIFEST_MAX_SIZE);
	format_manifest(ctl, &what, &text);
	int status = check_manifest(ctl, &text, &manifest);
	if (status == CTL_GOOD)
		status = place(ctl, &what, &text);
	buf_done(&text);
	return status;
}
