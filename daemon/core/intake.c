#include "core/intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"
#include "core/briefing.h"
#include "core/event.h"
#include "core/wordlist.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"

/* One answer on its way into the store. */
struct taking {
	struct db *db;
	struct arena *arena;
	int64_t now, default_days;
	const char *folder_name;
	const struct json_value *answer, *content;
	const char *ref;
	char hash[CRYPTO_SHA256_HEX]; /* of the content */
	/* of the briefing; id 0: there is none yet */
	int64_t briefing_id, withdrawn_at;
	int number; /* of the latest version, 0 for none */
	/* of that version */
	const char *title, *approved_on, *approval_ref, *marking;
	bool is_open, was_circulated; /* likewise */
	bool carries;                 /* the new one is a small change of it */
};

static const char *text_at(const struct taking *taking, const char *key)
{
	const char *text = json_get_text(taking->content, key);

	return text ? text : "";
}

/* --- the answer's form: it comes from a process that read hostile files */

static bool is_hash(const char *text)
{
	uint8_t bytes[CRYPTO_SHA256_SIZE];

	return text && crypto_hex_parse(text, bytes, sizeof(bytes));
}

static bool is_whole(const struct json_value *answer)
{
	const struct json_value *content = json_get(answer, "content");
	const struct json_value *documents = json_get(content, "documents");
	const char *ref = json_get_text(content, "ref");

	if (text_is_empty(ref) || !json_get_text(answer, "summary"))
		return false;
	if (json_count(documents) != json_count(json_get(answer, "kept")))
		return false;
	for (size_t i = 0; i < json_count(documents); i++)
		if (!is_hash(json_get_text(json_at(documents, i), "sha256")))
			return false;
	return true;
}

static void hash_content(struct taking *taking)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char *text = json_format(taking->content);

	crypto_sha256(text, strlen(text), hash);
	crypto_hex(hash, sizeof(hash), taking->hash);
	free(text);
}

/* --- what is there already */

static bool find_briefing(struct taking *taking, struct err *err)
{
	struct query *q = db_query(taking->db, QUERY_BRIEFING_FIND);

	query_text(q, 1, taking->ref);
	if (query_next(q)) {
		taking->briefing_id = query_get_integer(q, 0);
		taking->withdrawn_at = query_get_integer(q, 1);
	}
	return query_done(q, err);
}

static bool load_latest(struct taking *taking, struct err *err)
{
	struct query *q = db_query(taking->db, QUERY_INTAKE_LOAD_LATEST);

	query_integer(q, 1, taking->briefing_id);
	if (query_next(q)) {
		taking->number = (int)query_get_integer(q, 0);
		taking->title =
		    arena_strdup(taking->arena, query_get_text(q, 1));
		taking->approved_on =
		    arena_strdup(taking->arena, query_get_text(q, 2));
		taking->approval_ref =
		    arena_strdup(taking->arena, query_get_text(q, 3));
		taking->is_open = query_get_integer(q, 4) != 0;
		taking->was_circulated = query_get_integer(q, 5) != 0;
		taking->marking =
		    arena_strdup(taking->arena, query_get_text(q, 6));
	}
	return query_done(q, err);
}

/* Those who had the version before are asked again when the manifest says that
 * the change is material; and when that version was withdrawn or the new one is
 * still held back or marked otherwise, for then it can't stand in its place:
 * its links went where the new one may not. */
static bool is_small_change(const struct taking *taking)
{
	const char *marking = json_get_text(taking->content, "marking");

	return taking->is_open && taking->marking && marking &&
	       strcmp(taking->marking, marking) == 0 &&
	       !json_get_flag(taking->content, "material", false) &&
	       json_get_integer(taking->answer, "not_before_at", 0) <=
		   taking->now;
}

/* *ret_number is 0 when this content is new */
static bool find_version(struct taking *taking, int *ret_number,
			 struct err *err)
{
	struct query *q = db_query(taking->db, QUERY_INTAKE_FIND_VERSION);

	*ret_number = 0;
	query_integer(q, 1, taking->briefing_id);
	query_text(q, 2, taking->hash);
	if (query_next(q))
		*ret_number = (int)query_get_integer(q, 0);
	return query_done(q, err);
}

/* *ret_name (arena) is NULL when no other folder brought this ref */
static bool find_other_folder(struct taking *taking, const char **ret_name,
			      struct err *err)
{
	struct query *q = db_query(taking->db, QUERY_INTAKE_FIND_OTHER_FOLDER);

	*ret_name = NULL;
	query_text(q, 1, taking->ref);
	query_text(q, 2, taking->folder_name);
	if (query_next(q))
		*ret_name = arena_strdup(taking->arena, query_get_text(q, 0));
	return query_done(q, err);
}

/* --- a new version */

static void bind_words(struct taking *taking, struct query *q, int index,
		       const char *key)
{
	const char **words;
	size_t count;

	wordlist_from_json(json_get(taking->content, key), taking->arena,
			   &words, &count);
	char *text = wordlist_format(words, count);
	query_text(q, index, text);
	free(text);
}

static bool add_version(struct taking *taking, int64_t *ret_id, struct err *err)
{
	static const char *const texts[] = {
	    "kind",        "title",       "language",    "marking",
	    "approved_by", "approved_on", "approval_ref"};
	static const char *const words[] = {"audience", "themes",
					    "key_messages", "questions"};
	const struct json_value *content = taking->content;
	struct query *q = db_query(taking->db, QUERY_INTAKE_ADD_VERSION);

	query_integer(q, 1, taking->briefing_id);
	query_integer(q, 2, taking->number + 1);
	query_text(q, 3, taking->hash);
	for (int i = 0; i < 7; i++)
		query_text(q, 4 + i, text_at(taking, texts[i]));
	query_integer(q, 11,
		      json_get_integer(taking->answer, "not_before_at", 0));
	query_integer(q, 12,
		      json_get_integer(content, "acknowledge_within_days",
				       taking->default_days));
	query_integer(q, 13, json_get_flag(content, "publish", false));
	query_integer(q, 14,
		      json_get_flag(content, "already_circulated", false) ||
			  (taking->carries && taking->was_circulated));
	for (int i = 0; i < 4; i++)
		bind_words(taking, q, 15 + i, words[i]);
	query_text(q, 19, json_get_text(taking->answer, "summary"));
	query_integer(q, 20, taking->now);
	query_integer(q, 21, taking->carries);
	query_text(q, 22, text_at(taking, "changes"));
	query_integer(q, 23, json_get_flag(content, "essential", false));
	if (!query_run(q, NULL, err))
		return false;
	*ret_id = db_last_id(taking->db);
	return true;
}

static bool add_documents(struct taking *taking, int64_t version_id,
			  struct err *err)
{
	const struct json_value *list = json_get(taking->content, "documents");
	const struct json_value *kept = json_get(taking->answer, "kept");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json_value *each = json_at(list, i);
		struct query *q =
		    db_query(taking->db, QUERY_INTAKE_ADD_DOCUMENT);

		query_integer(q, 1, version_id);
		query_integer(q, 2, (int64_t)i + 1);
		query_text(q, 3, json_get_text(each, "file"));
		query_text(q, 4, json_get_text(each, "title"));
		query_text(q, 5, json_get_text(each, "sha256"));
		query_integer(q, 6,
			      json_get_integer(json_at(kept, i), "size", 0));
		query_text(q, 7, json_get_text(json_at(kept, i), "type"));
		if (!query_run(q, NULL, err))
			return false;
	}
	return true;
}

static bool add_actions(struct taking *taking, int64_t version_id,
			struct err *err)
{
	const struct json_value *list = json_get(taking->content, "actions");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json_value *each = json_at(list, i);
		struct query *q = db_query(taking->db, QUERY_INTAKE_ADD_ACTION);

		query_integer(q, 1, version_id);
		query_integer(q, 2, (int64_t)i + 1);
		query_text(q, 3, json_get_text(each, "ref"));
		query_text(q, 4, json_get_text(each, "agency"));
		query_text(q, 5, json_get_text(each, "text"));
		query_text(q, 6, json_get_text(each, "due"));
		if (!query_run(q, NULL, err))
			return false;
	}
	return true;
}

static bool add_briefing(struct taking *taking, struct err *err)
{
	struct query *q = db_query(taking->db, QUERY_INTAKE_ADD_BRIEFING);

	query_text(q, 1, taking->ref);
	query_integer(q, 2, taking->now);
	if (!query_run(q, NULL, err))
		return false;
	taking->briefing_id = db_last_id(taking->db);
	return true;
}

static bool record_version(struct taking *taking, struct err *err)
{
	struct event event;

	event_begin(&event, "briefing-taken", taking->now, "briefingd");
	event_text(&event, "ref", taking->ref);
	event_integer(&event, "version", taking->number + 1);
	event_text(&event, "content_hash", taking->hash);
	if (taking->number > 0)
		event_text(&event, "change",
			   taking->carries ? "small" : "material");
	event_text(&event, "approved_on", text_at(taking, "approved_on"));
	event_private(&event, "approved_by", text_at(taking, "approved_by"));
	event_private(&event, "approval_ref", text_at(taking, "approval_ref"));
	return event_end(&event, taking->db, taking->now, err);
}

/* A decision of the board later than the withdrawal, and not the one that let
 * the withdrawn version out. */
static bool is_approved_anew(const struct taking *taking)
{
	struct civil civil = civil_from_utc(taking->withdrawn_at);
	char withdrawn_on[CIVIL_DATE_SIZE];
	const char *on = text_at(taking, "approved_on");

	civil_format_date(&civil, withdrawn_on);
	return strcmp(on, withdrawn_on) >= 0 &&
	       (strcmp(on, taking->approved_on) != 0 ||
		strcmp(text_at(taking, "approval_ref"), taking->approval_ref) !=
		    0);
}

static bool lift_withdrawal(struct taking *taking, struct err *err)
{
	struct event event;
	struct query *q = db_query(taking->db, QUERY_INTAKE_LIFT_WITHDRAWAL);

	query_integer(q, 1, taking->briefing_id);
	if (!query_run(q, NULL, err))
		return false;
	taking->withdrawn_at = 0;
	event_begin(&event, "briefing-restored", taking->now, "briefingd");
	event_text(&event, "ref", taking->ref);
	event_integer(&event, "version", taking->number + 1);
	return event_end(&event, taking->db, taking->now, err);
}

static bool take_version(struct taking *taking, const char **ret_text,
			 struct err *err)
{
	int64_t version_id = 0;

	taking->carries = is_small_change(taking);
	if (taking->briefing_id == 0 && !add_briefing(taking, err))
		return false;
	if (!taking->carries &&
	    !briefing_close_versions(taking->db, taking->briefing_id,
				     "superseded", taking->now, err))
		return false;
	if (!add_version(taking, &version_id, err) ||
	    !add_documents(taking, version_id, err) ||
	    !add_actions(taking, version_id, err) ||
	    !record_version(taking, err))
		return false;
	if (taking->withdrawn_at && is_approved_anew(taking) &&
	    !lift_withdrawal(taking, err))
		return false;
	*ret_text = arena_printf(
	    taking->arena, "%s version %d%s", taking->ref, taking->number + 1,
	    taking->withdrawn_at
		? "; the briefing was withdrawn and stays so: what is put "
		  "right needs an approval of its own, or a new ref"
		: "");
	return true;
}

/* --- one folder's answer */

static const char *tell_known(const struct taking *taking, int number)
{
	if (taking->withdrawn_at)
		return arena_printf(taking->arena,
				    "%s version %d, which was withdrawn and "
				    "stays so",
				    taking->ref, number);
	if (number < taking->number)
		return arena_printf(taking->arena,
				    "%s version %d, in whose place version %d "
				    "is in force",
				    taking->ref, number, taking->number);
	return arena_printf(taking->arena, "%s version %d", taking->ref,
			    number);
}

static const char *tell_taken_ref(const struct taking *taking,
				  const char *other)
{
	return arena_printf(
	    taking->arena,
	    "briefing.conf: ref: %s is \"%s\" from the folder %s already. Give "
	    "this one a ref of its own; if it is a new version of that one, "
	    "put it into that folder instead\n",
	    taking->ref, taking->title, other);
}

static bool take_content(struct taking *taking, enum intake_result *ret,
			 const char **ret_text, struct err *err)
{
	const char *other = NULL;
	int known = 0;

	hash_content(taking);
	if (!find_briefing(taking, err))
		return false;
	if (taking->briefing_id != 0 &&
	    (!load_latest(taking, err) || !find_version(taking, &known, err) ||
	     !find_other_folder(taking, &other, err)))
		return false;
	if (known > 0) {
		*ret = INTAKE_KNOWN;
		*ret_text = tell_known(taking, known);
		return true;
	}
	if (other && strcmp(taking->title, text_at(taking, "title")) != 0) {
		*ret = INTAKE_REJECTED;
		*ret_text = tell_taken_ref(taking, other);
		return true;
	}
	*ret = INTAKE_TAKEN;
	return take_version(taking, ret_text, err);
}

static bool put_folder(struct taking *taking, const char *stamp,
		       enum intake_result result, const char *detail,
		       struct err *err)
{
	static const char *const states[] = {
	    [INTAKE_TAKEN] = "taken",
	    [INTAKE_KNOWN] = "taken",
	    [INTAKE_WAITING] = "waiting",
	    [INTAKE_REJECTED] = "rejected",
	};
	bool is_taken = result == INTAKE_TAKEN || result == INTAKE_KNOWN;
	struct query *q = db_query(taking->db, QUERY_INTAKE_PUT_FOLDER);

	query_text(q, 1, taking->folder_name);
	query_text(q, 2, states[result]);
	query_text(q, 3, is_taken ? taking->ref : NULL);
	query_text(q, 4, detail);
	query_text(q, 5, stamp);
	query_integer(q, 6, taking->now);
	return query_run(q, NULL, err);
}

static bool take_answer(struct taking *taking, enum intake_result *ret,
			const char **ret_text, struct err *err)
{
	const char *problems = json_get_text(taking->answer, "problems");
	const char *waiting = json_get_text(taking->answer, "waiting");

	if (problems || waiting) {
		*ret = problems ? INTAKE_REJECTED : INTAKE_WAITING;
		*ret_text =
		    arena_strdup(taking->arena, problems ? problems : waiting);
		return true;
	}
	if (!is_whole(taking->answer))
		return err_set(err, ERR_SYSTEM,
			       "what the errand found in the folder %s is not "
			       "whole",
			       taking->folder_name);
	taking->content = json_get(taking->answer, "content");
	taking->ref = json_get_text(taking->content, "ref");
	return take_content(taking, ret, ret_text, err);
}

bool intake_take(struct db *db, const char *folder_name, const char *stamp,
		 const char *answer, size_t size, int64_t default_days,
		 int64_t now, struct arena *arena, enum intake_result *ret,
		 const char **ret_text, struct err *err)
{
	struct json_value *value = json_parse(answer, size, err);
	struct taking taking = {
	    .db = db,
	    .arena = arena,
	    .now = now,
	    .default_days = default_days,
	    .folder_name = folder_name,
	    .answer = value,
	};
	enum intake_result result = INTAKE_REJECTED;
	const char *text = "";

	if (!value)
		return err_context(err, "the errand's answer");
	bool good = take_answer(&taking, &result, &text, err) &&
		    put_folder(&taking, stamp, result, text, err);
	json_free(value);
	if (!good)
		return false;
	*ret = result;
	*ret_text = text;
	return true;
}
