#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H

/*
 * A notice is a mail that is no digest: to a list's lead or owner, or to one
 * person. It becomes a letter and a delivery like any other, so that the outbox
 * sends it: retries, caps, quiet hours, queue verbs, the same bytes whenever it
 * is tried, and in a rehearsal to the rehearsal's address. Its text is
 * templates/mail/KIND.txt and KIND.html. All in the caller's transaction, on
 * the loop thread or in briefingctl.
 *
 *	struct view *view = view_new(arena);
 *	view_number(view, "outstanding", 3);
 *	const struct notice notice = {
 *	    .key = "lead-weekly police 2026-11-23", .kind = "lead-weekly",
 *	    .list = list, .address = owner.address, .name = owner.name,
 *	    .subject = "Who has not confirmed", .view = view};
 *	if (!notice_queue(db, &context, &notice, &delivery_id, err)) ...
 *
 * The template finds, beside what the caller put into the view: lang, colour,
 * board_name, list_title, lead_name, reply_to, preheader, rehearsal (flag), and
 * as raw slots name_slot, link_slot and code_slot, which are filled when it is
 * sent, so that no link is stored. Its HTML begins with {{>head}} and ends with
 * {{>foot}}; templates/README.md has the keys of each kind.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct digest_context;
struct err;
struct letter;
struct roster_list;
struct settings;
struct view;

/* The type of a mail that is passed on: attached byte for byte as a mail where
 * mail can carry it so (RFC 2046 5.2.1 lets no encoding touch a mail), and else
 * as a file, in base64. */
#define NOTICE_MESSAGE "message/rfc822"

struct notice_attachment {
	const char *type, *file_name;
	const void *data;
	size_t size; /* at most LETTER_ATTACHED_MAX_SIZE */
};

/* Texts may be a stranger's: control characters, and with them what could pass
 * for a slot, are taken out of subject, name and view. All is borrowed. */
struct notice {
	/* what it tells: queued once in each mode of the board, ever */
	const char *key;
	const char *kind;               /* a word; also the template's name */
	const struct roster_list *list; /* names From and Reply-To; NULL: the
					   board does */
	int64_t person_id;              /* of the board's people; 0: none */
	const char *address, *name;     /* "": the name is not known */
	const char *reply_to;           /* NULL: the list's, else mail.help */
	const char *subject;
	struct view *view;
	const struct notice_attachment *attachment; /* NULL: none */
	int64_t link_id; /* the delivery whose page its link opens; 0: its own,
			    which no page knows */
	bool is_prompt;  /* someone waits for it: in quiet hours, too */
};

/* Renders and queues it. *ret_delivery_id is 0 when its key was queued before:
 * fine. ERR_INPUT: an address that can't stand in a header. */
bool notice_queue(struct db *db, const struct digest_context *context,
		  const struct notice *notice, int64_t *ret_delivery_id,
		  struct err *err);

/* The letter that it would become, which the caller owns: for looking, nothing
 * is stored. Slots and frame are put into the notice's view. */
bool notice_preview(const struct digest_context *context,
		    const struct notice *notice, bool is_rehearsal,
		    struct letter *ret, struct err *err);

/* How many whose key begins so were queued later than since. */
bool notice_count(struct db *db, const char *key_head, int64_t since,
		  int64_t *ret, struct err *err);

/* Whom to tell of a list: its lead, or where mail to them comes back, or there
 * is no list (NULL), mail.help. */
struct notice_owner {
	const char *address, *name; /* borrowed of list and settings */
	bool is_lead;
};
bool notice_find_owner(struct db *db, const struct settings *settings,
		       const struct roster_list *list, struct notice_owner *ret,
		       struct err *err);

#endif
