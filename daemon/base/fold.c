#include "base/fold.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* --- characters */

/* U+00C0 to U+017F, in rows of 32 */
static const char latin[] = "aaaaaaaceeeeiiiidnoooooxouuuuyts"
			    "aaaaaaaceeeeiiiidnooooo/ouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggg"
			    "gggghhhhiiiiiiiiiiiijjkkklllllll"
			    "lllnnnnnnnnnoooooooorrrrrrssssss"
			    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* from first to last: by, added to the code point; or the character to */
static const struct range {
	uint32_t first, last;
	int32_t by;
	char to; /* 1: nothing at all */
} ranges[] = {
    {0x01, 0x20, 0, ' '},         {0x7f, 0xa0, 0, ' '},
    {0xab, 0xab, 0, '"'},         {0xad, 0xad, 0, 1},
    {0xb4, 0xb4, 0, '\''},        {0xbb, 0xbb, 0, '"'},
    {0x218, 0x219, 0, 's'},       {0x21a, 0x21b, 0, 't'},
    {0x2bc, 0x2bc, 0, '\''},      {0x300, 0x36f, 0, 1},
    {0x391, 0x3a9, 0x20, 0},      {0x400, 0x40f, 0x50, 0},
    {0x410, 0x42f, 0x20, 0},      {0x451, 0x451, -0x1c, 0},
    {0x2000, 0x200a, 0, ' '},     {0x200b, 0x200f, 0, 1},
    {0x2010, 0x2015, 0, '-'},     {0x2018, 0x201b, 0, '\''},
    {0x201c, 0x201f, 0, '"'},     {0x2028, 0x2029, 0, ' '},
    {0x202f, 0x202f, 0, ' '},     {0x3000, 0x3000, 0, ' '},
    {0xfeff, 0xfeff, 0, 1},       {0xff01, 0xff20, -0xfee0, 0},
    {0xff21, 0xff3a, -0xfec0, 0}, {0xff3b, 0xff5e, -0xfee0, 0},
};

static uint32_t fold_point(uint32_t point)
{
	if (point > 0x20 && point < 0x7f)
		return point >= 'A' && point <= 'Z' ? point + 32 : point;
	if (point >= 0xc0 && point < 0x180)
		return (unsigned char)latin[point - 0xc0];
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return ranges[i].to ? (unsigned char)ranges[i].to
					    : point + (uint32_t)ranges[i].by;
	return point;
}

static void add_point(struct buf *out, uint32_t point)
{
	if (point < 0x80) {
		buf_addc(out, (char)point);
	} else if (point < 0x800) {
		buf_addc(out, (char)(0xc0 | point >> 6));
		buf_addc(out, (char)(0x80 | (point & 0x3f)));
	} else if (point < 0x10000) {
		buf_addc(out, (char)(0xe0 | point >> 12));
		buf_addc(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (point & 0x3f)));
	} else {
		buf_addc(out, (char)(0xf0 | point >> 18));
		buf_addc(out, (char)(0x80 | (point >> 12 & 0x3f)));
		buf_addc(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (point & 0x3f)));
	}
}

void fold_text(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		uint32_t point = '?';
		size_t length = text_decode(text + i, size - i, &point);

		i += length ? length : 1;
		point = fold_point(point);
		bool doubles = point == ' ' && out->size > 0 &&
			       out->data[out->size - 1] == ' ';
		if (point != 1 && !doubles)
			add_point(out, point);
	}
}

/* --- phrases */

static bool is_word(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool starts_word(const char *text, const char *at)
{
	return at == text || !is_word(at[0]) || !is_word(at[-1]);
}

/* A piece at `at`; its last space also stands for a word's end. Returns what
 * follows, or NULL. */
static const char *match_piece(const char *at, const char *piece, size_t size)
{
	if (strncmp(at, piece, size) == 0)
		return at + size;
	if (size > 1 && piece[size - 1] == ' ' &&
	    strncmp(at, piece, size - 1) == 0 && !is_word(at[size - 1]))
		return at + size - 1;
	return NULL;
}

/* The pieces from the second on, each within the gap behind the one before. */
static bool match_rest(const char *at, const char *phrase)
{
	while (*phrase == '*') {
		size_t size = strcspn(++phrase, "*");
		const char *end = NULL;

		for (size_t gap = 0; gap <= FOLD_GAP_MAX && !end; gap++, at++) {
			end = match_piece(at, phrase, size);
			if (!*at)
				break;
		}
		if (!end)
			return false;
		at = end;
		phrase += size;
	}
	return true;
}

/* phrase is not folded yet */
static const char *find_phrase(const char *folded, const char *phrase,
			       size_t phrase_size)
{
	const char *found = NULL, *end;
	struct buf spelt;

	buf_init(&spelt, FOLD_PHRASE_MAX);
	fold_text(&spelt, phrase, phrase_size);
	assert(!spelt.overflow && spelt.size > 0);
	size_t size = strcspn(spelt.data, "*");
	for (const char *at = folded; !found; at++) {
		at = strchr(at, spelt.data[0]);
		if (!at)
			break;
		end = match_piece(at, spelt.data, size);
		if (end && starts_word(folded, at) &&
		    match_rest(end, spelt.data + size))
			found = at;
	}
	buf_done(&spelt);
	return found;
}

const char *fold_find(const char *folded, const char *phrases)
{
	const char *first = NULL;

	while (*phrases) {
		size_t size = strcspn(phrases, "|");
		const char *found = find_phrase(folded, phrases, size);

		if (found && (!first || found < first))
			first = found;
		phrases += size;
		phrases += *phrases == '|';
	}
	return first;
}

bool fold_has(const char *folded, const char *phrases)
{
	while (*phrases) {
		size_t size = strcspn(phrases, "|");

		if (find_phrase(folded, phrases, size))
			return true;
		phrases += size;
		phrases += *phrases == '|';
	}
	return false;
}
