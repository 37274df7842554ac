#include "web/limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/mem.h"

#define WAYS 8 /* places where a key may stand */

struct entry {
	uint64_t key;
	/* when all its failures will be forgotten: each adds refill_s */
	int64_t clear_at;
};

struct limit {
	int64_t burst, refill_s;
	size_t sets;
	struct entry entries[];
};

struct limit *limit_new(size_t keys, int burst, int64_t refill_s)
{
	assert(burst > 0 && refill_s > 0);
	size_t sets = (keys + WAYS - 1) / WAYS;
	struct limit *limit =
	    xcalloc(1, sizeof(*limit) + sets * WAYS * sizeof(struct entry));

	limit->burst = burst;
	limit->refill_s = refill_s;
	limit->sets = sets;
	return limit;
}

void limit_free(struct limit *limit)
{
	free(limit);
}

/* splitmix64's last step: near keys do not share a set */
static uint64_t mix(uint64_t key)
{
	key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
	key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
	return key ^ (key >> 31);
}

static size_t first_of_set(const struct limit *limit, uint64_t key)
{
	return (size_t)(mix(key) % limit->sets) * WAYS;
}

bool limit_allows(const struct limit *limit, uint64_t key, int64_t now,
		  int64_t *ret_wait_s)
{
	size_t first = first_of_set(limit, key);

	for (size_t i = first; i < first + WAYS; i++) {
		const struct entry *entry = &limit->entries[i];
		if (entry->key != key || entry->clear_at <= now)
			continue;
		/* the oldest of burst failures is forgotten at free_at */
		int64_t free_at =
		    entry->clear_at - (limit->burst - 1) * limit->refill_s;
		if (free_at <= now)
			return true;
		if (ret_wait_s)
			*ret_wait_s = free_at - now;
		return false;
	}
	return true;
}

void limit_count(struct limit *limit, uint64_t key, int64_t now)
{
	size_t first = first_of_set(limit, key);
	struct entry *chosen = &limit->entries[first];

	for (size_t i = first; i < first + WAYS; i++) {
		struct entry *entry = &limit->entries[i];
		if (entry->key == key && entry->clear_at > now) {
			chosen = entry;
			break;
		}
		if (entry->clear_at < chosen->clear_at)
			chosen = entry;
	}
	if (chosen->key != key || chosen->clear_at < now) {
		chosen->key = key;
		chosen->clear_at = now;
	}
	chosen->clear_at += limit->refill_s;
}

uint64_t limit_join(uint64_t left, uint64_t right)
{
	return mix(left) ^ right;
}

uint64_t limit_key(const char *address)
{
	uint8_t bytes[16];
	uint64_t key = 0;

	if (inet_pton(AF_INET6, address, bytes) == 1) {
		memcpy(&key, bytes, sizeof(key));
		return key;
	}
	if (inet_pton(AF_INET, address, bytes) == 1) {
		uint32_t number;
		memcpy(&number, bytes, sizeof(number));
		/* no network of IPv6 has these bytes in front */
		return 0xffffffff00000000u | number;
	}
	return 0;
}
