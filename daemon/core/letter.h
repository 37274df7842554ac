#ifndef CORE_LETTER_H
#define CORE_LETTER_H

/*
 * A letter is the text of a digest that many people share, or of a notice:
 * rendered and encoded once when it is planned, stored, and from then on only
 * copied. letter_assemble fills a person's slots in microseconds and is a pure
 * function of the stored letter and the person: the same delivery has the same
 * bytes for ever. Format 1.
 *
 * head and body hold slots (core/letter_view.h): single bytes which neither
 * quoted-printable nor base64 text can contain, for the name, the token of the
 * link, the code, the boundaries and the token of the Reply-To. In encoded text
 * a slot stands on a line of its own that ends with a soft line break. What is
 * not a person's, the link's base address too, is in the letter and so can't
 * change under a delivery that is tried again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct briefing_version;
struct buf;
struct checkpoint;
struct db;
struct err;
struct link_key;
struct link_keys;
struct roster_list;
struct settings;
struct template_set;

#define LETTER_FORMAT 1
#define LETTER_MAX_SIZE (32 * 1024 * 1024)
#define LETTER_ATTACHED_MAX_SIZE (10 * 1024 * 1024)

struct letter {
	int64_t id;
	int format;
	int64_t made_at;
	char *sender;
	/* what a reply to it confirms with; "": none does. Only of one that
	 * letter_make made; in its content's settings. */
	const char *reply_word;
	char *head, *body; /* heap; letter_done frees */
	size_t head_size, body_size;
};

struct letter_person {
	/* To, in a rehearsal too. A name that is "" reads "colleague". */
	const char *address, *name;
	const char *token, *code; /* "xxxx-xxxx-xxxx" */
	const char *link;         /* the whole URL, for showing */
	const char *reply;        /* the token of the Reply-To */
	const char *message_id;   /* before the @ and the sender's domain */
	const char *boundary, *boundary_mixed;
};

/* what was asked and is not confirmed */
struct letter_reminder {
	const struct briefing_version *version;
	int64_t due_at;
};

/* What a digest's letter is made of. Something of it there must be. */
struct letter_content {
	const struct settings *settings;
	const struct roster_list *list;
	/* new and allowed, in the order they stand in the mail */
	const struct briefing_version *const *versions;
	size_t count;
	const int64_t *due_at; /* of each */
	const struct letter_reminder *reminders;
	size_t reminder_count;
	const struct briefing_version *const *withdrawn;
	size_t withdrawn_count;
	bool is_rehearsal;
	bool is_attached; /* letter_make decides it */
	/* at the mail's foot, so that who has the mail is a witness; NULL:
	 * there is none yet */
	const struct checkpoint *checkpoint;
	int64_t now; /* becomes the Date */
};

/* Renders and encodes. Documents are read from the store when the list attaches
 * them, and one that is not there, or is not what was approved, is a failure.
 */
bool letter_make(const struct template_set *templates,
		 const struct letter_content *content, struct letter *ret,
		 struct err *err);
void letter_done(struct letter *letter);

/* The whole mail, every line ended by CRLF. ERR_INPUT: an address or name that
 * can't stand in a header; ERR_FULL: out's ceiling. */
bool letter_assemble(const struct letter *letter,
		     const struct letter_person *person, struct buf *out,
		     struct err *err);

/* The decoded text or HTML part of that mail, UTF-8 with LF: for looking at. */
bool letter_show_text(const struct letter *letter,
		      const struct letter_person *person, struct buf *out,
		      struct err *err);
bool letter_show_html(const struct letter *letter,
		      const struct letter_person *person, struct buf *out,
		      struct err *err);

/* Quoted-printable as our letters have it, decoded, with LF. */
void letter_decode(const char *text, size_t size, struct buf *out);

/* The person's part of a delivery: link, code, names. Texts in the arena. It
 * hangs on the key: one delivery, one key (struct outbox_claim). */
void letter_person_make(const struct settings *settings,
			const struct link_key *key, int64_t delivery_id,
			const char *address, const char *name,
			struct arena *arena, struct letter_person *ret);
/* with the link and code of another delivery's page */
void letter_person_link(const struct settings *settings,
			const struct link_key *key, int64_t delivery_id,
			struct arena *arena, struct letter_person *person);
/* the same with a link that can't record */
void letter_person_specimen(const struct settings *settings,
			    const char *address, const char *name,
			    struct arena *arena, struct letter_person *ret);

/* "learning-bounce+TOKEN@example.org" */
const char *letter_envelope_sender(const struct settings *settings,
				   const struct link_key *key,
				   int64_t delivery_id, struct arena *arena);

/* Whose mail came back: the delivery whose envelope sender the address was, or
 * whose Message-ID this is, in any case and with or without its <>. Both carry
 * a MAC, so that nobody can report another's mail. What a forwarder puts before
 * the token (SRS0=..., prvs=...) does no harm. */
bool letter_find_sender(const struct link_keys *keys, const char *address,
			int64_t *ret_delivery_id);
/* Likewise, whose Reply-To it was: a person answers, and no server. */
bool letter_find_reply(const struct link_keys *keys, const char *address,
		       int64_t *ret_delivery_id);
bool letter_find_message_id(const struct link_keys *keys,
			    const char *message_id, int64_t *ret_delivery_id);

/* Of its text, for the event that it was made. */
#define LETTER_HASH_SIZE 65
void letter_hash(const struct letter *letter, char ret_hex[LETTER_HASH_SIZE]);

/* sets letter->id */
bool letter_store(struct db *db, int64_t digest_id, const char *content_key,
		  struct letter *letter, const struct letter_content *content,
		  struct err *err);
bool letter_store_notice(struct db *db, int64_t notice_id,
			 struct letter *letter, struct err *err); /* likewise */
/* ERR_GONE: there is none; ERR_INPUT: what is stored can't be mailed. */
bool letter_load(struct db *db, int64_t letter_id, struct letter *ret,
		 struct err *err);

#endif
