#ifndef RUN_KEYS_H
#define RUN_KEYS_H

/*
 * Secrets: the keys of links, of the ledger and of erasures, the relays'
 * passwords, the OAuth client's. Each comes from a systemd credential
 * ($CREDENTIALS_DIRECTORY) or from a file that only its owner reads. Never in
 * arguments, logs or core dumps.
 */
#include <stdbool.h>

struct err;
struct link_keys;
struct note_signer;
struct relay_settings;
struct settings;
struct tombstone_key;

/* Credential "link-keys", else STATE/keys/link.key, which is made when it is
 * not there. One key a line: its id (a base32 digit) and 64 hex digits; the
 * first signs, all verify. */
bool keys_load_links(const struct settings *settings, struct link_keys *ret,
		     struct err *err);

/* Credential "ledger-key", else STATE/keys/ledger.key, which is made when it is
 * not there: one line, "PRIVATE+KEY+name+id+key". Its name, which is the
 * ledger's origin, is web.base of then without the scheme, and "/ledger". */
bool keys_load_ledger(const struct settings *settings, struct note_signer *ret,
		      struct err *err);

/* Credential "erasure-key", else STATE/keys/erasure.key, which is made when it
 * is not there: 64 hex digits. */
bool keys_load_erasure(const struct settings *settings,
		       struct tombstone_key *ret, struct err *err);

/* The key of the relay's certificate_file, if there is one, must be private. */
bool keys_check_certificate(const struct relay_settings *relay,
			    struct err *err);

/* The relay's password_file, else the credential "smtp-password-NAME", else
 * "smtp-password". */
bool keys_load_password(const struct relay_settings *relay, char **ret_password,
			struct err *err);
/* oauth.client_secret_file, else the credential "oauth-client-secret". */
bool keys_load_client_secret(const struct settings *settings, char **ret_secret,
			     struct err *err);
/* mailbox.password_file, else the credential "mailbox-password". */
bool keys_load_mailbox_password(const struct settings *settings,
				char **ret_password, struct err *err);
/* what any of them gave */
void keys_forget_password(char *password); /* wipes and frees; NULL is fine */

#endif
