#ifndef CORE_PERSON_EXPORT_H
#define CORE_PERSON_EXPORT_H

/*
 * All that is held of one person, for the person (UK GDPR Art. 15): sections of
 * records, each a list of named values. One reading for all ways to show it, so
 * that none leaves anything out.
 *
 *	struct person_export *held;
 *	if (!person_export_load(db, key, arena, &held, err)) ...
 *	ctl_print_json(person_export_json(held, now));
 *
 * Whose address it is now decides who is meant; mails to the address count,
 * too, whoever had it then. Briefings' texts, which all get, are not repeated.
 * What a lead was told of them, among others, is not searched for. Any thread
 * with a connection of its own: it reads every event once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct db;
struct err;
struct json_value;
struct settings;
struct template_set;

struct person_value {
	const char *name;
	const char *text; /* NULL: none, or a number */
	int64_t number;
	bool is_number; /* a name in _at: UTC seconds */
};

struct person_record {
	struct person_record *next;
	struct person_value *values; /* as many as the section has fields */
};

/* when they are erased */
enum person_held {
	PERSON_HELD_GOES,     /* or loses what names them */
	PERSON_HELD_STAYS,    /* under their random id */
	PERSON_HELD_IN_FILES, /* agencies' own, which go on to name them */
};

struct person_section {
	const char *name, *title;
	enum person_held held;
	size_t field_count;
	struct person_record *records; /* NULL: there are none */
	size_t record_count;
};

struct person_export {
	const char *address_key;
	const char *public_id; /* NULL: the address is nobody's */
	struct person_section *sections;
	size_t section_count;
};

/* address_key: of core/address. In the arena, but for names and titles, which
 * stay. An address that nobody has and nothing went to is ERR_GONE. */
bool person_export_load(struct db *db, const char *address_key,
			struct arena *arena, struct person_export **ret,
			struct err *err);

/* The caller frees it. */
struct json_value *person_export_json(const struct person_export *held,
				      int64_t now);

/* A page to read or print: templates/report/person.html. */
bool person_export_html(const struct person_export *held,
			const struct template_set *templates,
			const struct settings *settings, int64_t now,
			struct buf *out, struct err *err);

#endif
