#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

/*
 * briefingd.conf: one table of settings is the only place that names them
 * (briefingd.conf(5) and the sample file are checked against it by a test).
 * Immutable after loading; a reload makes a new one and swaps the pointer.
 * Owner: the roof. Texts live in its arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct holidays;
struct problems;
struct zone;

#define RELAYS_MAX 8
#define RELAY_NAME_SIZE 256 /* a host's may be 253 bytes long */

struct relay_settings {
	const char *name; /* unique; where not set, the host */
	const char *host;
	int64_t port;
	const char *tls;              /* starttls | implicit | none */
	const char *tls_minimum;      /* 1.2 | 1.3 */
	const char *ca_file;          /* "": the system's */
	const char *certificate_file; /* our own; "": none */
	const char *key_file;         /* 0600; "": in certificate_file */
	const char *user;             /* "": no AUTH */
	const char *auth;             /* auto | plain | login */
	const char *password_file;    /* 0600; "": a credential, see run/keys */
	int64_t connections;          /* senders: 1..64 */
	int64_t timeout_seconds;      /* for each reply */
	int64_t messages_per_connection, messages_per_minute,
	    messages_per_day; /* 0: no cap */
	const char *envelope; /* verp | plain */
};

/* Where returned mail is read; core/settings_mailbox.c checks it. */
struct mailbox_settings {
	const char *kind; /* none | imap | maildir */
	const char *host;
	int64_t port;
	const char *tls;     /* starttls | implicit | none */
	const char *ca_file; /* "": the system's */
	const char *user;
	const char *auth;          /* auto | plain | login | xoauth2 */
	const char *password_file; /* 0600; "": a credential, see run/keys */
	const char *folder;        /* of IMAP */
	const char *path;          /* of the Maildir */
	int64_t poll_seconds;      /* between two looks */
	/* whose Authentication-Results are believed, and through whose hands
	 * mail may come behind them; core/authentic.h */
	const char **trusted_hosts;
	size_t trusted_host_count;
};

struct settings {
	struct arena *arena;
	const char *folder; /* of the file; relative paths start there */

	/* board */
	const char *board_name;    /* "Severnside Safeguarding Children ..." */
	const char *board_label;   /* "Partnership", "Board" */
	const char *board_colour;  /* "#1d4f60": 7 bytes, checked */
	const char *board_help;    /* whom a reader asks, one line of text;
				      where not set, the address mail_help */
	const char *time_zone;     /* "Europe/London" */
	struct zone *zone;         /* opened from it */
	const char *region;        /* england-and-wales | scotland | ... */
	const char *holidays_file; /* "": those that come with us */
	const struct holidays *holidays; /* of the region; core/holidays.h */

	/* places: absolute after loading */
	const char *approved_folder;  /* /srv/briefingd/approved */
	const char *state_folder;     /* /var/lib/briefingd */
	const char *lists_folder;     /* lists */
	const char *templates_folder; /* templates; need not exist */

	/* mail */
	const char *mail_from;   /* the address in From */
	const char *mail_bounce; /* envelope sender; VERP adds +TOKEN to its
				    local part of at most 43 bytes */
	const char *mail_help;   /* List-Help, List-Owner: an address; both are
				    mail_from where they are not set */
	const char *rehearsal_address;
	const char *reply_word; /* "READ": what a reply confirms with */

	/* The servers that take our mail, in order of preference. */
	const struct relay_settings *relays;
	size_t relay_count; /* at least 1 */

	/* oauth: for every relay and the mailbox that say xoauth2 */
	const char *oauth_token_url; /* "": none; https:// */
	const char *oauth_client_id;
	const char *oauth_client_secret_file; /* 0600; "": a credential */
	const char *oauth_scope;              /* "": the server's own */
	const char *oauth_ca_file;            /* "": the system's */

	struct mailbox_settings mailbox;

	/* delivery */
	int64_t retry_first_seconds, retry_most_seconds, retry_days;

	/* web */
	const char *web_listen; /* "[::1]:8086"; an inherited socket wins */
	const char *web_base;   /* "https://learning.example", no slash behind;
				   http:// only for this machine */
	const char **trusted_proxies;
	size_t trusted_proxy_count;
	int64_t web_connections; /* at once */

	/* privacy: what its notice says */
	const char *privacy_controller; /* where not set, board_name */
	const char *privacy_contact;    /* where not set, board_help */
	const char *privacy_basis;
	const char *privacy_retention; /* what else its notice says of that */

	/* retention: how long what names people is kept, in days; 0: until
	 * somebody asks for it to be erased. core/retention.h */
	int64_t retention_leavers_days, retention_texts_days,
	    retention_mails_days, retention_scans_days;

	/* evidence */
	int64_t window_days;     /* how long a link works: 180 */
	int64_t deadline_days;   /* where neither list nor briefing says: 14 */
	int64_t removal_percent; /* the guard on lists: 20 */
};

/* Loads it, or says all that is wrong and returns NULL. */
struct settings *settings_load(const char *path, struct problems *problems);
void settings_free(struct settings *settings);

/* Why no reply can confirm (a list's confirm_by_reply), with the mend, for who
 * wants it: no mailbox, nobody who vouches for an author, or no room for a
 * token in mail.bounce. NULL: it can. */
const char *settings_find_reply_fault(const struct settings *settings);

/* Each setting in the table's order, for the manual page's test and for
 * "check": NULL path ends it. Lives in the arena. */
struct setting_description {
	const char *path, *type, *allowed;
	const char *fallback; /* NULL: compulsory */
	const char *help;
};
const struct setting_description *settings_describe(struct arena *arena);

#endif
