#include "doors/multipart.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "doors/form.h"
#include "doors/http.h"

#define PROCESSOR_SIZE 4096 /* holds a part's longest header line */

/* Names and values stand in text one behind the other, each with its NUL; where
 * is kept as offsets, for text moves while it grows. */
struct parts {
	struct buf text;
	struct {
		size_t name, value;
	} list[HTTP_FIELDS_MAX];
	size_t count;
	/* The same of files: names one behind the other, bytes as well. */
	struct buf file_names, bytes;
	struct {
		size_t name, at;
	} files[FORM_FILES_MAX];
	size_t file_count;
};

/* ends the value before */
static bool end_value(struct parts *parts)
{
	if (parts->count == 0)
		return true;
	size_t value = parts->list[parts->count - 1].value;
	bool good = text_is_utf8(parts->text.data + value,
				 parts->text.size - value, NULL);
	buf_addc(&parts->text, '\0');
	return good;
}

static bool begin_value(struct parts *parts, const char *name)
{
	if (!end_value(parts) || parts->count == HTTP_FIELDS_MAX ||
	    !text_is_utf8(name, strlen(name), NULL))
		return false;
	size_t at = parts->text.size;
	buf_add(&parts->text, name, strlen(name) + 1);
	parts->list[parts->count].name = at;
	parts->list[parts->count++].value = parts->text.size;
	return true;
}

static bool begin_file(struct parts *parts, const char *name)
{
	if (parts->file_count == FORM_FILES_MAX ||
	    !text_is_utf8(name, strlen(name), NULL))
		return false;
	parts->files[parts->file_count].name = parts->file_names.size;
	parts->files[parts->file_count++].at = parts->bytes.size;
	buf_add(&parts->file_names, name, strlen(name) + 1);
	return true;
}

static bool add_to_file(struct parts *parts, const char *name, const char *data,
			uint64_t offset, size_t size)
{
	if (offset == 0 && !begin_file(parts, name))
		return false;
	if (size > 0)
		buf_add(&parts->bytes, data, size);
	return !parts->bytes.overflow && !parts->file_names.overflow;
}

/* A value comes in pieces; the first is at offset 0. */
static enum MHD_Result add_piece(void *context, enum MHD_ValueKind kind,
				 const char *name, const char *file_name,
				 const char *type, const char *encoding,
				 const char *data, uint64_t offset, size_t size)
{
	struct parts *parts = context;

	(void)kind, (void)type, (void)encoding;
	if (!name)
		return MHD_YES;
	if (file_name)
		return add_to_file(parts, name, data, offset, size) ? MHD_YES
								    : MHD_NO;
	if (offset == 0 && !begin_value(parts, name))
		return MHD_NO;
	if (size > 0)
		buf_add(&parts->text, data, size);
	return parts->text.overflow ? MHD_NO : MHD_YES;
}

static bool read_parts(struct MHD_Connection *link, const char *body,
		       size_t size, struct parts *parts)
{
	struct MHD_PostProcessor *processor =
	    MHD_create_post_processor(link, PROCESSOR_SIZE, add_piece, parts);

	if (!processor) /* it does not say where the parts end */
		return false;
	bool good = MHD_post_process(processor, body, size) == MHD_YES;
	/* says whether the last part ended */
	bool is_whole = MHD_destroy_post_processor(processor) == MHD_YES;
	return good && is_whole && end_value(parts) && !parts->text.overflow;
}

/* Names go behind the files' bytes, so that the form has both in one piece. */
static void make_files(struct parts *parts, struct form *ret)
{
	size_t end = parts->bytes.size;

	buf_add(&parts->bytes, parts->file_names.data, parts->file_names.size);
	ret->bytes = buf_take(&parts->bytes, NULL);
	ret->file_count = parts->file_count;
	for (size_t i = ret->file_count, next = end; i-- > 0;) {
		size_t at = parts->files[i].at;

		ret->files[i] = (struct form_file){
		    .name = ret->bytes + end + parts->files[i].name,
		    .data = ret->bytes + at,
		    .size = next - at,
		};
		next = at;
	}
}

static void make_form(struct parts *parts, struct form *ret)
{
	*ret = (struct form){
	    .fields = xcalloc(parts->count + 1, sizeof(*ret->fields)),
	    .count = parts->count,
	    .text = buf_take(&parts->text, NULL),
	};
	for (size_t i = 0; i < ret->count; i++)
		ret->fields[i] = (struct form_field){
		    .name = ret->text + parts->list[i].name,
		    .value = ret->text + parts->list[i].value,
		};
	make_files(parts, ret);
}

bool multipart_parse(struct MHD_Connection *link, const char *body, size_t size,
		     struct form *ret, struct err *err)
{
	struct parts parts = {0};

	*ret = (struct form){0};
	/* names and values are no longer than what they were taken from */
	buf_init(&parts.text, size + 2 * HTTP_FIELDS_MAX + 1);
	buf_init(&parts.file_names, size + FORM_FILES_MAX);
	buf_init(&parts.bytes, 2 * size + FORM_FILES_MAX);
	bool good = read_parts(link, body, size, &parts);
	if (good)
		make_form(&parts, ret);
	buf_done(&parts.text);
	buf_done(&parts.file_names);
	buf_done(&parts.bytes);
	return good ||
	       err_set(err, ERR_INPUT, "a multipart form can't be read");
}
