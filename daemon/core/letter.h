#ifndef CORE_LETTER_H
#define CORE_LETTER_H

/*
 * A letter is the text of a digest that many people share: rendered and
 * encoded once when the digest is planned, stored, and from then on only
 * copied. letter_assemble fills a person's slots in microseconds and is a pure
 * function of the stored letter and the person: the same delivery has the same
 * bytes for ever. Format 1.
 *
 * head and body hold slots: byte 0x01 and a letter, which quoted-printable
 * text can't contain. n name in text, h name in HTML, l link, c code, b and x
 * the boundaries of the alternative and the mixed part. In encoded text a slot
 * stands on a line of its own between soft line breaks.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct briefing_version;
struct buf;
struct db;
struct err;
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
	char *head, *body; /* heap; letter_done frees */
	size_t head_size, body_size;
};

struct letter_person {
	const char *address, *name;
	const char *link, *code; /* whole URL; "xxxx-xxxx-xxxx" */
	const char *message_id;  /* without <> */
	const char *boundary, *boundary_mixed;
};

/* Renders and encodes. versions are allowed ones, in the order they stand in
 * the mail; documents are read from documents_folder when the list attaches
 * them. now becomes the Date. */
bool letter_make(const struct settings *settings,
		 const struct template_set *templates,
		 const struct roster_list *list,
		 const struct briefing_version *const *versions, size_t count,
		 const int64_t *due_at, bool is_rehearsal, int64_t now,
		 struct letter *ret, struct err *err);
void letter_done(struct letter *letter);

/* The whole mail, every line ended by CRLF. */
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

/* The person's part of a delivery: link, code, names. Texts in the arena. */
void letter_person_make(const struct settings *settings,
			const struct link_keys *keys, int64_t delivery_id,
			const char *address, const char *name,
			struct arena *arena, struct letter_person *ret);
/* the same with a link that can't record */
void letter_person_specimen(const struct settings *settings,
			    const char *address, const char *name,
			    struct arena *arena, struct letter_person *ret);

/* "learning-bounce+TOKEN@example.org" */
const char *letter_envelope_sender(const struct settings *settings,
				   const struct link_keys *keys,
				   int64_t delivery_id, struct arena *arena);

bool letter_store(struct db *db, int64_t digest_id, const char *content_key,
		  struct letter *letter,
		  const struct briefing_version *const *versions, size_t count,
		  struct err *err); /* sets letter->id */
/* ERR_GONE when there is none */
bool letter_load(struct db *db, int64_t letter_id, struct letter *ret,
		 struct err *err);

#endif
