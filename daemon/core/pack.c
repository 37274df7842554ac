#include "core/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/err.h"
#include "base/escape.h"
#include "core/briefing.h"
#include "core/checkpoint.h"
#include "core/event.h"
#include "core/pack_part.h"
#include "core/report.h"
#include "core/settings.h"
#include "core/words.h"
#include "tools/archive.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"
#include "tools/template.h"
#include "tools/view.h"

#define PART_MAX_SIZE ((size_t)256 * 1024 * 1024)

/* --- files --- */

bool pack_add(struct pack *pack, const char *name, struct buf *data,
	      struct err *err)
{
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];

	if (data->overflow)
		return err_set(err, ERR_FULL, "%s is too large for a pack",
			       name);
	crypto_sha256(data->data, data->size, hash);
	crypto_hex(hash, sizeof(hash), hex);
	buf_addf(&pack->sums, "%s  %s\n", hex, name);
	archive_add(pack->zip, name, data->data, data->size);
	buf_clear(data);
	return true;
}

void pack_record(struct buf *out, const char *const *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_addc(out, ',');
		if (fields[i])
			escape_csv(out, fields[i], strlen(fields[i]));
	}
	buf_adds(out, "\r\n");
}

static bool add_text(struct pack *pack, const char *name, const char *text,
		     struct err *err)
{
	struct buf data;

	buf_init(&data, PART_MAX_SIZE);
	buf_adds(&data, text);
	bool good = pack_add(pack, name, &data, err);
	buf_done(&data);
	return good;
}

/* --- the report --- */

/* A pack with names says so on each page of it. */
static void mark(const struct pack *pack, struct buf *page)
{
	const char *body = strstr(page->data, "<body>");
	struct buf marked;

	if (!pack->wish->names_reason || !body)
		return;
	size_t size = (size_t)(body - page->data) + strlen("<body>");
	buf_init(&marked, PART_MAX_SIZE);
	buf_add(&marked, page->data, size);
	buf_addf(&marked,
		 "\n<p><strong>Part of a pack that contains names. Destroy it "
		 "by %s.</strong></p>",
		 pack->wish->destroy_on);
	buf_add(&marked, page->data + size, page->size - size);
	buf_done(page);
	*page = marked;
}

static bool add_page(struct pack *pack, const struct report *report,
		     struct buf *page, struct err *err)
{
	if (!report_format_html(report, pack->settings, pack->templates, page,
				err))
		return false;
	mark(pack, page);
	return pack_add(pack, "report/reach.html", page, err);
}

static bool add_report(struct pack *pack, struct err *err)
{
	const struct report_filter filter = {.ref = pack->wish->ref,
					     .as_of = pack->as_of};
	struct report *report;
	struct buf data;
	char *json;

	if (!report_load(pack->db, &filter, pack->arena, &report, err))
		return false;
	buf_init(&data, PART_MAX_SIZE);
	json = report_format_json(report);
	bool good = add_page(pack, report, &data, err) &&
		    (report_format_csv(report, &data) ||
		     err_set(err, ERR_FULL, "the report is too large")) &&
		    pack_add(pack, "report/reach.csv", &data, err) &&
		    add_text(pack, "report/reach.json", json, err);
	free(json);
	buf_done(&data);
	return good;
}

/* --- manifest and approval --- */

static struct json_value *texts(const char *const *list, size_t count)
{
	struct json_value *value = json_list_new();

	for (size_t i = 0; i < count; i++)
		json_list_text(value, list[i]);
	return value;
}

static struct json_value *documents(const struct briefing_version *version)
{
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < version->document_count; i++) {
		const struct briefing_document *document =
		    &version->documents[i];
		struct json_value *item = json_map_new();

		json_map_text(item, "file", document->file);
		json_map_text(item, "title", document->title);
		json_map_text(item, "sha256", document->sha256);
		json_map_integer(item, "size", document->size);
		json_list_put(list, item);
	}
	return list;
}

static struct json_value *manifest(const struct briefing_version *version,
				   const char *content_hash)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "ref", version->ref);
	json_map_integer(map, "version", version->number);
	json_map_text(map, "content_hash", content_hash);
	json_map_text(map, "kind", version->kind);
	json_map_text(map, "title", version->title);
	json_map_text(map, "language", version->language);
	json_map_text(map, "marking", version->marking);
	json_map_text(map, "approved_by", version->approved_by);
	json_map_text(map, "approved_on", version->approved_on);
	json_map_text(map, "approval_ref", version->approval_ref);
	json_map_integer(map, "not_before_at", version->not_before_at);
	json_map_integer(map, "taken_at", version->taken_at);
	json_map_put(map, "audience",
		     texts(version->audience, version->audience_count));
	json_map_put(map, "key_messages",
		     texts(version->key_messages, version->key_message_count));
	json_map_put(map, "questions",
		     texts(version->questions, version->question_count));
	json_map_text(map, "summary", version->summary);
	json_map_put(map, "documents", documents(version));
	return map;
}

struct version_row {
	int64_t id;
	const char *content_hash;
};

static bool find_versions(struct pack *pack, struct version_row **ret,
			  size_t *ret_count, struct err *err)
{
	struct query *q = db_query(pack->db, QUERY_PACK_VERSIONS);
	size_t count = 0, room = 0;

	*ret = NULL;
	query_text(q, 1, pack->wish->ref);
	query_integer(q, 2, pack->as_of);
	while (query_next(q)) {
		*ret =
		    arena_grow(pack->arena, *ret, count, &room, sizeof(**ret));
		(*ret)[count++] = (struct version_row){
		    query_get_integer(q, 0),
		    arena_strdup(pack->arena, query_get_text(q, 1))};
	}
	*ret_count = count;
	if (!query_done(q, err))
		return false;
	return count > 0 ||
	       err_set(err, ERR_GONE,
		       "the checkpoint is older than briefing %s, or there is "
		       "no such briefing",
		       pack->wish->ref);
}

static bool add_manifests(struct pack *pack, struct err *err)
{
	struct version_row *rows;
	size_t count;

	if (!find_versions(pack, &rows, &count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct briefing_version *version;

		if (!briefing_load_version(pack->db, rows[i].id, pack->arena,
					   &version, err))
			return false;
		struct json_value *map =
		    manifest(version, rows[i].content_hash);
		char *text = json_format_pretty(map);
		bool good = add_text(pack,
				     arena_printf(pack->arena,
						  "briefing/version-%d.json",
						  version->number),
				     text, err);
		free(text);
		json_free(map);
		if (!good)
			return false;
	}
	return true;
}

/* --- the first page --- */

static struct view *index_view(struct pack *pack)
{
	const struct settings *settings = pack->settings;
	const struct pack_wish *wish = pack->wish;
	struct view *view = view_new(pack->arena);
	char day[WORDS_SIZE];

	words_day(settings->zone, pack->as_of, day);
	view_text(view, "lang", "en-GB");
	view_text(view, "board_name", settings->board_name);
	view_text(view, "colour", settings->board_colour);
	view_text(view, "ref", wish->ref);
	view_text(view, "as_of_text", arena_strdup(pack->arena, day));
	view_text(view, "destroy_on",
		  wish->names_reason ? wish->destroy_on : NULL);
	view_text(view, "reason", wish->names_reason);
	view_text(view, "key", wish->checkpoint->verifier);
	view_number(view, "leaf_count", (int64_t)pack->leaf_count);
	checkpoint_show(view, wish->checkpoint, settings->web_base);
	return view;
}

static bool add_index(struct pack *pack, struct err *err)
{
	struct buf page;

	buf_init(&page, PART_MAX_SIZE);
	bool good = template_set_render(pack->templates, "report/pack.html",
					index_view(pack), &page, err) &&
		    pack_add(pack, "index.html", &page, err);
	buf_done(&page);
	return good;
}

/* --- all of it --- */

static bool fill(struct pack *pack, struct err *err)
{
	const struct checkpoint *checkpoint = pack->wish->checkpoint;

	if (!add_manifests(pack, err) || !add_report(pack, err) ||
	    !pack_lists(pack, err) || !pack_mail(pack, err) ||
	    !pack_ledger(pack, err) ||
	    !add_text(pack, "ledger/checkpoint", checkpoint->note, err) ||
	    !add_text(pack, "ledger/key",
		      arena_printf(pack->arena, "%s\n", checkpoint->verifier),
		      err) ||
	    !add_index(pack, err))
		return false;
	archive_add(pack->zip, "SHA256SUMS", pack->sums.data, pack->sums.size);
	return true;
}

bool pack_make(struct db *db, const struct settings *settings,
	       const struct template_set *templates,
	       const struct pack_wish *wish, struct buf *zip, struct err *err)
{
	struct pack pack = {
	    .db = db,
	    .settings = settings,
	    .templates = templates,
	    .wish = wish,
	    .as_of = wish->checkpoint->made_at,
	};

	if (!db_begin_reading(db, err))
		return false;
	pack.arena = arena_new();
	pack.zip = archive_open(pack.as_of);
	buf_init(&pack.sums, PART_MAX_SIZE);
	bool good = fill(&pack, err);
	db_rollback(db);
	good &= archive_close(pack.zip, good ? zip : NULL, good ? err : NULL);
	buf_done(&pack.sums);
	arena_free(pack.arena);
	return good ? true : err_context(err, "the pack of %s", wish->ref);
}

bool pack_record_names(struct db *db, const struct pack_wish *wish,
		       const char *actor, int64_t now, struct err *err)
{
	struct event event;

	if (!db_begin(db, err))
		return false;
	event_begin(&event, "pack-with-names", now, actor);
	event_text(&event, "ref", wish->ref);
	event_integer(&event, "size", wish->checkpoint->head.size);
	event_text(&event, "destroy_on", wish->destroy_on);
	event_private(&event, "reason", wish->names_reason);
	if (event_end(&event, db, now, err) && db_commit(db, err))
		return true;
	db_rollback(db);
	return false;
}
