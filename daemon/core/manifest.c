#include "core/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/briefing.h"
#include "tools/calendar.h"
#include "tools/config.h"

/* what the walker fills; the lists are taken apart for manifest.h's readers */
struct reading {
	struct manifest manifest;
	struct config_texts audience, themes, key_messages, questions;
};

#define AT(field) offsetof(struct reading, manifest.field)
#define LIST(field) offsetof(struct reading, field)

static const struct config_setting table[] = {
    {"ref", CONFIG_TEXT, AT(ref), 1, 64, NULL, NULL,
     "its own name for ever: LTB-2026-07"},
    {"kind", CONFIG_CHOICE, AT(kind), 0, 0, BRIEFING_KINDS,
     "learning-together-briefing", "what it is"},
    {"title", CONFIG_TEXT, AT(title), 1, 200, NULL, NULL,
     "as people read it in the mail's subject"},
    {"language", CONFIG_TEXT, AT(language), 2, 35, NULL, "en-GB",
     "of the text, as a BCP 47 tag"},
    {"marking", CONFIG_CHOICE, AT(marking), 0, 0, "OFFICIAL|OFFICIAL-SENSITIVE",
     "OFFICIAL", "the protective marking"},
    {"approved_by", CONFIG_TEXT, AT(approved_by), 1, 200, NULL, NULL,
     "the body that agreed it"},
    {"approved_on", CONFIG_TEXT, AT(approved_on), 1, 10, NULL, NULL,
     "the day on which it did"},
    {"approval_ref", CONFIG_TEXT, AT(approval_ref), 1, 200, NULL, NULL,
     "the minute that says so"},
    {"not_before", CONFIG_TEXT, AT(not_before), 0, 19, NULL, "",
     "the embargo, in the board's time zone"},
    {"acknowledge_within_days", CONFIG_INTEGER, AT(acknowledge_within_days), 1,
     365, NULL, "0", "the time to read it"},
    {"publish", CONFIG_FLAG, AT(publish), 0, 0, NULL, "false",
     "shown in the public library, too"},
    {"already_circulated", CONFIG_FLAG, AT(already_circulated), 0, 0, NULL,
     "false", "brings history in without mail"},
    {"material", CONFIG_FLAG, AT(material), 0, 0, NULL, "false",
     "is a new version another text, to be confirmed anew?"},
    {"changes", CONFIG_TEXT, AT(changes), 0, 500, NULL, "",
     "what is new in it, for those who had the version before"},
    {"essential", CONFIG_FLAG, AT(essential), 0, 0, NULL, "false",
     "do those who join later get it, too?"},
    {"audience", CONFIG_TEXTS, LIST(audience), 1, 50, NULL, "",
     "agencies, or words of their lists; left out: all"},
    {"themes", CONFIG_TEXTS, LIST(themes), 0, 20, NULL, "", "what it is about"},
    {"key_messages", CONFIG_TEXTS, LIST(key_messages), 0, 12, NULL, "",
     "what to remember, one sentence each"},
    {"questions", CONFIG_TEXTS, LIST(questions), 0, 12, NULL, "",
     "what a team can ask itself"},
    {0},
};

static const struct config_setting document_table[] = {
    {"file", CONFIG_TEXT, offsetof(struct manifest_document, file), 1, 120,
     NULL, NULL, "its name in this folder"},
    {"title", CONFIG_TEXT, offsetof(struct manifest_document, title), 0, 200,
     NULL, "", "as people read it; left out: the file's name"},
    {0},
};

static const struct config_setting action_table[] = {
    {"ref", CONFIG_TEXT, offsetof(struct manifest_action, ref), 1, 32, NULL,
     NULL, "its name within the briefing: A1"},
    {"agency", CONFIG_TEXT, offsetof(struct manifest_action, agency), 1, 100,
     NULL, NULL, "who is asked"},
    {"text", CONFIG_TEXT, offsetof(struct manifest_action, text), 1, 2000, NULL,
     NULL, "to do what"},
    {"due", CONFIG_TEXT, offsetof(struct manifest_action, due), 0, 10, NULL, "",
     "by which day"},
    {0},
};

static const struct config_group groups[] = {
    {"documents", document_table, sizeof(struct manifest_document),
     AT(documents), AT(document_count), MANIFEST_MAX_DOCUMENTS, 0, NULL},
    {"actions", action_table, sizeof(struct manifest_action), AT(actions),
     AT(action_count), 100, 0, NULL},
    {0},
};

static const struct config_schema schema = {table, groups};

/* --- what the walker can't know */

struct check {
	const char *file_name, *text;
	size_t size;
	struct problems *problems;
};

static void complain(const struct check *check, const char *path,
		     const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(const struct check *check, const char *path,
		     const char *format, ...)
{
	char why[400];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	/* finding a line reads the whole text; what is only counted has none */
	int line = check->problems->count < PROBLEMS_MAX
		       ? config_find_line(check->text, check->size, path)
		       : 0;
	problems_add(check->problems, check->file_name, line, "%s: %s", path,
		     why);
}

static bool has_only(const char *text, const char *others)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	for (; *text; text++)
		if (!strchr(plain, *text) && !strchr(others, *text))
			return false;
	return true;
}

/* It stands in links and file names. */
static void check_ref(const struct check *check, const char *ref)
{
	if (ref && (!has_only(ref, "-_.") || strchr("-_.", ref[0])))
		complain(check, "ref",
			 "is made of letters, digits and - _ . and begins with "
			 "a letter or digit, as in \"LTB-2026-07\"");
}

static void check_language(const struct check *check, const char *language)
{
	if (!language)
		return;
	size_t first = strcspn(language, "-");
	if (!has_only(language, "-") || first < 2 || first > 3 ||
	    text_ends(language, "-"))
		complain(check, "language",
			 "is no language tag; write \"en-GB\", \"cy\", "
			 "\"pl\"");
}

static bool is_date(const char *text)
{
	struct civil civil;

	return civil_parse_date(text, &civil);
}

static void check_approval(const struct check *check,
			   const struct manifest *manifest, const char *today)
{
	const char *on = manifest->approved_on;

	if (!on)
		return;
	if (!is_date(on))
		complain(check, "approved_on",
			 "\"%s\" is no date; write it as \"2026-11-19\"", on);
	else if (strcmp(on, today) > 0)
		complain(check, "approved_on",
			 "%s is still to come; only what is approved can be "
			 "circulated",
			 on);
}

static void check_not_before(const struct check *check, const struct zone *zone,
			     struct manifest *manifest)
{
	struct civil civil;

	if (text_is_empty(manifest->not_before))
		return;
	if (civil_parse_local(manifest->not_before, &civil))
		manifest->not_before_at = zone_to_utc(zone, &civil);
	else
		complain(check, "not_before",
			 "\"%s\" is no time; write it as \"2026-11-23T08:00\"",
			 manifest->not_before);
}

static void check_marking(const struct check *check,
			  const struct manifest *manifest)
{
	if (manifest->publish && manifest->marking &&
	    strcmp(manifest->marking, "OFFICIAL") != 0)
		complain(check, "publish",
			 "what is marked %s can't be shown to the public",
			 manifest->marking);
}

/* NULL, or why it can't be a document's name */
static const char *bad_file_name(const char *file)
{
	if (strchr(file, '/') || strchr(file, '\\'))
		return "names a file in this very folder, without a path";
	if (file[0] == '.' || text_ends(file, "~"))
		return "begins with a dot or ends with ~, as files do that "
		       "are not meant for people";
	if (strcasecmp(file, "briefing.conf") == 0 ||
	    strcasecmp(file, "summary.md") == 0 ||
	    strcasecmp(file, "REJECTED.txt") == 0)
		return "is a file of the briefing itself and no document";
	return NULL;
}

static void check_documents(const struct check *check,
			    const struct manifest *manifest)
{
	char path[64];

	for (size_t i = 0; i < manifest->document_count; i++) {
		struct manifest_document *each = &manifest->documents[i];
		const char *why = each->file ? bad_file_name(each->file) : NULL;

		snprintf(path, sizeof(path), "documents.[%zu].file", i);
		if (why)
			complain(check, path, "\"%s\" %s", each->file, why);
		for (size_t j = 0; each->file && j < i; j++)
			if (manifest->documents[j].file &&
			    strcmp(manifest->documents[j].file, each->file) ==
				0)
				complain(check, path, "\"%s\" is named twice",
					 each->file);
		if (text_is_empty(each->title))
			each->title = each->file;
	}
}

static void check_actions(const struct check *check,
			  const struct manifest *manifest)
{
	char path[64];

	for (size_t i = 0; i < manifest->action_count; i++) {
		const struct manifest_action *each = &manifest->actions[i];

		snprintf(path, sizeof(path), "actions.[%zu].due", i);
		if (!text_is_empty(each->due) && !is_date(each->due))
			complain(check, path,
				 "\"%s\" is no date; write it as "
				 "\"2027-01-31\"",
				 each->due);
		snprintf(path, sizeof(path), "actions.[%zu].ref", i);
		for (size_t j = 0; each->ref && j < i; j++)
			if (manifest->actions[j].ref &&
			    strcmp(manifest->actions[j].ref, each->ref) == 0)
				complain(check, path, "\"%s\" is used twice",
					 each->ref);
	}
}

/* A text of white space alone is as good as none. */
static void check_texts(const struct check *check,
			const struct manifest *manifest)
{
	const struct {
		const char *path, *text;
	} texts[] = {
	    {"title", manifest->title},
	    {"approved_by", manifest->approved_by},
	    {"approval_ref", manifest->approval_ref},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].text && text_is_empty(texts[i].text))
			complain(check, texts[i].path, "is empty");
}

static void check_all(const struct check *check, struct manifest *manifest,
		      const struct zone *zone, const char *today)
{
	check_ref(check, manifest->ref);
	check_texts(check, manifest);
	check_language(check, manifest->language);
	check_approval(check, manifest, today);
	check_not_before(check, zone, manifest);
	check_marking(check, manifest);
	check_documents(check, manifest);
	check_actions(check, manifest);
}

static void take_lists(const struct reading *reading, struct manifest *manifest,
		       struct arena *arena)
{
	manifest->audience = reading->audience.list;
	manifest->audience_count = reading->audience.count;
	manifest->themes = reading->themes.list;
	manifest->theme_count = reading->themes.count;
	manifest->key_messages = reading->key_messages.list;
	manifest->key_message_count = reading->key_messages.count;
	manifest->questions = reading->questions.list;
	manifest->question_count = reading->questions.count;
	if (manifest->audience_count > 0)
		return;
	manifest->audience = arena_alloc(arena, sizeof(*manifest->audience));
	manifest->audience[0] = "all";
	manifest->audience_count = 1;
}

bool manifest_parse(const char *file_name, const char *text, size_t size,
		    const struct zone *zone, const char *today,
		    struct arena *arena, struct manifest *ret,
		    struct problems *problems)
{
	const struct check check = {file_name, text, size, problems};
	struct reading *reading = arena_alloc(arena, sizeof(*reading));
	size_t before = problems->count;

	if (size > MANIFEST_MAX_SIZE)
		return problems_add(problems, file_name, 0,
				    "has %zu bytes; at most %d are allowed. "
				    "The text belongs into summary.md",
				    size, MANIFEST_MAX_SIZE);
	config_parse(file_name, text, size, &schema, arena, reading, problems);
	/* what could be read is checked all the same: one look is enough */
	check_all(&check, &reading->manifest, zone, today);
	if (problems->count > before)
		return false;
	*ret = reading->manifest;
	take_lists(reading, ret, arena);
	return true;
}
