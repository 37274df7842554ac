#ifndef CORE_PERSON_DATA_H
#define CORE_PERSON_DATA_H

/*
 * Every table of the store, and what becomes of it when a person is erased: the
 * one list. Who adds a table adds its line here; where it holds something of a
 * member by name, with a statement in queries/erase.sql, and a section in
 * core/person_export.
 */
#include "queries.h"

enum person_fate {
	PERSON_NOTHING, /* nothing of a member is in it, or numbers alone */
	PERSON_STAYS,   /* random ids, numbers and times: the figures rest on it
			 */
	PERSON_GOES,
};

/* When a statement is run, and with which parameters. */
enum person_step {
	PERSON_NEVER,  /* there is no statement */
	PERSON_FIRST,  /* ?1 the person, ?2 now: so that no more is made */
	PERSON_SLOWLY, /* ?1 the person: a row at a time, which may be large,
			* again as long as there is one */
	PERSON_DELIVERIES, /* these walk, as queries/erase.sql says: over */
	PERSON_RETURNED,   /* the ids of deliveries, of mails that came back */
	PERSON_EVENTS,     /* and of events */
	PERSON_LAST,       /* ?1 the person */
	PERSON_LAST_ADDRESS, /* ?1 the address, where it is still theirs */
};

struct person_table {
	const char *name;
	enum person_fate fate;
	enum person_step step;
	enum query_id erase;
};

/* A table with two statements has two lines; a NULL name ends it. */
extern const struct person_table person_tables[];

#endif
