#ifndef CORE_EVIDENCE_H
#define CORE_EVIDENCE_H

/*
 * Is the store what it was? All leaves are made again from the events and put
 * beside the ledger's hashes, the tree's root beside each checkpoint, and what
 * the tables say beside what the events say. What does not agree is found by
 * name, as a line for a person. Reads one state of the store, in a transaction
 * of its own that takes no lock.
 *
 *	struct evidence_findings findings = {.arena = arena};
 *	if (!evidence_verify(db, given, count, &findings, &summary, err)) ...
 *	for (size_t i = 0; i < findings.count; i++)
 *		puts(findings.list[i].text);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/note.h"

struct arena;
struct db;
struct err;

/* more are counted, and not told */
#define EVIDENCE_FINDINGS_MAX 100

struct evidence_findings {
	struct arena *arena;
	struct evidence_finding {
		const char *what; /* "event", "row", "checkpoint", ... */
		const char *text;
	} list[EVIDENCE_FINDINGS_MAX];
	size_t count, told;
};
void evidence_find(struct evidence_findings *findings, const char *what,
		   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A checkpoint that someone kept. */
struct evidence_given {
	struct note_checkpoint head;
	const char *name; /* of its file */
};

struct evidence_summary {
	int64_t events, leaves; /* leaves: taken up by the ledger */
	int64_t bytes;          /* of all leaves */
	int64_t sealed;         /* events that a checkpoint has */
	size_t checkpoints;
};

/* false: the store can't be read. What it holds is in the findings. */
bool evidence_verify(struct db *db, const struct evidence_given *given,
		     size_t given_count, struct evidence_findings *findings,
		     struct evidence_summary *ret, struct err *err);

#endif
