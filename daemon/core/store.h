#ifndef CORE_STORE_H
#define CORE_STORE_H

/* Where the store is, and where it is at home. */
struct err;
struct settings;

char *store_path(const struct settings *settings); /* free() it */

/* This machine and this very file as one text: a store that comes up under
 * another name was restored or cloned (invariant 9). free() it. */
char *store_home(const struct settings *settings, struct err *err);

#endif
