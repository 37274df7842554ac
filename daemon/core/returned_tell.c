#include "core/returned_tell.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "core/address.h"
#include "core/digest.h"
#include "core/notice.h"
#include "core/returned.h"
#include "core/roster.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/view.h"

#define DAY_SECONDS INT64_C(86400)
#define HASH_DIGITS 16 /* of the hash that stands for an address in a key */
/* what keys begin with: of what answers a mail of ours, and of the rest */
#define REPLY "reply "
#define UNASKED "reply-unasked "

struct telling {
	struct db *db;
	const struct digest_context *context;
	const struct returned_about *about;
	struct roster_list *list; /* NULL: of none that is there */
	struct notice_owner owner;
	struct arena *arena;
};

static bool find_owner(struct telling *telling, struct err *err)
{
	const char *name = telling->about->list_name;

	if (*name && !roster_load_list(telling->db, name, telling->arena,
				       &telling->list, err))
		return false;
	if (telling->list && telling->list->is_removed)
		telling->list = NULL;
	return notice_find_owner(telling->db, telling->context->settings,
				 telling->list, &telling->owner, err);
}

/* "Ann Archer (ann@police.example)" */
static const char *person_text(const struct telling *telling)
{
	const struct returned_about *about = telling->about;

	if (!*about->name || !*about->address)
		return *about->address ? about->address : "Somebody";
	return arena_printf(telling->arena, "%s (%s)", about->name,
			    about->address);
}

static struct view *view_of(const struct telling *telling)
{
	struct view *view = view_new(telling->arena);
	char day[WORDS_SIZE] = "";

	if (telling->about->sent_at)
		words_day(telling->context->settings->zone,
			  telling->about->sent_at, day);
	view_text(view, "sent_on", day);
	view_text(view, "person",
		  telling->about->delivery_id ? person_text(telling) : NULL);
	view_flag(view, "is_lead", telling->owner.is_lead);
	return view;
}

static bool queue(const struct telling *telling, struct notice *notice,
		  struct err *err)
{
	int64_t delivery_id;

	notice->list = telling->list;
	notice->address = telling->owner.address;
	notice->name = telling->owner.name;
	return notice_queue(telling->db, telling->context, notice, &delivery_id,
			    err);
}

/* --- a report of spam */

bool returned_tell_abuse(struct db *db, const struct digest_context *context,
			 const struct returned_about *about, struct err *err)
{
	struct telling telling = {
	    .db = db, .context = context, .about = about, .arena = arena_new()};
	struct notice notice = {
	    .key = arena_printf(telling.arena, "abuse %lld",
				(long long)about->delivery_id),
	    .kind = "abuse",
	    .reply_to = context->settings->mail_help,
	    .subject = "A mail to your list was reported as spam",
	};
	bool is_silent = about->is_notice || about->is_other_mode;
	bool good = is_silent || find_owner(&telling, err);

	if (good && !is_silent) {
		notice.view = view_of(&telling);
		good = queue(&telling, &notice, err);
	}
	arena_free(telling.arena);
	return good;
}

/* --- a reply */

struct reply {
	char from[ADDRESS_SIZE], from_key[ADDRESS_SIZE];
	const char *key_head; /* of the notices that pass on this author's */
};

/* learning-bounce@x and learning-bounce+TOKEN@x are the same mailbox. */
static bool is_mailbox(const char *address, const char *mailbox)
{
	size_t local = strcspn(mailbox, "@");
	const char *at = strrchr(address, '@');

	return at && strcasecmp(at, mailbox + local) == 0 &&
	       strncasecmp(address, mailbox, local) == 0 &&
	       (address[local] == '@' || address[local] == '+');
}

/* A lead who is on their own list may write: then the board is told. */
static bool is_loop(struct telling *telling, const struct reply *reply)
{
	const struct settings *settings = telling->context->settings;

	if (telling->owner.is_lead &&
	    strcasecmp(telling->owner.address, reply->from) == 0)
		telling->owner = (struct notice_owner){
		    .address = settings->mail_help, .name = ""};
	return is_mailbox(reply->from, telling->owner.address) ||
	       is_mailbox(reply->from, settings->mail_from) ||
	       is_mailbox(reply->from, settings->mail_bounce);
}

/* *ret stays true: so many of these were passed on in a day */
static bool count_of(const struct telling *telling, const char *key_head,
		     int64_t most, bool *ret, struct err *err)
{
	int64_t count;

	if (!notice_count(telling->db, key_head,
			  telling->context->now - DAY_SECONDS, &count, err))
		return false;
	*ret |= count >= most;
	return true;
}

/* *ret stays true: so many were passed on to the owner in a day */
static bool count_of_owner(const struct telling *telling, bool *ret,
			   struct err *err)
{
	struct query *q = db_query(telling->db, QUERY_NOTICE_COUNT_REPLIES);

	query_text(q, 1, telling->owner.address);
	query_integer(q, 2, telling->context->now - DAY_SECONDS);
	*ret |= query_next(q) &&
		query_get_integer(q, 0) >= RETURNED_OWNER_REPLIES_A_DAY;
	return query_done(q, err);
}

static bool is_too_often(const struct telling *telling,
			 const struct reply *reply, bool *ret, struct err *err)
{
	bool is_ours = telling->about->delivery_id != 0;

	*ret = false;
	return count_of_owner(telling, ret, err) &&
	       count_of(telling, reply->key_head, RETURNED_REPLIES_A_DAY, ret,
			err) &&
	       count_of(telling, is_ours ? REPLY : UNASKED,
			is_ours ? RETURNED_ALL_REPLIES_A_DAY
				: RETURNED_UNASKED_A_DAY,
			ret, err);
}

/* "reply 0123456789abcdef ": no key holds an address */
static const char *key_head_of(const char *word, const char *address_key,
			       struct arena *arena)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];

	crypto_sha256(address_key, strlen(address_key), hash);
	crypto_hex(hash, sizeof(hash), hex);
	return arena_printf(arena, "%s%.*s ", word, HASH_DIGITS, hex);
}

static bool pass_on(const struct telling *telling,
		    const struct returned_mail *mail, const struct reply *reply,
		    struct err *err)
{
	struct arena *arena = telling->arena;
	const char *subject =
	    *mail->read->subject ? mail->read->subject : "(without a subject)";
	const struct notice_attachment attachment = {
	    .type = NOTICE_MESSAGE,
	    .file_name = "message.eml",
	    .data = mail->bytes,
	    .size = mail->size,
	};
	struct notice notice = {
	    .key = arena_printf(arena, "%s%s", reply->key_head, mail->sha256),
	    .kind = "reply",
	    .reply_to = reply->from,
	    .subject = arena_printf(arena, "A reply from %s: %s", reply->from,
				    subject),
	    .view = view_of(telling),
	    .attachment = &attachment,
	};

	view_text(notice.view, "from", reply->from);
	view_text(notice.view, "subject", subject);
	view_flag(notice.view, "is_other",
		  *telling->about->address &&
		      strcasecmp(telling->about->address, reply->from) != 0);
	return queue(telling, &notice, err);
}

/* Once a day (of UTC), so that nobody takes silence for calm. Their lists may
 * be many: it names none. */
static bool tell_flood(const struct telling *telling, struct err *err)
{
	struct civil today = civil_from_utc(telling->context->now);
	char date[CIVIL_DATE_SIZE];

	civil_format_date(&today, date);
	struct notice notice = {
	    .key = arena_printf(telling->arena, "%s%s",
				key_head_of("waiting-replies ",
					    telling->owner.address,
					    telling->arena),
				date),
	    .kind = "replies-wait",
	    .reply_to = telling->context->settings->mail_help,
	    .subject = "More replies came than are passed on in a day",
	    .view = view_of(telling),
	};

	view_text(notice.view, "help", telling->context->settings->mail_help);
	return queue(telling, &notice, err);
}

static bool tell_reply(struct telling *telling,
		       const struct returned_mail *mail, bool *ret_is_told,
		       struct err *err)
{
	const char *from = mail->read->from;
	bool is_flood;
	struct reply reply;

	*ret_is_told = false;
	if (!mail->bytes || telling->about->is_notice ||
	    telling->about->is_other_mode ||
	    !address_parse(from, strlen(from), reply.from, reply.from_key,
			   NULL))
		return true;
	reply.key_head =
	    key_head_of(telling->about->delivery_id ? REPLY : UNASKED,
			reply.from_key, telling->arena);
	if (!find_owner(telling, err) ||
	    !is_too_often(telling, &reply, &is_flood, err))
		return false;
	if (is_loop(telling, &reply))
		return true;
	if (is_flood)
		return tell_flood(telling, err);
	*ret_is_told = true;
	return pass_on(telling, mail, &reply, err);
}

bool returned_tell_reply(struct db *db, const struct digest_context *context,
			 const struct returned_mail *mail,
			 const struct returned_about *about, bool *ret_is_told,
			 struct err *err)
{
	struct telling telling = {
	    .db = db, .context = context, .about = about, .arena = arena_new()};
	bool good = tell_reply(&telling, mail, ret_is_told, err);

	arena_free(telling.arena);
	return good;
}
