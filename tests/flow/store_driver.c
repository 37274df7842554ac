/*
 * store_driver FILE: makes an empty store, as the first start of a daemon does
 * before it has read anything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "tools/db.h"

int main(int argc, char **argv)
{
	struct err err = {0};
	struct db *db = argc == 2 ? db_open(argv[1], DB_CREATE, 0, &err) : NULL;

	if (!db) {
		fprintf(stderr, "store_driver: %s\n", err.text);
		return EXIT_FAILURE;
	}
	db_close(db);
	return EXIT_SUCCESS;
}
