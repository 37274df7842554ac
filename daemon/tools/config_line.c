#include "tools/config.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Reads the text a second time: that costs the good case nothing. The walk has
 * refused @include and said so; it must not open a file here, either. */
int config_find_line(const char *text, size_t size, const char *path)
{
	config_t config;
	int line = 0;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	char *copy = xstrndup(text, size);
	if (size <= CONFIG_SIZE_MAX && !strstr(copy, "@include")) {
		config_init(&config);
		if (config_read_string(&config, copy)) {
			config_setting_t *found = config_lookup(&config, path);

			line = found ? config_setting_source_line(found) : 0;
		}
		config_destroy(&config);
	}
	free(copy);
	return line;
}
