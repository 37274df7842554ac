#ifndef WEB_EVIDENCE_H
#define WEB_EVIDENCE_H

/*
 * BASE/evidence/checkpoint: the ledger's last checkpoint as a signed note, for
 * anyone to keep; BASE/evidence/key: the public key it is signed with.
 */
struct view;
struct visit;

/* rest: what stands behind /evidence/ */
void evidence_handle(struct visit *visit, const char *rest);

/* Puts the last checkpoint into a receipt's view. The receipt is due in any
 * case: where the store fails, it stands there without one. */
void evidence_show(struct visit *visit, struct view *view);

#endif
