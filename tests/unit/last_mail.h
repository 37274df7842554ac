#ifndef TESTS_LAST_MAIL_H
#define TESTS_LAST_MAIL_H

/*
 * The mail that was queued last, as its reader would get it, for the cases of
 * notices. Included behind store.h; its links are signed with a key of the
 * tests' own, for delivery 9.
 */
#include "base/buf.h"
#include "core/letter.h"
#include "core/link.h"
#include "core/settings.h"
#include "store.h"

/* in the store's arena */
static inline const char *last_mail_to(struct store *store,
				       const struct settings *settings,
				       const char *address, const char *name)
{
	static const struct link_key key = {.id = 'a',
					    .key = "a key of this test's own"};
	struct letter_person person;
	struct letter letter;
	struct buf out;

	store_check(store, letter_load(store->db,
				       store_number(
					   store, "SELECT max(id) FROM letter"),
				       &letter, &store->err));
	letter_person_make(settings, &key, 9, address, name, store->arena,
			   &person);
	buf_init(&out, LETTER_MAX_SIZE);
	store_check(store,
		    letter_assemble(&letter, &person, &out, &store->err));
	const char *mail = arena_strdup(store->arena, out.data);
	buf_done(&out);
	letter_done(&letter);
	return mail;
}

#endif
