#include "core/roster.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/address.h"
#include "core/asked.h"
#include "core/lead_week.h"
#include "core/quiet.h"
#include "core/schedule.h"
#include "tools/config.h"

#define NAME_MAX_SIZE 64

/* what the walker fills */
struct reading {
	struct roster_list list;
	struct config_texts audience, domains;
	struct config_integers reminders;
	const char *documents, *unsure;
};

#define AT(field) offsetof(struct reading, list.field)
#define OWN(field) offsetof(struct reading, field)

static const struct config_setting table[] = {
    {"agency", CONFIG_TEXT, AT(agency), 1, 100, NULL, NULL,
     "the agency that this list belongs to, as briefings name it"},
    {"title", CONFIG_TEXT, AT(title), 0, 200, NULL, "",
     "its name as people read it; left out: the agency"},
    {"lead", CONFIG_TEXT, AT(lead), 1, 200, NULL, NULL,
     "its safeguarding lead, who owns this list"},
    {"lead_address", CONFIG_TEXT, AT(lead_address), 3, 254, NULL, NULL,
     "the lead's address"},
    {"lead_mail", CONFIG_TEXT, AT(lead_mail), 1, 40, NULL, LEAD_WEEK_USUAL,
     "when the lead gets a mail about their own people, each week"},
    {"review_on", CONFIG_TEXT, AT(review_on), 0, 10, NULL, "",
     "when the lead next goes through the list"},
    {"schedule", CONFIG_TEXT, AT(schedule), 1, 500, NULL, NULL,
     "when digests go out: immediately, daily 08:00, weekly mon 08:00, ..."},
    {"quiet_hours", CONFIG_TEXT, AT(quiet_hours), 0, 11, NULL, "",
     "when nothing is sent, as 20:00-07:00 in the board's time; left out: "
     "never"},
    {"audience", CONFIG_TEXTS, OWN(audience), 0, 50, NULL, "",
     "words by which briefings mean this list, besides the agency"},
    {"domains", CONFIG_TEXTS, OWN(domains), 0, 200, NULL, "",
     "where what is marked OFFICIAL-SENSITIVE may go"},
    {"deadline_days", CONFIG_INTEGER, AT(deadline_days), 1, 365, NULL, "0",
     "the time to read; left out: as the briefing says"},
    {"reminders", CONFIG_INTEGERS, OWN(reminders), 0, REMINDERS_MAX, NULL, "",
     "when who has not confirmed is reminded: days from the deadline, as in "
     "[-3, 1]"},
    {"catalogue_per_week", CONFIG_INTEGER, AT(catalogue_per_week), 0, 20, NULL,
     "0",
     "how many essential briefings from before they joined a joiner gets in a "
     "week"},
    {"escalate_to_lead_days", CONFIG_INTEGER, AT(escalate_to_lead_days), 0, 365,
     NULL, "0",
     "after how many days overdue the lead is told who has not confirmed"},
    {"escalate_to_board_days", CONFIG_INTEGER, AT(escalate_to_board_days), 0,
     365, NULL, "0",
     "after how many days overdue the agency's board member is told how many"},
    {"board_member", CONFIG_TEXT, AT(board_member), 0, 200, NULL, "",
     "the agency's member of the board"},
    {"board_member_address", CONFIG_TEXT, AT(board_member_address), 0, 254,
     NULL, "", "their address"},
    {"mandatory", CONFIG_FLAG, AT(mandatory), 0, 0, NULL, "true",
     "must each member confirm?"},
    {"confirm", CONFIG_CHOICE, AT(confirm), 0, 0, ASKED_WORDS, "tick",
     "what a confirmation asks besides the tick: nothing, the code of the "
     "mail, "
     "or the work address"},
    {"confirm_by_reply", CONFIG_FLAG, AT(confirm_by_reply), 0, 0, NULL, "false",
     "may a reply with the word of mail.reply_word confirm, too?"},
    {"from_name", CONFIG_TEXT, AT(from_name), 0, 100, NULL, "",
     "the name in From; left out: the board's"},
    {"reply_to", CONFIG_TEXT, AT(reply_to), 0, 254, NULL, "",
     "where answers go; left out: to the address in From"},
    {"documents", CONFIG_CHOICE, OWN(documents), 0, 0, "linked|attached",
     "linked", "are documents linked, or attached to the mail?"},
    {"unsure", CONFIG_CHOICE, OWN(unsure), 0, 0, "resend|hold", "resend",
     "what to do when a mail may have been sent: send the same again, or "
     "hold"},
    {0},
};

static const struct config_schema schema = {table, NULL};

struct check {
	const char *file_name, *text;
	size_t size;
	struct problems *problems;
};

static void complain(const struct check *check, const char *path,
		     const char *why)
{
	problems_add(check->problems, check->file_name,
		     config_find_line(check->text, check->size, path), "%s: %s",
		     path, why);
}

static void check_address(const struct check *check, const char *path,
			  const char *text)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct err err;

	if (!text_is_empty(text) &&
	    !address_parse(text, strlen(text), address, key, &err))
		complain(check, path, err.text);
}

static void check_schedule(const struct check *check, const char *text)
{
	struct err err;

	if (!text)
		return;
	struct schedule *schedule = schedule_parse(text, &err);
	if (!schedule)
		complain(check, "schedule", err.text);
	schedule_free(schedule);
}

static void check_lead_mail(const struct check *check, const char *text)
{
	struct err err;

	if (!text)
		return;
	struct schedule *schedule = schedule_parse_weekly(text, &err);
	if (!schedule)
		complain(check, "lead_mail", err.text);
	schedule_free(schedule);
}

static void check_quiet(const struct check *check, const char *text)
{
	struct quiet quiet;
	struct err err;

	if (text && !quiet_parse(text, &quiet, &err))
		complain(check, "quiet_hours", err.text);
}

static void check_reminders(const struct check *check, struct reading *reading)
{
	struct err err;

	if (!reminders_take(reading->reminders.list, reading->reminders.count,
			    &reading->list.reminders, &err))
		complain(check, "reminders", err.text);
}

/* The lead first: they can still put it right. */
static void check_escalation(const struct check *check,
			     const struct roster_list *list)
{
	if (list->escalate_to_board_days == 0)
		return;
	if (text_is_empty(list->board_member_address))
		complain(check, "escalate_to_board_days",
			 "needs board_member_address");
	if (list->escalate_to_board_days <= list->escalate_to_lead_days)
		complain(check, "escalate_to_board_days",
			 "is to come after escalate_to_lead_days");
}

static void check_review(const struct check *check, const char *text)
{
	struct civil civil;

	if (!text_is_empty(text) && !civil_parse_date(text, &civil))
		complain(check, "review_on",
			 "is no date; write it as \"2027-04-01\"");
}

/* The domains as addresses have them, by the rule for addresses. */
static void check_domains(const struct check *check, struct reading *reading,
			  struct arena *arena)
{
	for (size_t i = 0; i < reading->domains.count; i++) {
		const char **domain = &reading->domains.list[i];
		const char *one = arena_printf(arena, "x@%s", *domain);
		char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
		struct err err;

		if (address_parse(one, strlen(one), address, key, &err))
			*domain = arena_strdup(arena, strchr(key, '@') + 1);
		else
			complain(check, "domains", err.text);
	}
}

/* "police" for "lists/police.conf" */
static const char *name_of(const struct check *check, struct arena *arena)
{
	const char *slash = strrchr(check->file_name, '/');
	const char *start = slash ? slash + 1 : check->file_name;
	size_t size = strlen(start);

	if (text_ends(start, ".conf"))
		size -= strlen(".conf");
	if (size == 0 || size > NAME_MAX_SIZE ||
	    strspn(start, "abcdefghijklmnopqrstuvwxyz0123456789-") < size)
		problems_add(check->problems, check->file_name, 0,
			     "a list's name is made of small letters, digits "
			     "and hyphens, at most %d: rename both its files",
			     NAME_MAX_SIZE);
	return arena_strndup(arena, start, size);
}

static void check_all(const struct check *check, struct reading *reading,
		      struct arena *arena)
{
	struct roster_list *list = &reading->list;

	list->name = name_of(check, arena);
	if (list->agency && text_is_empty(list->agency))
		complain(check, "agency", "is empty");
	check_address(check, "lead_address", list->lead_address);
	check_address(check, "reply_to", list->reply_to);
	check_address(check, "board_member_address",
		      list->board_member_address);
	check_escalation(check, list);
	check_schedule(check, list->schedule);
	check_lead_mail(check, list->lead_mail);
	check_quiet(check, list->quiet_hours);
	check_review(check, list->review_on);
	check_domains(check, reading, arena);
	check_reminders(check, reading);
}

bool roster_parse_conf(const char *file_name, const char *text, size_t size,
		       struct arena *arena, struct roster_list *ret,
		       struct problems *problems)
{
	const struct check check = {file_name, text, size, problems};
	struct reading *reading = arena_alloc(arena, sizeof(*reading));
	struct roster_list *list = &reading->list;
	size_t before = problems->count;

	if (size > ROSTER_CONF_MAX_SIZE)
		return problems_add(problems, file_name, 0,
				    "has %zu bytes; at most %d are allowed",
				    size, ROSTER_CONF_MAX_SIZE);
	config_parse(file_name, text, size, &schema, arena, reading, problems);
	check_all(&check, reading, arena);
	if (problems->count > before)
		return false;
	list->audience = reading->audience.list;
	list->audience_count = reading->audience.count;
	list->domains = reading->domains.list;
	list->domain_count = reading->domains.count;
	list->attach_documents = strcmp(reading->documents, "attached") == 0;
	list->hold_unsure = strcmp(reading->unsure, "hold") == 0;
	if (text_is_empty(list->title))
		list->title = list->agency;
	*ret = *list;
	return true;
}
