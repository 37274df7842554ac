#include "core/intake.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/document.h"
#include "core/manifest.h"
#include "core/wordlist.h"
#include "tools/calendar.h"
#include "tools/crypto.h"
#include "tools/json.h"

/* One look at one folder. */
struct reading {
	int folder; /* open */
	const char *documents_folder;
	struct zone *zone;
	char today[CIVIL_DATE_SIZE];
	struct arena *arena;
	struct problems problems;
	struct buf waiting; /* what is not there yet, in words */
	struct manifest manifest;
	char *summary; /* heap; UTF-8, lines ended by LF */
	struct document {
		int fd;
		const char *type;
		char sha256[DOCUMENT_NAME_SIZE];
		int64_t size;
	} documents[MANIFEST_MAX_DOCUMENTS];
};

static void wait_for(struct reading *reading, const char *name, const char *why)
{
	buf_addf(&reading->waiting, "%s%s %s",
		 reading->waiting.size ? ", " : "", name, why);
}

static bool is_unreadable(const struct reading *reading, const char *name)
{
	return faccessat(reading->folder, name, R_OK, 0) < 0 && errno == EACCES;
}

/* Sorts a failure to open or read a file: it is on its way, a person must mend
 * it, or (false) the machine is in trouble. */
static bool sort_failure(struct reading *reading, const char *name,
			 const struct err *why, struct err *err)
{
	const char *text = why->text;
	size_t size = strlen(name);

	if (strncmp(text, name, size) == 0 && text_starts(text + size, ": "))
		text += size + 2;
	if (why->kind == ERR_GONE)
		wait_for(reading, name, "is not there yet");
	else if (why->kind == ERR_INPUT || why->kind == ERR_FULL)
		problems_add(&reading->problems, name, 0, "%s", text);
	else if (is_unreadable(reading, name))
		problems_add(&reading->problems, name, 0,
			     "may not be read by briefingd; give its group "
			     "the right to read it");
	else
		return err_set(err, why->kind, "%s", why->text);
	return true;
}

/* *ret_text is NULL when there is nothing to go on with. */
static bool read_text(struct reading *reading, const char *name, size_t ceiling,
		      char **ret_text, size_t *ret_size, struct err *err)
{
	struct err why = {0};

	*ret_text = NULL;
	return file_read_at(reading->folder, name, ceiling, ret_text, ret_size,
			    &why) ||
	       sort_failure(reading, name, &why, err);
}

static bool read_manifest(struct reading *reading, bool *ret_is_good,
			  struct err *err)
{
	char *text;
	size_t size;

	*ret_is_good = false;
	if (!read_text(reading, "briefing.conf", MANIFEST_MAX_SIZE, &text,
		       &size, err))
		return false;
	if (text)
		*ret_is_good = manifest_parse(
		    "briefing.conf", text, size, reading->zone, reading->today,
		    reading->arena, &reading->manifest, &reading->problems);
	free(text);
	return true;
}

/* --- summary.md */

static int line_of(const char *text, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* CRLF and CR become LF, a byte order mark goes: the same text from another
 * editor is the same content. */
static void mend_lines(char *text, size_t *size)
{
	size_t from = text_starts(text, "\xef\xbb\xbf") ? 3 : 0, to = 0;

	for (; from < *size; from++) {
		if (text[from] != '\r')
			text[to++] = text[from];
		else if (from + 1 == *size || text[from + 1] != '\n')
			text[to++] = '\n';
	}
	text[to] = '\0';
	*size = to;
}

static void check_controls(struct problems *problems, const char *name,
			   const char *text)
{
	for (int line = 1; *text; line++) {
		size_t size = strcspn(text, "\n");

		for (size_t at = 0, end; at < size; at = end + 1) {
			end = at + strcspn(text + at, "\t\n");
			if (text_has_control(text + at, end - at)) {
				problems_add(problems, name, line,
					     "has a control character; delete "
					     "it and type the line again");
				break;
			}
		}
		text += size + (text[size] == '\n');
	}
}

static bool is_wide(const char *text, size_t size)
{
	return size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
			     memcmp(text, "\xfe\xff", 2) == 0);
}

static void check_summary(struct problems *problems, char *text, size_t size)
{
	static const char name[] = "summary.md";
	size_t bad;

	if (is_wide(text, size)) {
		problems_add(problems, name, 0,
			     "is in UTF-16 (\"Unicode\"); save it as UTF-8");
	} else if (!text_is_utf8(text, size, &bad)) {
		problems_add(problems, name, line_of(text, bad),
			     "is not in UTF-8; save the file as UTF-8 and "
			     "look at this line again");
	} else {
		mend_lines(text, &size);
		check_controls(problems, name, text);
		if (text_is_empty(text))
			problems_add(problems, name, 0,
				     "is empty; it is what people read first");
	}
}

static bool read_summary(struct reading *reading, struct err *err)
{
	size_t size;

	if (!read_text(reading, "summary.md", MANIFEST_SUMMARY_MAX_SIZE,
		       &reading->summary, &size, err))
		return false;
	if (reading->summary)
		check_summary(&reading->problems, reading->summary, size);
	return true;
}

/* --- documents */

static void check_document(struct reading *reading, const char *file,
			   struct document *document)
{
	char head[DOCUMENT_HEAD_SIZE];
	struct stat status;
	struct err why = {0};
	ssize_t size = pread(document->fd, head, sizeof(head), 0);

	if (fstat(document->fd, &status) == 0 &&
	    status.st_size > MANIFEST_DOCUMENT_MAX_SIZE) {
		problems_add(&reading->problems, file, 0,
			     "has %lld MB; at most %lld are allowed",
			     (long long)status.st_size / 1024 / 1024,
			     MANIFEST_DOCUMENT_MAX_SIZE / 1024 / 1024);
		return;
	}
	document->type =
	    document_type(file, head, size > 0 ? (size_t)size : 0, &why);
	if (!document->type)
		problems_add(&reading->problems, file, 0, "%s", why.text);
}

static bool open_documents(struct reading *reading, struct err *err)
{
	for (size_t i = 0; i < reading->manifest.document_count; i++) {
		const char *file = reading->manifest.documents[i].file;
		struct document *document = &reading->documents[i];
		struct err why = {0};

		document->fd = file_open(reading->folder, file, &why);
		if (document->fd >= 0)
			check_document(reading, file, document);
		else if (!sort_failure(reading, file, &why, err))
			return false;
	}
	return true;
}

static bool keep_documents(struct reading *reading, struct err *err)
{
	size_t count = reading->manifest.document_count;

	for (size_t i = 0; i < count; i++) {
		struct document *document = &reading->documents[i];
		struct err why = {0};

		if (document_keep(document->fd, reading->documents_folder,
				  MANIFEST_DOCUMENT_MAX_SIZE, document->sha256,
				  &document->size, &why))
			continue;
		if (why.kind != ERR_BUSY)
			return err_set(err, why.kind, "%s", why.text);
		wait_for(reading, reading->manifest.documents[i].file,
			 why.text);
	}
	return count == 0 || file_sync_folder(reading->documents_folder, err);
}

/* --- the answer */

/* What is not said is left out, so that a setting which a later briefingd adds
 * makes no new version of what is the same. */
static void put_text(struct json_value *map, const char *key, const char *text)
{
	if (!text_is_empty(text))
		json_map_text(map, key, text);
}

static void put_words(struct json_value *map, const char *key,
		      const char *const *words, size_t count)
{
	if (count > 0)
		json_map_put(map, key, wordlist_to_json(words, count));
}

static struct json_value *documents_to_json(const struct reading *reading)
{
	const struct manifest *manifest = &reading->manifest;
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < manifest->document_count; i++) {
		struct json_value *each = json_map_new();

		json_map_text(each, "file", manifest->documents[i].file);
		json_map_text(each, "title", manifest->documents[i].title);
		json_map_text(each, "sha256", reading->documents[i].sha256);
		json_list_put(list, each);
	}
	return list;
}

static struct json_value *actions_to_json(const struct manifest *manifest)
{
	struct json_value *list = json_list_new();

	for (size_t i = 0; i < manifest->action_count; i++) {
		struct json_value *each = json_map_new();

		json_map_text(each, "ref", manifest->actions[i].ref);
		json_map_text(each, "agency", manifest->actions[i].agency);
		json_map_text(each, "text", manifest->actions[i].text);
		put_text(each, "due", manifest->actions[i].due);
		json_list_put(list, each);
	}
	return list;
}

static void put_approval(struct json_value *map,
			 const struct manifest *manifest)
{
	json_map_text(map, "approved_by", manifest->approved_by);
	json_map_text(map, "approved_on", manifest->approved_on);
	json_map_text(map, "approval_ref", manifest->approval_ref);
	put_text(map, "not_before", manifest->not_before);
	if (manifest->acknowledge_within_days > 0)
		json_map_integer(map, "acknowledge_within_days",
				 manifest->acknowledge_within_days);
	if (manifest->publish)
		json_map_flag(map, "publish", true);
	if (manifest->already_circulated)
		json_map_flag(map, "already_circulated", true);
}

static struct json_value *content_to_json(const struct reading *reading)
{
	const struct manifest *manifest = &reading->manifest;
	struct json_value *map = json_map_new();
	uint8_t hash[CRYPTO_SHA256_SIZE];
	char hex[CRYPTO_SHA256_HEX];

	json_map_text(map, "ref", manifest->ref);
	json_map_text(map, "kind", manifest->kind);
	json_map_text(map, "title", manifest->title);
	json_map_text(map, "language", manifest->language);
	json_map_text(map, "marking", manifest->marking);
	put_approval(map, manifest);
	if (manifest->material)
		json_map_flag(map, "material", true);
	put_text(map, "changes", manifest->changes);
	if (manifest->essential)
		json_map_flag(map, "essential", true);
	put_words(map, "audience", manifest->audience,
		  manifest->audience_count);
	put_words(map, "themes", manifest->themes, manifest->theme_count);
	put_words(map, "key_messages", manifest->key_messages,
		  manifest->key_message_count);
	put_words(map, "questions", manifest->questions,
		  manifest->question_count);
	if (manifest->document_count > 0)
		json_map_put(map, "documents", documents_to_json(reading));
	if (manifest->action_count > 0)
		json_map_put(map, "actions", actions_to_json(manifest));
	crypto_sha256(reading->summary, strlen(reading->summary), hash);
	crypto_hex(hash, sizeof(hash), hex);
	json_map_text(map, "summary_sha256", hex);
	return map;
}

/* "content" is what the content's hash is over; beside it stands what follows
 * from it, or from the board's settings. */
static void answer_whole(const struct reading *reading,
			 struct json_value *answer)
{
	struct json_value *kept = json_list_new();

	for (size_t i = 0; i < reading->manifest.document_count; i++) {
		struct json_value *each = json_map_new();

		json_map_integer(each, "size", reading->documents[i].size);
		json_map_text(each, "type", reading->documents[i].type);
		json_list_put(kept, each);
	}
	json_map_put(answer, "content", content_to_json(reading));
	json_map_put(answer, "kept", kept);
	json_map_text(answer, "summary", reading->summary);
	json_map_integer(answer, "not_before_at",
			 reading->manifest.not_before_at);
}

static void give_answer(struct reading *reading, struct buf *out)
{
	struct json_value *answer = json_map_new();

	if (reading->problems.count > 0) {
		char *text = problems_format(&reading->problems);

		json_map_text(answer, "problems", text);
		free(text);
	} else if (reading->waiting.size > 0) {
		json_map_text(answer, "waiting", reading->waiting.data);
	} else {
		answer_whole(reading, answer);
	}
	char *text = json_format(answer);
	buf_adds(out, text);
	free(text);
	json_free(answer);
}

/* A folder with a thousand files is somebody's archive and no briefing; the
 * stamp says so without having looked at all of them. */
static bool look(struct reading *reading, const char *path, struct err *err)
{
	const char *stamp;
	bool is_still, is_good = false;

	if (!intake_stamp(path, 0, reading->arena, &stamp, &is_still, err))
		return false;
	if (strcmp(stamp, INTAKE_UNREADABLE) == 0) {
		problems_add(&reading->problems, "this folder", 0,
			     "may not be read by briefingd; give its group "
			     "the right to read it and to enter it");
		return true;
	}
	if (strcmp(stamp, INTAKE_CROWDED) == 0) {
		problems_add(&reading->problems, "this folder", 0,
			     "holds more than %d files; a briefing is its "
			     "briefing.conf, summary.md and documents",
			     INTAKE_MAX_FILES);
		return true;
	}
	reading->folder =
	    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (reading->folder < 0)
		return err_errno(err, errno == ENOENT ? ERR_GONE : ERR_SYSTEM,
				 "%s", path);
	if (!read_manifest(reading, &is_good, err) ||
	    !read_summary(reading, err) ||
	    (is_good && !open_documents(reading, err)))
		return false;
	return reading->problems.count > 0 || reading->waiting.size > 0 ||
	       keep_documents(reading, err);
}

static bool begin(struct reading *reading, const struct json_value *request,
		  struct err *err)
{
	const char *path = json_get_text(request, "folder");
	const char *zone = json_get_text(request, "time_zone");
	const char *documents = json_get_text(request, "documents");

	if (!path || !zone || !documents)
		return err_set(err, ERR_INPUT,
			       "the request to read a folder is not whole");
	int64_t now = json_get_integer(request, "now", 0);
	reading->documents_folder = documents;
	reading->zone = zone_open(zone, err);
	if (!reading->zone)
		return false;
	struct civil civil = zone_from_utc(reading->zone, now);
	civil_format_date(&civil, reading->today);
	document_sweep(documents, now);
	return true;
}

static void end(struct reading *reading)
{
	for (size_t i = 0; i < MANIFEST_MAX_DOCUMENTS; i++)
		if (reading->documents[i].fd >= 0)
			close(reading->documents[i].fd);
	if (reading->folder >= 0)
		close(reading->folder);
	zone_close(reading->zone);
	problems_done(&reading->problems);
	buf_done(&reading->waiting);
	arena_free(reading->arena);
	free(reading->summary);
	free(reading);
}

bool intake_read(const char *input, size_t size, struct buf *out,
		 struct err *err)
{
	struct json_value *request = json_parse(input, size, err);

	if (!request)
		return false;
	struct reading *reading = xcalloc(1, sizeof(*reading));
	reading->folder = -1;
	reading->arena = arena_new();
	buf_init(&reading->waiting, 16 * 1024);
	for (size_t i = 0; i < MANIFEST_MAX_DOCUMENTS; i++)
		reading->documents[i].fd = -1;
	bool good = begin(reading, request, err) &&
		    look(reading, json_get_text(request, "folder"), err);
	if (good)
		give_answer(reading, out);
	end(reading);
	json_free(request);
	return good;
}

char *intake_request(const char *folder, const char *documents_folder,
		     const char *time_zone, int64_t now)
{
	struct json_value *request = json_map_new();

	json_map_text(request, "folder", folder);
	json_map_text(request, "documents", documents_folder);
	json_map_text(request, "time_zone", time_zone);
	json_map_integer(request, "now", now);
	char *text = json_format(request);
	json_free(request);
	return text;
}

char *intake_refuse(const char *problem)
{
	struct json_value *answer = json_map_new();

	json_map_text(answer, "problems", problem);
	char *text = json_format(answer);
	json_free(answer);
	return text;
}
