#ifndef BASE_INDEX_H
#define BASE_INDEX_H

/*
 * Finds entries of somebody's array by what is in them: a hash table of
 * positions. It owns no entry and knows none: whoever asks says how an entry is
 * told to be the one. 16 bytes for each entry, twice when it has just grown.
 *
 *	struct index index = {0};
 *	size_t at = index_find(&index, index_hash(id, size), same, people, id);
 *	if (at == INDEX_NONE)
 *		index_add(&index, hash, people_count++);
 *	index_done(&index);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE SIZE_MAX

struct index {
	struct index_slot {
		uint64_t hash;
		size_t position; /* and 1; 0: free */
	} * slots;
	size_t room, count; /* room: a power of two */
};

void index_done(struct index *index);

/* Good enough for a table, and nothing else. */
uint64_t index_hash(const void *data, size_t size);
uint64_t index_hash_numbers(uint64_t first, uint64_t second);

/* Is the entry at that position of the array the one with that key? */
typedef bool index_same(const void *array, size_t position, const void *key);

size_t index_find(const struct index *index, uint64_t hash, index_same *same,
		  const void *array, const void *key);
/* One that was not found. */
void index_add(struct index *index, uint64_t hash, size_t position);

#endif
