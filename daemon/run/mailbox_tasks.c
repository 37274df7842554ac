#include "run/mailbox_tasks.h"

#include "base/buf.h"
#include "base/err.h"
#include "core/settings.h"
#include "doors/imap.h"
#include "doors/maildir.h"
#include "tools/json.h"

#define IMAP_TIMEOUT_MS (30 * 1000)

/* --- the loop's side */

char *mailbox_order(const struct mailbox_settings *mailbox, const char *secret,
		    struct json_value *moves)
{
	struct json_value *order = json_map_new();

	json_map_text(order, "host", mailbox->host);
	json_map_integer(order, "port", mailbox->port);
	json_map_text(order, "tls", mailbox->tls);
	json_map_text(order, "ca_file", mailbox->ca_file);
	json_map_text(order, "user", mailbox->user);
	json_map_text(order, "auth", mailbox->auth);
	json_map_text(order, "secret", secret);
	json_map_text(order, "folder", mailbox->folder);
	json_map_text(order, "path", mailbox->path);
	json_map_put(order, "moves", moves ? moves : json_list_new());
	char *text = json_format(order);
	json_free(order);
	return text;
}

struct json_value *mailbox_move(const char *place, const char *folder)
{
	struct json_value *move = json_map_new();

	json_map_text(move, "place", place);
	json_map_text(move, "folder", folder);
	return move;
}

/* --- the child's side */

typedef bool act(struct imap *imap, const struct json_value *order,
		 struct buf *out, struct err *err);

static bool with_imap(const char *input, size_t size, act *work,
		      struct buf *out, struct err *err)
{
	struct json_value *order = json_parse(input, size, err);

	if (!order)
		return false;
	const struct imap_account account = {
	    .host = json_get_text(order, "host"),
	    .port = (int)json_get_integer(order, "port", 0),
	    .tls = json_get_text(order, "tls"),
	    .ca_file = json_get_text(order, "ca_file"),
	    .user = json_get_text(order, "user"),
	    .auth = json_get_text(order, "auth"),
	    .password = json_get_text(order, "secret"),
	    .folder = json_get_text(order, "folder"),
	    .timeout_ms = IMAP_TIMEOUT_MS,
	};
	struct imap *imap = imap_open(&account, err);
	bool good = imap && work(imap, order, out, err);
	imap_close(imap);
	json_free(order);
	return good;
}

static bool fetch(struct imap *imap, const struct json_value *order,
		  struct buf *out, struct err *err)
{
	(void)order;
	return imap_fetch(imap, MAILBOX_FETCH_MAX, BOUNCE_MAIL_MAX, out, err);
}

bool mailbox_imap_fetch(const char *input, size_t size, struct buf *out,
			struct err *err)
{
	return with_imap(input, size, fetch, out, err);
}

static const char *first_place(const struct json_value *order)
{
	return json_get_text(json_at(json_get(order, "moves"), 0), "place");
}

static bool fetch_whole(struct imap *imap, const struct json_value *order,
			struct buf *out, struct err *err)
{
	return imap_fetch_one(imap, first_place(order), MAILBOX_WHOLE_MAX, out,
			      err);
}

bool mailbox_imap_fetch_whole(const char *input, size_t size, struct buf *out,
			      struct err *err)
{
	return with_imap(input, size, fetch_whole, out, err);
}

bool mailbox_maildir_fetch_whole(const char *input, size_t size,
				 struct buf *out, struct err *err)
{
	struct json_value *order = json_parse(input, size, err);
	bool good = order && maildir_fetch_one(json_get_text(order, "path"),
					       first_place(order),
					       MAILBOX_WHOLE_MAX, out, err);

	json_free(order);
	return good;
}

static bool move(struct imap *imap, const struct json_value *order,
		 struct buf *out, struct err *err)
{
	const struct json_value *moves = json_get(order, "moves");
	bool good = true;

	(void)out;
	for (size_t i = 0; good && i < json_count(moves); i++) {
		const struct json_value *each = json_at(moves, i);

		good = imap_move(imap, json_get_text(each, "place"),
				 json_get_text(each, "folder"), err);
	}
	return good;
}

bool mailbox_imap_move(const char *input, size_t size, struct buf *out,
		       struct err *err)
{
	return with_imap(input, size, move, out, err);
}

static bool wait(struct imap *imap, const struct json_value *order,
		 struct buf *out, struct err *err)
{
	bool is_new = false;

	(void)order;
	if (!imap_wait(imap, MAILBOX_WAIT_S, &is_new, err))
		return false;
	buf_adds(out, is_new ? "new" : "");
	return true;
}

bool mailbox_imap_wait(const char *input, size_t size, struct buf *out,
		       struct err *err)
{
	return with_imap(input, size, wait, out, err);
}

bool mailbox_maildir_fetch(const char *input, size_t size, struct buf *out,
			   struct err *err)
{
	struct json_value *order = json_parse(input, size, err);
	bool good = order &&
		    maildir_fetch(json_get_text(order, "path"),
				  MAILBOX_FETCH_MAX, BOUNCE_MAIL_MAX, out, err);

	json_free(order);
	return good;
}

bool mailbox_maildir_move(const char *input, size_t size, struct buf *out,
			  struct err *err)
{
	struct json_value *order = json_parse(input, size, err);
	const struct json_value *moves = json_get(order, "moves");
	bool good = order;

	(void)out;
	for (size_t i = 0; good && i < json_count(moves); i++) {
		const struct json_value *each = json_at(moves, i);

		good = maildir_move(json_get_text(order, "path"),
				    json_get_text(each, "place"),
				    json_get_text(each, "folder"), err);
	}
	json_free(order);
	return good;
}
