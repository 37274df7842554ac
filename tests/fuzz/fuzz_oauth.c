/* What a token server answers: what is read of it injects nothing, and is what
 * the daemon takes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/oauth.h"

static void check_token(const char *text)
{
	const char *token;
	int64_t seconds;

	if (!oauth_parse(text, &seconds, &token, NULL))
		return;
	assert(seconds > 0 && *token && strlen(token) <= OAUTH_TOKEN_MAX);
	for (const char *at = token; *at; at++)
		assert(*at > ' ' && *at <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = {0};
	struct buf out, whole;

	buf_init(&whole, 1024 * 1024);
	buf_add(&whole, text, size);
	check_token(whole.data);
	buf_init(&out, OAUTH_TOKEN_MAX + 64);
	if (oauth_read(whole.data, size, &out, &err)) {
		const char *token;
		int64_t seconds;
		bool good = oauth_parse(out.data, &seconds, &token, NULL);

		assert(!out.overflow && good);
		check_token(out.data);
	} else {
		assert(err.kind != ERR_NONE && *err.text);
	}
	buf_done(&out);
	buf_done(&whole);
	return 0;
}
