#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

/*
 * briefing.conf: what a board's officer says about a briefing. Parsed by a
 * strict walk over one table of settings; every fault is a problem with its
 * line. Plain data in the caller's arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct problems;
struct zone;

#define MANIFEST_MAX_SIZE (256 * 1024)
#define MANIFEST_SUMMARY_MAX_SIZE (256 * 1024)
#define MANIFEST_MAX_DOCUMENTS 20
#define MANIFEST_DOCUMENT_MAX_SIZE (50LL * 1024 * 1024)

struct manifest_document {
	const char *file, *title;
};

struct manifest_action {
	const char *ref, *agency, *text, *due; /* due: date, or "" */
};

struct manifest {
	const char *ref, *kind, *title, *language, *marking;
	const char *approved_by, *approved_on, *approval_ref;
	const char *not_before;          /* as written, "" for none */
	int64_t not_before_at;           /* 0: none; through the board's zone */
	int64_t acknowledge_within_days; /* 0: not said */
	bool publish;
	bool already_circulated;
	bool material; /* who confirmed the version before is asked again */
	const char *changes; /* "": not said */
	bool essential;      /* who joins later gets it, too */
	const char **audience, **themes, **key_messages, **questions;
	size_t audience_count, theme_count, key_message_count, question_count;
	struct manifest_document *documents;
	size_t document_count;
	struct manifest_action *actions;
	size_t action_count;
};

/* text is any bytes from outside. today is for "approved_on lies in the
 * future". The three approval fields are compulsory. */
bool manifest_parse(const char *file_name, const char *text, size_t size,
		    const struct zone *zone, const char *today,
		    struct arena *arena, struct manifest *ret,
		    struct problems *problems);

#endif
