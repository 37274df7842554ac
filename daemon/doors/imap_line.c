#include "doors/imap_line.h"

#include <curl/curl.h>
#include <libetpan/mailstream.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "doors/imap.h"

#define CONNECT_TIMEOUT_MS (30 * 1000)
#define AHEAD_SIZE 4096

/* libcurl has read the greeting and logged in; libetpan begins here */
static const char greeting[] = "* PREAUTH logged in\r\n";

struct imap_line {
	CURL *curl;
	int timeout_ms;
	char ahead[AHEAD_SIZE]; /* read, and not yet taken by libetpan */
	size_t ahead_at, ahead_size;
};

/* --- the connection */

static const char *login_options(const char *auth)
{
	static const char *const words[][2] = {
	    {"plain", "AUTH=PLAIN"},
	    {"login", "AUTH=LOGIN"},
	    {"xoauth2", "AUTH=XOAUTH2"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(auth, words[i][0]) == 0)
			return words[i][1];
	return NULL;
}

static void set_tls(CURL *curl, const struct imap_account *account)
{
	bool is_none = strcmp(account->tls, "none") == 0;

	curl_easy_setopt(curl, CURLOPT_USE_SSL,
			 is_none ? (long)CURLUSESSL_NONE
				 : (long)CURLUSESSL_ALL);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (*account->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, account->ca_file);
}

static void set_login(CURL *curl, const struct imap_account *account)
{
	const char *options = login_options(account->auth);
	bool is_token = strcmp(account->auth, "xoauth2") == 0;

	curl_easy_setopt(curl, CURLOPT_USERNAME, account->user);
	curl_easy_setopt(curl,
			 is_token ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
			 account->password);
	if (options)
		curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, options);
}

static void set_server(CURL *curl, const struct imap_account *account)
{
	bool is_implicit = strcmp(account->tls, "implicit") == 0;
	char *url = xasprintf("%s://%s:%d/", is_implicit ? "imaps" : "imap",
			      account->host, account->port);

	curl_easy_setopt(curl, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			 (long)CONNECT_TIMEOUT_MS + account->timeout_ms);
	/* for IMAP too: up to and with the login, and the line is ours */
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
}

static bool connect_line(CURL *curl, const struct imap_account *account,
			 struct err *err)
{
	char trouble[CURL_ERROR_SIZE] = "";

	set_server(curl, account);
	set_tls(curl, account);
	set_login(curl, account);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, trouble);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK)
		return true;
	return err_set(err, code == CURLE_LOGIN_DENIED ? ERR_INPUT : ERR_SYSTEM,
		       "%s:%d: %s", account->host, account->port,
		       code == CURLE_LOGIN_DENIED ? IMAP_LOGIN_REFUSED
		       : *trouble                 ? trouble
						  : curl_easy_strerror(code));
}

struct imap_line *imap_line_open(const struct imap_account *account,
				 struct err *err)
{
	CURL *curl = curl_easy_init();

	if (!curl) {
		err_set(err, ERR_SYSTEM, "libcurl can't start");
		return NULL;
	}
	if (!connect_line(curl, account, err)) {
		curl_easy_cleanup(curl);
		return NULL;
	}
	struct imap_line *line = xcalloc(1, sizeof(*line));
	line->curl = curl;
	line->timeout_ms = account->timeout_ms;
	line->ahead_size = strlen(greeting);
	memcpy(line->ahead, greeting, line->ahead_size);
	return line;
}

/* --- the stream */

static bool poll_line(const struct imap_line *line, short events,
		      int timeout_ms)
{
	curl_socket_t socket = CURL_SOCKET_BAD;

	curl_easy_getinfo(line->curl, CURLINFO_ACTIVESOCKET, &socket);
	if (socket == CURL_SOCKET_BAD)
		return false;
	struct pollfd wait = {.fd = socket, .events = events};
	return poll(&wait, 1, timeout_ms) > 0;
}

/* What is there, into the empty room ahead: false when nothing is, or no more
 * will be. TLS may hold bytes that the socket does not show. */
static bool read_ahead(struct imap_line *line, bool *ret_is_closed)
{
	size_t got = 0;
	CURLcode code =
	    curl_easy_recv(line->curl, line->ahead, AHEAD_SIZE, &got);

	line->ahead_at = 0;
	line->ahead_size = code == CURLE_OK ? got : 0;
	*ret_is_closed = code != CURLE_AGAIN && line->ahead_size == 0;
	return line->ahead_size > 0;
}

bool imap_line_wait(struct imap_line *line, int timeout_ms)
{
	bool is_closed;

	if (line->ahead_at < line->ahead_size)
		return true;
	/* an end is something to read, too */
	return read_ahead(line, &is_closed) || is_closed ||
	       poll_line(line, POLLIN, timeout_ms);
}

static ssize_t line_read(mailstream_low *low, void *data, size_t size)
{
	struct imap_line *line = low->data;
	bool is_closed = false;

	while (line->ahead_at == line->ahead_size) {
		if (read_ahead(line, &is_closed))
			break;
		if (is_closed || !poll_line(line, POLLIN, line->timeout_ms))
			return -1;
	}
	if (size > line->ahead_size - line->ahead_at)
		size = line->ahead_size - line->ahead_at;
	memcpy(data, line->ahead + line->ahead_at, size);
	line->ahead_at += size;
	return (ssize_t)size;
}

static ssize_t line_write(mailstream_low *low, const void *data, size_t size)
{
	struct imap_line *line = low->data;
	CURLcode code;
	size_t sent = 0;

	while ((code = curl_easy_send(line->curl, data, size, &sent)) ==
	       CURLE_AGAIN)
		if (!poll_line(line, POLLOUT, line->timeout_ms))
			return -1;
	return code == CURLE_OK ? (ssize_t)sent : -1;
}

static int line_close(mailstream_low *low)
{
	(void)low;
	return 0;
}

static int line_fd(mailstream_low *low)
{
	(void)low;
	return -1;
}

static void line_free(mailstream_low *low)
{
	struct imap_line *line = low->data;

	curl_easy_cleanup(line->curl);
	free(line);
	free(low);
}

static void line_cancel(mailstream_low *low)
{
	(void)low;
}

static struct mailstream_cancel *line_get_cancel(mailstream_low *low)
{
	(void)low;
	return NULL;
}

static carray *line_certificates(mailstream_low *low)
{
	(void)low;
	return NULL;
}

static int line_idle(mailstream_low *low)
{
	(void)low;
	return -1;
}

mailstream *imap_line_stream(struct imap_line *line)
{
	static mailstream_low_driver driver = {
	    .mailstream_read = line_read,
	    .mailstream_write = line_write,
	    .mailstream_close = line_close,
	    .mailstream_get_fd = line_fd,
	    .mailstream_free = line_free,
	    .mailstream_cancel = line_cancel,
	    .mailstream_get_cancel = line_get_cancel,
	    .mailstream_get_certificate_chain = line_certificates,
	    .mailstream_setup_idle = line_idle,
	    .mailstream_unsetup_idle = line_idle,
	    .mailstream_interrupt_idle = line_idle,
	};
	mailstream_low *low = mailstream_low_new(line, &driver);
	mailstream *stream = low ? mailstream_new(low, 8192) : NULL;

	if (!stream)
		abort(); /* memory */
	return stream;
}
