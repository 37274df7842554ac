#include "core/share.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct used {
	int64_t domain;
	size_t mails;
};

struct share {
	size_t connections;
	struct used *used; /* domains with mails on their way */
	size_t count;      /* of them: at most connections */
	int64_t cursor;
};

struct share *share_new(size_t connections)
{
	struct share *share = xcalloc(1, sizeof(*share));

	assert(connections > 0);
	share->connections = connections;
	share->used = xcalloc(connections, sizeof(*share->used));
	share->cursor = -1;
	return share;
}

void share_free(struct share *share)
{
	if (!share)
		return;
	free(share->used);
	free(share);
}

/* FNV-1a, 32 bits (Fowler, Noll, Vo) */
int64_t share_domain(const char *address)
{
	const char *at = strrchr(address, '@');
	uint32_t hash = 2166136261;

	for (at = at ? at + 1 : address; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte >= 'A' && byte <= 'Z')
			byte += 'a' - 'A';
		hash = (hash ^ byte) * 16777619;
	}
	return hash;
}

static struct used *find(const struct share *share, int64_t domain)
{
	for (size_t i = 0; i < share->count; i++)
		if (share->used[i].domain == domain)
			return &share->used[i];
	return NULL;
}

bool share_allows(const struct share *share, int64_t domain)
{
	const struct used *used = find(share, domain);
	size_t domains = share->count + (used ? 0 : 1);
	size_t part = (share->connections + domains) / (domains + 1);

	return !used || used->mails < part;
}

void share_begin(struct share *share, int64_t domain)
{
	struct used *used = find(share, domain);

	if (!used) {
		assert(share->count < share->connections);
		used = &share->used[share->count++];
		*used = (struct used){.domain = domain};
	}
	used->mails++;
}

void share_end(struct share *share, int64_t domain)
{
	struct used *used = find(share, domain);

	assert(used && used->mails > 0);
	if (--used->mails == 0)
		*used = share->used[--share->count];
}

int64_t share_cursor(const struct share *share)
{
	return share->cursor;
}

void share_set_cursor(struct share *share, int64_t domain)
{
	share->cursor = domain;
}
