#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/problems.h"
#include "base/text.h"
#include "core/settings.h"
#include "core/settings_part.h"
#include "tools/config.h"

#define AT(field) offsetof(struct relay_settings, field)
#define NAME_CHARACTERS                                                        \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                           \
	"0123456789.-"

const struct config_setting settings_relay_table[] = {
    {"name", CONFIG_TEXT, AT(name), 0, 64, NULL, "",
     "what it is called in status, attempts and log; empty: its host"},
    {"host", CONFIG_TEXT, AT(host), 1, 253, NULL, NULL,
     "the SMTP server that takes our mail"},
    {"port", CONFIG_INTEGER, AT(port), 1, 65535, NULL, "587",
     "the port it listens on"},
    {"tls", CONFIG_CHOICE, AT(tls), 0, 0, "starttls|implicit|none", "starttls",
     "how the connection is encrypted; never silently given up"},
    {"tls_minimum", CONFIG_CHOICE, AT(tls_minimum), 0, 0, "1.2|1.3", "1.2",
     "the oldest version of TLS that is good enough"},
    {"ca_file", CONFIG_TEXT, AT(ca_file), 0, 1000, NULL, "",
     "certificates that its own is checked against; empty: the system's"},
    {"certificate_file", CONFIG_TEXT, AT(certificate_file), 0, 1000, NULL, "",
     "our own certificate, for a relay that asks for one; empty: none"},
    {"key_file", CONFIG_TEXT, AT(key_file), 0, 1000, NULL, "",
     "a file of mode 0600 with its key; empty: it is in certificate_file"},
    {"user", CONFIG_TEXT, AT(user), 0, 254, NULL, "",
     "the name to log in with; empty: no login"},
    {"auth", CONFIG_CHOICE, AT(auth), 0, 0, "auto|plain|login|xoauth2", "auto",
     "the way of logging in; auto: what the relay offers of plain and login; "
     "xoauth2: with the token of the group oauth"},
    {"password_file", CONFIG_TEXT, AT(password_file), 0, 1000, NULL, "",
     "a file of mode 0600 with the password; empty: systemd's credential "
     "smtp-password-NAME, or smtp-password"},
    {"connections", CONFIG_INTEGER, AT(connections), 1, 64, NULL, "4",
     "how many mails are sent at the same time"},
    {"timeout_seconds", CONFIG_INTEGER, AT(timeout_seconds), 1, 3600, NULL,
     "600", "how long to wait for each reply (RFC 5321 asks for 600)"},
    {"messages_per_connection", CONFIG_INTEGER, AT(messages_per_connection), 0,
     1000000, NULL, "0", "then a new connection is made; 0: no cap"},
    {"messages_per_minute", CONFIG_INTEGER, AT(messages_per_minute), 0, 1000000,
     NULL, "0", "at most so many in any 60 seconds; 0: no cap"},
    {"messages_per_day", CONFIG_INTEGER, AT(messages_per_day), 0, 1000000000,
     NULL, "0", "at most so many in any 24 hours; 0: no cap"},
    {"envelope", CONFIG_CHOICE, AT(envelope), 0, 0, "verp|plain", "verp",
     "verp: a sender's address of its own for each mail; plain: mail.bounce"},
    {0},
};

/* One relay's place in the file, for what is wrong with it. */
struct place {
	const struct settings_source *source;
	struct problems *problems;
	size_t number; /* from 0 */
	bool has_oauth;
};

static void complain(const struct place *place, const char *key,
		     const char *why)
{
	char path[64];

	snprintf(path, sizeof(path), "relays.[%zu].%s", place->number, key);
	settings_complain(place->source, place->problems, path, why);
}

static void check_texts(const struct relay_settings *relay,
			const struct place *place)
{
	if (relay->host[strspn(relay->host, NAME_CHARACTERS ":[]")] != '\0')
		complain(place, "host",
			 "is no name of a server; write \"smtp.example.org\", "
			 "the port apart");
	/* it names a credential, which is a file */
	if (relay->name[strspn(relay->name, NAME_CHARACTERS "_")] != '\0' ||
	    relay->name[0] == '.')
		complain(place, "name",
			 "may have letters, digits, \"-\", \"_\" and, not in "
			 "front, \".\"");
}

static void check_certificate(const struct relay_settings *relay,
			      const struct place *place)
{
	if (*relay->key_file && !*relay->certificate_file)
		complain(place, "key_file",
			 "is of no use without certificate_file");
	if (*relay->certificate_file && strcmp(relay->tls, "none") == 0)
		complain(place, "certificate_file",
			 "is of no use with tls = \"none\"");
}

static void check_login(const struct relay_settings *relay,
			const struct place *place)
{
	bool wants_token = strcmp(relay->auth, "xoauth2") == 0;

	if (wants_token && !place->has_oauth)
		complain(place, "auth", "\"xoauth2\" needs the group oauth");
	if (wants_token && !*relay->user)
		complain(place, "auth",
			 "\"xoauth2\" needs user: the mailbox to send from");
	if (wants_token && *relay->password_file)
		complain(place, "password_file",
			 "is of no use with auth = \"xoauth2\"");
	if (!*relay->user && *relay->password_file)
		complain(place, "password_file", "is of no use without user");
	if (*relay->user && strcmp(relay->tls, "none") == 0 &&
	    !settings_is_loopback(relay->host))
		complain(place, "user",
			 "a login with tls = \"none\" would send the password "
			 "in clear text");
}

/* attempts and credentials go by the name */
static const char *name_of(const struct relay_settings *relay)
{
	return *relay->name ? relay->name : relay->host;
}

static void check_name(const struct relay_settings *relays,
		       const struct place *place)
{
	for (size_t i = 0; i < place->number; i++)
		if (strcmp(name_of(&relays[i]),
			   name_of(&relays[place->number])) == 0) {
			complain(place,
				 *relays[place->number].name ? "name" : "host",
				 "another relay has this name already; give "
				 "each a name of its own");
			return;
		}
}

void settings_relay_check(const struct relay_settings *relays, size_t count,
			  const char *oauth_token_url,
			  const struct settings_source *source,
			  struct problems *problems)
{
	for (size_t i = 0; i < count; i++) {
		const struct place place = {source, problems, i,
					    !text_is_empty(oauth_token_url)};

		check_texts(&relays[i], &place);
		check_certificate(&relays[i], &place);
		check_login(&relays[i], &place);
		check_name(relays, &place);
	}
}

void settings_relay_complete(struct relay_settings *relays, size_t count,
			     const char *folder, struct arena *arena)
{
	for (size_t i = 0; i < count; i++) {
		struct relay_settings *relay = &relays[i];

		relay->name = name_of(relay);
		relay->ca_file =
		    settings_absolute(arena, folder, relay->ca_file);
		relay->certificate_file =
		    settings_absolute(arena, folder, relay->certificate_file);
		relay->key_file =
		    settings_absolute(arena, folder, relay->key_file);
		relay->password_file =
		    settings_absolute(arena, folder, relay->password_file);
	}
}
