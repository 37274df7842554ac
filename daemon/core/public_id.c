#include "core/public_id.h"

#include <stdint.h>

#include "base/base32.h"
#include "tools/crypto.h"

void public_id_make(char ret[PUBLIC_ID_SIZE])
{
	uint8_t random[16];

	crypto_random(random, sizeof(random));
	base32_format_bits(random, PUBLIC_ID_DIGITS, ret);
}
