/* Reports for machines: RFC 3464 and 6533 (delivery status), RFC 5965 and 6591
 * (feedback), RFC 3798 and 8098 (disposition). */
#include "core/bounce_private.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"

/* --- delivery status */

/* The fields of one recipient, as told; NULL if not. */
struct group {
	const char *final, *original, *actual;
	const char *action, *status, *diagnosis;
};

/* Where a group keeps a field of that name; NULL: it does not. */
static const char **place_of(struct group *group, const char *name)
{
	const struct {
		const char *name;
		const char **place;
	} places[] = {
	    {"final-recipient", &group->final},
	    {"original-recipient", &group->original},
	    {"x-actual-recipient", &group->actual},
	    {"action", &group->action},
	    {"status", &group->status},
	    {"diagnostic-code", &group->diagnosis},
	    {"x-supplementary-info", &group->diagnosis},
	    {"x-notes", &group->diagnosis},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strcmp(name, places[i].name) == 0)
			return places[i].place;
	return NULL;
}

/* "rfc822; <Ann@police.example>" as the address alone */
static const char *address_of(const char *field, struct arena *arena)
{
	const char *end, *semicolon;

	if (!field)
		return "";
	semicolon = strchr(field, ';');
	const char *address =
	    message_address(semicolon ? semicolon + 1 : field, arena, &end);
	return address ? address : "";
}

static enum bounce_kind kind_of_action(const struct group *group,
				       const struct bounce_view *view)
{
	static const struct {
		const char *start;
		enum bounce_kind kind;
	} actions[] = {
	    {"fail", BOUNCE_RETURNED},   {"delay", BOUNCE_DELAYED},
	    {"deliv", BOUNCE_RECEIPT},   {"relay", BOUNCE_RECEIPT},
	    {"expand", BOUNCE_RECEIPT},  {"undeliv", BOUNCE_RETURNED},
	    {"reject", BOUNCE_RETURNED}, {"bounce", BOUNCE_RETURNED},
	    {"trans", BOUNCE_DELAYED},   {"error", BOUNCE_RETURNED},
	};
	const char *action = group->action ? group->action : "";

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strncasecmp(action, actions[i].start,
				strlen(actions[i].start)) == 0)
			return actions[i].kind;
	if (group->status && group->status[0] == '2')
		return BOUNCE_RECEIPT;
	if (bounce_subject_sign(view) == SIGN_DELAY ||
	    (group->status && group->status[0] == '4' &&
	     bounce_says_delay(view->own_folded)))
		return BOUNCE_DELAYED;
	return BOUNCE_RETURNED;
}

/* Where the diagnosis says nothing that is known, what people were told. */
static void add_told(struct bounce_reading *reading, const char *diagnosis,
		     const struct bounce_view *view)
{
	const char *folded = bounce_fold_diagnosis(diagnosis, view->arena);
	const char *told = diagnosis;

	if (bounce_is_vague(reading->status) && !bounce_tells_failure(folded)) {
		const char *segment = bounce_segment(view, reading->recipient);

		bounce_find_codes(segment, reading->status, &reading->code);
		segment = bounce_fold_diagnosis(segment, view->arena);
		folded = arena_printf(view->arena, "%s %s", folded, segment);
		if (!*told)
			told = segment;
	}
	reading->cls = bounce_classify(reading->status, reading->code, folded);
	bounce_set_text(reading->text, sizeof(reading->text), told);
}

static void add_group(const struct group *group, const struct bounce_view *view,
		      struct bounce_mail *ret)
{
	struct arena *arena = view->arena;
	char status[BOUNCE_STATUS_SIZE] = "";
	struct bounce_reading *reading =
	    bounce_add(ret, kind_of_action(group, view));
	int code = 0;

	if (!reading)
		return;
	const char *recipient = address_of(group->final, arena);
	if (!*recipient)
		recipient = address_of(group->original, arena);
	if (!*recipient)
		recipient = address_of(group->actual, arena);
	bounce_set_text(reading->recipient, sizeof(reading->recipient),
			recipient);
	const char *diagnosis = group->diagnosis ? group->diagnosis : "";
	/* the words that some put behind the status tell too */
	if (group->status) {
		bounce_find_codes(group->status, reading->status, &code);
		if (strlen(group->status) > 12)
			diagnosis = arena_printf(arena, "%s %s", diagnosis,
						 group->status);
	}
	bounce_find_codes(diagnosis, status, &reading->code);
	if (!reading->code)
		reading->code = code;
	if (status[0] && bounce_is_vague(reading->status))
		memcpy(reading->status, status, sizeof(status));
	if (reading->kind == BOUNCE_RETURNED)
		add_told(reading, diagnosis, view);
	else
		bounce_set_text(reading->text, sizeof(reading->text),
				diagnosis);
}

static bool is_of_recipient(const struct group *group)
{
	return group->final || group->original ||
	       (group->action && group->status);
}

/*
 * Blocks should be kept apart by an empty line. Since some put one between any
 * two fields and others none at all, what begins a recipient's group is a field
 * that the last already has.
 */
static size_t read_groups(const char *text, const struct bounce_view *view,
			  struct bounce_mail *ret)
{
	const char *end = text + strlen(text);
	struct group group = {0};
	size_t before = ret->count;

	while (text < end) {
		struct message_field *fields;
		size_t count;

		text = message_fields(text, end, view->arena, &fields, &count);
		for (size_t i = 0; i < count; i++) {
			const char **place = place_of(&group, fields[i].name);

			if (!place)
				continue;
			if (*place && place != &group.diagnosis) {
				if (is_of_recipient(&group))
					add_group(&group, view, ret);
				group = (struct group){0};
			}
			if (!*place)
				*place = fields[i].value;
		}
	}
	if (is_of_recipient(&group))
		add_group(&group, view, ret);
	return ret->count - before;
}

static bool is_status_part(const struct message_part *part)
{
	return strcmp(part->type, "message/delivery-status") == 0 ||
	       strcmp(part->type, "message/global-delivery-status") == 0 ||
	       strcmp(part->type, "text/delivery-status") == 0 ||
	       strcmp(part->type, "application/delivery-status") == 0 ||
	       (strcasestr(part->name, "delivery-status") != NULL &&
		!text_starts(part->type, "multipart/")) ||
	       (strcasestr(part->name, "delivery status") != NULL &&
		!text_starts(part->type, "multipart/"));
}

/* has it the fields, whatever it calls itself? */
static bool looks_like_status(const char *text)
{
	const char *final = strcasestr(text, "final-recipient:");
	const char *action = strcasestr(text, "\naction:");

	return final && (final == text || final[-1] == '\n') && action;
}

static bool read_status(const struct bounce_view *view, struct bounce_mail *ret)
{
	bool may_guess =
	    view->is_daemon || view->has_null_path ||
	    strcmp(view->mail->parts[0].type, "multipart/report") == 0;

	/* a person passes on a report */
	if (view->is_answer && !may_guess && !view->is_automatic)
		return false;
	for (size_t i = 0; i < view->mail->count; i++) {
		const struct message_part *part = &view->mail->parts[i];

		if (part->mails > 0 || text_starts(part->type, "multipart/"))
			continue;
		if (!is_status_part(part) &&
		    !(may_guess && text_starts(part->type, "text/")))
			continue;
		const char *text = message_text(part, view->arena);
		if (!is_status_part(part) && !looks_like_status(text))
			continue;
		if (!is_status_part(part)) {
			/* it may stand behind words for people */
			const char *start = strcasestr(text, "reporting-mta:");

			text = start ? start
				     : strcasestr(text, "final-recipient:");
		}
		if (read_groups(text, view, ret) > 0)
			return true;
	}
	return false;
}

/* --- feedback and disposition */

static const char *part_field(const struct message_part *part,
			      struct arena *arena, const char *name)
{
	const char *text = message_text(part, arena);
	const char *end = text + strlen(text);

	while (text < end) {
		struct message_part block = {0};

		text = message_fields(text, end, arena, &block.fields,
				      &block.field_count);
		const char *value = message_raw_header(&block, name);
		if (value)
			return value;
	}
	return "";
}

/* Complaints count; reports on authentication and "this is no spam" do not. */
static void add_feedback(const struct message_part *part,
			 const struct bounce_view *view,
			 struct bounce_mail *ret)
{
	static const char *const nothing[] = {"auth-failure", "not-spam",
					      "dmarc"};
	struct arena *arena = view->arena;
	const char *type = part_field(part, arena, "feedback-type");
	enum bounce_kind kind = BOUNCE_ABUSE;

	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
		if (strncasecmp(type, nothing[i], strlen(nothing[i])) == 0)
			kind = BOUNCE_RECEIPT;
	struct bounce_reading *reading = bounce_add(ret, kind);
	const char *who = part_field(part, arena, "original-rcpt-to");
	if (!*who)
		who = part_field(part, arena, "removal-recipient");
	bounce_set_text(reading->recipient, sizeof(reading->recipient),
			address_of(who, arena));
	bounce_set_text(reading->text, sizeof(reading->text), type);
}

static bool is_feedback(const struct message_part *part,
			const struct bounce_view *view)
{
	return strcmp(part->type, "message/feedback-report") == 0 ||
	       (text_starts(part->type, "text/plain") &&
		(view->is_automatic || view->has_null_path ||
		 bounce_subject_sign(view) == SIGN_ABUSE) &&
		!view->is_answer &&
		strncasecmp(part->body, "feedback-type:", 14) == 0);
}

/* A calendar's answer: a person pressed a button, and a program wrote. */
static bool is_calendar_answer(const struct message_part *part,
			       struct arena *arena)
{
	const char *type = message_raw_header(part, "content-type");

	return strcmp(part->type, "text/calendar") == 0 &&
	       strcasecmp(message_parameter(type, "method", arena), "reply") ==
		   0;
}

static bool is_disposition(const struct message_part *part,
			   const struct bounce_view *view)
{
	const char *type = message_raw_header(part, "content-type");

	return strcmp(part->type, "message/disposition-notification") == 0 ||
	       strcmp(part->type, "message/global-disposition-notification") ==
		   0 ||
	       (part->level == 0 &&
		strcasecmp(message_parameter(type, "report-type", view->arena),
			   "disposition-notification") == 0);
}

bool bounce_read_report(const struct bounce_view *view, struct bounce_mail *ret)
{
	for (size_t i = 0; i < view->mail->count; i++) {
		const struct message_part *part = &view->mail->parts[i];

		if (part->mails > 0)
			continue;
		if (is_feedback(part, view)) {
			add_feedback(part, view, ret);
			return true;
		}
		if (is_disposition(part, view)) {
			bounce_add(ret, BOUNCE_RECEIPT);
			return true;
		}
		if (is_calendar_answer(part, view->arena)) {
			bounce_add(ret, BOUNCE_AUTO_REPLY);
			return true;
		}
	}
	return read_status(view, ret);
}
