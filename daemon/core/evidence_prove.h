#ifndef CORE_EVIDENCE_PROVE_H
#define CORE_EVIDENCE_PROVE_H

/*
 * Proofs that leave the house: that one event is in a checkpoint, as a C2SP
 * tlog-proof whose extra line is the leaf itself, so that the file needs
 * nothing but the public key.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct checkpoint;
struct db;
struct err;
struct note_verifier;

/* The event by which a person, of whom who is the address's key or the public
 * id, acknowledged the briefing; ERR_GONE: they did not, or it is nobody's. */
bool evidence_find_acknowledgement(struct db *db, const char *who,
				   const char *ref, int64_t *ret_event_id,
				   struct err *err);

/* Adds the proof; the checkpoint must have the event. ERR_GONE: there is no
 * such event; ERR_INPUT: it is not what the checkpoint has. */
bool evidence_prove(struct db *db, int64_t event_id,
		    const struct checkpoint *checkpoint, struct buf *out,
		    struct err *err);

/* Is that file such a proof, good by the key? Adds its leaf to out. */
bool evidence_check_proof(const char *text, size_t size,
			  const struct note_verifier *verifier, struct buf *out,
			  struct err *err);

#endif
