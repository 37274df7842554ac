#ifndef RUN_MAILBOX_H
#define RUN_MAILBOX_H

/*
 * The bounce mailbox: fetched by an errand, each mail understood by another,
 * recorded in one transaction, and only then moved out of the way in the
 * mailbox. Whatever dies between finds the mail again, known by its bytes, and
 * moves it then. IMAP's IDLE or a change of the Maildir tells of new mail; it
 * is looked for every poll_seconds in any case. Loop thread.
 */
struct daemon;
struct err;
struct errands_run;
struct mailbox_run;

struct mailbox_run *mailbox_open(struct daemon *daemon,
				 struct errands_run *errands, struct err *err);
void mailbox_close(struct mailbox_run *mailbox); /* accepts NULL */

/* Look now: it may have been configured anew. */
void mailbox_look(struct mailbox_run *mailbox);

#endif
