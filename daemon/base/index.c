#include "base/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ROOM_FIRST 64

void index_done(struct index *index)
{
	free(index->slots);
	*index = (struct index){0};
}

static uint64_t mix(uint64_t number)
{
	number ^= number >> 32;
	number *= UINT64_C(0x9e3779b97f4a7c15);
	number ^= number >> 29;
	number *= UINT64_C(0xbf58476d1ce4e5b9);
	return number ^ number >> 32;
}

uint64_t index_hash(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t hash = size;

	for (; size >= 8; size -= 8, bytes += 8) {
		uint64_t part;

		memcpy(&part, bytes, 8);
		hash = mix(hash ^ part);
	}
	for (; size > 0; size--)
		hash = mix(hash ^ *bytes++);
	return hash;
}

uint64_t index_hash_numbers(uint64_t first, uint64_t second)
{
	return mix(mix(first) ^ second);
}

size_t index_find(const struct index *index, uint64_t hash, index_same *same,
		  const void *array, const void *key)
{
	if (index->room == 0)
		return INDEX_NONE;
	for (size_t at = hash & (index->room - 1);;
	     at = (at + 1) & (index->room - 1)) {
		const struct index_slot *slot = &index->slots[at];

		if (slot->position == 0)
			return INDEX_NONE;
		if (slot->hash == hash && same(array, slot->position - 1, key))
			return slot->position - 1;
	}
}

static void place(struct index *index, struct index_slot slot)
{
	size_t at = slot.hash & (index->room - 1);

	while (index->slots[at].position)
		at = (at + 1) & (index->room - 1);
	index->slots[at] = slot;
}

static void grow(struct index *index)
{
	struct index old = *index;

	index->room = old.room ? old.room * 2 : ROOM_FIRST;
	index->slots = xcalloc(index->room, sizeof(*index->slots));
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].position)
			place(index, old.slots[i]);
	free(old.slots);
}

void index_add(struct index *index, uint64_t hash, size_t position)
{
	if (index->count >= index->room / 4 * 3)
		grow(index);
	place(index, (struct index_slot){hash, position + 1});
	index->count++;
}
