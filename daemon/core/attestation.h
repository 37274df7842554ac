#ifndef CORE_ATTESTATION_H
#define CORE_ATTESTATION_H

/*
 * Sign-in sheets: staff were taken through a briefing on paper, and their lead
 * says who of those of whom it is required signed, on which day, with a scan of
 * the sheet (GRADE_ATTESTED_BY_LEAD). It stands beside reach and never in it: a
 * requirement stays in its state. Who is attested is reminded and escalated no
 * more; if they confirm themselves later, that counts as ever. One that was
 * wrong is undone by another record, never deleted, and they are asked again.
 *
 * The scan shows names and signatures: it is kept as it came and never decoded,
 * goes when anyone who is on the sheet is erased, and after
 * retention.scans_days. The event has its salted hash.
 *
 *	struct attestation_wish wish = {
 *		.ref = "LTB-2026-07", .list = "police",
 *		.signed_on = "2026-11-20", .address_keys = keys,
 *		.address_count = 14, .scan = bytes, .scan_size = size};
 *	if (!attestation_record(db, settings, &wish, actor, now, &problems, &id,
 *				err))
 *
 * On the thread of its db; a scan is hashed and written within the call. Whose
 * sheet it is, is for the caller to see: a lead sees those that
 * attestation_load gives for their list, and undoes no other.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct err;
struct problems;
struct settings;

#define ATTESTATION_SCAN_MAX (4 * 1024 * 1024)
#define ATTESTATION_PEOPLE_MAX 500 /* on one sheet */
#define ATTESTATION_TEXT_MAX 1000  /* bytes of the note, or the reason */

struct attestation_wish {
	const char *ref;
	const char *list, *agency; /* one of them; the other NULL */
	const char *signed_on; /* ISO date, in the board's zone; not to come */
	const char *const *address_keys; /* core/address.h; twice is once */
	size_t address_count;
	const void *scan; /* PDF, JPEG or PNG */
	size_t scan_size;
	const char *note; /* NULL: none */
};

struct attestation_sheet {
	int64_t id;
	const char *ref;
	int version;               /* the latest when it was recorded */
	const char *agency, *list; /* list "": of the whole agency */
	int64_t signed_at;         /* its day began */
	int64_t recorded_at, event_id;
	const char *scan_type; /* "application/pdf" */
	int64_t scan_size;
	bool has_scan; /* false: it was erased, or kept for long enough */
	size_t people, standing; /* standing: not undone */
	const char *note;        /* "": none, or erased */
	const char *recorded_by; /* "jo@host" */
};

struct attestation_person {
	int64_t id;
	const char *public_id;
	const char *address, *name; /* "": they were erased */
	int version;                /* that was asked of them */
	int64_t confirmed_at;       /* by themselves; 0: not */
	int64_t event_id;
	int64_t undone_at;         /* 0: it stands */
	const char *undone_reason; /* "": none, or erased */
};

/* What a scan is by its first bytes: a media type, or NULL. No name and no
 * header of a request is asked. */
const char *attestation_scan_type(const void *scan, size_t size);

/* The addresses of a text that a person wrote, apart by lines, blanks, commas
 * or semicolons, as keys in the arena. What is no address, and more than
 * ATTESTATION_PEOPLE_MAX, is told in problems (its file is "addresses", with
 * the line) and false. */
bool attestation_read_addresses(const char *text, size_t size,
				struct arena *arena, const char ***ret_keys,
				size_t *ret_count, struct problems *problems);

/* Is the wish one that can be, for all that can be told without the store?
 * Size, kind and texts; ERR_INPUT says what is wrong. attestation_record asks
 * this first. */
bool attestation_check(const struct attestation_wish *wish, struct err *err);

/* All of it or nothing, in the caller's transaction; on ERR_INPUT and ERR_GONE
 * nothing was written. actor: as event_begin has it. What can't be is ERR_INPUT
 * (ERR_GONE: no such briefing or list), with the mend; where it is the people,
 * each is told in problems, whose file is the address: of whom it is not asked
 * there, who is on a sheet that stands already, to whom it came only after that
 * day. problems may be NULL. */
bool attestation_record(struct db *db, const struct settings *settings,
			const struct attestation_wish *wish, const char *actor,
			int64_t now, struct problems *problems, int64_t *ret_id,
			struct err *err);

/* One person of the sheet (an address key, or a public id), or with NULL all
 * that stand; in the caller's transaction, likewise. ERR_GONE: no such sheet,
 * or they are not on it; ERR_INPUT: it was undone before, or there is no
 * reason. */
bool attestation_undo(struct db *db, int64_t sheet_id, const char *person,
		      const char *reason, const char *actor, int64_t now,
		      struct err *err);

struct attestation_filter {
	const char *ref, *list, *agency; /* NULL: all */
	int64_t id;                      /* 0: all */
};

/* The sheets, the latest first, those undone among them; in the arena. */
bool attestation_load(struct db *db, const struct attestation_filter *filter,
		      struct arena *arena, struct attestation_sheet **ret,
		      size_t *ret_count, struct err *err);
/* Who signed one, by name. */
bool attestation_load_people(struct db *db, int64_t sheet_id,
			     struct arena *arena,
			     struct attestation_person **ret, size_t *ret_count,
			     struct err *err);
/* A scan as it came; in the arena. ERR_GONE: there is no such sheet, or its
 * scan is gone. */
bool attestation_load_scan(struct db *db, int64_t sheet_id, struct arena *arena,
			   const void **ret, size_t *ret_size,
			   const char **ret_type, struct err *err);

#endif
