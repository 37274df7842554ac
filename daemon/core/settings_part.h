#ifndef CORE_SETTINGS_PART_H
#define CORE_SETTINGS_PART_H

/*
 * What the parts of the settings share while they are read: where a fault is
 * told, and questions that more than one part asks. For core/settings and the
 * modules settings_*, each of which has a table, checks what the table can't
 * know and completes what was left out.
 *
 *	if (!is_good(relay->host))
 *		settings_complain(source, problems, "relays.[0].host",
 *				  "is no name of a server");
 */
#include <stdbool.h>
#include <stddef.h>

#include "tools/config.h"

struct arena;
struct problems;
struct relay_settings;

/* The file as it was read. */
struct settings_source {
	const char *name, *text;
	size_t size;
};

/* Adds a problem with the line that path (as config_find_line takes it) stands
 * on; the person reads it without the number of the item: "relays.host". */
void settings_complain(const struct settings_source *source,
		       struct problems *problems, const char *path,
		       const char *why);

/* Is the text a host of this machine, whatever follows behind ":" or "/"? */
bool settings_is_loopback(const char *host);

/* --- relays: core/settings_relay */

extern const struct config_setting settings_relay_table[];

/* what the table can't know; every one is told */
void settings_relay_check(const struct relay_settings *relays, size_t count,
			  const char *oauth_token_url,
			  const struct settings_source *source,
			  struct problems *problems);

/* a name for each, and absolute paths; folder: where relative ones start */
void settings_relay_complete(struct relay_settings *relays, size_t count,
			     const char *folder, struct arena *arena);

/* --- the mailbox: core/settings_mailbox */

struct mailbox_settings;
void settings_mailbox_check(const struct mailbox_settings *mailbox,
			    const char *oauth_token_url,
			    const struct settings_source *source,
			    struct problems *problems);

/* path as it is, or below the folder when it is relative and not empty */
const char *settings_absolute(struct arena *arena, const char *folder,
			      const char *path);

#endif
