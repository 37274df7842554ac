#ifndef DOORS_FORM_H
#define DOORS_FORM_H

/*
 * A form as browsers post it: application/x-www-form-urlencoded (URL Standard,
 * 5.1). No I/O; the text comes from outside (fuzz_form).
 *
 *	struct form form;
 *	if (!form_parse(&form, body, size, err)) ...
 *	const char *code = form_get(&form, "code", 0);
 *	form_done(&form);
 */
#include <stdbool.h>
#include <stddef.h>

struct err;

struct form_field {
	const char *name, *value; /* never NULL */
};

/* a file that was uploaded with it */
struct form_file {
	const char *name; /* of its field */
	const void *data;
	size_t size;
};
#define FORM_FILES_MAX 4

struct form {
	struct form_field *fields; /* in the order posted */
	size_t count;
	char *text; /* what the fields point into */
	struct form_file files[FORM_FILES_MAX];
	size_t file_count;
	char *bytes; /* what the files point into */
};

/* Copies and decodes. A "%" without two digits stands for itself, as browsers
 * have it. Fails (ERR_INPUT) on more than HTTP_FIELDS_MAX fields, on NUL and on
 * what is not UTF-8; the form is then empty and needs no form_done. */
bool form_parse(struct form *form, const char *text, size_t size,
		struct err *err);
void form_done(struct form *form);

/* The index-th value (from 0) of that name, or NULL. */
const char *form_get(const struct form *form, const char *name, size_t index);

/* The first file of that name that has any bytes, or NULL. */
const struct form_file *form_get_file(const struct form *form,
				      const char *name);

/* Decodes "%XX" in place and returns the new length; plus_is_space as in forms.
 * A "%" without two digits stays. */
size_t form_decode(char *text, size_t size, bool plus_is_space);

#endif
