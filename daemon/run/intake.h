#ifndef RUN_INTAKE_H
#define RUN_INTAKE_H

/*
 * The drop folder: a doorbell, a scan at start and every minute, and again
 * soon while a folder is not still. One folder at a time goes to an errand;
 * what it found is committed here.
 */
struct daemon;
struct err;
struct errands_run;
struct intake_run;

struct intake_run *intake_open(struct daemon *daemon,
			       struct errands_run *errands, struct err *err);
void intake_close(struct intake_run *intake);

/* Scan now; any number of calls, at any time. */
void intake_look(struct intake_run *intake);

#endif
