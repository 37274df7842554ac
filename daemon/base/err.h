#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * The world's failures as values. A verb that can fail takes a struct err last
 * and returns false (or -1, or NULL); the text says what was tried on what, in
 * words for the person who must mend it. Context is added going up, once; only
 * the roof logs or prints it.
 *
 *	if (!file_read(path, LIMIT, &text, err))
 *		return err_context(err, "reading the manifest");
 */
#include <stdbool.h>

enum err_kind {
	ERR_NONE = 0,
	ERR_INPUT,  /* what a person wrote is wrong: they must mend it */
	ERR_SYSTEM, /* the machine or a peer failed: try again later */
	ERR_BUSY,   /* a lock is held: try again soon */
	ERR_FULL,   /* no space, or a ceiling of ours is reached */
	ERR_GONE,   /* what was named is not there */
};

#define ERR_TEXT_SIZE 512

struct err {
	enum err_kind kind;
	char text[ERR_TEXT_SIZE];
};

/* Says what failed; a longer text is cut with "...". Always returns false, so
 * that a caller can return it. err may be NULL. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* err_set with ": " and the words of errno behind it */
bool err_errno(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of what err already says. Returns false. */
bool err_context(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

#endif
