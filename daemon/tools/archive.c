#include "tools/archive.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define ARCHIVE_CEILING ((size_t)512 * 1024 * 1024)

struct archive_out {
	struct archive *zip;
	struct buf bytes;
	int64_t at;
	struct err err; /* the first failure */
};

static void fail(struct archive_out *archive, const char *name)
{
	if (archive->err.kind == ERR_NONE)
		err_set(&archive->err, ERR_FULL, "%s in the zip: %s", name,
			archive_error_string(archive->zip)
			    ? archive_error_string(archive->zip)
			    : "no room");
}

static la_ssize_t write_bytes(struct archive *zip, void *context,
			      const void *data, size_t size)
{
	struct archive_out *archive = context;

	(void)zip;
	buf_add(&archive->bytes, data, size);
	return archive->bytes.overflow ? -1 : (la_ssize_t)size;
}

struct archive_out *archive_open(int64_t at)
{
	struct archive_out *archive = xcalloc(1, sizeof(*archive));

	archive->at = at;
	buf_init(&archive->bytes, ARCHIVE_CEILING);
	archive->zip = archive_write_new();
	assert(archive->zip);
	if (archive_write_set_format_zip(archive->zip) != ARCHIVE_OK ||
	    /* no filling up of the last block */
	    archive_write_set_bytes_in_last_block(archive->zip, 1) !=
		ARCHIVE_OK ||
	    archive_write_open(archive->zip, archive, NULL, write_bytes,
			       NULL) != ARCHIVE_OK)
		fail(archive, "the beginning");
	return archive;
}

void archive_name(char *text)
{
	for (char *at = text; *at; at++) {
		/* neither hidden nor a way up */
		bool is_bad_dot = *at == '.' && (at == text || at[1] == '.');

		if (is_bad_dot ||
		    (!isalnum((unsigned char)*at) && !strchr("._-", *at)))
			*at = '-';
	}
}

static bool is_safe(const char *name)
{
	if (!*name || *name == '/' || *name == '.' || strstr(name, "..") ||
	    strstr(name, "//"))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-/", *name))
			return false;
	return true;
}

void archive_add(struct archive_out *archive, const char *name,
		 const void *data, size_t size)
{
	struct archive_entry *entry = archive_entry_new();

	assert(is_safe(name));
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, archive->at, 0);
	if (archive_write_header(archive->zip, entry) != ARCHIVE_OK ||
	    archive_write_data(archive->zip, data, size) != (la_ssize_t)size)
		fail(archive, name);
	archive_entry_free(entry);
}

bool archive_close(struct archive_out *archive, struct buf *out,
		   struct err *err)
{
	if (!archive)
		return true;
	if (archive_write_close(archive->zip) != ARCHIVE_OK)
		fail(archive, "the end");
	archive_write_free(archive->zip);
	bool good = archive->err.kind == ERR_NONE;
	if (good && out)
		buf_add(out, archive->bytes.data, archive->bytes.size);
	if (good && out && out->overflow)
		good = err_set(&archive->err, ERR_FULL, "the zip is too large");
	if (!good && err)
		*err = archive->err;
	buf_done(&archive->bytes);
	free(archive);
	return good;
}
