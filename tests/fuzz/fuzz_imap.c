#include <libetpan/mailstream.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "doors/imap.h"
#include "doors/imap_line.h"
#include "doors/mailbag.h"

/* libetpan makes room for what a literal announces ("{2147483648}"); in the
 * errand that fails at its limit of memory. */
static bool announces_too_much(const uint8_t *data, size_t size)
{
	size_t digits = 0;
	bool is_literal = false;

	for (size_t i = 0; i < size; i++) {
		bool is_digit = data[i] >= '0' && data[i] <= '9';

		is_literal = data[i] == '{' || (is_literal && is_digit);
		digits = is_literal && is_digit ? digits + 1 : 0;
		if (digits > 8)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libetpan forgets what it read of an answer that breaks off. It does so in a
 * process that ends with the connection. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libetpan\n";
}

/* An IMAP server that is logged in to and then says what it likes, whatever it
 * is asked. This line takes the place of doors/imap_line. */
struct imap_line {
	const uint8_t *data;
	size_t size;
};

static struct imap_line said;

struct imap_line *imap_line_open(const struct imap_account *account,
				 struct err *err)
{
	(void)account;
	(void)err;
	return &said;
}

bool imap_line_wait(struct imap_line *line, int timeout_ms)
{
	(void)timeout_ms;
	return line->size > 0;
}

static ssize_t say(mailstream_low *low, void *data, size_t size)
{
	struct imap_line *line = low->data;

	if (line->size == 0)
		return -1;
	if (size > line->size)
		size = line->size;
	memcpy(data, line->data, size);
	line->data += size;
	line->size -= size;
	return (ssize_t)size;
}

static ssize_t hear(mailstream_low *low, const void *data, size_t size)
{
	(void)low;
	(void)data;
	return (ssize_t)size;
}

static int nothing(mailstream_low *low)
{
	(void)low;
	return -1;
}

static void release(mailstream_low *low)
{
	free(low);
}

mailstream *imap_line_stream(struct imap_line *line)
{
	static mailstream_low_driver driver = {
	    .mailstream_read = say,
	    .mailstream_write = hear,
	    .mailstream_close = nothing,
	    .mailstream_get_fd = nothing,
	    .mailstream_free = release,
	};

	return mailstream_new(mailstream_low_new(line, &driver), 8192);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct imap_account account = {.host = "fuzz",
						    .folder = "INBOX"};
	struct mailbag_mail mail;
	struct mailbag bag;
	struct buf out;
	struct err err;
	bool flag;

	if (announces_too_much(data, size))
		return 0;
	said = (struct imap_line){data, size};
	struct imap *imap = imap_open(&account, &err);
	if (!imap)
		return 0;
	buf_init(&out, 64 * 1024);
	if (imap_fetch(imap, 3, 1024, &out, &err)) {
		bag = (struct mailbag){out.data, out.size};
		if (!mailbag_begin(&bag, &flag))
			abort();
		while (mailbag_take(&bag, &mail))
			if (mail.size > 1024 ||
			    !imap_move(imap, mail.place, "done", &err))
				break;
		if (bag.size == 0)
			imap_wait(imap, 0, &flag, &err);
	}
	buf_done(&out);
	imap_close(imap);
	return 0;
}
