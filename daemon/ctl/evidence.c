#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "core/address.h"
#include "core/checkpoint.h"
#include "core/evidence.h"
#include "core/evidence_prove.h"
#include "core/ledger.h"
#include "core/request.h"
#include "ctl/ctl.h"
#include "tools/crypto.h"
#include "tools/db.h"
#include "tools/json.h"

#define FILE_MAX_SIZE ((size_t)1024 * 1024)

/* ------------------------------------------------------------- helpers */

struct checkpoint *ctl_checkpoint(struct ctl *ctl)
{
	struct checkpoint *checkpoint = NULL;
	const char *answer = NULL;
	struct err err = {0};
	int64_t id;

	if (!request_add(ctl->db, "checkpoint", "", ctl->actor, ctl->now, &id,
			 &err) ||
	    !ctl_await(ctl, id, &answer, &err) ||
	    !checkpoint_load(ctl->db, INT64_MAX, ctl->arena, &checkpoint,
			     &err)) {
		ctl_fail_err(&err);
		return NULL;
	}
	if (!checkpoint)
		ctl_fail("there is no checkpoint yet: the daemon, which does "
			 "not answer, makes one");
	else if (!answer)
		fprintf(stderr, "briefingctl: the daemon does not answer: this "
				"is the last checkpoint that it made\n");
	return checkpoint;
}

static const char *root_text(struct ctl *ctl, const struct merkle_hash *root)
{
	char text[NOTE_ROOT_SIZE];

	crypto_base64(root->bytes, MERKLE_SIZE, text);
	return arena_strdup(ctl->arena, text);
}

/* ---------------------------------------------------------------- head */

static int print_head_json(struct ctl *ctl, const struct checkpoint *checkpoint)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "origin", checkpoint->head.origin);
	json_map_integer(map, "size", checkpoint->head.size);
	json_map_text(map, "root", root_text(ctl, &checkpoint->head.root));
	json_map_integer(map, "made_at", checkpoint->made_at);
	json_map_text(map, "note", checkpoint->note);
	json_map_text(map, "key", checkpoint->verifier);
	return ctl_print_json(map);
}

static int head(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "evidence head";
	const struct ctl_option none[] = {{0}};
	int at = ctl_options(ctl, none, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	const struct checkpoint *checkpoint = ctl_checkpoint(ctl);
	if (!checkpoint)
		return CTL_TROUBLE;
	if (ctl->wants_json)
		return print_head_json(ctl, checkpoint);
	printf("For the minutes:\n\n"
	       "  The record of evidence %s had %" PRId64 " entries on %s,\n"
	       "  and its root hash was\n"
	       "  %s\n\n"
	       "Signed, for a file that \"evidence verify --checkpoint\" "
	       "reads:\n\n%s\n"
	       "By the key\n\n%s\n",
	       checkpoint->head.origin, checkpoint->head.size,
	       ctl_time(ctl, checkpoint->made_at),
	       root_text(ctl, &checkpoint->head.root), checkpoint->note,
	       checkpoint->verifier);
	return CTL_GOOD;
}

/* ----------------------------------------------------------------- key */

/* The keys that signed, the latest first. */
static bool load_keys(struct ctl *ctl, const char ***ret, size_t *ret_count)
{
	struct query *q = db_query(ctl->db, QUERY_CHECKPOINT_KEYS);
	struct err err = {0};
	size_t room = 0;

	*ret = NULL;
	*ret_count = 0;
	while (query_next(q)) {
		*ret = arena_grow(ctl->arena, *ret, *ret_count, &room,
				  sizeof(**ret));
		(*ret)[(*ret_count)++] =
		    arena_strdup(ctl->arena, query_get_text(q, 0));
	}
	if (query_done(q, &err))
		return true;
	ctl_fail_err(&err);
	return false;
}

static int key(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "evidence key";
	const struct ctl_option none[] = {{0}};
	const char **keys;
	size_t count;
	int at = ctl_options(ctl, none, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (!ctl_store(ctl) || !load_keys(ctl, &keys, &count))
		return CTL_TROUBLE;
	struct json_value *list = json_list_new();
	for (size_t i = 0; i < count; i++) {
		json_list_text(list, keys[i]);
		if (!ctl->wants_json)
			puts(keys[i]);
	}
	if (ctl->wants_json)
		return ctl_print_json(list);
	json_free(list);
	return CTL_GOOD;
}

/* -------------------------------------------------------------- verify */

/* A key of the store signed it. */
static bool is_signed(struct ctl *ctl, const char *note, size_t size)
{
	const char **keys;
	size_t count, text_size;

	if (!load_keys(ctl, &keys, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct note_verifier verifier;

		if (note_verifier_parse(keys[i], &verifier) &&
		    note_verify(&verifier, note, size, &text_size) == NOTE_GOOD)
			return true;
	}
	return false;
}

/* Either the whole note, or its three lines as they stand in a mail, which is
 * evidence enough: the mail's holder did not make them up before they were. */
static bool read_given(struct ctl *ctl, const char *path,
		       struct evidence_given *ret)
{
	struct err err = {0};
	size_t size;
	char *text;

	if (!file_read(path, NOTE_MAX_SIZE, &text, &size, &err)) {
		ctl_fail_err(&err);
		return false;
	}
	ret->name = path;
	const char *end = strstr(text, "\n\n");
	bool good = note_checkpoint_parse(
	    text, end ? (size_t)(end - text) + 1 : size, &ret->head);
	bool is_ours = !end || !good || is_signed(ctl, text, size);
	free(text);
	if (!good)
		ctl_fail("%s: it is no checkpoint: name, entries and root hash "
			 "are wanted, a line each, or the whole note",
			 path);
	else if (!is_ours)
		ctl_fail("%s: no key of this store signed it", path);
	return good && is_ours;
}

static int print_findings_json(const struct evidence_findings *findings,
			       const struct evidence_summary *summary)
{
	struct json_value *map = json_map_new(), *list = json_list_new();

	json_map_flag(map, "good", findings->count == 0);
	json_map_integer(map, "events", summary->events);
	json_map_integer(map, "bytes", summary->bytes);
	json_map_integer(map, "sealed", summary->sealed);
	json_map_integer(map, "checkpoints", (int64_t)summary->checkpoints);
	json_map_integer(map, "findings_count", (int64_t)findings->count);
	for (size_t i = 0; i < findings->told; i++) {
		struct json_value *item = json_map_new();

		json_map_text(item, "what", findings->list[i].what);
		json_map_text(item, "text", findings->list[i].text);
		json_list_put(list, item);
	}
	json_map_put(map, "findings", list);
	ctl_print_json(map);
	return findings->count == 0 ? CTL_GOOD : CTL_TROUBLE;
}

static int print_findings(const struct evidence_findings *findings,
			  const struct evidence_summary *summary)
{
	for (size_t i = 0; i < findings->told; i++)
		printf("%s\n", findings->list[i].text);
	if (findings->count > findings->told)
		printf("and %zu more\n", findings->count - findings->told);
	printf("%s: %" PRId64 " events, %zu checkpoints; %" PRId64
	       " events are sealed by the last one\n",
	       findings->count ? "NOT GOOD" : "good", summary->events,
	       summary->checkpoints, summary->sealed);
	return findings->count == 0 ? CTL_GOOD : CTL_TROUBLE;
}

static void print_proven_json(const struct note_verifier *verifier,
			      const char *leaf)
{
	struct json_value *map = json_map_new();

	json_map_flag(map, "good", true);
	json_map_text(map, "origin", verifier->name);
	json_map_text(map, "leaf", leaf);
	ctl_print_json(map);
}

static int check_proof(struct ctl *ctl, const char *path, const char *key_text)
{
	struct note_verifier verifier;
	struct checkpoint *last = NULL;
	struct err err = {0};
	struct buf leaf;
	char *text;
	size_t size;

	if (!file_read(path, FILE_MAX_SIZE, &text, &size, &err))
		return ctl_fail_err(&err);
	if (!key_text && ctl_store(ctl) &&
	    checkpoint_load(ctl->db, INT64_MAX, ctl->arena, &last, &err) &&
	    last)
		key_text = last->verifier;
	if (!key_text || !note_verifier_parse(key_text, &verifier)) {
		free(text);
		return ctl_fail("a key is wanted: --key \"name+id+key\"");
	}
	buf_init(&leaf, FILE_MAX_SIZE);
	bool good = evidence_check_proof(text, size, &verifier, &leaf, &err);
	if (good && ctl->wants_json)
		print_proven_json(&verifier, leaf.data);
	else if (good)
		printf("good: it is in the record of evidence %s\n%s\n",
		       verifier.name, ctl_plain(ctl, leaf.data));
	else
		ctl_fail("%s: %s", path, err.text);
	buf_done(&leaf);
	free(text);
	return good ? CTL_GOOD : CTL_TROUBLE;
}

static int verify(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "evidence verify [--checkpoint FILE]... | --proof FILE [--key KEY]";
	const char **files = NULL, *proof = NULL, *key_text = NULL;
	const struct ctl_option options[] = {
	    {.name = "--checkpoint", .list = &files},
	    {.name = "--proof", .text = &proof},
	    {.name = "--key", .text = &key_text},
	    {0}};
	struct evidence_findings findings = {.arena = ctl->arena};
	struct evidence_summary summary;
	struct err err = {0};
	int at = ctl_options(ctl, options, usage, argc, argv);
	size_t count = 0;

	if (at < 0)
		return CTL_USAGE;
	if (at < argc)
		return ctl_usage(usage, "unknown argument %s", argv[at]);
	if (proof)
		return check_proof(ctl, proof, key_text);
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	while (files && files[count])
		count++;
	struct evidence_given *given =
	    arena_allocarray(ctl->arena, count + 1, sizeof(*given));
	for (size_t i = 0; i < count; i++)
		if (!read_given(ctl, files[i], &given[i]))
			return CTL_TROUBLE;
	if (!evidence_verify(ctl->db, given, count, &findings, &summary, &err))
		return ctl_fail_err(&err);
	return ctl->wants_json ? print_findings_json(&findings, &summary)
			       : print_findings(&findings, &summary);
}

/* --------------------------------------------------------------- prove */

static bool find_event(struct ctl *ctl, const char *person, const char *ref,
		       const char *event, int64_t *ret_id)
{
	char address[ADDRESS_SIZE], address_key[ADDRESS_SIZE];
	const char *who = person;
	struct err err = {0};
	long long id;

	if (event) {
		if (!text_parse_integer(event, 1, INT64_MAX, &id)) {
			ctl_fail("%s is no number of an event", event);
			return false;
		}
		*ret_id = id;
		return true;
	}
	/* who was erased is known by their id alone */
	bool good =
	    !strchr(person, '@') ||
	    address_parse(person, strlen(person), address, address_key, &err);
	if (good && strchr(person, '@'))
		who = address_key;
	good = good &&
	       evidence_find_acknowledgement(ctl->db, who, ref, ret_id, &err);
	if (!good)
		ctl_fail_err(&err);
	return good;
}

static int print_proof(struct ctl *ctl, int64_t event_id,
		       const struct checkpoint *checkpoint, const char *path)
{
	struct buf out;
	struct err err = {0};
	bool good;

	buf_init(&out, FILE_MAX_SIZE + LEDGER_LEAF_MAX * 2);
	good = evidence_prove(ctl->db, event_id, checkpoint, &out, &err);
	if (good && path)
		good = file_write(path, out.data, out.size, 0644, &err);
	else if (good && ctl->wants_json) {
		struct json_value *map = json_map_new();

		json_map_integer(map, "event", event_id);
		json_map_text(map, "proof", out.data);
		json_map_text(map, "key", checkpoint->verifier);
		ctl_print_json(map);
	} else if (good)
		fwrite(out.data, 1, out.size, stdout);
	buf_done(&out);
	return good ? CTL_GOOD : ctl_fail_err(&err);
}

static int prove(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "evidence prove --person ADDRESS|ID --ref REF | --event ID "
	    "[--out FILE]";
	const char *person = NULL, *ref = NULL, *event = NULL, *path = NULL;
	const struct ctl_option options[] = {
	    {.name = "--person", .text = &person},
	    {.name = "--ref", .text = &ref},
	    {.name = "--event", .text = &event},
	    {.name = "--out", .text = &path},
	    {0}};
	struct checkpoint *checkpoint = NULL;
	struct err err = {0};
	int64_t event_id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (at < argc || !event == !(person && ref))
		return ctl_usage(usage, "a person and a briefing are wanted, "
					"or an event");
	if (!ctl_store(ctl) || !find_event(ctl, person, ref, event, &event_id))
		return CTL_TROUBLE;
	if (!checkpoint_load(ctl->db, INT64_MAX, ctl->arena, &checkpoint, &err))
		return ctl_fail_err(&err);
	/* what was recorded since the last one */
	if (!checkpoint || checkpoint->head.size < event_id)
		checkpoint = ctl_checkpoint(ctl);
	return checkpoint ? print_proof(ctl, event_id, checkpoint, path)
			  : CTL_TROUBLE;
}

int ctl_evidence(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"head", "head", "what to write into the minutes", head},
	    {"key", "key", "the public keys that signed, the latest first",
	     key},
	    {"verify",
	     "verify [--checkpoint FILE]... | --proof FILE [--key KEY]",
	     "is the store what it was", verify},
	    {"prove",
	     "prove --person ADDRESS|ID --ref REF | --event ID [--out FILE]",
	     "a proof that one acknowledgement was recorded", prove},
	    {"pack", "pack REF [--out FILE] [--with-names --reason TEXT]",
	     "all about one briefing, as a zip for an inspector",
	     ctl_evidence_pack},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "evidence ", argc - 1, argv + 1);
}
