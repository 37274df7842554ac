/* What a reader sees of a letter: one part, decoded. It knows our own letters
 * only; a mail from elsewhere is not for it. */
#include "core/letter.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/letter_view.h"

static int hex_value(char digit)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

void letter_decode(const char *text, size_t size, struct buf *out)
{
	const char *end = text + size;

	while (text < end) {
		size_t left = (size_t)(end - text);

		if (left >= 2 && text[0] == '\r' && text[1] == '\n') {
			buf_addc(out, '\n');
			text += 2;
		} else if (left >= 3 && text[0] == '=' && text[1] == '\r') {
			text += 3;
		} else if (left >= 3 && text[0] == '=' &&
			   hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
			buf_addc(out, (char)(hex_value(text[1]) << 4 |
					     hex_value(text[2])));
			text += 3;
		} else {
			buf_addc(out, *text++);
		}
	}
}

static bool show_part(const struct letter *letter,
		      const struct letter_person *person, const char *head,
		      struct buf *out, struct err *err)
{
	struct buf mail;
	bool good;

	buf_init(&mail, LETTER_MAX_SIZE);
	good = letter_assemble(letter, person, &mail, err);
	if (good) {
		const char *text = strstr(mail.data, head);
		const char *end = text ? strstr(text, "\r\n--=_") : NULL;

		good = end || err_set(err, ERR_SYSTEM,
				      "letter %lld is damaged: a part is "
				      "missing",
				      (long long)letter->id);
		if (end)
			letter_decode(text + strlen(head),
				      (size_t)(end - text) - strlen(head), out);
	}
	buf_done(&mail);
	if (good && out->overflow)
		return err_set(err, ERR_FULL,
			       "the text is larger than %zu "
			       "bytes",
			       out->ceiling);
	return good;
}

bool letter_show_text(const struct letter *letter,
		      const struct letter_person *person, struct buf *out,
		      struct err *err)
{
	return show_part(letter, person, LETTER_TEXT_HEAD, out, err);
}

bool letter_show_html(const struct letter *letter,
		      const struct letter_person *person, struct buf *out,
		      struct err *err)
{
	return show_part(letter, person, LETTER_HTML_HEAD, out, err);
}
