#ifndef CORE_PACK_PART_H
#define CORE_PACK_PART_H

/* What the pack modules share: the pack being made, and its parts. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/pack.h"

struct archive_out;
struct arena;

struct pack {
	struct db *db;
	const struct settings *settings;
	const struct template_set *templates;
	const struct pack_wish *wish;
	struct arena *arena;
	struct archive_out *zip;
	struct buf sums; /* SHA256SUMS, as it grows */
	int64_t as_of;   /* when the checkpoint was made */
	size_t leaf_count;
};

/* Adds a file, which is emptied. */
bool pack_add(struct pack *pack, const char *name, struct buf *data,
	      struct err *err);
/* A CSV record of texts; NULL is an empty field. */
void pack_record(struct buf *out, const char *const *fields, size_t count);

bool pack_lists(struct pack *pack, struct err *err);
bool pack_mail(struct pack *pack, struct err *err);
bool pack_ledger(struct pack *pack, struct err *err);

#endif
