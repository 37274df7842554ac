#include "run/letters.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/letter.h"

#define LETTERS_KEPT 16

/* One loaded letter; a use is a counted pointer to it. */
struct letter_use {
	struct letter letter;
	struct letters *letters;
	size_t users;
};

struct letters {
	struct db *db;
	struct letter_use *kept[LETTERS_KEPT]; /* most recently used first */
};

struct letters *letters_new(struct db *db)
{
	struct letters *letters = xcalloc(1, sizeof(*letters));

	letters->db = db;
	return letters;
}

static void use_free(struct letter_use *use)
{
	letter_done(&use->letter);
	free(use);
}

void letters_free(struct letters *letters)
{
	if (!letters)
		return;
	for (size_t i = 0; i < LETTERS_KEPT && letters->kept[i]; i++) {
		assert(letters->kept[i]->users == 0);
		use_free(letters->kept[i]);
	}
	free(letters);
}

static bool is_kept(const struct letter_use *use)
{
	for (size_t i = 0; i < LETTERS_KEPT; i++)
		if (use->letters->kept[i] == use)
			return true;
	return false;
}

/* puts use first; what falls off the end goes when its last user ends */
static void keep_first(struct letters *letters, struct letter_use *use,
		       size_t was_at)
{
	if (was_at == LETTERS_KEPT) {
		struct letter_use *last = letters->kept[LETTERS_KEPT - 1];

		was_at = LETTERS_KEPT - 1;
		letters->kept[was_at] = NULL;
		if (last && last->users == 0)
			use_free(last);
	}
	memmove(&letters->kept[1], &letters->kept[0],
		was_at * sizeof(letters->kept[0]));
	letters->kept[0] = use;
}

struct letter_use *letters_use(struct letters *letters, int64_t letter_id,
			       struct err *err)
{
	for (size_t i = 0; i < LETTERS_KEPT && letters->kept[i]; i++) {
		struct letter_use *use = letters->kept[i];

		if (use->letter.id != letter_id)
			continue;
		keep_first(letters, use, i);
		use->users++;
		return use;
	}
	struct letter_use *use = xcalloc(1, sizeof(*use));
	if (!letter_load(letters->db, letter_id, &use->letter, err)) {
		free(use);
		return NULL;
	}
	use->letters = letters;
	use->users = 1;
	keep_first(letters, use, LETTERS_KEPT);
	return use;
}

const struct letter *letter_use_get(const struct letter_use *use)
{
	return &use->letter;
}

void letter_use_end(struct letter_use *use)
{
	if (!use)
		return;
	assert(use->users > 0);
	if (--use->users == 0 && !is_kept(use))
		use_free(use);
}
