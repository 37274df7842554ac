#include "core/letter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/letter_view.h"
#include "core/link.h"
#include "core/settings.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/mime.h"

#define NAME_MAX_SIZE 4096
#define LOCAL_PART_MAX 64 /* RFC 5321 4.5.3.1.1 */

void letter_done(struct letter *letter)
{
	if (!letter)
		return;
	free(letter->sender);
	free(letter->head);
	free(letter->body);
	*letter = (struct letter){0};
}

/* --- assembling */

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : address;
}

static void fill_name(struct buf *out, const char *name)
{
	struct buf html;

	buf_init(&html, NAME_MAX_SIZE * 6);
	escape_html(&html, name, strlen(name));
	mime_quoted_printable(out, html.data, html.size);
	buf_done(&html);
}

/* Token and code are letters and digits and fit on a line of their own. */
static void fill(struct buf *out, enum letter_slot slot,
		 const struct letter_person *person)
{
	const char *name = *person->name ? person->name : "colleague";

	switch (slot) {
	case LETTER_SLOT_NAME_TEXT:
		mime_quoted_printable(out, name, strlen(name));
		break;
	case LETTER_SLOT_NAME_HTML:
		fill_name(out, name);
		break;
	case LETTER_SLOT_TOKEN:
		buf_adds(out, person->token);
		break;
	case LETTER_SLOT_CODE:
		buf_adds(out, person->code);
		break;
	case LETTER_SLOT_BOUNDARY:
		buf_adds(out, person->boundary);
		break;
	case LETTER_SLOT_BOUNDARY_MIXED:
		buf_adds(out, person->boundary_mixed);
		break;
	case LETTER_SLOT_REPLY:
		buf_adds(out, person->reply);
		break;
	}
}

static void fill_all(struct buf *out, const char *text, size_t size,
		     const struct letter_person *person)
{
	while (size > 0) {
		size_t before = strcspn(text, LETTER_SLOTS);

		buf_add(out, text, before);
		if (before == size)
			break;
		assert(text[before] != '\0'); /* letter_load has looked */
		fill(out, (enum letter_slot)text[before], person);
		text += before + 1;
		size -= before + 1;
	}
}

static bool check_person(const struct letter_person *person, struct err *err)
{
	const char *const texts[] = {person->name,     person->token,
				     person->code,     person->message_id,
				     person->boundary, person->boundary_mixed,
				     person->reply,    person->address};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (text_has_control(texts[i], strlen(texts[i])))
			return err_set(err, ERR_INPUT,
				       "a name or address has a control "
				       "character");
	return strlen(person->name) <= NAME_MAX_SIZE ||
	       err_set(err, ERR_INPUT, "a name is longer than %d bytes",
		       NAME_MAX_SIZE);
}

bool letter_assemble(const struct letter *letter,
		     const struct letter_person *person, struct buf *out,
		     struct err *err)
{
	assert(letter->format == LETTER_FORMAT);
	if (!check_person(person, err) ||
	    !mime_header_mailbox(out, "To", person->name, person->address, err))
		return false;
	buf_addf(out, "Message-ID: <%s@%s>\r\n", person->message_id,
		 domain_of(letter->sender));
	fill_all(out, letter->head, letter->head_size, person);
	buf_adds(out, "\r\n");
	fill_all(out, letter->body, letter->body_size, person);
	return !out->overflow ||
	       err_set(err, ERR_FULL, "the mail is larger than %zu bytes",
		       out->ceiling);
}

/* --- a person's part */

static const char *name_text(const struct link_key *key, char purpose,
			     int64_t delivery_id, struct arena *arena)
{
	char name[LINK_NAME_SIZE];

	link_format_name(key, purpose, delivery_id, name);
	return arena_strdup(arena, name);
}

static void set_link(const struct settings *settings, const char *token,
		     const char *code, struct arena *arena,
		     struct letter_person *person)
{
	person->token = arena_strdup(arena, token);
	person->link =
	    arena_printf(arena, "%s/a/%s", settings->web_base, token);
	person->code = arena_strdup(arena, code);
}

void letter_person_link(const struct settings *settings,
			const struct link_key *key, int64_t delivery_id,
			struct arena *arena, struct letter_person *person)
{
	char token[LINK_TOKEN_SIZE], code[LINK_CODE_SIZE];

	link_format(key, delivery_id, token);
	link_format_code(key, delivery_id, code);
	set_link(settings, token, code, arena, person);
}

void letter_person_make(const struct settings *settings,
			const struct link_key *key, int64_t delivery_id,
			const char *address, const char *name,
			struct arena *arena, struct letter_person *ret)
{
	*ret = (struct letter_person){
	    .address = arena_strdup(arena, address),
	    .name = letter_plain(arena, name),
	};
	char reply[LINK_TOKEN_SIZE];

	link_format_reply(key, delivery_id, reply);
	ret->reply = arena_strdup(arena, reply);
	letter_person_link(settings, key, delivery_id, arena, ret);
	ret->message_id = name_text(key, 'm', delivery_id, arena);
	ret->boundary = name_text(key, 'b', delivery_id, arena);
	ret->boundary_mixed = name_text(key, 'x', delivery_id, arena);
}

void letter_person_specimen(const struct settings *settings,
			    const char *address, const char *name,
			    struct arena *arena, struct letter_person *ret)
{
	*ret = (struct letter_person){
	    .address = arena_strdup(arena, address),
	    .name = letter_plain(arena, name),
	    .reply = LINK_SPECIMEN_TOKEN,
	    .message_id = "specimen",
	    .boundary = "specimenb",
	    .boundary_mixed = "specimenx",
	};
	set_link(settings, LINK_SPECIMEN_TOKEN, LINK_SPECIMEN_CODE, arena, ret);
}

const char *letter_envelope_sender(const struct settings *settings,
				   const struct link_key *key,
				   int64_t delivery_id, struct arena *arena)
{
	const char *bounce = settings->mail_bounce;
	const char *at = strrchr(bounce, '@');
	int local_size = (int)(at - bounce);

	assert(at);
	/* a local part that leaves no room is better plain than refused */
	if (local_size + LINK_NAME_SIZE > LOCAL_PART_MAX)
		return arena_strdup(arena, bounce);
	return arena_printf(arena, "%.*s+%s%s", local_size, bounce,
			    name_text(key, 'v', delivery_id, arena), at);
}

/* --- what came back */

#define TOKEN_DIGITS 20

/* What stands in an address as its last digits before the @, behind a
 * separator: some servers write another than the + we sent. NULL: nothing. */
static const char *find_token(const char *address, ptrdiff_t digits)
{
	const char *at = strrchr(address, '@');

	return at && at - address > digits && strchr("+-=", at[-digits - 1])
		   ? at - digits
		   : NULL;
}

bool letter_find_sender(const struct link_keys *keys, const char *address,
			int64_t *ret_delivery_id)
{
	const char *token = find_token(address, TOKEN_DIGITS);

	return token &&
	       link_parse_name(keys, 'v', token, TOKEN_DIGITS, ret_delivery_id);
}

bool letter_find_reply(const struct link_keys *keys, const char *address,
		       int64_t *ret_delivery_id)
{
	const char *token = find_token(address, LINK_TOKEN_SIZE - 1);

	return token && link_parse_reply(keys, token, LINK_TOKEN_SIZE - 1,
					 ret_delivery_id);
}

bool letter_find_message_id(const struct link_keys *keys,
			    const char *message_id, int64_t *ret_delivery_id)
{
	const char *id = message_id + (*message_id == '<');

	return link_parse_name(keys, 'm', id, strcspn(id, "@"),
			       ret_delivery_id);
}

/* --- the store */

void letter_hash(const struct letter *letter, char ret_hex[LETTER_HASH_SIZE])
{
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t bytes[CRYPTO_SHA256_SIZE];

	_Static_assert(LETTER_HASH_SIZE == CRYPTO_SHA256_HEX, "hex of a hash");
	crypto_hash_add(hash, letter->head, letter->head_size);
	crypto_hash_add(hash, letter->body, letter->body_size);
	crypto_hash_end(hash, bytes);
	crypto_hex(bytes, sizeof(bytes), ret_hex);
}

/* its text, from the index-th parameter on */
static void bind_letter(struct query *q, int index, const struct letter *letter)
{
	query_integer(q, index, letter->format);
	query_integer(q, index + 1, letter->made_at);
	query_text(q, index + 2, letter->sender);
	query_blob(q, index + 3, letter->head, letter->head_size);
	query_blob(q, index + 4, letter->body, letter->body_size);
}

bool letter_store_notice(struct db *db, int64_t notice_id,
			 struct letter *letter, struct err *err)
{
	struct query *q = db_query(db, QUERY_LETTER_INSERT_NOTICE);

	query_integer(q, 1, notice_id);
	bind_letter(q, 2, letter);
	if (!query_run(q, NULL, err))
		return false;
	letter->id = db_last_id(db);
	return true;
}

static const char *part_of(const struct letter_content *content, size_t index)
{
	if (index < content->count)
		return "new";
	return index < content->count + content->reminder_count ? "reminder"
								: "withdrawn";
}

bool letter_store(struct db *db, int64_t digest_id, const char *content_key,
		  struct letter *letter, const struct letter_content *content,
		  struct err *err)
{
	struct query *q = db_query(db, QUERY_LETTER_INSERT);

	query_integer(q, 1, digest_id);
	query_text(q, 2, content_key);
	bind_letter(q, 3, letter);
	query_text(q, 8, letter->reply_word);
	if (!query_run(q, NULL, err))
		return false;
	letter->id = db_last_id(db);
	for (size_t i = 0; i < letter_content_size(content); i++) {
		q = db_query(db, QUERY_LETTER_INSERT_VERSION);
		query_integer(q, 1, letter->id);
		query_integer(q, 2, letter_content_version(content, i)->id);
		query_integer(q, 3, (int64_t)i + 1);
		query_text(q, 4, part_of(content, i));
		if (!query_run(q, NULL, err))
			return false;
	}
	return true;
}

static char *copy_blob(struct query *q, int column, size_t *ret_size)
{
	const void *data = query_get_blob(q, column, ret_size);
	size_t size = data ? *ret_size : 0;
	char *copy = xmalloc(size + 1);

	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	*ret_size = size;
	return copy;
}

static bool is_encoded(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((text[i] < ' ' || text[i] > '~') &&
		    (text[i] == '\0' ||
		     !strchr("\r\n\t" LETTER_SLOTS, text[i])))
			return false;
	return true;
}

/* What letter_make makes passes; a row that something else wrote to must not
 * be mailed, nor stop the senders. */
static const char *find_damage(const struct letter *letter, bool wants_link)
{
	if (letter->format != LETTER_FORMAT)
		return "this program does not know its format";
	if (text_is_empty(letter->sender) ||
	    text_has_control(letter->sender, strlen(letter->sender)))
		return "it has no sender";
	if (!is_encoded(letter->head, letter->head_size) ||
	    !is_encoded(letter->body, letter->body_size))
		return "it has bytes that no mail has";
	if (!strchr(letter->body, LETTER_SLOT_BOUNDARY) ||
	    (wants_link && !strchr(letter->body, LETTER_SLOT_TOKEN)))
		return "it has no place for the person's link";
	return NULL;
}

bool letter_load(struct db *db, int64_t letter_id, struct letter *ret,
		 struct err *err)
{
	struct query *q = db_query(db, QUERY_LETTER_LOAD);
	struct letter letter = {.id = letter_id};
	bool found, wants_link = false;

	query_integer(q, 1, letter_id);
	found = query_next(q);
	if (found) {
		letter.format = (int)query_get_integer(q, 0);
		letter.made_at = query_get_integer(q, 1);
		letter.sender = xstrdup(query_get_text(q, 2));
		letter.head = copy_blob(q, 3, &letter.head_size);
		letter.body = copy_blob(q, 4, &letter.body_size);
		wants_link = query_get_integer(q, 5) != 0;
	}
	if (!query_done(q, err)) {
		letter_done(&letter);
		return false;
	}
	if (!found)
		return err_set(err, ERR_GONE, "no letter %lld",
			       (long long)letter_id);
	const char *damage = find_damage(&letter, wants_link);
	if (damage) {
		letter_done(&letter);
		return err_set(err, ERR_INPUT,
			       "the stored letter %lld is damaged: %s",
			       (long long)letter_id, damage);
	}
	*ret = letter;
	return true;
}
