#ifndef CORE_LETTER_PART_H
#define CORE_LETTER_PART_H

/*
 * What every mail of ours is made of: the headers that all have, a template
 * rendered and encoded as a part, a document attached. Slots
 * (core/letter_view.h) stay as they are. Part of the letter: for core/ alone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/letter_view.h"
#include "tools/template.h"

struct buf;
struct err;
struct view;

struct letter_head {
	const char *from_name, *from, *reply_to, *subject, *language;
	int64_t now;
	bool is_mixed; /* it has attachments */
	/* reply_to takes the slot for a token behind its local part */
	bool takes_reply;
};

/* From, Reply-To, Subject, Date; then those of one's own; then the rest, up to
 * the Content-Type. */
bool letter_part_begin_head(struct buf *out, const struct letter_head *head,
			    struct err *err);
bool letter_part_end_head(struct buf *out, const struct letter_head *head,
			  struct err *err);

/* behind: "", or "--" after the last part. "=_" before each boundary is in no
 * text that is quoted-printable or base64, so that no part can hold the end of
 * another. */
void letter_part_boundary(struct buf *out, enum letter_slot slot,
			  const char *behind);
/* How the alternatives begin where attachments follow. */
void letter_part_begin_mixed(struct buf *out);

/* mail/NAME.txt or mail/NAME.html with the view, which has its slots, as one of
 * the alternatives. */
bool letter_part_text(struct buf *out, const struct template_set *templates,
		      const char *name, const struct view *view,
		      enum template_kind kind, struct err *err);

/* A mail as it was sent. 7-bit text goes as message/rfc822, of which a relay
 * changes no byte; else it is a document, in base64: relays may refuse what is
 * not 7-bit, and no encoding may stand on a mail (RFC 2046 5.2.1). Lines that
 * all end with LF, as a Maildir keeps them, end with CRLF. */
bool letter_part_message(struct buf *out, const char *file_name,
			 const char *data, size_t size, struct err *err);

/* An attachment, in base64. */
bool letter_part_document(struct buf *out, const char *type,
			  const char *file_name, const void *data, size_t size,
			  struct err *err);

#endif
