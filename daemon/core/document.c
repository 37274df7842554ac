#include "core/document.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "tools/crypto.h"

#define TEMPORARY ".new-"
#define SWEEP_SECONDS 3600
#define CHUNK_SIZE 65536

static bool is_pdf(const char *head, size_t size)
{
	/* readers take it anywhere in the first 1,024 bytes */
	return memmem(head, size < 1024 ? size : 1024, "%PDF-", 5) != NULL;
}

static bool is_zip(const char *head, size_t size)
{
	return size >= 4 && memcmp(head, "PK\x03\x04", 4) == 0;
}

static bool is_open_text(const char *head, size_t size)
{
	static const char mark[] =
	    "mimetypeapplication/vnd.oasis.opendocument.text";

	return is_zip(head, size) && memmem(head, size, mark, strlen(mark));
}

static bool is_png(const char *head, size_t size)
{
	return size >= 8 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_jpeg(const char *head, size_t size)
{
	return size >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0;
}

static bool is_plain(const char *head, size_t size)
{
	size_t bad;

	/* the head may end within a character */
	return text_is_utf8(head, size, &bad) ||
	       (size == DOCUMENT_HEAD_SIZE && size - bad < 4 && head[bad]);
}

#define OFFICE "application/vnd.openxmlformats-officedocument."

static const struct {
	const char *ending, *type;
	bool (*is_one)(const char *head, size_t size);
} types[] = {
    {".pdf", "application/pdf", is_pdf},
    {".docx", OFFICE "wordprocessingml.document", is_zip},
    {".pptx", OFFICE "presentationml.presentation", is_zip},
    {".xlsx", OFFICE "spreadsheetml.sheet", is_zip},
    {".odt", "application/vnd.oasis.opendocument.text", is_open_text},
    {".png", "image/png", is_png},
    {".jpg", "image/jpeg", is_jpeg},
    {".jpeg", "image/jpeg", is_jpeg},
    {".txt", "text/plain; charset=utf-8", is_plain},
};

static bool ends_as(const char *file, const char *ending)
{
	size_t size = strlen(file), end = strlen(ending);

	return size > end && strcasecmp(file + size - end, ending) == 0;
}

static bool is_active(const char *file)
{
	static const char *const endings[] = {
	    ".html", ".htm",  ".xhtml", ".mht",  ".mhtml", ".svg", ".js",
	    ".docm", ".pptm", ".xlsm",  ".dotm", ".exe",   ".bat", ".cmd",
	    ".ps1",  ".vbs",  ".hta",   ".lnk",  ".jar",   ".msi", ".scr",
	};

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (ends_as(file, endings[i]))
			return true;
	return false;
}

static void refuse_content(const char *ending, size_t size, struct err *err)
{
	if (size == 0)
		err_set(err, ERR_INPUT, "is empty");
	else if (strcmp(ending, ".txt") == 0)
		err_set(err, ERR_INPUT,
			"is not in UTF-8; save it as \"Text, UTF-8\", or as "
			"PDF");
	else
		err_set(err, ERR_INPUT,
			"is called %s but is none inside; if it has a "
			"password, take that away, else save it again as %s",
			ending, ending);
}

const char *document_type(const char *file, const void *head, size_t size,
			  struct err *err)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (!ends_as(file, types[i].ending))
			continue;
		if (size > 0 && types[i].is_one(head, size))
			return types[i].type;
		refuse_content(types[i].ending, size, err);
		return NULL;
	}
	if (is_active(file))
		err_set(err, ERR_INPUT,
			"is of a kind that can carry programs; save it as PDF");
	else
		err_set(err, ERR_INPUT,
			"is of a kind that is not let in; allowed are pdf, "
			"docx, pptx, xlsx, odt, png, jpg, txt");
	return NULL;
}

/* --- keeping */

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, data, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data += put;
		size -= (size_t)put;
	}
	return true;
}

static bool fail_write(struct err *err)
{
	bool is_full = errno == ENOSPC || errno == EDQUOT;

	return err_errno(err, is_full ? ERR_FULL : ERR_SYSTEM,
			 "copying a document into the store");
}

/* All bytes from one to the other; the hash is of what was written. */
static bool copy(int from, int to, int64_t ceiling,
		 uint8_t ret_hash[CRYPTO_SHA256_SIZE], int64_t *ret_size,
		 struct err *err)
{
	struct crypto_hash *hash = crypto_hash_new();
	char *chunk = xmalloc(CHUNK_SIZE);
	int64_t size = 0;
	bool good = true;

	while (good) {
		ssize_t got = pread(from, chunk, CHUNK_SIZE, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			break;
		if (got < 0)
			good = err_errno(err, ERR_SYSTEM, "reading a document");
		else if ((size += got) > ceiling)
			good = err_set(err, ERR_BUSY, "grows while it is read");
		else if (!write_all(to, chunk, (size_t)got))
			good = fail_write(err);
		else
			crypto_hash_add(hash, chunk, (size_t)got);
	}
	crypto_hash_end(hash, ret_hash);
	free(chunk);
	*ret_size = size;
	return good;
}

static bool is_same(const struct stat *before, const struct stat *after)
{
	return before->st_size == after->st_size &&
	       before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
	       before->st_mtim.tv_nsec == after->st_mtim.tv_nsec;
}

static bool fill(int from, int to, int64_t ceiling,
		 char ret_name[DOCUMENT_NAME_SIZE], int64_t *ret_size,
		 struct err *err)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	struct stat before, after;

	if (fstat(from, &before) < 0)
		return err_errno(err, ERR_SYSTEM, "reading a document");
	if (!copy(from, to, ceiling, hash, ret_size, err))
		return false;
	if (fstat(from, &after) < 0 || !is_same(&before, &after))
		return err_set(err, ERR_BUSY, "changes while it is read");
	if (fchmod(to, 0640) < 0 || fsync(to) < 0)
		return fail_write(err);
	crypto_hex(hash, sizeof(hash), ret_name);
	return true;
}

bool document_keep(int fd, const char *folder, int64_t ceiling,
		   char ret_name[DOCUMENT_NAME_SIZE], int64_t *ret_size,
		   struct err *err)
{
	if (!file_make_folder(folder, 0750, err))
		return false;
	char *temporary = xasprintf("%s/" TEMPORARY "XXXXXX", folder);
	int to = mkostemp(temporary, O_CLOEXEC);
	bool good = to >= 0 ? fill(fd, to, ceiling, ret_name, ret_size, err)
			    : fail_write(err);
	if (to >= 0)
		close(to);
	if (good) {
		char *path = xasprintf("%s/%s", folder, ret_name);

		good = rename(temporary, path) == 0 || fail_write(err);
		free(path);
	}
	if (!good && to >= 0)
		unlink(temporary);
	free(temporary);
	return good;
}

void document_sweep(const char *folder, int64_t now)
{
	DIR *directory = opendir(folder);
	struct stat status;

	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));)
		if (text_starts(entry->d_name, TEMPORARY) &&
		    fstatat(dirfd(directory), entry->d_name, &status,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
		    status.st_mtime < now - SWEEP_SECONDS)
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
}
