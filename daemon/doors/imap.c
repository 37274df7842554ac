#include "doors/imap.h"

#include <libetpan/libetpan.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "doors/imap_line.h"
#include "doors/mailbag.h"

#define FOLDER_SIZE 300
/* IDLE is said again at least every 29 minutes (RFC 2177); sooner, for what
 * stands between may forget a quiet connection */
#define IDLE_MS (4 * 60 * 1000)

struct imap {
	mailimap *session;
	struct imap_line *line; /* the session's stream closes it */
	const char *server;     /* for messages; the account's */
	uint32_t validity;
	bool has_idle, has_move, has_uidplus;
	char prefix[8]; /* before names of folders: "" or "INBOX." */
};

/* What went wrong, in the server's words where it said any. */
static bool fail(const struct imap *imap, int code, const char *what,
		 struct err *err)
{
	const char *response = imap->session->imap_response;
	bool is_lost = code == MAILIMAP_ERROR_STREAM;

	return err_set(err, ERR_SYSTEM, "%s: %s: %.200s", imap->server, what,
		       is_lost ? "the connection was lost"
		       : response && *response
			   ? response
			   : "no answer that is understood");
}

static bool is_good(int code)
{
	return code == MAILIMAP_NO_ERROR ||
	       code == MAILIMAP_NO_ERROR_AUTHENTICATED ||
	       code == MAILIMAP_NO_ERROR_NON_AUTHENTICATED;
}

/* libetpan's makers take what they are given, and fail for want of memory */
static void *made(void *thing)
{
	if (!thing)
		abort();
	return thing;
}

/* --- open, close */

static bool has(const clist *names, const char *wanted)
{
	for (clistiter *at = clist_begin(names); at; at = clist_next(at)) {
		const struct mailimap_capability *each = clist_content(at);

		if (each->cap_type == MAILIMAP_CAPABILITY_NAME &&
		    strcasecmp(each->cap_data.cap_name, wanted) == 0)
			return true;
	}
	return false;
}

/* By hand: mailimap_capability reads through NULL when the server says OK and
 * tells none. */
static int learn_capabilities(struct imap *imap)
{
	int code = mailimap_custom_command(imap->session, "CAPABILITY");
	const struct mailimap_connection_info *info =
	    imap->session->imap_connection_info;

	if (is_good(code) && info && info->imap_capability &&
	    info->imap_capability->cap_list) {
		const clist *names = info->imap_capability->cap_list;

		imap->has_idle = has(names, "IDLE");
		imap->has_move = has(names, "MOVE");
		imap->has_uidplus = has(names, "UIDPLUS");
	}
	return code;
}

static bool begin(struct imap *imap, const char *folder, struct err *err)
{
	int code =
	    mailimap_connect(imap->session, imap_line_stream(imap->line));

	if (is_good(code))
		code = learn_capabilities(imap);
	if (!is_good(code))
		return fail(imap, code, "asking what it can do", err);
	code = mailimap_select(imap->session, folder);
	if (!is_good(code))
		return fail(imap, code, "opening the folder", err);
	imap->validity = imap->session->imap_selection_info->sel_uidvalidity;
	return true;
}

struct imap *imap_open(const struct imap_account *account, struct err *err)
{
	struct imap_line *line = imap_line_open(account, err);

	if (!line)
		return NULL;
	struct imap *imap = xcalloc(1, sizeof(*imap));
	imap->line = line;
	imap->server = account->host;
	imap->session = made(mailimap_new(0, NULL));
	if (begin(imap, account->folder, err))
		return imap;
	imap_close(imap);
	return NULL;
}

void imap_close(struct imap *imap)
{
	if (!imap)
		return;
	mailimap_free(imap->session); /* says LOGOUT */
	free(imap);
}

/* --- fetching */

static int compare_uids(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* All that is in the folder and not on its way out, oldest first. free() it. */
static bool find_all(struct imap *imap, uint32_t **ret, size_t *ret_count,
		     struct err *err)
{
	struct mailimap_search_key *key = made(mailimap_search_key_new(
	    MAILIMAP_SEARCH_KEY_UNDELETED, NULL, NULL, NULL, NULL, NULL, NULL,
	    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL,
	    NULL, NULL, NULL, 0, NULL, NULL, NULL));
	clist *found = NULL;
	size_t count = 0;
	int code = mailimap_uid_search(imap->session, NULL, key, &found);

	mailimap_search_key_free(key);
	if (!is_good(code))
		return fail(imap, code, "looking for mails", err);
	uint32_t *uids = xcalloc((size_t)clist_count(found) + 1, sizeof(*uids));
	for (clistiter *at = clist_begin(found); at; at = clist_next(at))
		uids[count++] = *(uint32_t *)clist_content(at);
	mailimap_search_result_free(found);
	qsort(uids, count, sizeof(*uids), compare_uids);
	*ret = uids;
	*ret_count = count;
	return true;
}

/* The body in an answer; NULL: none, the mail is gone. */
static const struct mailimap_msg_att_body_section *find_body(clist *answers)
{
	for (clistiter *at = clist_begin(answers); at; at = clist_next(at)) {
		const struct mailimap_msg_att *attributes = clist_content(at);

		for (clistiter *each = clist_begin(attributes->att_list); each;
		     each = clist_next(each)) {
			const struct mailimap_msg_att_item *item =
			    clist_content(each);

			if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC &&
			    item->att_data.att_static->att_type ==
				MAILIMAP_MSG_ATT_BODY_SECTION)
				return item->att_data.att_static->att_data
				    .att_body_section;
		}
	}
	return NULL;
}

static bool fetch_one(struct imap *imap, uint32_t uid, size_t max_size,
		      struct buf *out, bool *ret_is_there, struct err *err)
{
	struct mailimap_set *set = made(mailimap_set_new_single(uid));
	struct mailimap_fetch_type *what =
	    made(mailimap_fetch_type_new_fetch_att(
		made(mailimap_fetch_att_new_body_peek_section_partial(
		    made(mailimap_section_new(NULL)), 0, (uint32_t)max_size))));
	clist *answers = NULL;
	int code = mailimap_uid_fetch(imap->session, set, what, &answers);

	mailimap_fetch_type_free(what);
	mailimap_set_free(set);
	if (!is_good(code))
		return fail(imap, code, "fetching a mail", err);
	const struct mailimap_msg_att_body_section *body = find_body(answers);
	char place[MAILBAG_PLACE_SIZE];
	snprintf(place, sizeof(place), "%u %u", imap->validity, uid);
	size_t size = body ? body->sec_length : 0;
	*ret_is_there = body && body->sec_body_part;
	/* whatever the server sends: no more than was asked for */
	if (*ret_is_there)
		mailbag_put(out, place, body->sec_body_part,
			    size < max_size ? size : max_size);
	mailimap_fetch_list_free(answers);
	return true;
}

bool imap_fetch(struct imap *imap, size_t max, size_t max_size, struct buf *out,
		struct err *err)
{
	uint32_t *uids;
	size_t count, taken = 0;
	bool good, is_there;

	if (!find_all(imap, &uids, &count, err))
		return false;
	mailbag_open(out, imap->has_idle);
	good = true;
	for (size_t i = 0; good && taken < max && i < count; i++) {
		good = fetch_one(imap, uids[i], max_size, out, &is_there, err);
		taken += good && is_there;
	}
	free(uids);
	return good;
}

/* *ret_uid 0: it is of another UIDVALIDITY */
static bool parse_place(const struct imap *imap, const char *place,
			uint32_t *ret_uid, struct err *err)
{
	unsigned validity, uid;

	if (sscanf(place, "%10u %10u", &validity, &uid) != 2)
		return err_set(err, ERR_INPUT, "no mail's place: %s", place);
	*ret_uid = validity == imap->validity ? uid : 0;
	return true;
}

bool imap_fetch_one(struct imap *imap, const char *place, size_t max_size,
		    struct buf *out, struct err *err)
{
	bool is_there;
	uint32_t uid = 0;

	if (!parse_place(imap, place, &uid, err))
		return false;
	mailbag_open(out, imap->has_idle);
	return uid == 0 || fetch_one(imap, uid, max_size, out, &is_there, err);
}

/* --- marking and moving */

static bool flag(struct imap *imap, uint32_t uid, struct mailimap_flag *mark,
		 struct err *err)
{
	struct mailimap_set *set = made(mailimap_set_new_single(uid));
	struct mailimap_flag_list *marks = made(mailimap_flag_list_new_empty());

	mailimap_flag_list_add(marks, mark);
	struct mailimap_store_att_flags *store =
	    made(mailimap_store_att_flags_new_add_flags_silent(marks));
	int code = mailimap_uid_store(imap->session, set, store);
	mailimap_store_att_flags_free(store);
	mailimap_set_free(set);
	return is_good(code) || fail(imap, code, "marking a mail", err);
}

/* Servers that keep all folders below INBOX say so by refusing others. */
static void learn_prefix(struct imap *imap)
{
	clist *list = NULL;

	if (!is_good(mailimap_list(imap->session, "", "", &list)))
		return;
	if (clist_begin(list)) {
		const struct mailimap_mailbox_list *root =
		    clist_content(clist_begin(list));

		if (root->mb_delimiter > ' ')
			snprintf(imap->prefix, sizeof(imap->prefix), "INBOX%c",
				 root->mb_delimiter);
	}
	mailimap_list_result_free(list);
}

static void name_folder(const struct imap *imap, const char *folder,
			char ret[FOLDER_SIZE])
{
	snprintf(ret, FOLDER_SIZE, "%s%s", imap->prefix, folder);
}

static int move_or_copy(struct imap *imap, uint32_t uid, const char *target)
{
	struct mailimap_set *set = made(mailimap_set_new_single(uid));
	int code = imap->has_move
		       ? mailimap_uid_move(imap->session, set, target)
		       : mailimap_uid_copy(imap->session, set, target);

	mailimap_set_free(set);
	return code;
}

/* As it is, then with the folder made: which fails where another client made it
 * meanwhile, and then the mail goes there all the same. */
static int move_into(struct imap *imap, uint32_t uid, const char *folder)
{
	char target[FOLDER_SIZE];
	int code;

	name_folder(imap, folder, target);
	code = move_or_copy(imap, uid, target);
	if (is_good(code) || code == MAILIMAP_ERROR_STREAM)
		return code;
	mailimap_create(imap->session, target);
	return move_or_copy(imap, uid, target);
}

/* Some servers have all folders below INBOX. */
static bool move_making(struct imap *imap, uint32_t uid, const char *folder,
			struct err *err)
{
	int code = move_into(imap, uid, folder);

	if (!is_good(code) && code != MAILIMAP_ERROR_STREAM) {
		learn_prefix(imap);
		code = move_into(imap, uid, folder);
	}
	return is_good(code) ||
	       fail(imap, code, "moving a mail to its folder", err);
}

/* What was copied is taken away; where only all deleted mails can be expunged,
 * it stays deleted: others may have marks of their own. */
static bool remove_copied(struct imap *imap, uint32_t uid, struct err *err)
{
	if (!flag(imap, uid, made(mailimap_flag_new_deleted()), err))
		return false;
	if (!imap->has_uidplus)
		return true;
	struct mailimap_set *set = made(mailimap_set_new_single(uid));
	int code = mailimap_uid_expunge(imap->session, set);
	mailimap_set_free(set);
	return is_good(code) || fail(imap, code, "taking a mail away", err);
}

bool imap_move(struct imap *imap, const char *place, const char *folder,
	       struct err *err)
{
	uint32_t uid = 0;

	if (!parse_place(imap, place, &uid, err))
		return false;
	if (uid == 0)
		return true;
	if (!flag(imap, uid, made(mailimap_flag_new_seen()), err) ||
	    !move_making(imap, uid, folder, err))
		return false;
	return imap->has_move || remove_copied(imap, uid, err);
}

/* --- waiting */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool idle(struct imap *imap, int timeout_ms, struct err *err)
{
	int code = mailimap_idle(imap->session);

	if (!is_good(code))
		return fail(imap, code, "waiting for mail", err);
	/* what libetpan has read already is looked at by idle_done */
	if (imap->session->imap_stream->read_buffer_len == 0)
		imap_line_wait(imap->line, timeout_ms);
	code = mailimap_idle_done(imap->session);
	return is_good(code) || fail(imap, code, "waiting for mail", err);
}

bool imap_wait(struct imap *imap, int seconds, bool *ret_is_new,
	       struct err *err)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;
	int64_t left;
	uint32_t *uids;
	size_t count;

	do {
		if (!find_all(imap, &uids, &count, err))
			return false;
		free(uids);
		*ret_is_new = count > 0;
		left = end - now_ms();
		if (*ret_is_new || left <= 0 || !imap->has_idle)
			return true;
	} while (idle(imap, (int)(left < IDLE_MS ? left : IDLE_MS), err));
	return false;
}
