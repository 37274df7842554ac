#include "core/roster_member.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "core/address.h"
#include "core/event.h"
#include "core/public_id.h"
#include "core/roster.h"
#include "core/tombstone.h"
#include "tools/db.h"

#define DAY_SECONDS 86400

/* --- events: people are their public ids */

static bool load_public_id(struct roster_change *change, int64_t person_id,
			   char ret[PUBLIC_ID_SIZE], struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_LOAD_PUBLIC_ID);

	ret[0] = '\0';
	query_integer(q, 1, person_id);
	if (query_next(q))
		snprintf(ret, PUBLIC_ID_SIZE, "%s", query_get_text(q, 0));
	return query_done(q, err);
}

static bool begin_event(struct roster_change *change, struct event *event,
			const char *kind, int64_t person_id, struct err *err)
{
	char public_id[PUBLIC_ID_SIZE];

	if (!load_public_id(change, person_id, public_id, err))
		return false;
	event_begin(event, kind, change->now, "briefingd");
	event_text(event, "person", public_id);
	return true;
}

static bool record(struct roster_change *change, const char *kind,
		   int64_t person_id, struct err *err)
{
	struct event event;

	if (!begin_event(change, &event, kind, person_id, err))
		return false;
	event_text(&event, "list", change->list_name);
	return event_end(&event, change->db, change->now, err);
}

static bool record_status(struct roster_change *change, int64_t person_id,
			  const char *from, const char *to, int64_t until_at,
			  const char *actor, struct err *err)
{
	struct event event;

	if (!begin_event(change, &event, "member-status", person_id, err))
		return false;
	event.actor = actor;
	event_text(&event, "list", change->list_name);
	event_text(&event, "from", from);
	event_text(&event, "to", to);
	if (until_at)
		event_integer(&event, "until", until_at);
	return event_end(&event, change->db, change->now, err);
}

/* --- leaving and returning */

static bool count_lists(struct roster_change *change, int64_t person_id,
			int64_t *ret, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_COUNT_LISTS);

	*ret = 0;
	query_integer(q, 1, person_id);
	if (query_next(q))
		*ret = query_get_integer(q, 0);
	return query_done(q, err);
}

static bool count_open(struct roster_change *change, int64_t person_id,
		       int64_t *ret_count, int64_t *ret_overdue,
		       struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_COUNT_OPEN);

	*ret_count = *ret_overdue = 0;
	query_integer(q, 1, person_id);
	query_integer(q, 2, change->now);
	if (query_next(q)) {
		*ret_count = query_get_integer(q, 0);
		*ret_overdue = query_get_integer(q, 1);
	}
	return query_done(q, err);
}

static bool record_closing(struct roster_change *change, int64_t person_id,
			   int64_t count, int64_t overdue, struct err *err)
{
	struct event event;

	if (!begin_event(change, &event, "requirements-closed", person_id, err))
		return false;
	event_text(&event, "as", "left");
	event_integer(&event, "count", count);
	event_integer(&event, "after_deadline", overdue);
	return event_end(&event, change->db, change->now, err);
}

/* the same without those they took themselves off */
static bool count_standing(struct roster_change *change, int64_t person_id,
			   int64_t *ret, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_COUNT_STANDING);

	*ret = 0;
	query_integer(q, 1, person_id);
	query_integer(q, 2, change->now);
	if (query_next(q))
		*ret = query_get_integer(q, 0);
	return query_done(q, err);
}

static bool close_if_gone(struct roster_change *change, int64_t person_id,
			  struct err *err)
{
	int64_t lists, count, overdue;

	if (!count_standing(change, person_id, &lists, err))
		return false;
	change->stays_elsewhere = lists > 0;
	if (lists > 0)
		return true;
	if (!count_open(change, person_id, &count, &overdue, err))
		return false;
	change->closed += count;
	change->closed_late += overdue;
	if (count == 0)
		return true;
	struct query *q = db_query(change->db, QUERY_ROSTER_CLOSE_OPEN);
	query_integer(q, 1, person_id);
	query_integer(q, 2, change->now);
	return query_run(q, NULL, err) &&
	       record_closing(change, person_id, count, overdue, err);
}

static bool reopen(struct roster_change *change, int64_t person_id,
		   struct err *err)
{
	struct event event;
	int count = 0;
	struct query *q = db_query(change->db, QUERY_ROSTER_REOPEN);

	query_integer(q, 1, person_id);
	query_integer(q, 2, change->now - ROSTER_RETURN_DAYS * DAY_SECONDS);
	if (!query_run(q, &count, err))
		return false;
	if (count == 0)
		return true;
	if (!begin_event(change, &event, "requirements-reopened", person_id,
			 err))
		return false;
	event_integer(&event, "count", count);
	return event_end(&event, change->db, change->now, err);
}

bool roster_member_remove(struct roster_change *change, int64_t member_id,
			  int64_t person_id, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_REMOVE_MEMBER);
	int changes = 0;

	query_integer(q, 1, member_id);
	query_integer(q, 2, change->now);
	if (!query_run(q, &changes, err))
		return false;
	if (changes == 0)
		return true;
	change->left++;
	return record(change, "member-left", person_id, err) &&
	       close_if_gone(change, person_id, err);
}

/* --- whose an address is */

/* *ret is 0 when it is nobody's */
static bool find_owner(struct roster_change *change, const char *address_key,
		       int64_t *ret, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_FIND_ADDRESS);

	*ret = 0;
	query_text(q, 1, address_key);
	if (query_next(q))
		*ret = query_get_integer(q, 0);
	return query_done(q, err);
}

struct found {
	int64_t member_id; /* 0: never was on this list */
	bool is_removed;
	struct roster_row *row; /* NULL: has none in this CSV */
};

static bool find_member(struct roster_change *change, int64_t person_id,
			struct found *ret, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_FIND_MEMBER);

	*ret = (struct found){0};
	query_integer(q, 1, change->list_id);
	query_integer(q, 2, person_id);
	if (query_next(q)) {
		ret->member_id = query_get_integer(q, 0);
		ret->is_removed = !query_is_null(q, 2);
		if (!query_is_null(q, 1) && change->find_row)
			ret->row = change->find_row(change->context,
						    query_get_text(q, 1));
	}
	return query_done(q, err);
}

static bool give_up_address(struct roster_change *change, int64_t person_id,
			    struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_GIVE_ADDRESS_UP);

	query_integer(q, 1, person_id);
	return query_run(q, NULL, err);
}

/* Does the address's owner let go of it? Who moves to another address in this
 * very CSV does, and who is on no list any more. */
static bool ask_owner(struct roster_change *change, int64_t owner,
		      bool *ret_lets_go, struct err *err)
{
	struct found found;
	int64_t lists;

	if (!find_member(change, owner, &found, err) ||
	    !count_lists(change, owner, &lists, err))
		return false;
	bool is_moving = found.row && found.row->person_id == owner &&
			 found.row->claims_address && !found.row->is_applied;
	*ret_lets_go = is_moving || lists == 0;
	return !*ret_lets_go || give_up_address(change, owner, err);
}

static bool take_address(struct roster_change *change,
			 const struct roster_row *row, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_TAKE_ADDRESS);

	query_integer(q, 1, row->person_id);
	query_text(q, 2, row->address_key);
	query_text(q, 3, row->address);
	return query_run(q, NULL, err) &&
	       record(change, "person-address-changed", row->person_id, err);
}

/* --- people */

/* The errand parsed what outsiders wrote; an address goes into SMTP commands,
 * so it is looked at once more on this side. */
static bool check_address(const struct roster_row *row, struct err *err)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];

	if (!address_parse(row->address, strlen(row->address), address, key,
			   err))
		return false;
	if (strcmp(key, row->address_key) != 0)
		return err_set(err, ERR_SYSTEM,
			       "an address and its key don't belong together");
	return true;
}

static bool add_identity(struct roster_change *change,
			 const struct roster_row *row, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_ADD_IDENTITY);

	query_integer(q, 1, row->person_id);
	query_text(q, 2, row->address_key);
	query_text(q, 3, row->address);
	query_text(q, 4, row->name);
	query_text(q, 5, row->role);
	query_text(q, 6, row->team);
	return query_run(q, NULL, err);
}

static bool add_person(struct roster_change *change, struct roster_row *row,
		       struct err *err)
{
	char public_id[PUBLIC_ID_SIZE];

	public_id_make(public_id);
	struct query *q = db_query(change->db, QUERY_ROSTER_ADD_PERSON);
	query_text(q, 1, public_id);
	query_integer(q, 2, change->now);
	if (!query_run(q, NULL, err))
		return false;
	row->person_id = db_last_id(change->db);
	return add_identity(change, row, err);
}

static bool change_identity(struct roster_change *change,
			    const struct roster_row *row, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_CHANGE_IDENTITY);

	query_integer(q, 1, row->person_id);
	query_text(q, 2, row->name);
	query_text(q, 3, row->role);
	query_text(q, 4, row->team);
	query_text(q, 5, row->address_key);
	query_text(q, 6, row->address);
	return query_run(q, NULL, err);
}

/* --- members */

static int64_t joined_at(const struct roster_change *change,
			 const struct roster_row *row)
{
	struct civil civil;

	if (row->since_on && civil_parse_date(row->since_on, &civil))
		return civil_to_utc(&civil);
	return change->is_first ? 0 : change->now;
}

/* Everything of a row but its member's id, from parameter 2 on. */
static void bind_row(struct query *q, const struct roster_row *row,
		     int64_t joined)
{
	query_text(q, 2, row->key);
	query_text(q, 3, row->hash);
	query_integer(q, 4, row->is_primary);
	query_text(q, 5, row->since_on);
	query_integer(q, 6, joined);
	query_text(q, 7, row->status);
	query_integer(q, 8, row->is_shared);
}

struct before {
	int64_t joined_at;
	char status[16]; /* as it counts: a record wins over the row */
	int64_t until_at;
	bool is_removed, had_since;
};

static bool load_before(struct roster_change *change, int64_t member_id,
			struct before *ret, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_LOAD_MEMBER);

	*ret = (struct before){0};
	query_integer(q, 1, member_id);
	query_integer(q, 2, change->now);
	if (query_next(q)) {
		ret->joined_at = query_get_integer(q, 0);
		snprintf(ret->status, sizeof(ret->status), "%s",
			 query_get_text(q, 1));
		ret->is_removed = !query_is_null(q, 2);
		ret->had_since = !query_is_null(q, 4);
		ret->until_at = query_get_integer(q, 5);
	}
	return query_done(q, err);
}

static bool is_off(const char *status)
{
	return strcmp(status, "left") == 0 || strcmp(status, "not-for-me") == 0;
}

/* What a change of the member means to the person. A record that they left
 * outlives a row that goes and comes back as it was. */
static bool follow(struct roster_change *change, const struct roster_row *row,
		   const struct before *before, struct err *err)
{
	struct before after;

	if (!load_before(change, row->member_id, &after, err))
		return false;
	if (before->is_removed) {
		change->joined++;
		if (!record(change, "member-joined", row->person_id, err))
			return false;
	} else {
		change->changed++;
	}
	if (strcmp(before->status, after.status) != 0 &&
	    !record_status(change, row->person_id, before->status, after.status,
			   0, "briefingd", err))
		return false;
	if (is_off(after.status))
		return close_if_gone(change, row->person_id, err);
	if (before->is_removed || is_off(before->status))
		return reopen(change, row->person_id, err);
	return true;
}

/* The member as this row says. Who was here keeps the time of joining, unless
 * the agency says another. */
static bool change_member(struct roster_change *change,
			  const struct roster_row *row, struct err *err)
{
	struct before before;

	if (!load_before(change, row->member_id, &before, err))
		return false;
	int64_t joined = row->since_on || before.is_removed
			     ? joined_at(change, row)
			     : before.joined_at;
	struct query *q = db_query(change->db, QUERY_ROSTER_CHANGE_MEMBER);
	query_integer(q, 1, row->member_id);
	bind_row(q, row, joined);
	return query_run(q, NULL, err) && change_identity(change, row, err) &&
	       follow(change, row, &before, err);
}

static bool insert_member(struct roster_change *change,
			  const struct roster_row *row, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_ADD_MEMBER);

	query_integer(q, 1, change->list_id);
	query_integer(q, 2, row->person_id);
	query_text(q, 3, row->key);
	query_text(q, 4, row->hash);
	query_integer(q, 5, row->is_primary);
	query_text(q, 6, row->since_on);
	query_integer(q, 7, joined_at(change, row));
	query_text(q, 8, row->status);
	query_integer(q, 9, change->now);
	query_integer(q, 10, row->is_shared);
	change->joined++;
	if (!query_run(q, NULL, err) ||
	    !record(change, "member-joined", row->person_id, err))
		return false;
	if (strcmp(row->status, "active") != 0)
		return record_status(change, row->person_id, "active",
				     row->status, 0, "briefingd", err);
	return reopen(change, row->person_id, err);
}

/* A row without a member: of somebody known by the address, or of somebody
 * new. */
static bool add_member(struct roster_change *change, struct roster_row *row,
		       struct err *err)
{
	struct found found;

	if (!find_owner(change, row->address_key, &row->person_id, err))
		return false;
	if (row->person_id == 0)
		return add_person(change, row, err) &&
		       insert_member(change, row, err);
	if (!find_member(change, row->person_id, &found, err))
		return false;
	if (found.member_id && !found.is_removed)
		return true; /* another row speaks for them already */
	row->member_id = found.member_id;
	if (found.member_id)
		return change_member(change, row, err);
	return change_identity(change, row, err) &&
	       insert_member(change, row, err);
}

/* The row is now that of who has its address; its former person leaves. */
static bool hand_over(struct roster_change *change, struct roster_row *row,
		      struct err *err)
{
	if (!roster_member_remove(change, row->member_id, row->person_id, err))
		return false;
	row->member_id = 0;
	return add_member(change, row, err);
}

/* A known row with a new address. */
static bool move_member(struct roster_change *change, struct roster_row *row,
			struct err *err)
{
	int64_t owner;
	bool lets_go = true;

	if (!find_owner(change, row->address_key, &owner, err))
		return false;
	if (owner == row->person_id)
		return change_member(change, row, err);
	if (owner != 0 && !ask_owner(change, owner, &lets_go, err))
		return false;
	if (!lets_go)
		return hand_over(change, row, err);
	return take_address(change, row, err) &&
	       change_member(change, row, err);
}

/* --- what people say themselves */

static bool add_status(struct roster_change *change, int64_t member_id,
		       const char *status, int64_t until_at, const char *actor,
		       struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_ADD_STATUS);

	query_integer(q, 1, member_id);
	query_text(q, 2, status);
	query_integer(q, 3, change->now);
	query_text(q, 4, actor);
	query_integer(q, 5, until_at);
	return query_run(q, NULL, err);
}

bool roster_member_say(struct roster_change *change, int64_t person_id,
		       const char *status, int64_t until_at, const char *actor,
		       bool *ret_is_new, struct err *err)
{
	char person[sizeof("person:") + PUBLIC_ID_DIGITS] = "person:";
	struct found found;
	struct before before;

	*ret_is_new = false;
	if (!find_member(change, person_id, &found, err) ||
	    !load_before(change, found.member_id, &before, err) ||
	    !load_public_id(change, person_id, person + strlen("person:"), err))
		return false;
	bool is_same =
	    strcmp(before.status, status) == 0 && before.until_at == until_at;
	if (!found.member_id || found.is_removed || is_off(before.status) ||
	    is_same)
		return true;
	*ret_is_new = true;
	actor = actor ? actor : person;
	return add_status(change, found.member_id, status, until_at, actor,
			  err) &&
	       record_status(change, person_id, before.status, status, until_at,
			     actor, err) &&
	       (!is_off(status) || close_if_gone(change, person_id, err));
}

static bool end_statuses(struct roster_change *change, int64_t member_id,
			 int *ret_ended, struct err *err)
{
	struct query *q = db_query(change->db, QUERY_ROSTER_END_STATUSES);

	query_integer(q, 1, member_id);
	query_integer(q, 2, change->now);
	return query_run(q, ret_ended, err);
}

bool roster_member_unsay(struct roster_change *change, int64_t person_id,
			 const char *actor, bool *ret_is_new, struct err *err)
{
	struct found found;
	struct before before, after;
	int ended = 0;

	*ret_is_new = false;
	if (!find_member(change, person_id, &found, err))
		return false;
	if (!found.member_id || found.is_removed)
		return true;
	if (!load_before(change, found.member_id, &before, err) ||
	    !end_statuses(change, found.member_id, &ended, err))
		return false;
	if (ended == 0)
		return true;
	*ret_is_new = true;
	return load_before(change, found.member_id, &after, err) &&
	       record_status(change, person_id, before.status, after.status, 0,
			     actor, err) &&
	       (!is_off(before.status) || is_off(after.status) ||
		reopen(change, person_id, err));
}

/* Whoever has the address now: it is not taken from a list. */
static bool check_erased(struct roster_change *change, struct roster_row *row,
			 struct err *err)
{
	bool is_new = row->member_id == 0 || row->claims_address;
	char mac[TOMBSTONE_SIZE];

	if (!change->tombstones || !is_new)
		return true;
	tombstone_make(change->tombstones, row->address_key, mac);
	return tombstone_is(change->db, mac, &row->is_refused, err);
}

bool roster_member_apply(struct roster_change *change, struct roster_row *row,
			 struct err *err)
{
	if (!check_address(row, err) || !check_erased(change, row, err))
		return false;
	if (row->is_refused)
		return true;
	bool good = row->member_id == 0   ? add_member(change, row, err)
		    : row->claims_address ? move_member(change, row, err)
					  : change_member(change, row, err);
	row->is_applied = true;
	return good;
}
