#include "tools/config.h"

#include <libconfig.h>
#include <string.h>

#include "base/buf.h"
#include "base/problems.h"
#include "tools/config_source.h"

/* Reads the text a second time: that costs the good case nothing. What is wrong
 * with it was said when it was read first. */
int config_find_line(const char *text, size_t size, const char *path)
{
	struct problems said = {0};
	struct buf source;
	config_t config;
	int line = 0;

	if (size > CONFIG_SIZE_MAX)
		return 0;
	buf_init(&source, CONFIG_SOURCE_MAX);
	config_init(&config);
	if (config_source_prepare("", text, size, &source, &said) &&
	    config_read_string(&config, source.data)) {
		config_setting_t *found = config_lookup(&config, path);

		line = found ? config_setting_source_line(found) : 0;
	}
	config_destroy(&config);
	buf_done(&source);
	problems_done(&said);
	return line;
}
