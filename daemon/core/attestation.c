#include "core/attestation.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/address.h"
#include "core/briefing.h"
#include "core/day.h"
#include "core/event.h"
#include "core/grade.h"
#include "core/settings.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/zone.h"

#define SALT_SIZE 16
#define SEPARATORS " \t\r\n,;"

/* one who signed */
struct signer {
	int64_t requirement_id, version;
	const char *public_id;
};

/* a sheet on its way into the store */
struct sheet {
	const struct attestation_wish *wish;
	const struct settings *settings;
	const char *actor;
	int64_t now;
	struct arena *arena;
	struct briefing_version *version;
	int64_t list_id; /* 0: of the whole agency */
	const char *agency;
	int64_t signed_at;
	struct signer *signers;
	size_t count;
	int64_t event_id, id;
};

/* --- what comes from outside --- */

const char *attestation_scan_type(const void *scan, size_t size)
{
	static const struct {
		const char *type, *mark;
		size_t size;
	} kinds[] = {
	    {"application/pdf", "%PDF-", 5},
	    {"image/jpeg", "\xff\xd8\xff", 3},
	    {"image/png", "\x89PNG\r\n\x1a\n", 8},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (size >= kinds[i].size &&
		    memcmp(scan, kinds[i].mark, kinds[i].size) == 0)
			return kinds[i].type;
	return NULL;
}

static void read_address(const char *text, size_t size, int line,
			 struct arena *arena, const char **ret,
			 struct problems *problems)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	struct err err = {0};

	*ret = NULL;
	if (address_parse(text, size, address, key, &err))
		*ret = arena_strdup(arena, key);
	else
		problems_add(problems, "addresses", line, "%s", err.text);
}

bool attestation_read_addresses(const char *text, size_t size,
				struct arena *arena, const char ***ret_keys,
				size_t *ret_count, struct problems *problems)
{
	const char **keys =
	    arena_allocarray(arena, ATTESTATION_PEOPLE_MAX, sizeof(*keys));
	const char *at = text, *end = text + size;
	size_t count = 0, before = problems->count;
	int line = 1;

	while (at < end && problems->count - before < PROBLEMS_MAX) {
		const char *from = at;

		while (at < end && *at && !strchr(SEPARATORS, *at))
			at++;
		if (at > from && count == ATTESTATION_PEOPLE_MAX)
			return problems_add(problems, "addresses", line,
					    "a sheet may have %d people",
					    ATTESTATION_PEOPLE_MAX);
		if (at > from) {
			read_address(from, (size_t)(at - from), line, arena,
				     &keys[count], problems);
			count += keys[count] != NULL;
		}
		if (at < end && !*at)
			return problems_add(problems, "addresses", line,
					    "this is no text");
		if (at < end)
			line += *at++ == '\n';
	}
	*ret_keys = keys;
	*ret_count = count;
	return problems->count == before;
}

static bool check_text(const char *what, const char *text, struct err *err)
{
	size_t size = strlen(text);

	if (size > ATTESTATION_TEXT_MAX)
		return err_set(err, ERR_INPUT,
			       "the %s has %zu bytes, and may have %d", what,
			       size, ATTESTATION_TEXT_MAX);
	return text_is_utf8(text, size, NULL) ||
	       err_set(err, ERR_INPUT, "the %s is not UTF-8", what);
}

static bool check_scan(const struct attestation_wish *wish, struct err *err)
{
	if (!wish->scan || wish->scan_size == 0)
		return err_set(err, ERR_INPUT,
			       "a scan of the sheet is wanted: it is the "
			       "evidence");
	if (wish->scan_size > ATTESTATION_SCAN_MAX)
		return err_set(err, ERR_INPUT,
			       "the scan has %zu bytes, and may have %d: scan "
			       "it in grey, at 150 dots an inch",
			       wish->scan_size, ATTESTATION_SCAN_MAX);
	return attestation_scan_type(wish->scan, wish->scan_size) ||
	       err_set(err, ERR_INPUT,
		       "the scan is neither PDF nor JPEG nor PNG");
}

bool attestation_check(const struct attestation_wish *wish, struct err *err)
{
	struct civil day;

	if (!wish->list == !wish->agency)
		return err_set(err, ERR_INPUT, "of a list, or of an agency?");
	if (!civil_parse_date(wish->signed_on, &day))
		return err_set(err, ERR_INPUT,
			       "\"%s\" is no date: write it as 2026-11-19",
			       wish->signed_on);
	if (wish->address_count == 0)
		return err_set(err, ERR_INPUT, "who signed it?");
	if (wish->address_count > ATTESTATION_PEOPLE_MAX)
		return err_set(err, ERR_INPUT, "a sheet may have %d people",
			       ATTESTATION_PEOPLE_MAX);
	return check_scan(wish, err) &&
	       check_text("note", wish->note ? wish->note : "", err);
}

/* --- what the store says to it --- */

static bool find_version(struct db *db, struct sheet *sheet, struct err *err)
{
	const char *ref = sheet->wish->ref;

	if (!briefing_load_ref(db, ref, sheet->arena, &sheet->version, err))
		return false;
	if (!sheet->version)
		return err_set(err, ERR_GONE,
			       "no briefing %s; see \"briefingctl briefing "
			       "list\"",
			       ref);
	return !sheet->version->withdrawn_at ||
	       err_set(err, ERR_INPUT,
		       "%s was withdrawn, and is asked of nobody any more",
		       ref);
}

static bool find_agency(struct db *db, struct sheet *sheet, struct err *err)
{
	const char *name = sheet->wish->agency;
	struct query *q = db_query(db, QUERY_ATTESTATION_AGENCY);

	query_text(q, 1, name);
	bool found = query_next(q);
	sheet->agency = name;
	if (!query_done(q, err))
		return false;
	return found ||
	       err_set(err, ERR_GONE, "no list is of an agency \"%s\"", name);
}

static bool find_list(struct db *db, struct sheet *sheet, struct err *err)
{
	const char *name = sheet->wish->list;
	struct query *q;

	if (!name)
		return find_agency(db, sheet, err);
	q = db_query(db, QUERY_ATTESTATION_LIST);
	query_text(q, 1, name);
	if (query_next(q)) {
		sheet->list_id = query_get_integer(q, 0);
		sheet->agency =
		    arena_strdup(sheet->arena, query_get_text(q, 1));
	}
	if (!query_done(q, err))
		return false;
	return sheet->list_id ||
	       err_set(err, ERR_GONE,
		       "no list %s; see \"briefingctl list show\"", name);
}

static bool find_day(struct sheet *sheet, struct err *err)
{
	struct civil day;

	civil_parse_date(sheet->wish->signed_on, &day);
	sheet->signed_at = zone_to_utc(sheet->settings->zone, &day);
	return sheet->signed_at <= sheet->now ||
	       err_set(err, ERR_INPUT, "%s is still to come",
		       sheet->wish->signed_on);
}

/* --- who signed --- */

/* NULL: they may be attested */
static const char *why_not(const struct sheet *sheet, struct query *q)
{
	int64_t taken_at = query_get_integer(q, 3);
	int64_t other = query_get_integer(q, 6);

	if (!query_get_integer(q, 5))
		return arena_printf(sheet->arena,
				    "it is asked of them no more (%s)",
				    query_get_text(q, 4));
	if (other)
		return arena_printf(sheet->arena,
				    "they are on sheet %" PRId64
				    " already, which stands",
				    other);
	if (sheet->signed_at <
	    day_start(sheet->settings, day_of(sheet->settings, taken_at)))
		return arena_printf(sheet->arena,
				    "version %" PRId64 ", which is asked of "
				    "them, was taken in after %s",
				    query_get_integer(q, 2),
				    sheet->wish->signed_on);
	return NULL;
}

static bool is_there(const struct sheet *sheet, int64_t requirement_id)
{
	for (size_t i = 0; i < sheet->count; i++)
		if (sheet->signers[i].requirement_id == requirement_id)
			return true;
	return false;
}

/* *ret_why NULL: they are among the signers now */
static bool find_signer(struct db *db, struct sheet *sheet, const char *key,
			const char **ret_why, struct err *err)
{
	const struct attestation_wish *wish = sheet->wish;
	struct query *q = db_query(db, QUERY_ATTESTATION_FIND);

	query_text(q, 1, key);
	query_text(q, 2, wish->ref);
	query_integer(q, 3, sheet->list_id);
	query_text(q, 4, wish->list ? NULL : wish->agency);
	*ret_why = "it is asked of nobody there with that address";
	if (query_next(q)) {
		*ret_why = why_not(sheet, q);
		if (!*ret_why && !is_there(sheet, query_get_integer(q, 0)))
			sheet->signers[sheet->count++] = (struct signer){
			    .requirement_id = query_get_integer(q, 0),
			    .version = query_get_integer(q, 2),
			    .public_id = arena_strdup(sheet->arena,
						      query_get_text(q, 1)),
			};
	}
	return query_done(q, err);
}

static bool find_signers(struct db *db, struct sheet *sheet,
			 struct problems *problems, struct err *err)
{
	const struct attestation_wish *wish = sheet->wish;
	const char *why, *first = NULL, *first_why = NULL;
	size_t refused = 0;

	sheet->signers = arena_allocarray(sheet->arena, wish->address_count,
					  sizeof(*sheet->signers));
	for (size_t i = 0; i < wish->address_count; i++) {
		const char *key = wish->address_keys[i];

		if (!find_signer(db, sheet, key, &why, err))
			return false;
		if (!why)
			continue;
		if (problems)
			problems_add(problems, key, 0, "%s", why);
		if (refused++ == 0) {
			first = key;
			first_why = why;
		}
	}
	if (refused == 0)
		return true;
	if (refused == 1)
		return err_set(err, ERR_INPUT, "%s: %s; nothing is recorded",
			       first, first_why);
	return err_set(err, ERR_INPUT,
		       "%zu of %zu people can't be attested; nothing is "
		       "recorded",
		       refused, wish->address_count);
}

/* --- recorded --- */

struct salt {
	uint8_t bytes[SALT_SIZE];
};

/* The event promises the scan without telling it: once the salt is gone, no
 * copy of it can be matched to who was on it. */
static struct salt promise_scan(struct event *event,
				const struct attestation_wish *wish)
{
	struct crypto_hash *hashing = crypto_hash_new();
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];
	struct salt salt;

	crypto_random(salt.bytes, sizeof(salt.bytes));
	crypto_hash_add(hashing, salt.bytes, sizeof(salt.bytes));
	crypto_hash_add(hashing, wish->scan, wish->scan_size);
	crypto_hash_end(hashing, hash);
	crypto_hex(hash, sizeof(hash), hex);
	event_text(event, "scan", hex);
	return salt;
}

static bool add_event(struct db *db, struct sheet *sheet, struct salt *ret_salt,
		      struct err *err)
{
	const struct attestation_wish *wish = sheet->wish;
	struct event event;

	event_begin(&event, "sheet-recorded", sheet->signed_at, sheet->actor);
	event_text(&event, "agency", sheet->agency);
	if (wish->list)
		event_text(&event, "list", wish->list);
	event_text(&event, "ref", sheet->version->ref);
	event_integer(&event, "version", sheet->version->number);
	event_integer(&event, "people", (int64_t)sheet->count);
	event_text(&event, "scan_type",
		   attestation_scan_type(wish->scan, wish->scan_size));
	event_integer(&event, "scan_size", (int64_t)wish->scan_size);
	*ret_salt = promise_scan(&event, wish);
	if (wish->note && *wish->note)
		event_private(&event, "note", wish->note);
	bool good = event_end(&event, db, sheet->now, err);
	sheet->event_id = event.id;
	return good;
}

static bool add_sheet(struct db *db, struct sheet *sheet, struct err *err)
{
	const struct attestation_wish *wish = sheet->wish;
	struct query *q;
	struct salt salt;

	if (!add_event(db, sheet, &salt, err))
		return false;
	q = db_query(db, QUERY_ATTESTATION_ADD_SHEET);
	query_integer(q, 1, sheet->version->id);
	query_text(q, 2, sheet->agency);
	query_integer(q, 3, sheet->list_id);
	query_integer(q, 4, sheet->signed_at);
	query_text(q, 5, attestation_scan_type(wish->scan, wish->scan_size));
	query_integer(q, 6, (int64_t)wish->scan_size);
	query_integer(q, 7, sheet->now);
	query_integer(q, 8, sheet->event_id);
	if (!query_run(q, NULL, err))
		return false;
	sheet->id = db_last_id(db);
	q = db_query(db, QUERY_ATTESTATION_ADD_SCAN);
	query_integer(q, 1, sheet->id);
	query_blob(q, 2, salt.bytes, sizeof(salt.bytes));
	query_blob(q, 3, wish->scan, wish->scan_size);
	return query_run(q, NULL, err);
}

/* An event for each, which points at the sheet's: a sheet has more people than
 * an event has room for, and each is found by their own id. */
static bool add_signer(struct db *db, const struct sheet *sheet,
		       const struct signer *signer, struct err *err)
{
	struct event event;
	struct query *q;

	event_begin(&event, "attested", sheet->signed_at, sheet->actor);
	event_text(&event, "person", signer->public_id);
	event_text(&event, "ref", sheet->version->ref);
	event_integer(&event, "version", signer->version);
	event_text(&event, "grade", grade_word(GRADE_ATTESTED_BY_LEAD));
	event_integer(&event, "sheet", sheet->event_id);
	if (!event_end(&event, db, sheet->now, err))
		return false;
	q = db_query(db, QUERY_ATTESTATION_ADD);
	query_integer(q, 1, sheet->id);
	query_integer(q, 2, signer->requirement_id);
	query_integer(q, 3, sheet->now);
	query_integer(q, 4, event.id);
	return query_run(q, NULL, err);
}

static bool record(struct db *db, struct sheet *sheet,
		   struct problems *problems, struct err *err)
{
	if (!attestation_check(sheet->wish, err) ||
	    !find_version(db, sheet, err) || !find_list(db, sheet, err) ||
	    !find_day(sheet, err) || !find_signers(db, sheet, problems, err) ||
	    !add_sheet(db, sheet, err))
		return false;
	for (size_t i = 0; i < sheet->count; i++)
		if (!add_signer(db, sheet, &sheet->signers[i], err))
			return false;
	return true;
}

bool attestation_record(struct db *db, const struct settings *settings,
			const struct attestation_wish *wish, const char *actor,
			int64_t now, struct problems *problems, int64_t *ret_id,
			struct err *err)
{
	struct sheet sheet = {.wish = wish,
			      .settings = settings,
			      .actor = actor,
			      .now = now,
			      .arena = arena_new()};

	assert(db_is_in_transaction(db));
	bool good = record(db, &sheet, problems, err);
	if (good)
		*ret_id = sheet.id;
	arena_free(sheet.arena);
	return good;
}
