#ifndef CORE_DIGEST_LETTER_H
#define CORE_DIGEST_LETTER_H

/*
 * The letters of a digest: one for all who get the same, made by the first who
 * needs it. Part of the digest: for core/ alone.
 */
#include <stdbool.h>
#include <stdint.h>

struct digest_news;
struct digest_notes;
struct digest_plan;
struct err;

struct digest_content {
	int64_t letter_id;
	const char *versions; /* that are new: "3,17", ascending */
};

/* The digest's letter with that, which may not be empty. Texts live in the
 * plan's arena. On failure plan->has_no_letter says whether it could not be
 * made. */
bool digest_letter_use(struct digest_plan *plan, const struct digest_news *news,
		       const struct digest_notes *notes,
		       struct digest_content *ret, struct err *err);

#endif
