#include "core/settings.h"

#include <arpa/inet.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/address.h"
#include "core/holidays.h"
#include "core/settings_part.h"
#include "tools/calendar.h"
#include "tools/config.h"

#define SETTINGS_MAX_SIZE (256 * 1024)

/* what the walker fills; the lists are taken apart for settings.h's readers */
struct reading {
	struct settings settings;
	struct config_texts trusted_proxies, trusted_hosts;
	struct relay_settings *relays;
};

#define AT(field) offsetof(struct reading, settings.field)

static const struct config_setting table[] = {
    {"board.name", CONFIG_TEXT, AT(board_name), 1, 120, NULL, NULL,
     "the board's or partnership's full name, as mails and pages show it"},
    {"board.label", CONFIG_TEXT, AT(board_label), 1, 40, NULL, "Partnership",
     "what it calls itself in a sentence: Partnership, Board"},
    {"board.colour", CONFIG_TEXT, AT(board_colour), 7, 7, NULL, "#1d4f60",
     "its colour, dark enough for white text upon it"},
    {"board.help", CONFIG_TEXT, AT(board_help), 0, 300, NULL, "",
     "whom a reader can ask, in one line; empty: the address mail.help"},
    {"board.time_zone", CONFIG_TEXT, AT(time_zone), 1, 64, NULL,
     "Europe/London", "the zone of all dates and schedules"},
    {"board.region", CONFIG_CHOICE, AT(region), 0, 0, HOLIDAYS_REGIONS,
     "england-and-wales", "whose bank holidays no deadline ends on"},
    {"board.holidays", CONFIG_TEXT, AT(holidays_file), 0, 1000, NULL, "",
     "a file of bank holidays; empty: those that come with briefingd"},

    {"places.approved", CONFIG_TEXT, AT(approved_folder), 1, 1000, NULL,
     "/srv/briefingd/approved", "the folder in which briefings are dropped"},
    {"places.state", CONFIG_TEXT, AT(state_folder), 1, 1000, NULL,
     "/var/lib/briefingd", "the folder of the store"},
    {"places.lists", CONFIG_TEXT, AT(lists_folder), 1, 1000, NULL, "lists",
     "the folder of the agencies' lists"},
    {"places.templates", CONFIG_TEXT, AT(templates_folder), 1, 1000, NULL,
     "templates", "the folder of your own templates; need not exist"},

    {"mail.from", CONFIG_TEXT, AT(mail_from), 3, 254, NULL, NULL,
     "the address that mails come from"},
    {"mail.bounce", CONFIG_TEXT, AT(mail_bounce), 0, 254, NULL, "",
     "where undeliverable mail returns; +TOKEN is added to its local part; "
     "empty: mail.from"},
    {"mail.help", CONFIG_TEXT, AT(mail_help), 0, 254, NULL, "",
     "the address of someone who answers questions; empty: mail.from"},
    {"mail.rehearsal_address", CONFIG_TEXT, AT(rehearsal_address), 3, 254, NULL,
     NULL, "where all mail goes until the board is live"},
    {"mail.reply_word", CONFIG_TEXT, AT(reply_word), 2, 20, NULL, "READ",
     "the word with which a reply confirms, where a list takes replies"},

    {"oauth.token_url", CONFIG_TEXT, AT(oauth_token_url), 0, 1000, NULL, "",
     "where an access token is fetched, for all that log in with xoauth2"},
    {"oauth.client_id", CONFIG_TEXT, AT(oauth_client_id), 0, 300, NULL, "",
     "the name under which this daemon is known there"},
    {"oauth.client_secret_file", CONFIG_TEXT, AT(oauth_client_secret_file), 0,
     1000, NULL, "",
     "a file of mode 0600 with its secret; empty: systemd's credential "
     "oauth-client-secret"},
    {"oauth.scope", CONFIG_TEXT, AT(oauth_scope), 0, 500, NULL, "",
     "what the token is for; empty: as the server has it"},
    {"oauth.ca_file", CONFIG_TEXT, AT(oauth_ca_file), 0, 1000, NULL, "",
     "certificates that the server's is checked against; empty: the "
     "system's"},

    {"mailbox.kind", CONFIG_CHOICE, AT(mailbox.kind), 0, 0, "none|imap|maildir",
     "none", "where mail that comes back is read"},
    {"mailbox.host", CONFIG_TEXT, AT(mailbox.host), 0, 253, NULL, "",
     "the IMAP server"},
    {"mailbox.port", CONFIG_INTEGER, AT(mailbox.port), 1, 65535, NULL, "993",
     "the port it listens on"},
    {"mailbox.tls", CONFIG_CHOICE, AT(mailbox.tls), 0, 0,
     "starttls|implicit|none", "implicit",
     "how the connection is encrypted; never silently given up"},
    {"mailbox.ca_file", CONFIG_TEXT, AT(mailbox.ca_file), 0, 1000, NULL, "",
     "certificates that its own is checked against; empty: the system's"},
    {"mailbox.user", CONFIG_TEXT, AT(mailbox.user), 0, 254, NULL, "",
     "the name to log in with"},
    {"mailbox.auth", CONFIG_CHOICE, AT(mailbox.auth), 0, 0,
     "auto|plain|login|xoauth2", "auto",
     "how to log in; xoauth2 with the token of the group oauth"},
    {"mailbox.password_file", CONFIG_TEXT, AT(mailbox.password_file), 0, 1000,
     NULL, "",
     "a file of mode 0600 with the password; empty: systemd's credential "
     "mailbox-password"},
    {"mailbox.folder", CONFIG_TEXT, AT(mailbox.folder), 1, 200, NULL, "INBOX",
     "the folder that is read; what was dealt with is moved out of it"},
    {"mailbox.path", CONFIG_TEXT, AT(mailbox.path), 0, 1000, NULL, "",
     "the Maildir that is read"},
    {"mailbox.poll_seconds", CONFIG_INTEGER, AT(mailbox.poll_seconds), 1, 3600,
     NULL, "60", "between two looks, where nothing tells of new mail"},
    {"mailbox.trusted_hosts", CONFIG_TEXTS,
     offsetof(struct reading, trusted_hosts), 0, 32, NULL, "",
     "your own servers, whose word on who wrote a mail is taken"},

    {"delivery.retry_first_seconds", CONFIG_INTEGER, AT(retry_first_seconds), 1,
     86400, NULL, "300", "the wait before the second attempt; it doubles"},
    {"delivery.retry_most_seconds", CONFIG_INTEGER, AT(retry_most_seconds), 1,
     604800, NULL, "14400", "the longest wait between two attempts"},
    {"delivery.retry_days", CONFIG_INTEGER, AT(retry_days), 1, 30, NULL, "4",
     "after this many days the mail counts as refused"},

    {"web.listen", CONFIG_TEXT, AT(web_listen), 3, 64, NULL, "[::1]:8086",
     "address and port of the pages; a socket that systemd passes wins"},
    {"web.base", CONFIG_TEXT, AT(web_base), 9, 120, NULL, NULL,
     "what links start with, without a slash at the end"},
    {"web.trusted_proxies", CONFIG_TEXTS,
     offsetof(struct reading, trusted_proxies), 0, 32, NULL, "",
     "whose X-Forwarded-For is believed: addresses or networks"},
    {"web.connections", CONFIG_INTEGER, AT(web_connections), 10, 10000, NULL,
     "1000", "open at once; beyond them the one that is idle for longest goes"},

    {"privacy.controller", CONFIG_TEXT, AT(privacy_controller), 0, 200, NULL,
     "", "who decides what is done with personal data; empty: board.name"},
    {"privacy.contact", CONFIG_TEXT, AT(privacy_contact), 0, 300, NULL, "",
     "whom people ask about their data, one line; empty: board.help"},
    {"privacy.basis", CONFIG_TEXT, AT(privacy_basis), 1, 300, NULL,
     "a public task, UK GDPR Article 6(1)(e)",
     "the lawful basis, as the privacy notice says it"},
    {"privacy.retention", CONFIG_TEXT, AT(privacy_retention), 0, 1000, NULL, "",
     "what its notice says of that beside the settings of retention"},

    {"retention.leavers_days", CONFIG_INTEGER, AT(retention_leavers_days), 0,
     36500, NULL, "365", "who people were, after they are on no list; 0: kept"},
    {"retention.texts_days", CONFIG_INTEGER, AT(retention_texts_days), 0, 36500,
     NULL, "1095", "what people wrote, and reasons about them; 0: kept"},
    {"retention.mails_days", CONFIG_INTEGER, AT(retention_mails_days), 0, 36500,
     NULL, "365", "servers' words, replies and notices to leads; 0: kept"},
    {"retention.scans_days", CONFIG_INTEGER, AT(retention_scans_days), 0, 36500,
     NULL, "365", "scans of sheets that people signed; 0: kept"},

    {"evidence.window_days", CONFIG_INTEGER, AT(window_days), 1, 3650, NULL,
     "180", "how long a link works and a confirmation can be given"},
    {"evidence.deadline_days", CONFIG_INTEGER, AT(deadline_days), 1, 365, NULL,
     "14", "the time to read, where neither list nor briefing says"},
    {"evidence.removal_percent", CONFIG_INTEGER, AT(removal_percent), 0, 100,
     NULL, "20",
     "a CSV that removes more of its list than this waits for list accept"},
    {0},
};

static const struct config_group groups[] = {
    {"relays", settings_relay_table, sizeof(struct relay_settings),
     offsetof(struct reading, relays), AT(relay_count), RELAYS_MAX, 1,
     "the SMTP servers that take our mail: relays = ( { host = "
     "\"smtp.example.org\"; } );"},
    {0},
};

static const struct config_schema schema = {table, groups};

/* --- what the walker can't know: each says what is wrong with a text */

static bool check_address(const char *text, struct err *err)
{
	char address[ADDRESS_SIZE], key[ADDRESS_SIZE];

	return address_parse(text, strlen(text), address, key, err);
}

/* A VERP sender's local part holds "+" and 20 digits more, and at most 64
 * bytes in all (RFC 5321, 4.5.3.1.1). */
static bool check_bounce(const char *text, struct err *err)
{
	if (!check_address(text, err))
		return false;
	if (strcspn(text, "@") > 64 - 21)
		return err_set(err, ERR_INPUT,
			       "the part before @ may have 43 bytes at most, "
			       "for a token of 21 is added to it");
	return true;
}

/* One word, for it must be alone on its line. */
static bool check_word(const char *text, struct err *err)
{
	if (strpbrk(text, " \t\r\n!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") ||
	    text_has_control(text, strlen(text)))
		return err_set(err, ERR_INPUT,
			       "is to be one word of letters alone");
	return true;
}

static bool check_zone(const char *text, struct err *err)
{
	struct zone *zone = zone_open(text, err);

	zone_close(zone);
	return zone != NULL;
}

static double light(const char *hex)
{
	char digits[3] = {hex[0], hex[1], '\0'};
	double part = (double)strtol(digits, NULL, 16) / 255;

	return part <= 0.04045 ? part / 12.92
			       : pow((part + 0.055) / 1.055, 2.4);
}

/* Contrast as WCAG 2.2 (1.4.3) reckons it, against white. */
static bool check_colour(const char *text, struct err *err)
{
	if (text[0] != '#' || strlen(text) != 7 ||
	    strspn(text + 1, "0123456789abcdefABCDEF") != 6)
		return err_set(err, ERR_INPUT,
			       "is no colour; write it as \"#1d4f60\"");
	double contrast =
	    1.05 / (0.2126 * light(text + 1) + 0.7152 * light(text + 3) +
		    0.0722 * light(text + 5) + 0.05);
	if (contrast < 4.5)
		return err_set(err, ERR_INPUT,
			       "is too light for white text upon it: contrast "
			       "%.1f, at least 4.5 is readable for all",
			       contrast);
	return true;
}

static bool check_listen(const char *text, struct err *err)
{
	struct in6_addr address;
	char host[64];
	long long port;
	const char *colon = strrchr(text, ':');
	bool is_bracketed =
	    text[0] == '[' && colon && colon > text && colon[-1] == ']';

	if (!colon || !text_parse_integer(colon + 1, 1, 65535, &port))
		return err_set(err, ERR_INPUT,
			       "names no port; write \"[::1]:8086\" or "
			       "\"127.0.0.1:8086\"");
	snprintf(host, sizeof(host), "%.*s",
		 (int)(colon - text) - 2 * is_bracketed, text + is_bracketed);
	if (inet_pton(is_bracketed ? AF_INET6 : AF_INET, host, &address) != 1)
		return err_set(err, ERR_INPUT,
			       "is no numeric address and port; write "
			       "\"[::1]:8086\" or \"127.0.0.1:8086\"");
	return true;
}

bool settings_is_loopback(const char *host)
{
	size_t size = strcspn(host, ":/");

	return text_starts(host, "[::1]") || text_starts(host, "127.") ||
	       (size == 9 && strncmp(host, "localhost", 9) == 0);
}

/* A link confirms in a person's name: it goes over no open line. */
static bool check_base(const char *text, struct err *err)
{
	const char *host = text_starts(text, "https://")  ? text + 8
			   : text_starts(text, "http://") ? text + 7
							  : NULL;

	if (!host || *host == '\0' || *host == '/')
		return err_set(err, ERR_INPUT,
			       "is no address of a web site; write "
			       "\"https://learning.example.org\"");
	if (text[4] == ':' && !settings_is_loopback(host))
		return err_set(err, ERR_INPUT,
			       "must start with https:// (http:// is for this "
			       "machine alone)");
	if (text_ends(text, "/"))
		return err_set(err, ERR_INPUT, "has a slash at the end");
	if (host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789.-_~:/[]")] != '\0')
		return err_set(err, ERR_INPUT,
			       "has a character that mail programs cut links "
			       "at; letters, digits and . - _ are allowed");
	return true;
}

/* The secret goes there: never in clear text, not even to this machine. */
static bool check_token_url(const char *text, struct err *err)
{
	const char *host = text_starts(text, "https://") ? text + 8 : "";

	if (*host == '\0' || *host == '/' ||
	    strpbrk(text, " \t\r\n\"<>\\^`{|}@#"))
		return err_set(err, ERR_INPUT,
			       "is no address of a token server; write "
			       "\"https://login.example.org/oauth2/token\"");
	return true;
}

static const struct check {
	const char *path;
	size_t offset;
	bool (*check)(const char *text, struct err *err);
} checks[] = {
    {"board.colour", AT(board_colour), check_colour},
    {"board.time_zone", AT(time_zone), check_zone},
    {"mail.from", AT(mail_from), check_address},
    {"mail.bounce", AT(mail_bounce), check_bounce},
    {"mail.help", AT(mail_help), check_address},
    {"mail.rehearsal_address", AT(rehearsal_address), check_address},
    {"mail.reply_word", AT(reply_word), check_word},
    {"oauth.token_url", AT(oauth_token_url), check_token_url},
    {"web.listen", AT(web_listen), check_listen},
    {"web.base", AT(web_base), check_base},
};

/* "relays.[0].host" as "relays.host" */
static void without_numbers(const char *path, char *ret, size_t size)
{
	size_t used = 0;

	for (; *path && used + 1 < size; path++)
		if (*path == '[')
			path += strcspn(path, "]") + 1;
		else
			ret[used++] = *path;
	ret[used] = '\0';
}

void settings_complain(const struct settings_source *source,
		       struct problems *problems, const char *path,
		       const char *why)
{
	char name[64];

	without_numbers(path, name, sizeof(name));
	problems_add(problems, source->name,
		     config_find_line(source->text, source->size, path),
		     "%s: %s", name, why);
}

static void check_texts(const struct reading *reading,
			const struct settings_source *source,
			struct problems *problems)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const char *text =
		    *(const char *const *)(const void *)((const char *)reading +
							 checks[i].offset);
		struct err err = {0};

		if (text && *text && !checks[i].check(text, &err))
			settings_complain(source, problems, checks[i].path,
					  err.text);
	}
}

static bool is_network(const char *text)
{
	char host[64];
	uint8_t address[sizeof(struct in6_addr)];
	const char *slash = strchr(text, '/');
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	long long bits;

	if (slash && !text_parse_integer(slash + 1, 0,
					 family == AF_INET ? 32 : 128, &bits))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(text, "/"), text);
	return inet_pton(family, host, address) == 1;
}

/* what only several settings together tell */
static void check_together(const struct reading *reading,
			   const struct settings_source *source,
			   struct problems *problems)
{
	const struct settings *settings = &reading->settings;

	for (size_t i = 0; i < reading->trusted_proxies.count; i++)
		if (!is_network(reading->trusted_proxies.list[i]))
			settings_complain(
			    source, problems, "web.trusted_proxies",
			    "holds what is no numeric address or network; "
			    "write \"10.1.2.3\" or \"fd00::/8\"");
	if (text_is_empty(settings->oauth_token_url) !=
	    text_is_empty(settings->oauth_client_id))
		settings_complain(source, problems, "oauth.client_id",
				  "and oauth.token_url are of use together "
				  "only");
	settings_mailbox_check(&settings->mailbox, settings->oauth_token_url,
			       source, problems);
	if (settings->retry_first_seconds > settings->retry_most_seconds)
		settings_complain(source, problems,
				  "delivery.retry_first_seconds",
				  "is longer than delivery.retry_most_seconds");
}

/* --- bank holidays */

static const struct assets_file *find_holidays(void)
{
	const struct assets_file *file = assets_files;

	while (strcmp(file->key, "config/bank-holidays") != 0)
		file++;
	return file;
}

static bool parse_holidays(struct settings *settings, const char *name,
			   const char *text, size_t size,
			   struct problems *problems)
{
	struct holidays *holidays =
	    arena_alloc(settings->arena, sizeof(*holidays));

	settings->holidays = holidays;
	return holidays_parse(name, text, size, settings->region,
			      settings->arena, holidays, problems);
}

static bool load_holidays(struct settings *settings,
			  const struct settings_source *source,
			  struct problems *problems)
{
	const char *path = settings->holidays_file;
	struct err err = {0};
	size_t size;
	char *text;

	if (text_is_empty(path)) {
		const struct assets_file *file = find_holidays();

		return parse_holidays(settings, file->key,
				      (const char *)file->data, file->size,
				      problems);
	}
	path = settings_absolute(settings->arena, settings->folder, path);
	if (!file_read(path, HOLIDAYS_MAX_SIZE, &text, &size, &err)) {
		settings_complain(source, problems, "board.holidays", err.text);
		return false;
	}
	bool good = parse_holidays(settings, path, text, size, problems);
	free(text);
	return good;
}

/* --- after the walk */

const char *settings_absolute(struct arena *arena, const char *folder,
			      const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return path;
	return arena_printf(arena, "%s/%s", folder, path);
}

static const char *folder_of(struct arena *arena, const char *path)
{
	char whole[PATH_MAX];

	if (!realpath(path, whole))
		snprintf(whole, sizeof(whole), "%s", path);
	return arena_strdup(arena, dirname(whole));
}

static void complete(struct settings *settings)
{
	const char **paths[] = {
	    &settings->approved_folder,
	    &settings->state_folder,
	    &settings->lists_folder,
	    &settings->templates_folder,
	    &settings->holidays_file,
	    &settings->oauth_client_secret_file,
	    &settings->oauth_ca_file,
	    &settings->mailbox.ca_file,
	    &settings->mailbox.password_file,
	    &settings->mailbox.path,
	};
	struct err err;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		*paths[i] = settings_absolute(settings->arena, settings->folder,
					      *paths[i]);
	if (text_is_empty(settings->mail_bounce))
		settings->mail_bounce = settings->mail_from;
	if (text_is_empty(settings->mail_help))
		settings->mail_help = settings->mail_from;
	if (text_is_empty(settings->board_help))
		settings->board_help = settings->mail_help;
	if (text_is_empty(settings->privacy_controller))
		settings->privacy_controller = settings->board_name;
	if (text_is_empty(settings->privacy_contact))
		settings->privacy_contact = settings->board_help;
	settings->zone = zone_open(settings->time_zone, &err);
}

struct settings *settings_load(const char *path, struct problems *problems)
{
	struct settings_source source = {.name = path};
	struct err err = {0};
	struct arena *arena;
	size_t before = problems->count;
	char *text;

	if (!file_read(path, SETTINGS_MAX_SIZE, &text, &source.size, &err)) {
		problems_add(problems, path, 0, "%s", err.text);
		return NULL;
	}
	source.text = text;
	arena = arena_new();
	struct reading *reading = arena_alloc(arena, sizeof(*reading));
	struct settings *settings = &reading->settings;
	config_parse(path, text, source.size, &schema, arena, reading,
		     problems);
	check_texts(reading, &source, problems);
	settings_relay_check(reading->relays, settings->relay_count,
			     settings->oauth_token_url, &source, problems);
	if (problems->count == before)
		check_together(reading, &source, problems);
	settings->arena = arena;
	settings->folder = folder_of(arena, path);
	if (problems->count == before)
		load_holidays(settings, &source, problems);
	free(text);
	if (problems->count > before) {
		arena_free(arena);
		return NULL;
	}
	settings->trusted_proxies = reading->trusted_proxies.list;
	settings->trusted_proxy_count = reading->trusted_proxies.count;
	settings->mailbox.trusted_hosts = reading->trusted_hosts.list;
	settings->mailbox.trusted_host_count = reading->trusted_hosts.count;
	settings->relays = reading->relays;
	settings_relay_complete(reading->relays, settings->relay_count,
				settings->folder, arena);
	complete(settings);
	return settings;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	zone_close(settings->zone);
	arena_free(settings->arena);
}

/* --- for the manual and "check" */

static const char *allowed(struct arena *arena,
			   const struct config_setting *setting)
{
	switch (setting->type) {
	case CONFIG_INTEGER:
		return arena_printf(arena, "%lld to %lld", setting->min,
				    setting->max);
	case CONFIG_CHOICE:
		return setting->choices;
	case CONFIG_TEXT:
		return arena_printf(arena, "%lld to %lld bytes", setting->min,
				    setting->max);
	case CONFIG_TEXTS:
	case CONFIG_INTEGERS:
		return arena_printf(arena, "at most %lld", setting->max);
	case CONFIG_FLAG:
		break;
	}
	return "true or false";
}

static struct setting_description describe(struct arena *arena,
					   const char *prefix,
					   const struct config_setting *setting)
{
	static const char *const types[] = {
	    [CONFIG_TEXT] = "text",        [CONFIG_INTEGER] = "number",
	    [CONFIG_FLAG] = "flag",        [CONFIG_TEXTS] = "texts",
	    [CONFIG_INTEGERS] = "numbers", [CONFIG_CHOICE] = "choice",
	};

	return (struct setting_description){
	    .path = arena_printf(arena, "%s%s", prefix, setting->path),
	    .type = types[setting->type],
	    .allowed = allowed(arena, setting),
	    .fallback = setting->fallback,
	    .help = setting->help,
	};
}

static size_t count_settings(const struct config_setting *settings)
{
	size_t count = 0;

	while (settings[count].path)
		count++;
	return count;
}

const struct setting_description *settings_describe(struct arena *arena)
{
	size_t count = count_settings(table);
	size_t relay_count = count_settings(settings_relay_table);
	struct setting_description *list =
	    arena_allocarray(arena, count + relay_count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = describe(arena, "", &table[i]);
	for (size_t i = 0; i < relay_count; i++)
		list[count + i] =
		    describe(arena, "relays.", &settings_relay_table[i]);
	return list;
}
