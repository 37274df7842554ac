#include "tools/db_gaps.h"

#include <assert.h>
#include <string.h>

#include <sqlite3.h>

#define PAGE_MAX_SIZE 65536
#define PAGE_MIN_SIZE 512
#define FILE_HEADER_SIZE 100 /* before the first page's own */
#define FRAGMENTS_MAX 60

/* Pages that hold no rows begin with a page's number, whose first byte is 0 as
 * long as the file has fewer than 2^24 pages: only then can't one be taken for
 * a page of rows. Half of that, for the file may still grow while it is written
 * to. */
#define PAGES_MAX (INT64_C(1) << 23)

/* SQLite's own methods of a file, and the same with another xWrite. */
static const struct sqlite3_io_methods *original;
static struct sqlite3_io_methods methods;

static size_t number_at(const uint8_t *page, size_t at)
{
	return (size_t)page[at] << 8 | page[at + 1];
}

/* Which page is whose parent, for auto_vacuum: each entry has 5 bytes. */
static bool is_map(size_t size, int64_t number)
{
	int64_t pages = (int64_t)(size / 5) + 1;

	return number >= 2 && (number - 2) % pages == 0;
}

/* the size of the page's own header; 0: it is no page of rows */
static size_t header_size(uint8_t kind)
{
	switch (kind) {
	case 2: /* inner pages have a right-most child */
	case 5:
		return 12;
	case 10:
	case 13:
		return 8;
	default:
		return 0;
	}
}

static bool are_rows_behind(const uint8_t *page, size_t size, size_t directory,
			    size_t count, size_t to)
{
	for (size_t i = 0; i < count; i++) {
		size_t row = number_at(page, directory + 2 * i);

		if (row < to || row >= size)
			return false;
	}
	return true;
}

bool db_gaps_find(const uint8_t *page, size_t size, int64_t number,
		  size_t *ret_from, size_t *ret_to)
{
	size_t at = number == 1 ? FILE_HEADER_SIZE : 0;
	size_t header = header_size(page[at]);

	if (header == 0 || is_map(size, number))
		return false;
	size_t count = number_at(page, at + 3);
	size_t free_block = number_at(page, at + 1);
	size_t to = number_at(page, at + 5);
	size_t from = at + header + 2 * count;
	if (to == 0)
		to = PAGE_MAX_SIZE; /* two bytes can't say it */
	if (from > to || to > size || page[at + 7] > FRAGMENTS_MAX ||
	    (free_block != 0 && free_block < to) ||
	    !are_rows_behind(page, size, at + header, count, to))
		return false;
	*ret_from = from;
	*ret_to = to;
	return true;
}

static bool is_whole_page(int size, sqlite3_int64 offset)
{
	return size >= PAGE_MIN_SIZE && size <= PAGE_MAX_SIZE &&
	       (size & (size - 1)) == 0 && offset % size == 0;
}

static bool is_small_enough(sqlite3_file *file, int page_size)
{
	sqlite3_int64 size;

	return original->xFileSize(file, &size) == SQLITE_OK &&
	       size / page_size < PAGES_MAX;
}

static int write_page(sqlite3_file *file, const void *data, int size,
		      sqlite3_int64 offset)
{
	uint8_t page[PAGE_MAX_SIZE];
	size_t from, to;

	if (!is_whole_page(size, offset) || !is_small_enough(file, size) ||
	    !db_gaps_find(data, (size_t)size, offset / size + 1, &from, &to))
		return original->xWrite(file, data, size, offset);
	memcpy(page, data, (size_t)size);
	memset(page + from, 0, to - from);
	return original->xWrite(file, page, size, offset);
}

void db_gaps_close(struct sqlite3 *handle)
{
	sqlite3_file *file = NULL;

	sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	assert(file && file->pMethods);
	if (!original) {
		original = file->pMethods;
		methods = *original;
		methods.xWrite = write_page;
	}
	/* on one kind of file system, as those of one board are */
	if (file->pMethods == original)
		file->pMethods = &methods;
}
