#ifndef TOOLS_CONFIG_H
#define TOOLS_CONFIG_H

/*
 * Settings that a person writes (libconfig's syntax), read against a table that
 * says all that is allowed. One walk fills the caller's struct and reports
 * every fault with its line: syntax, @include, an unknown or repeated key, a
 * wrong type, a value out of range, a compulsory one that is missing, text that
 * is no UTF-8 or has control characters. Texts live in the arena.
 *
 *	struct relay { const char *host; int64_t port; };
 *	static const struct config_setting settings[] = {
 *		{"relay.host", CONFIG_TEXT, offsetof(struct relay, host), 1,
 *		 253, NULL, NULL, "name of the SMTP server"},
 *		{"relay.port", CONFIG_INTEGER, offsetof(struct relay, port), 1,
 *		 65535, NULL, "587", "its port"},
 *		{0}};
 *	static const struct config_schema schema = {settings, NULL};
 *	if (!config_parse("briefingd.conf", text, size, &schema, arena, &relay,
 *			  &problems))
 *		...
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct problems;

enum config_type {
	CONFIG_TEXT,     /* const char *: "quoted" */
	CONFIG_INTEGER,  /* int64_t: decimal */
	CONFIG_FLAG,     /* bool: true or false */
	CONFIG_TEXTS,    /* struct config_texts: ["one", "two"] */
	CONFIG_INTEGERS, /* struct config_integers: [-3, 1] */
	CONFIG_CHOICE,   /* const char *: one of choices */
};

struct config_texts {
	const char **list;
	size_t count;
};

struct config_integers {
	int64_t *list;
	size_t count;
};

struct config_setting {
	const char *path; /* "ref", or "relay.port": port of the group relay */
	enum config_type type;
	size_t offset;       /* of the field in the caller's struct */
	long long min, max;  /* an integer; a text's bytes; a list's count */
	const char *choices; /* "none|starttls|implicit" */
	/* What the field gets when the key is absent, in text form, not held
	 * against min and max; "" is no text, no texts, no integers (a list of
	 * which has no other), 0 or false; "a|b" are two texts. NULL: the key
	 * is compulsory. */
	const char *fallback;
	const char *help; /* one line, for manual and sample */
};

/* A list of groups: documents = ( { file = "a.pdf"; }, { ... } ); */
struct config_group {
	const char *path;
	const struct config_setting *settings; /* offsets are in the item */
	size_t item_size;
	size_t offset_items; /* of a pointer to the items, in the arena */
	size_t offset_count; /* of a size_t */
	size_t max;          /* how many items there may be */
	size_t min;          /* more than 0: the list is compulsory */
	const char *help;    /* one line, for who left it out */
};

struct config_schema {
	const struct config_setting *settings; /* ends with a NULL path */
	const struct config_group *groups;     /* likewise, or NULL */
};

/* A text of more than this many bytes is refused unread. */
#define CONFIG_SIZE_MAX (1024 * 1024)

/* The longest text within a CONFIG_TEXTS, in bytes. */
#define CONFIG_LISTED_MAX 2000

/* file_name is what the person calls it, for the problems. A byte order mark
 * and CRLF line ends are taken as an editor's habit. false when a problem was
 * added; then *ret_struct holds what could be read, and is for nothing but
 * finding more problems. */
bool config_parse(const char *file_name, const char *text, size_t size,
		  const struct config_schema *schema, struct arena *arena,
		  void *ret_struct, struct problems *problems);

/* The line of a setting, for a fault that only the caller can see: "ref",
 * "relay.port", "documents.[1].file" (items from 0). 0: it is not there. */
int config_find_line(const char *text, size_t size, const char *path);

#endif
