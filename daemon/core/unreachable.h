#ifndef CORE_UNREACHABLE_H
#define CORE_UNREACHABLE_H

/*
 * Whom of a list's members no mail reaches, and why: all whose address is
 * suppressed, until it is corrected or released, and whose mail came back or
 * was refused since the last time. Part of the lead's weekly mail
 * (core/lead_week).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct digest_context;
struct err;
struct roster_list;
struct view;

/* in one mail; of more the number is told */
#define UNREACHABLE_PEOPLE_MAX 200

/* Puts people, has_more, more, count, one and is_unreachable into the view;
 * without names only the numbers. */
bool unreachable_show(struct db *db, const struct digest_context *context,
		      struct roster_list *list, int64_t since_at,
		      bool with_names, struct arena *arena, struct view *view,
		      size_t *ret_count, struct err *err);

#endif
