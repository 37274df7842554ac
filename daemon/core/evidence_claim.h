#ifndef CORE_EVIDENCE_CLAIM_H
#define CORE_EVIDENCE_CLAIM_H

/*
 * What the events say of each requirement, delivery, version and letter, put
 * beside what the tables say: either must say what the other does. All events
 * are told first, then the tables are read once; some 100 bytes of memory for
 * each requirement. For core/evidence_verify.
 */
#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct evidence_findings;
struct ledger_event;

struct evidence_claims;

/* Reads who and which versions there are. NULL on failure. */
struct evidence_claims *evidence_claims_new(struct db *db,
					    struct evidence_findings *findings,
					    struct err *err);
void evidence_claims_free(struct evidence_claims *claims);

/* In the order of the events. */
void evidence_claims_add(struct evidence_claims *claims,
			 const struct ledger_event *event);
/* Against each row of the tables, and free text against what promised it. */
bool evidence_claims_compare(struct evidence_claims *claims, struct err *err);

#endif
