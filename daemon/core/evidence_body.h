#ifndef CORE_EVIDENCE_BODY_H
#define CORE_EVIDENCE_BODY_H

/*
 * The body of an event, read member by member where it stands: canonical JSON
 * as core/event writes it, one flat map. A million of them are read in a
 * moment, where a tree of values for each takes longer than the ledger's
 * hashes. What is not of that form ends the reading.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evidence_member {
	const char *name,
	    *value; /* a text as JSON has it, without its quotes */
	size_t name_size, size;
	bool is_text;
};

/* *at: the body, and then what this leaves there. */
bool evidence_body_next(const char **at, struct evidence_member *ret);

bool evidence_member_is(const struct evidence_member *member, const char *name);
/* 0: it is no integer */
int64_t evidence_member_integer(const struct evidence_member *member);
/* Finds one text in a body; false: there is none of that name. */
bool evidence_body_text(const char *body, const char *name, const char **ret,
			size_t *ret_size);

#endif
