#include "doors/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_ipv4(const struct peer_address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

static bool parse_address(const char *text, struct peer_address *ret_address)
{
	struct peer_address address;

	memcpy(address.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, address.bytes + 12) != 1 &&
	    inet_pton(AF_INET6, text, address.bytes) != 1)
		return false;
	*ret_address = address;
	return true;
}

static void format_address(const struct peer_address *address,
			   char ret_text[PEER_SIZE])
{
	if (is_ipv4(address))
		inet_ntop(AF_INET, address->bytes + 12, ret_text, PEER_SIZE);
	else
		inet_ntop(AF_INET6, address->bytes, ret_text, PEER_SIZE);
}

bool peer_parse_net(const char *text, struct peer_net *ret_net, struct err *err)
{
	struct peer_net net = {.bits = 128};
	char address[PEER_SIZE];
	size_t size = strcspn(text, "/");
	long long bits;

	snprintf(address, sizeof(address), "%.*s", (int)size, text);
	if (size >= sizeof(address) || !parse_address(address, &net.address))
		return err_set(err, ERR_INPUT,
			       "trusted proxy \"%s\": not an address", text);
	if (text[size] == '/') {
		int width = strchr(address, ':') ? 128 : 32;

		if (!text_parse_integer(text + size + 1, 0, width, &bits))
			return err_set(err, ERR_INPUT,
				       "trusted proxy \"%s\": the length after "
				       "\"/\" is 0 to %d",
				       text, width);
		net.bits = (int)bits + 128 - width;
	}
	*ret_net = net;
	return true;
}

static bool is_within(const struct peer_address *address,
		      const struct peer_net *net)
{
	int whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(address->bytes, net->address.bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 ||
	       ((address->bytes[whole] ^ net->address.bytes[whole]) & mask) ==
		   0;
}

static bool is_trusted(const struct peer_address *address,
		       const struct peer_net *trusted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_within(address, &trusted[i]))
			return true;
	}
	return false;
}

/* One entry of X-Forwarded-For; some proxies write "1.2.3.4:80" or "[::1]:80".
 */
static bool parse_entry(const char *text, size_t size,
			struct peer_address *ret_address)
{
	char copy[PEER_SIZE];

	if (size >= sizeof(copy))
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	char *entry = text_trim(copy);
	char *colon = strchr(entry, ':');
	if (entry[0] == '[') {
		entry++;
		entry[strcspn(entry, "]")] = '\0';
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
	}
	return parse_address(entry, ret_address);
}

/* Takes the last entry off the list; false when there is none left. */
static bool take_last(const char *list, size_t *size, const char **ret_entry,
		      size_t *ret_size)
{
	size_t start = *size;

	if (*size == 0)
		return false;
	while (start > 0 && list[start - 1] != ',')
		start--;
	*ret_entry = list + start;
	*ret_size = *size - start;
	*size = start > 0 ? start - 1 : 0;
	return true;
}

static bool peer_of(const struct sockaddr *peer,
		    struct peer_address *ret_address)
{
	/* sockaddr's families overlay each other by the system's design */
	const void *any = peer;

	if (peer && peer->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = any;

		memcpy(ret_address->bytes, &in6->sin6_addr, 16);
		return true;
	}
	if (peer && peer->sa_family == AF_INET) {
		const struct sockaddr_in *in = any;

		memcpy(ret_address->bytes, mapped, sizeof(mapped));
		memcpy(ret_address->bytes + 12, &in->sin_addr, 4);
		return true;
	}
	return false;
}

void peer_format_client(const struct sockaddr *peer, const char *forwarded,
			const struct peer_net *trusted, size_t count,
			char ret_text[PEER_SIZE])
{
	struct peer_address client, next;
	bool is_known = peer_of(peer, &client);
	size_t left = forwarded ? strlen(forwarded) : 0, size;
	const char *entry;

	while ((!is_known || is_trusted(&client, trusted, count)) &&
	       take_last(forwarded, &left, &entry, &size) &&
	       parse_entry(entry, size, &next)) {
		client = next;
		is_known = true;
	}
	ret_text[0] = '\0';
	if (is_known)
		format_address(&client, ret_text);
}
