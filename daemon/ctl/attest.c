#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/address.h"
#include "core/attestation.h"
#include "ctl/ctl.h"
#include "tools/db.h"
#include "tools/json.h"

#define ADDRESSES_SIZE ((size_t)256 * 1024) /* written out */

static int fail_problems(struct problems *problems)
{
	char *text = problems_format(problems);

	fputs(text, stderr);
	free(text);
	return CTL_TROUBLE;
}

/* --- record --- */

static bool read_input(struct buf *out)
{
	char chunk[4096];
	size_t size;

	while ((size = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		buf_add(out, chunk, size);
	if (ferror(stdin))
		return ctl_fail("standard input can't be read"), false;
	if (out->overflow)
		return ctl_fail("so many addresses are no sheet's"), false;
	return true;
}

/* Those of the command line, each an argument; "-": of standard input. */
static bool collect(struct buf *out, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0) {
			if (!read_input(out))
				return false;
		} else {
			buf_adds(out, argv[i]);
		}
		buf_addc(out, '\n');
	}
	return !out->overflow ||
	       (ctl_fail("so many addresses are no sheet's"), false);
}

static bool read_addresses(struct ctl *ctl, struct attestation_wish *wish,
			   int argc, char **argv)
{
	struct problems problems = {0};
	const char **keys;
	struct buf text;

	buf_init(&text, ADDRESSES_SIZE);
	bool good = collect(&text, argc, argv);
	if (good) {
		good = attestation_read_addresses(
		    text.data, text.size, ctl->arena, &keys,
		    &wish->address_count, &problems);
		if (good)
			wish->address_keys = keys;
		else
			fail_problems(&problems);
	}
	problems_done(&problems);
	buf_done(&text);
	return good;
}

static bool read_scan(const char *path, struct attestation_wish *wish,
		      char **ret_bytes)
{
	struct err err = {0};

	if (!file_read(path, ATTESTATION_SCAN_MAX, ret_bytes, &wish->scan_size,
		       &err)) {
		ctl_fail_err(&err);
		return false;
	}
	wish->scan = *ret_bytes;
	return true;
}

static int record(struct ctl *ctl, const struct attestation_wish *wish)
{
	struct problems problems = {0};
	struct err err = {0};
	int64_t id;
	int status = CTL_GOOD;

	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (db_begin(ctl->db, &err) &&
	    db_end(ctl->db,
		   attestation_record(ctl->db, ctl->settings, wish, ctl->actor,
				      ctl->now, &problems, &id, &err),
		   &err)) {
		printf("sheet %" PRId64 " is recorded: %s, %s, signed on %s. "
		       "It stands beside reach\n",
		       id, wish->ref, wish->list ? wish->list : wish->agency,
		       wish->signed_on);
	} else {
		if (problems.count > 1)
			fail_problems(&problems);
		status = ctl_fail_err(&err);
	}
	problems_done(&problems);
	return status;
}

static int record_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "attest record REF --list LIST | --agency NAME --date DATE "
	    "--scan FILE [--note TEXT] ADDRESS... | -";
	const char *path = NULL;
	struct attestation_wish wish = {0};
	const struct ctl_option options[] = {
	    {.name = "--list", .text = &wish.list},
	    {.name = "--agency", .text = &wish.agency},
	    {.name = "--date", .text = &wish.signed_on},
	    {.name = "--scan", .text = &path},
	    {.name = "--note", .text = &wish.note},
	    {0}};
	char *bytes = NULL;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at < 2 || !wish.list == !wish.agency || !wish.signed_on ||
	    !path)
		return ctl_usage(usage, "a REF, a list or an agency, the day, "
					"the scan, and who signed are wanted");
	wish.ref = argv[at];
	int status = CTL_TROUBLE;
	if (read_addresses(ctl, &wish, argc - at - 1, argv + at + 1) &&
	    read_scan(path, &wish, &bytes))
		status = record(ctl, &wish);
	free(bytes);
	return status;
}

/* --- list --- */

static struct json_value *person_json(const struct attestation_person *person)
{
	struct json_value *map = json_map_new();

	json_map_text(map, "person", person->public_id);
	json_map_text(map, "address", person->address);
	json_map_text(map, "name", person->name);
	json_map_integer(map, "version", person->version);
	json_map_integer(map, "event", person->event_id);
	if (person->confirmed_at)
		json_map_integer(map, "confirmed_at", person->confirmed_at);
	if (person->undone_at) {
		json_map_integer(map, "undone_at", person->undone_at);
		json_map_text(map, "undone_reason", person->undone_reason);
	}
	return map;
}

static struct json_value *sheet_json(struct ctl *ctl,
				     const struct attestation_sheet *sheet)
{
	struct json_value *map = json_map_new();

	json_map_integer(map, "id", sheet->id);
	json_map_text(map, "ref", sheet->ref);
	json_map_integer(map, "version", sheet->version);
	json_map_text(map, "agency", sheet->agency);
	json_map_text(map, "list", sheet->list);
	json_map_text(map, "signed_on", ctl_date(ctl, sheet->signed_at));
	json_map_text(map, "scan_type", sheet->scan_type);
	json_map_integer(map, "scan_size", sheet->scan_size);
	json_map_integer(map, "has_scan", sheet->has_scan);
	json_map_integer(map, "standing", (int64_t)sheet->standing);
	json_map_text(map, "note", sheet->note);
	json_map_text(map, "recorded_by", sheet->recorded_by);
	json_map_integer(map, "recorded_at", sheet->recorded_at);
	json_map_integer(map, "event", sheet->event_id);
	return map;
}

static void print_sheet(struct ctl *ctl, const struct attestation_sheet *sheet)
{
	printf("%-5" PRId64 " %s  %s version %d  %s: %zu of %zu stand\n",
	       sheet->id, ctl_date(ctl, sheet->signed_at), sheet->ref,
	       sheet->version,
	       ctl_plain(ctl, *sheet->list ? sheet->list : sheet->agency),
	       sheet->standing, sheet->people);
	if (*sheet->note)
		printf("      %s\n", ctl_plain(ctl, sheet->note));
	printf("      recorded %s by %s; its scan is %s, %s\n",
	       ctl_time(ctl, sheet->recorded_at), sheet->recorded_by,
	       sheet->scan_type, sheet->has_scan ? "kept" : "gone");
}

static void print_person(struct ctl *ctl,
			 const struct attestation_person *person)
{
	printf("      %s%s%s%s",
	       *person->address ? person->address : "(erased) ",
	       *person->address ? "" : person->public_id,
	       *person->name ? ", " : "", ctl_plain(ctl, person->name));
	if (person->confirmed_at)
		printf(", confirmed %s", ctl_time(ctl, person->confirmed_at));
	if (person->undone_at)
		printf(", undone %s%s%s", ctl_time(ctl, person->undone_at),
		       *person->undone_reason ? ": " : "",
		       ctl_plain(ctl, person->undone_reason));
	putchar('\n');
}

/* One sheet with its people, into list where JSON is wanted. */
static bool show(struct ctl *ctl, const struct attestation_sheet *sheet,
		 struct json_value *list, struct err *err)
{
	struct attestation_person *people;
	size_t count;

	if (!attestation_load_people(ctl->db, sheet->id, ctl->arena, &people,
				     &count, err))
		return false;
	if (list) {
		struct json_value *map = sheet_json(ctl, sheet);
		struct json_value *signers = json_list_new();

		for (size_t i = 0; i < count; i++)
			json_list_put(signers, person_json(&people[i]));
		json_map_put(map, "people", signers);
		json_list_put(list, map);
		return true;
	}
	print_sheet(ctl, sheet);
	for (size_t i = 0; i < count; i++)
		print_person(ctl, &people[i]);
	return true;
}

static int show_all(struct ctl *ctl, const struct attestation_filter *filter)
{
	struct json_value *list = NULL;
	struct attestation_sheet *sheets;
	struct err err = {0};
	size_t count;

	if (!attestation_load(ctl->db, filter, ctl->arena, &sheets, &count,
			      &err))
		return ctl_fail_err(&err);
	if (ctl->wants_json)
		list = json_list_new();
	for (size_t i = 0; i < count; i++) {
		if (show(ctl, &sheets[i], list, &err))
			continue;
		json_free(list);
		return ctl_fail_err(&err);
	}
	if (list)
		return ctl_print_json(list);
	if (count == 0)
		puts("no sheet is recorded");
	return CTL_GOOD;
}

static int list_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "attest list [REF] [--list LIST] [--agency NAME]";
	struct attestation_filter filter = {0};
	const struct ctl_option options[] = {
	    {.name = "--list", .text = &filter.list},
	    {.name = "--agency", .text = &filter.agency},
	    {0}};
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at > 1)
		return ctl_usage(usage, "one REF at most is wanted");
	if (argc > at)
		filter.ref = argv[at];
	return ctl_store(ctl) ? show_all(ctl, &filter) : CTL_TROUBLE;
}

/* --- undo, scan --- */

static int undo_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] =
	    "attest undo ID [--person ADDRESS|PERSON] --reason TEXT";
	const char *reason = NULL, *person = NULL;
	const struct ctl_option options[] = {
	    {.name = "--person", .text = &person},
	    {.name = "--reason", .text = &reason},
	    {0}};
	struct err err = {0};
	long long id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1 || !reason || !*reason ||
	    !text_parse_integer(argv[at], 1, INT64_MAX, &id))
		return ctl_usage(usage, "a sheet's number and a reason are "
					"wanted");
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];
	if (person && strchr(person, '@')) {
		if (!address_parse(person, strlen(person), address, key, &err))
			return ctl_fail_err(&err);
		person = key;
	}
	if (!ctl_store(ctl))
		return CTL_TROUBLE;
	if (!db_begin(ctl->db, &err) ||
	    !db_end(ctl->db,
		    attestation_undo(ctl->db, id, person, reason, ctl->actor,
				     ctl->now, &err),
		    &err))
		return ctl_fail_err(&err);
	printf("%s sheet %lld is undone: it counts no more, stays on record, "
	       "and %s asked again\n",
	       person ? "one attestation of" : "all of", id,
	       person ? "they are" : "all are");
	return CTL_GOOD;
}

/* Bytes that somebody else made are for no terminal. */
static int write_scan(struct ctl *ctl, int64_t id)
{
	const void *bytes;
	const char *type;
	struct err err = {0};
	size_t size;

	if (isatty(STDOUT_FILENO))
		return ctl_fail("a scan is no text: send it to a file, "
				"\"attest scan %" PRId64 " > sheet\"",
				id);
	if (!attestation_load_scan(ctl->db, id, ctl->arena, &bytes, &size,
				   &type, &err))
		return ctl_fail_err(&err);
	if (fwrite(bytes, 1, size, stdout) != size || fflush(stdout) != 0)
		return ctl_fail("the scan can't be written: %s",
				strerror(errno));
	fprintf(stderr, "%s, %zu bytes\n", type, size);
	return CTL_GOOD;
}

static int scan_verb(struct ctl *ctl, int argc, char **argv)
{
	static const char usage[] = "attest scan ID > FILE";
	const struct ctl_option options[] = {{0}};
	long long id;
	int at = ctl_options(ctl, options, usage, argc, argv);

	if (at < 0)
		return CTL_USAGE;
	if (argc - at != 1 || !text_parse_integer(argv[at], 1, INT64_MAX, &id))
		return ctl_usage(usage, "a sheet's number is wanted");
	return ctl_store(ctl) ? write_scan(ctl, id) : CTL_TROUBLE;
}

int ctl_attest(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_verb verbs[] = {
	    {"record",
	     "record REF --list LIST | --agency NAME --date DATE --scan FILE "
	     "[--note TEXT] ADDRESS... | -",
	     "these signed a sheet; \"-\": they stand on standard input",
	     record_verb},
	    {"list", "list [REF] [--list LIST] [--agency NAME]",
	     "the sheets, and who signed them", list_verb},
	    {"undo", "undo ID [--person ADDRESS|PERSON] --reason TEXT",
	     "a sheet that was wrong, or one person of it", undo_verb},
	    {"scan", "scan ID > FILE", "its scan, as it came", scan_verb},
	    {NULL, NULL, NULL, NULL},
	};

	return ctl_dispatch(ctl, verbs, "attest ", argc - 1, argv + 1);
}
