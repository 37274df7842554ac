/* Whatever is asked of the pages: one answer, or a confirmation that waits;
 * never the latter from GET, and no marked title without address or pass. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/link.h"
#include "core/settings.h"
#include "tools/calendar.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/template.h"
#include "web/web.h"

#include "../unit/fake_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795356180LL

static struct db *db;
static struct link_keys keys = {.count = 1, .list[0].id = '1'};
static struct settings settings = {
    .board_name = "Board",
    .board_colour = "#1d4f60",
    .board_help = "help",
    .time_zone = "Europe/London",
    .mail_from = "learning@board.example",
    .mail_help = "help@board.example",
    .privacy_controller = "Board",
    .privacy_contact = "help",
    .privacy_basis = "a public task",
    .privacy_retention = "",
    .state_folder = "/nonexistent",
    .templates_folder = "/nonexistent",
    .rehearsal_address = "rehearsal@board.example",
    .web_base = "https://learning.example",
    .window_days = 180,
};
static struct template_set *templates;

/* columns are named, for tables grow */
static const char scene[] =
    "INSERT INTO list (id, name, agency, title, lead, lead_address, schedule, "
    "audience, deadline_days, mandatory, from_name, reply_to, documents, "
    "unsure, domains, conf_hash, slots_from_at, loaded_at, confirm) VALUES "
    "(1, 'l', 'a', 't', 'l', 'l@a.example', 'immediately', '[]', 0, 0, 'f', "
    "'r@a.example', 'linked', 'resend', '[]', '', 0, 0, 'tick'), "
    "(2, 'm', 'a', 't', 'l', 'l@a.example', 'immediately', '[]', 0, 1, 'f', "
    "'r@a.example', 'linked', 'resend', '[]', '', 0, 0, 'email'), "
    "(3, 'n', 'a', 't', 'l', 'l@a.example', 'immediately', '[]', 0, 1, 'f', "
    "'r@a.example', 'linked', 'resend', '[]', '', 0, 0, 'code');"
    "INSERT INTO person (id, public_id, created_at) VALUES (1, 'p', 0);"
    "INSERT INTO briefing (id, ref, created_at) VALUES (1, 'R1', 0), "
    "(2, 'R2', 0);"
    "INSERT INTO version (id, briefing_id, number, content_hash, kind, title, "
    "language, marking, approved_by, approved_on, approval_ref, "
    "acknowledge_within_days, publish, already_circulated, audience, themes, "
    "key_messages, questions, summary, taken_at) VALUES "
    "(1, 1, 1, 'h', 'seven-minute-briefing', 'Open', 'en-GB', 'OFFICIAL', "
    "'b', '2026-01-01', 'm', 14, 1, 0, '[]', '[]', '[]', '[]', 'text', 0), "
    "(2, 2, 1, 'h', 'seven-minute-briefing', 'Hidden', 'en-GB', "
    "'OFFICIAL-SENSITIVE', 'b', '2026-01-01', 'm', 14, 1, 0, '[]', '[]', "
    "'[]', '[]', 'text', 0);"
    "INSERT INTO document (version_id, position, file, title, sha256, size, "
    "type) VALUES (1, 1, 'a.pdf', 'A', 'aa', 9, 'application/pdf');"
    "INSERT INTO digest (id, list_id, slot_at, mode, state, created_at) "
    "VALUES (1, 1, 1, 'live', 'planned', 0), (2, 2, 2, 'live', 'planned', 0), "
    "(3, 3, 3, 'live', 'planned', 0);"
    "INSERT INTO letter (id, digest_id, content_key, format, made_at, sender, "
    "head, body) VALUES (1, 1, '1', 1, 0, 's', x'00', x'00'), "
    "(2, 2, '2', 1, 0, 's', x'00', x'00'), "
    "(3, 3, '1', 1, 0, 's', x'00', x'00');"
    "INSERT INTO letter_version (letter_id, version_id, position) VALUES "
    "(1, 1, 1), (2, 2, 1), (3, 1, 1);"
    "INSERT INTO delivery (id, digest_id, person_id, generation, letter_id, "
    "mode, state, due_at, created_at, claimed_at, ended_at) VALUES "
    "(1, 1, 1, 1, 1, 'live', 'accepted', 0, 1795000000, 1795000000, "
    "1795000000), (2, 2, 1, 1, 2, 'live', 'accepted', 0, 1795000000, "
    "1795000000, 1795000000), (3, 3, 1, 1, 3, 'live', 'accepted', 0, "
    "1795000000, 1795000000, 1795000000);"
    /* 4: a guest, who was passed the mail of delivery 1 */
    "INSERT INTO person (id, public_id, created_at) VALUES (2, 'q', 0);"
    "INSERT INTO notice (id, key, mode, kind, is_prompt, created_at) VALUES "
    "(1, 'k', 'live', 'guest-link', 1, 0);"
    "INSERT INTO letter (id, notice_id, content_key, format, made_at, sender, "
    "head, body) VALUES (4, 1, '', 1, 0, 's', x'00', x'00');"
    "INSERT INTO delivery (id, notice_id, person_id, generation, letter_id, "
    "mode, state, due_at, created_at, claimed_at, ended_at) VALUES "
    "(4, 1, 2, 1, 4, 'live', 'accepted', 0, 1795000000, 1795000000, "
    "1795000000);"
    "INSERT INTO guest (delivery_id, source_id) VALUES (4, 1);"
    "INSERT INTO member (list_id, person_id, row_key, row_hash, is_primary, "
    "joined_at, status, added_at) VALUES (1, 1, 'k', 'h', 0, 0, 'active', 0);"
    /* delivery 3 is of a shared mailbox */
    "INSERT INTO member (list_id, person_id, row_key, row_hash, is_primary, "
    "is_shared, joined_at, status, added_at) VALUES "
    "(3, 1, 'k', 'h', 0, 1, 0, 'active', 0);"
    "INSERT INTO addressee (delivery_id, address, name) VALUES "
    "(1, 'jo@a.example', 'Jo'), (2, 'jo@a.example', 'Jo'), "
    "(3, 'jo@a.example', 'Jo'), (4, 'new@a.example', '');"
    "INSERT INTO requirement (version_id, person_id, list_id, agency, "
    "delivery_id, required_at, due_at, closes_at) VALUES "
    "(1, 1, 1, 'a', 1, 1795000000, 1796000000, 1810000000), "
    "(2, 1, 1, 'a', 2, 1795000000, 1796000000, 1810000000);"
    /* R3 of delivery 1 is confirmed, with a receipt */
    "INSERT INTO briefing (id, ref, created_at) VALUES (3, 'R3', 0);"
    "INSERT INTO version (id, briefing_id, number, content_hash, kind, title, "
    "language, marking, approved_by, approved_on, approval_ref, "
    "acknowledge_within_days, publish, already_circulated, audience, themes, "
    "key_messages, questions, summary, taken_at) SELECT 3, 3, number, "
    "content_hash, kind, 'Read', language, marking, approved_by, approved_on, "
    "approval_ref, acknowledge_within_days, publish, already_circulated, "
    "audience, themes, key_messages, questions, summary, taken_at FROM version "
    "WHERE id = 1;"
    "INSERT INTO letter_version (letter_id, version_id, position) VALUES "
    "(1, 3, 2);"
    "INSERT INTO event (id, kind, effective_at, recorded_at, actor, body) "
    "VALUES (1, 'acknowledged', 1795100000, 1795100000, 'person:p', '{}');"
    "INSERT INTO requirement (version_id, person_id, list_id, agency, "
    "delivery_id, required_at, due_at, closes_at, acknowledged_at, grade, "
    "receipt, event_id) VALUES (3, 1, 1, 'a', 1, 1795000000, 1796000000, "
    "1810000000, 1795100000, 'confirmed', '0123456789abcdefghjk', 1);";

static void open_store(void)
{
	char folder[] = "/tmp/fuzz-web-XXXXXX", path[64];
	struct problems problems = {0};
	struct err err = {0};

	crypto_start();
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/store.db", folder);
	db = db_open(path, DB_CREATE, 0, &err);
	settings.zone = zone_open("Europe/London", &err);
	templates = template_set_load(NULL, &problems);
	if (!db || !settings.zone || !templates ||
	    !db_execute(db, scene, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	/* open files outlive their names */
	snprintf(path, sizeof(path), "rm -rf %s", folder);
	if (system(path) != 0)
		abort();
}

/* Pieces end with a NUL, as what is behind the form's parser may not hold
 * one: the path first, then names and values in turn. In a piece, byte 0x01
 * and a digit stand for the link of that delivery, 0x02 for its form. */
static char *next_piece(const uint8_t **data, size_t *size, int64_t shown_at)
{
	char *piece = xcalloc(1, 4096), *out = piece;

	while (*size > 0 && **data && out - piece < 4000) {
		uint8_t byte = **data;
		++*data;
		--*size;
		if ((byte == 1 || byte == 2) && *size > 0) {
			int64_t id = 1 + **data % 5;
			++*data;
			--*size;
			if (byte == 1)
				link_format(link_signer(&keys), id, out);
			else
				link_format_form(link_signer(&keys), id,
						 shown_at, out);
			out += strlen(out);
		} else {
			*out++ = (char)byte;
		}
	}
	if (*size > 0) {
		++*data;
		--*size;
	}
	return piece;
}

/* only what doors/http lets through */
static bool is_text(const char *piece, bool is_path)
{
	size_t size = strlen(piece);

	if (!text_is_utf8(piece, size, NULL))
		return false;
	return !is_path || (piece[0] == '/' && !text_has_control(piece, size) &&
			    !strchr(piece, '\\'));
}

static void end_pending(struct web *web)
{
	struct err err = {0};
	int count;

	/* recorded, and taken back, so that each input meets the same store */
	if (!db_begin(db, &err) || !web_record(web, NOW, &count, &err))
		abort();
	db_rollback(db);
	web_answer(web, true, NOW);
}

static void check(struct web *web, struct http_request *request, bool has_key)
{
	web_handle(request, web, NOW);
	if (web_has_pending(web)) {
		assert(request->method == HTTP_POST && request->replies == 0);
		end_pending(web);
	}
	assert(!web_has_pending(web));
	assert(request->replies == 1);
	assert(request->status >= 200 && request->status <= 503);
	if (!has_key && request->body)
		assert(!strstr(request->body, "Hidden"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_method methods[] = {HTTP_GET, HTTP_HEAD,
						   HTTP_POST, HTTP_POST};
	char *pieces[40];
	size_t count = 0;
	bool is_good = true;

	if (!db)
		open_store();
	if (size < 2)
		return 0;
	enum http_method method = methods[data[0] % 4];
	int64_t shown_at = NOW - data[1];
	data += 2;
	size -= 2;
	/* no pass can be guessed, and no address is in the clear; what is typed
	 * is shown again, so the word must not be */
	bool has_key = memchr(data, 2, size) || memchr(data, '@', size) ||
		       memmem(data, size, "Hidden", 6);
	while (size > 0 && count < 39) {
		pieces[count] = next_piece(&data, &size, shown_at);
		is_good = is_good && is_text(pieces[count], count == 0);
		count++;
	}
	struct http_request request = {
	    .method = method, .path = count ? pieces[0] : "/", .peer = "::1"};
	for (size_t i = 1; i + 1 < count; i += 2)
		fake_field(&request, pieces[i], pieces[i + 1]);
	if (is_good) {
		struct web *web = web_new(db, &keys, &settings, templates);
		check(web, &request, has_key);
		fake_done(&request);
		web_free(web);
	}
	for (size_t i = 0; i < count; i++)
		free(pieces[i]);
	return 0;
}
