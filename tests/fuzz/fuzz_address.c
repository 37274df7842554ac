/* What passes can't inject anything, and passes again as the same address. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "core/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	char address_again[ADDRESS_SIZE], key_again[ADDRESS_SIZE];
	char masked[ADDRESS_MASK_SIZE];
	struct err err = {0};

	if (!address_parse((const char *)data, size, address, key, &err)) {
		assert(err.kind == ERR_INPUT && *err.text);
		return 0;
	}
	for (const char *c = address; *c; c++)
		assert(*c > ' ' && *c <= '~' && !strchr("<>()[],;:\\\"", *c));
	const char *at = strchr(address, '@');
	assert(at && at == strrchr(address, '@') && at - address <= 64);
	assert(strlen(at) > 3 && strcmp(at, strchr(key, '@')) == 0);
	assert(address_parse(address, strlen(address), address_again, key_again,
			     NULL));
	assert(!strcmp(address, address_again) && !strcmp(key, key_again));
	assert(address_parse(key, strlen(key), address_again, key_again, NULL));
	assert(!strcmp(key, address_again) && !strcmp(key, key_again));
	address_mask(address, masked);
	assert(masked[0] == address[0] && !strcmp(strchr(masked, '@'), at));
	return 0;
}
