#include "doors/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "doors/http.h"

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

size_t form_decode(char *text, size_t size, bool plus_is_space)
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		char byte = text[i];
		int high = -1, low = -1;

		if (byte == '%' && size - i > 2) {
			high = hex_value(text[i + 1]);
			low = hex_value(text[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			byte = (char)(high * 16 + low);
			i += 2;
		} else if (byte == '+' && plus_is_space) {
			byte = ' ';
		}
		text[length++] = byte;
	}
	return length;
}

/* Decodes one half of a field in place; the byte behind it is free. */
static bool decode_half(char *text, size_t size)
{
	size_t length = form_decode(text, size, true);

	text[length] = '\0';
	return text_is_utf8(text, length, NULL);
}

/* part is "name=value" with a spare byte behind it, for the NUL. */
static bool add_field(struct form *form, char *part, size_t size,
		      struct err *err)
{
	char *equals = memchr(part, '=', size);
	size_t name_size = equals ? (size_t)(equals - part) : size;
	char *value = equals ? equals + 1 : part + size;

	if (form->count == HTTP_FIELDS_MAX)
		return err_set(err, ERR_INPUT, "more than %d fields",
			       HTTP_FIELDS_MAX);
	/* The value first: the name's NUL takes the place of "=". */
	if (!decode_half(value, (size_t)(part + size - value)) ||
	    !decode_half(part, name_size))
		return err_set(err, ERR_INPUT, "a field is not UTF-8");
	form->fields =
	    xreallocarray(form->fields, form->count + 1, sizeof(*form->fields));
	form->fields[form->count++] = (struct form_field){
	    .name = part,
	    .value = equals ? value : "",
	};
	return true;
}

bool form_parse(struct form *form, const char *text, size_t size,
		struct err *err)
{
	*form = (struct form){.text = xmalloc(size + 1)};
	if (size > 0)
		memcpy(form->text, text, size);
	char *end = form->text + size;
	for (char *part = form->text; part < end;) {
		char *ampersand = memchr(part, '&', (size_t)(end - part));
		char *stop = ampersand ? ampersand : end;

		if (stop > part &&
		    !add_field(form, part, (size_t)(stop - part), err)) {
			form_done(form);
			return false;
		}
		part = stop + 1;
	}
	return true;
}

void form_done(struct form *form)
{
	free(form->fields);
	free(form->text);
	free(form->bytes);
	*form = (struct form){0};
}

const char *form_get(const struct form *form, const char *name, size_t index)
{
	for (size_t i = 0; i < form->count; i++) {
		if (strcmp(form->fields[i].name, name) == 0 && index-- == 0)
			return form->fields[i].value;
	}
	return NULL;
}

const struct form_file *form_get_file(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->file_count; i++)
		if (form->files[i].size > 0 &&
		    strcmp(form->files[i].name, name) == 0)
			return &form->files[i];
	return NULL;
}
