#include "run/keys.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base32.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/link.h"
#include "core/note.h"
#include "core/settings.h"
#include "core/tombstone.h"
#include "tools/crypto.h"

#define SECRET_MAX_SIZE 4096
#define KEY_LINE_SIZE (2 + 2 * LINK_KEY_SIZE + 1)

static void forget(char *text)
{
	if (!text)
		return;
	crypto_forget(text, strlen(text));
	free(text);
}

void keys_forget_password(char *password)
{
	forget(password);
}

/* NULL where systemd gave none of that name */
static char *credential_path(const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (!folder)
		return NULL;
	char *path = xasprintf("%s/%s", folder, name);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static bool is_private(const char *path, struct err *err)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return err_errno(err, ERR_SYSTEM, "%s", path);
	if (status.st_mode & 077)
		return err_set(err, ERR_INPUT,
			       "%s: others may read it; run: chmod 600 %s",
			       path, path);
	return true;
}

static bool parse_key(const char *line, struct link_key *ret)
{
	char id[2] = {line[0], '\0'};

	if (!base32_normalise(id) || !id[0] || line[1] != ' ')
		return false;
	ret->id = id[0];
	return crypto_hex_parse(line + 2, ret->key, LINK_KEY_SIZE);
}

static bool parse_keys(const char *path, const char *text,
		       struct link_keys *ret, struct err *err)
{
	*ret = (struct link_keys){0};
	for (int number = 1; *text; number++) {
		size_t size = strcspn(text, "\n");

		if (size > 0) {
			if (ret->count == LINK_MAX_KEYS)
				return err_set(err, ERR_INPUT,
					       "%s: more than %d keys", path,
					       LINK_MAX_KEYS);
			char line[KEY_LINE_SIZE] = "";
			bool fits = size == KEY_LINE_SIZE - 1;

			if (fits)
				memcpy(line, text, size);
			fits = fits && parse_key(line, &ret->list[ret->count]);
			crypto_forget(line, sizeof(line));
			if (!fits)
				return err_set(err, ERR_INPUT,
					       "%s:%d: wanted: a digit, a "
					       "space, %d hex digits",
					       path, number, 2 * LINK_KEY_SIZE);
			if (link_find_key(ret, ret->list[ret->count].id))
				return err_set(err, ERR_INPUT,
					       "%s:%d: another key has this "
					       "digit already",
					       path, number);
			ret->count++;
		}
		text += size + (text[size] == '\n');
	}
	if (ret->count == 0)
		return err_set(err, ERR_INPUT, "%s: holds no key", path);
	return true;
}

static bool make_keys(const struct settings *settings, const char *path,
		      struct err *err)
{
	uint8_t key[LINK_KEY_SIZE];
	char line[KEY_LINE_SIZE + 1] = "1 ";

	(void)settings;
	crypto_random(key, sizeof(key));
	crypto_hex(key, sizeof(key), line + 2);
	strcpy(line + KEY_LINE_SIZE - 1, "\n");
	bool good = file_write(path, line, strlen(line), 0600, err);
	crypto_forget(key, sizeof(key));
	crypto_forget(line, sizeof(line));
	return good;
}

/* The credential, else the file below STATE/keys, which make fills when it is
 * not there. Its text is to be forgotten; NULL: err says why. */
static char *read_own(const struct settings *settings, const char *credential,
		      const char *name,
		      bool make(const struct settings *settings,
				const char *path, struct err *err),
		      char **ret_path, struct err *err)
{
	char *path = credential_path(credential);
	char *folder = NULL, *text = NULL;

	if (!path) {
		folder = xasprintf("%s/keys", settings->state_folder);
		path = xasprintf("%s/%s", folder, name);
		if (!file_make_folder(folder, 0700, err))
			goto out;
		if (access(path, F_OK) < 0 && !make(settings, path, err))
			goto out;
		if (!is_private(path, err))
			goto out;
	}
	file_read(path, SECRET_MAX_SIZE, &text, NULL, err);
out:
	free(folder);
	*ret_path = path;
	return text;
}

bool keys_load_links(const struct settings *settings, struct link_keys *ret,
		     struct err *err)
{
	char *path;
	char *text =
	    read_own(settings, "link-keys", "link.key", make_keys, &path, err);
	bool good = text && parse_keys(path, text, ret, err);

	forget(text);
	free(path);
	return good ? true : err_context(err, "the keys of links");
}

/* --- the ledger's key */

/* "https://learning.example" -> "learning.example/ledger" */
static char *ledger_name(const struct settings *settings)
{
	const char *base = settings->web_base;
	const char *scheme = strstr(base, "://");
	char *name = xasprintf("%s/ledger", scheme ? scheme + 3 : base);

	for (char *at = name; *at; at++)
		if (*at == '+' || *at <= ' ' || *at > '~')
			*at = '-';
	return name;
}

static bool make_ledger_key(const struct settings *settings, const char *path,
			    struct err *err)
{
	char *name = ledger_name(settings);
	struct note_signer signer;
	uint8_t seed[CRYPTO_SEED_SIZE];
	struct buf line;

	crypto_random(seed, sizeof(seed));
	bool good = note_signer_make(name, seed, &signer);
	if (!good)
		err_set(err, ERR_INPUT, "%s: too long a name for a key", name);
	buf_init(&line, SECRET_MAX_SIZE);
	note_signer_format(&signer, &line);
	buf_addc(&line, '\n');
	good = good && file_write(path, line.data, line.size, 0600, err);
	crypto_forget(line.data, line.size);
	buf_done(&line);
	crypto_forget(&signer, sizeof(signer));
	crypto_forget(seed, sizeof(seed));
	free(name);
	return good;
}

bool keys_load_ledger(const struct settings *settings, struct note_signer *ret,
		      struct err *err)
{
	char *path;
	char *text = read_own(settings, "ledger-key", "ledger.key",
			      make_ledger_key, &path, err);
	bool good = false;

	if (text) {
		text[strcspn(text, "\r\n")] = '\0';
		good = note_signer_parse(text, ret);
		if (!good)
			err_set(err, ERR_INPUT,
				"%s: wanted: PRIVATE+KEY+name+id+key on one "
				"line",
				path);
	}
	forget(text);
	free(path);
	return good ? true : err_context(err, "the ledger's key");
}

/* --- the key of erasures */

static bool make_erasure_key(const struct settings *settings, const char *path,
			     struct err *err)
{
	uint8_t key[CRYPTO_KEY_SIZE];
	char line[2 * CRYPTO_KEY_SIZE + 2];

	(void)settings;
	crypto_random(key, sizeof(key));
	crypto_hex(key, sizeof(key), line);
	strcpy(line + strlen(line), "\n");
	bool good = file_write(path, line, strlen(line), 0600, err);
	crypto_forget(key, sizeof(key));
	crypto_forget(line, sizeof(line));
	return good;
}

bool keys_load_erasure(const struct settings *settings,
		       struct tombstone_key *ret, struct err *err)
{
	char *path;
	char *text = read_own(settings, "erasure-key", "erasure.key",
			      make_erasure_key, &path, err);
	bool good = false;

	if (text) {
		text[strcspn(text, "\r\n")] = '\0';
		good = crypto_hex_parse(text, ret->bytes, sizeof(ret->bytes)) ||
		       err_set(err, ERR_INPUT, "%s: wanted: %d hex digits",
			       path, 2 * CRYPTO_KEY_SIZE);
	}
	forget(text);
	free(path);
	return good ? true : err_context(err, "the key of erasures");
}

/* a copy of the path; NULL: others may read what is there */
static char *private_path(const char *path, struct err *err)
{
	return is_private(path, err) ? xstrdup(path) : NULL;
}

static char *password_path(const struct relay_settings *relay, struct err *err)
{
	char *path;

	if (*relay->password_file)
		return private_path(relay->password_file, err);
	char *name = xasprintf("smtp-password-%s", relay->name);
	path = credential_path(name);
	free(name);
	if (!path)
		path = credential_path("smtp-password");
	if (!path)
		err_set(err, ERR_INPUT,
			"user is set, but there is neither password_file nor a "
			"credential smtp-password");
	return path;
}

/* The file's first line; NULL: err says why not. Frees path. */
static char *read_password(char *path, struct err *err)
{
	char *text = NULL;

	if (!path || !file_read(path, SECRET_MAX_SIZE, &text, NULL, err))
		goto out;
	text[strcspn(text, "\r\n")] = '\0';
	if (!*text) {
		err_set(err, ERR_INPUT, "%s: holds no password", path);
		forget(text);
		text = NULL;
	}
out:
	free(path);
	return text;
}

bool keys_load_password(const struct relay_settings *relay, char **ret_password,
			struct err *err)
{
	char *text = read_password(password_path(relay, err), err);

	if (!text)
		return err_context(err, "the password of relay %s",
				   relay->name);
	*ret_password = text;
	return true;
}

/* The file, else the credential; what: the setting that names the file. */
static char *secret_path(const char *file, const char *credential,
			 const char *what, struct err *err)
{
	char *path;

	if (*file)
		return private_path(file, err);
	path = credential_path(credential);
	if (!path)
		err_set(err, ERR_INPUT,
			"there is neither %s nor a credential %s", what,
			credential);
	return path;
}

bool keys_load_client_secret(const struct settings *settings, char **ret_secret,
			     struct err *err)
{
	char *text = read_password(
	    secret_path(settings->oauth_client_secret_file,
			"oauth-client-secret", "oauth.client_secret_file", err),
	    err);

	if (!text)
		return err_context(err, "the OAuth client's secret");
	*ret_secret = text;
	return true;
}

bool keys_check_certificate(const struct relay_settings *relay, struct err *err)
{
	const char *path =
	    *relay->key_file ? relay->key_file : relay->certificate_file;

	return !*path || is_private(path, err);
}

bool keys_load_mailbox_password(const struct settings *settings,
				char **ret_password, struct err *err)
{
	char *text = read_password(secret_path(settings->mailbox.password_file,
					       "mailbox-password",
					       "mailbox.password_file", err),
				   err);

	if (!text)
		return err_context(err, "the mailbox's password");
	*ret_password = text;
	return true;
}
