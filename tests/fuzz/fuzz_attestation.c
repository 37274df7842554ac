/* Any bytes as a sheet's scan and as what a lead typed: a scan is of one of
 * three kinds or refused, a wish that passes is within its bounds, and
 * addresses are whole, comparable and no more than a sheet has. The first byte
 * parts the rest. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/address.h"
#include "core/attestation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_addresses(const char *text, size_t size, struct arena *arena,
			     const char ***ret)
{
	struct problems problems = {0};
	size_t count = 0;

	if (attestation_read_addresses(text, size, arena, ret, &count,
				       &problems)) {
		assert(problems.count == 0 && count <= ATTESTATION_PEOPLE_MAX);
		for (size_t i = 0; i < count; i++) {
			char address[ADDRESS_SIZE], key[ADDRESS_SIZE];

			assert(address_parse((*ret)[i], strlen((*ret)[i]),
					     address, key, NULL));
			assert(strcmp(key, (*ret)[i]) == 0);
		}
	} else {
		assert(problems.count > 0);
		count = 0;
	}
	free(problems_format(&problems));
	problems_done(&problems);
	return count;
}

static void check_wish(const struct attestation_wish *wish)
{
	struct err err = {0};
	struct civil day;

	if (!attestation_check(wish, &err)) {
		assert(err.kind == ERR_INPUT && *err.text);
		return;
	}
	assert(attestation_scan_type(wish->scan, wish->scan_size));
	assert(wish->scan_size <= ATTESTATION_SCAN_MAX);
	assert(civil_parse_date(wish->signed_on, &day));
	assert(text_is_utf8(wish->note, strlen(wish->note), NULL));
	assert(strlen(wish->note) <= ATTESTATION_TEXT_MAX);
	assert(wish->address_count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char **keys = NULL;
	size_t cut;

	if (size == 0)
		data = (const uint8_t *)"", size = 1;
	const char *rest = (const char *)data + 1;
	size--;
	cut = data[0] < size ? data[0] : size;
	struct attestation_wish wish = {
	    .ref = "LTB-1",
	    .list = "police",
	    .signed_on = arena_strndup(arena, rest, cut < 10 ? cut : 10),
	    .address_count = read_addresses(rest, cut, arena, &keys),
	    .scan = rest + cut,
	    .scan_size = size - cut,
	    .note = arena_strndup(arena, rest, cut),
	};
	wish.address_keys = keys;
	check_wish(&wish);
	/* also where all but the scan is right */
	static const char *const one[] = {"a@x.example"};
	wish.address_keys = one;
	wish.address_count = 1;
	wish.signed_on = "2026-11-20";
	check_wish(&wish);
	arena_free(arena);
	return 0;
}
