#include "tools/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define NAME_MAX_SIZE 40

/* What mails say, and what iconv is asked for: names that it does not know, and
 * charsets whose name is used for a larger one. */
static const struct {
	const char *said, *meant;
} names[] = {
    {"us-ascii", "windows-1252"},
    {"ascii", "windows-1252"},
    {"ansi_x3.4-1968", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", "windows-1254"},
    {"tis-620", "windows-874"},
    {"gb2312", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"ks_c_5601-1987", "cp949"},
    {"euc-kr", "cp949"},
    {"ks_c_5601", "cp949"},
    {"shift_jis", "cp932"},
    {"shift-jis", "cp932"},
    {"x-sjis", "cp932"},
    {"sjis", "cp932"},
    {"big5", "big5-hkscs"},
    {"x-mac-roman", "macintosh"},
    {"unicode-1-1-utf-7", "utf-7"},
};

static const char *const usual[] = {
    "windows-1250", "windows-1251", "windows-1252", "windows-1253",
    "windows-1254", "windows-1255", "windows-1256", "windows-1257",
    "windows-1258", "windows-874",  "iso-8859-2",   "iso-8859-3",
    "iso-8859-4",   "iso-8859-5",   "iso-8859-6",   "iso-8859-7",
    "iso-8859-8",   "iso-8859-10",  "iso-8859-13",  "iso-8859-14",
    "iso-8859-15",  "iso-8859-16",  "koi8-r",       "koi8-u",
    "gb18030",      "big5-hkscs",   "cp932",        "iso-2022-jp",
    "euc-jp",       "cp949",        "iso-2022-kr",  "utf-7",
    "utf-16",       "macintosh",    "cp437",        "cp850",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *meant(const char *said)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcasecmp(said, names[i].said) == 0)
			return names[i].meant;
	return said;
}

/* no "//TRANSLIT" and no path */
static bool is_name(const char *charset)
{
	return charset && charset[0] && strlen(charset) <= NAME_MAX_SIZE &&
	       charset[strspn(charset, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				       "abcdefghijklmnopqrstuvwxyz-_.:+")] ==
		   '\0';
}

static void add_without_nul(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_addc(out, text[i] ? text[i] : ' ');
}

/* Byte by byte where something is wrong; what was right before stays. */
static void convert(struct buf *out, iconv_t from, const char *bytes,
		    size_t size)
{
	char *in = (char *)(uintptr_t)bytes;
	char room[4096];

	while (size > 0 && !out->overflow) {
		char *end = room;
		size_t left = sizeof(room);
		size_t result = iconv(from, &in, &size, &end, &left);
		bool is_wrong = result == (size_t)-1 && errno != E2BIG;

		add_without_nul(out, room, (size_t)(end - room));
		if (is_wrong && size > 0) {
			buf_adds(out, REPLACEMENT);
			in++;
			size--;
		}
	}
}

static void add_utf8(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size && !out->overflow;) {
		size_t bad = size - i;

		text_is_utf8(text + i, size - i, &bad);
		buf_add(out, text + i, bad);
		i += bad;
		if (i < size)
			buf_adds(out, text[i++] ? REPLACEMENT : " ");
	}
}

void charset_to_utf8(struct buf *out, const char *charset, const char *bytes,
		     size_t size)
{
	const char *name = is_name(charset) ? meant(charset) : "";
	iconv_t from = (iconv_t)-1;

	/* many say ASCII or Latin 1 and send UTF-8 */
	bool may_be_utf8 = !name[0] || strcasecmp(name, "windows-1252") == 0;
	if (strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0 ||
	    (may_be_utf8 && text_is_utf8(bytes, size, NULL))) {
		add_utf8(out, bytes, size);
		return;
	}
	if (name[0])
		from = iconv_open("utf-8", name);
	if (from == (iconv_t)-1)
		from = iconv_open("utf-8", "windows-1252");
	if (from == (iconv_t)-1) {
		add_utf8(out, bytes, size);
		return;
	}
	convert(out, from, bytes, size);
	iconv_close(from);
}

void charset_prepare(void)
{
	/* never closed: the tables stay as long as the process */
	for (size_t i = 0; i < COUNT(usual); i++)
		iconv_open("utf-8", usual[i]);
}
