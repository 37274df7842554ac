#include "core/reply.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fold.h"
#include "base/text.h"
#include "core/acknowledgement.h"
#include "core/address.h"
#include "core/authentic.h"
#include "core/bounce.h"
#include "core/digest.h"
#include "core/letter.h"
#include "core/reply_tell.h"
#include "core/settings.h"
#include "tools/db.h"

static const char *const words[] = {
    [REPLY_NONE] = "",
    [REPLY_CONFIRMED] = "confirmed",
    [REPLY_DECLINED] = "declined",
    [REPLY_UNPROVED] = "unproved",
};

const char *reply_word(enum reply_answer answer)
{
	return words[answer];
}

/* --- the line */

/* Blanks of all kinds, and what people and mail programs put around a word. Not
 * "?", which asks. */
static bool is_around(uint32_t point)
{
	static const uint32_t points[] = {0xa0,   0xab,   0xbb,   0x2018,
					  0x2019, 0x201a, 0x201c, 0x201d,
					  0x201e, 0x2026, 0x2060, 0xfeff};

	if (point < 0x80)
		return point <= ' ' || strchr(".,!\"'*_`;:-", (int)point);
	if (point >= 0x200b && point <= 0x200f)
		return true;
	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
		if (points[i] == point)
			return true;
	return false;
}

static const char *skip_around(const char *text)
{
	uint32_t point = 0;

	while (*text) {
		size_t length = text_decode(text, strlen(text), &point);

		if (!length || !is_around(point))
			break;
		text += length;
	}
	return text;
}

static const char *folded(const char *text, struct arena *arena)
{
	struct buf out;

	buf_init(&out, (size_t)BOUNCE_LINE_SIZE * 8);
	fold_text(&out, text, strlen(text));
	const char *copy = arena_strndup(arena, out.data, out.size);
	buf_done(&out);
	return copy;
}

enum reply_line reply_judge_line(const char *line, const char *word)
{
	struct arena *arena = arena_new();
	const char *own = folded(skip_around(line), arena);
	const char *asked = folded(word, arena);
	enum reply_line judged = REPLY_LINE_OTHER;

	if (*asked && text_starts(own, asked)) {
		const char *rest = own + strlen(asked);
		const char *behind = skip_around(rest);

		if (!*behind)
			judged = REPLY_LINE_WORD;
		else if (behind > rest)
			judged = REPLY_LINE_BEGINS;
	}
	arena_free(arena);
	return judged;
}

/* --- whose it is */

struct taking {
	struct db *db;
	const struct digest_context *context;
	const struct bounce_mail *mail;
	struct arena *arena;
	int64_t delivery_id; /* 0: it answers none that takes a reply */
	const char *word;
	enum reply_line line;
	struct acknowledgement_page *page;
};

/* The token stands where the mail went, not in what it quotes. */
static int64_t find_token(const struct link_keys *keys,
			  const struct bounce_mail *mail)
{
	int64_t id;

	for (size_t i = 0; i < mail->recipient_count; i++)
		if (letter_find_reply(keys, mail->tokens[i], &id))
			return id;
	return 0;
}

/* One of the other mode is for a person, as all that answers it. */
static bool load_word(struct taking *taking, struct err *err)
{
	struct query *q = db_query(taking->db, QUERY_REPLY_WORD);

	query_integer(q, 1, taking->delivery_id);
	taking->word = query_next(q)
			   ? arena_strdup(taking->arena, query_get_text(q, 0))
			   : "";
	return query_done(q, err);
}

/* In a rehearsal it went to another address than the person's. */
static const char *addressee(const struct taking *taking)
{
	return taking->page->is_rehearsal
		   ? taking->context->settings->rehearsal_address
		   : taking->page->address;
}

static enum authentic_method prove(const struct taking *taking)
{
	const struct bounce_reply *reply = &taking->mail->reply;
	const struct mailbox_settings *mailbox =
	    &taking->context->settings->mailbox;

	if (!reply->has_one_author || reply->is_of_list ||
	    !address_is_same(taking->mail->from, addressee(taking)))
		return AUTHENTIC_NONE;
	return authentic_judge(reply->marks, reply->mark_count,
			       mailbox->trusted_hosts,
			       mailbox->trusted_host_count);
}

/* --- what it does */

/* By the server's clock, where that is not ahead of ours: mail may lie in the
 * mailbox for a while, and a machine's answer is as fast then as ever. */
static int64_t replied_at(const struct taking *taking)
{
	int64_t at = taking->mail->reply.received_at;
	int64_t now = taking->context->now;

	return at > 0 && at < now ? at : now;
}

static bool load_page(struct taking *taking, struct err *err)
{
	return acknowledgement_load(taking->db, NULL, taking->delivery_id,
				    taking->context->settings->window_days,
				    taking->arena, &taking->page, err);
}

static bool answer(struct taking *taking, enum authentic_method method,
		   struct reply_outcome *ret, struct err *err)
{
	int64_t now = taking->context->now;
	struct reply_telling telling = {
	    .verdict = acknowledgement_check_reply(taking->page,
						   replied_at(taking), now),
	    .says_more = taking->line == REPLY_LINE_BEGINS,
	    .word = taking->word,
	};
	bool is_good =
	    telling.verdict == ACKNOWLEDGEMENT_GOOD && !telling.says_more;

	if (is_good && (!acknowledgement_record_reply(
			    taking->db, taking->page, authentic_word(method),
			    replied_at(taking), now, &telling.recorded, err) ||
			!load_page(taking, err)))
		return false;
	ret->answer = is_good ? REPLY_CONFIRMED : REPLY_DECLINED;
	ret->is_for_owner = telling.says_more;
	telling.page = taking->page;
	return reply_tell(taking->db, taking->context, &telling, taking->arena,
			  err);
}

static bool take(struct taking *taking, struct reply_outcome *ret,
		 struct err *err)
{
	if (!load_word(taking, err))
		return false;
	taking->line = reply_judge_line(taking->mail->reply.line, taking->word);
	if (taking->line == REPLY_LINE_OTHER)
		return true;
	if (!load_page(taking, err))
		return false;
	if (!taking->page)
		return true;
	enum authentic_method method = prove(taking);
	if (method != AUTHENTIC_NONE)
		return answer(taking, method, ret, err);
	if (taking->line == REPLY_LINE_WORD)
		ret->answer = REPLY_UNPROVED;
	return true;
}

bool reply_take(struct db *db, const struct digest_context *context,
		const struct link_keys *keys, const struct bounce_mail *mail,
		struct reply_outcome *ret, struct err *err)
{
	struct reply_outcome outcome = {.is_for_owner = true};
	struct taking taking = {
	    .db = db,
	    .context = context,
	    .mail = mail,
	    .arena = arena_new(),
	    .delivery_id = find_token(keys, mail),
	};
	bool good = !taking.delivery_id || take(&taking, &outcome, err);

	arena_free(taking.arena);
	if (!good)
		return err_context(err, "a reply");
	*ret = outcome;
	return true;
}
