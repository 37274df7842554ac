#ifndef DOORS_SMTP_REPLY_H
#define DOORS_SMTP_REPLY_H

/*
 * What a relay's answers mean: the pure half of doors/smtp. No I/O; a caller
 * owns all memory. Lines come from outside (fuzz_smtp_reply).
 */
#include <stdbool.h>
#include <stddef.h>

#include "doors/smtp.h"

/* The replies of one transfer, as its lines came in. */
struct smtp_replies {
	int code;         /* of the reply that is kept, 0: none */
	char text[512];   /* its lines, joined by a space, without codes */
	bool is_open;     /* more lines of it follow */
	bool has_data;    /* 354 was said: the mail itself was begun */
	bool is_answered; /* the final reply after 354 is here and is kept */
};

/* Takes one line as received (RFC 5321 4.2), CRLF or not. After 354 only the
 * first whole reply counts: later ones may be another connection's. */
void smtp_replies_add(struct smtp_replies *replies, const char *line,
		      size_t size);

/* How a transfer ended, in libcurl's terms. */
struct smtp_end {
	int curl_code;       /* CURLcode */
	int code;            /* CURLINFO_RESPONSE_CODE */
	bool has_data;       /* see struct smtp_replies */
	bool is_named;       /* RCPT was said */
	bool is_handed_over; /* libcurl took the last byte of the mail */
	bool is_reused;      /* on a connection kept from the last mail */
};

struct smtp_judgement {
	enum smtp_outcome outcome;
	bool is_clean; /* the connection may serve the next mail */
	bool is_stale; /* nothing was sent: try a fresh connection at once */
};

/* The reply code first, the transfer's code second. */
struct smtp_judgement smtp_judge(const struct smtp_end *end);

/* Fills enhanced, text and, when accepted, queue_id from a reply. */
void smtp_verdict_reply(struct smtp_verdict *verdict, const char *text);

/* Copies what is printable, at most size - 1 bytes of whole characters; the
 * rest becomes "?". */
void smtp_printable(char *ret_text, size_t size, const char *text);

/* An address that can stand in "MAIL FROM:<...>" (RFC 5321 4.5.3.1): ASCII, no
 * space, no <>, local part at most 64 octets and domain 255. */
bool smtp_is_address(const char *address);

/* Is every line end CRLF, and no NUL anywhere? */
bool smtp_is_crlf(const char *data, size_t size);

#endif
