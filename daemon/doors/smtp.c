#include "doors/smtp.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "doors/smtp_reply.h"
#include "doors/smtp_talk.h"

#define CONNECT_TIMEOUT_MS (30 * 1000)
#define REPLY_TIMEOUT_MS (600 * 1000) /* RFC 5321 4.5.3.2.6, the final dot */
#define KEEP_S 20                     /* idle connections older are not used */
#define SOCKETS 8 /* that libcurl tries at a time, IPv6 beside IPv4 */

struct smtp_session {
	char *url, *ca_file, *certificate_file, *key_file, *user, *password;
	enum smtp_tls tls;
	bool needs_tls13;
	enum smtp_auth auth;
	int connect_timeout_ms, reply_timeout_ms, mails_per_connection;

	/* whose turn it is */
	CURL *curl; /* NULL until the next mail needs one */
	struct smtp_talk talk;
	const struct smtp_mail *mail; /* NULL: none is being sent */
	struct smtp_verdict *verdict; /* of it */
	int64_t began_at_ms;          /* likewise */
	bool is_reused;     /* it goes by a connection that served before */
	bool has_dot;       /* see struct smtp_talk */
	int served;         /* mails on the connection that is open */
	int64_t used_at_ms; /* when the last mail ended */
	struct smtp_reply greeting; /* the last reply while connecting */
	char tls_name[32];          /* of the connection that is open */
	char address[64];
	char trouble[CURL_ERROR_SIZE];

	pthread_mutex_t lock; /* what follows, shared with smtp_interrupt */
	int sockets[SOCKETS]; /* open, -1 where none is */
	bool is_interrupted;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- sockets, and how a hung send is ended */

static bool is_interrupted(struct smtp_session *session)
{
	pthread_mutex_lock(&session->lock);
	bool interrupted = session->is_interrupted;
	pthread_mutex_unlock(&session->lock);
	return interrupted;
}

/* Replaces one socket by another (-1: none) in the list; false: no place. */
static bool swap_socket(struct smtp_session *session, int before, int after)
{
	for (int i = 0; i < SOCKETS; i++) {
		if (session->sockets[i] == before) {
			session->sockets[i] = after;
			return true;
		}
	}
	return false;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose,
				 struct curl_sockaddr *address)
{
	struct smtp_session *session = context;
	int fd;

	if (purpose != CURLSOCKTYPE_IPCXN || is_interrupted(session))
		return CURL_SOCKET_BAD;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	pthread_mutex_lock(&session->lock);
	bool has_place = swap_socket(session, -1, fd);
	pthread_mutex_unlock(&session->lock);
	session->tls_name[0] = '\0';
	if (has_place)
		return fd;
	close(fd);
	return CURL_SOCKET_BAD;
}

/* Closing inside the lock: else an interrupt could shut down a stranger's
 * descriptor of the same number. */
static int close_socket(void *context, curl_socket_t fd)
{
	struct smtp_session *session = context;

	pthread_mutex_lock(&session->lock);
	swap_socket(session, fd, -1);
	int status = close(fd);
	pthread_mutex_unlock(&session->lock);
	return status;
}

static void shut_sockets(struct smtp_session *session)
{
	pthread_mutex_lock(&session->lock);
	for (int i = 0; i < SOCKETS; i++) {
		if (session->sockets[i] >= 0)
			shutdown(session->sockets[i], SHUT_RDWR);
	}
	pthread_mutex_unlock(&session->lock);
}

void smtp_interrupt(struct smtp_session *session)
{
	pthread_mutex_lock(&session->lock);
	session->is_interrupted = true;
	pthread_mutex_unlock(&session->lock);
	shut_sockets(session);
}

/* --- libcurl's callbacks */

/* Reaches what shutdown() can't: looking up a name, connecting. Called at least
 * once a second. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down,
		       curl_off_t up_total, curl_off_t up)
{
	(void)down_total, (void)down, (void)up_total, (void)up;
	return is_interrupted(context);
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct smtp_session *session = context;

	smtp_reply_add(&session->greeting, line, size * count);
	smtp_talk_note_ehlo(&session->talk, line, size * count);
	return size * count;
}

/* Only a relay's own words on errors would come here; nothing is kept. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	(void)data, (void)context;
	return size * count;
}

/* From "TLS1.3 / ECDHE_RSA_AES_256_GCM_SHA384" */
static void note_tls(struct smtp_session *session, const char *text,
		     size_t size)
{
	size_t length = 0;

	while (length < size && length + 1 < sizeof(session->tls_name) &&
	       (isalnum((unsigned char)text[length]) || text[length] == '.'))
		length++;
	memcpy(session->tls_name, text, length);
	session->tls_name[length] = '\0';
}

/* libcurl tells the version of TLS nowhere else (without its TLS library's own
 * header). The other lines, which may hold the login, are dropped. */
static int on_debug(CURL *curl, curl_infotype type, char *text, size_t size,
		    void *context)
{
	static const char tls[] = "SSL connection using ";

	(void)curl;
	if (type == CURLINFO_TEXT && size >= sizeof(tls) &&
	    strncmp(text, tls, sizeof(tls) - 1) == 0)
		note_tls(context, text + sizeof(tls) - 1,
			 size - (sizeof(tls) - 1));
	return 0;
}

/* --- the handle */

/* A setting that this libcurl refuses would be a bug of ours. */
#define SET(option, value)                                                     \
	do {                                                                   \
		CURLcode set = curl_easy_setopt(curl, option, value);          \
		assert(set == CURLE_OK);                                       \
	} while (0)

static void set_callbacks(CURL *curl, struct smtp_session *session)
{
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, session);
	SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	SET(CURLOPT_CLOSESOCKETDATA, session);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, session);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, session);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_DEBUGFUNCTION, on_debug);
	SET(CURLOPT_DEBUGDATA, session);
	SET(CURLOPT_VERBOSE, 1L);
	SET(CURLOPT_ERRORBUFFER, session->trouble);
}

static void set_security(CURL *curl, const struct smtp_session *session)
{
	/* A proxy from the environment would see the mail. */
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_USE_SSL, session->tls == SMTP_TLS_NONE
				 ? (long)CURLUSESSL_NONE
				 : (long)CURLUSESSL_ALL);
	SET(CURLOPT_SSLVERSION, session->needs_tls13
				    ? (long)CURL_SSLVERSION_TLSv1_3
				    : (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (session->ca_file) {
		SET(CURLOPT_CAINFO, session->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (session->certificate_file) {
		SET(CURLOPT_SSLCERT, session->certificate_file);
		SET(CURLOPT_SSLKEY, session->key_file
					? session->key_file
					: session->certificate_file);
	}
}

static void set_login(CURL *curl, const struct smtp_session *session,
		      const char *bearer)
{
	static const char *const options[] = {
	    [SMTP_AUTH_ANY] = "AUTH=PLAIN;AUTH=LOGIN",
	    [SMTP_AUTH_PLAIN] = "AUTH=PLAIN",
	    [SMTP_AUTH_LOGIN] = "AUTH=LOGIN",
	    [SMTP_AUTH_XOAUTH2] = "AUTH=XOAUTH2",
	};

	if (!session->user)
		return;
	SET(CURLOPT_USERNAME, session->user);
	if (session->password)
		SET(CURLOPT_PASSWORD, session->password);
	if (bearer)
		SET(CURLOPT_XOAUTH2_BEARER, bearer);
	SET(CURLOPT_LOGIN_OPTIONS, options[session->auth]);
}

static long seconds(int ms)
{
	return (ms + 999L) / 1000;
}

static CURL *make_handle(struct smtp_session *session, const char *bearer)
{
	CURL *curl = curl_easy_init();

	if (!curl) /* it has no other reason than memory */
		abort();
	set_callbacks(curl, session);
	set_security(curl, session);
	set_login(curl, session, bearer);
	SET(CURLOPT_URL, session->url);
	/* with TLS and login; the dialogue after them is ours */
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)session->connect_timeout_ms);
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    seconds(session->reply_timeout_ms));
	return curl;
}

/* libcurl says no QUIT on a connection whose dialogue was not its own */
static void drop_handle(struct smtp_session *session)
{
	CURL *curl = session->curl;

	if (!curl)
		return;
	session->curl = session->talk.curl = NULL;
	shut_sockets(session);
	if (is_interrupted(session)) /* and waits for no name lookup */
		SET(CURLOPT_QUICK_EXIT, 1L);
	curl_easy_cleanup(curl);
	session->tls_name[0] = session->address[0] = '\0';
}

static void end_connection(struct smtp_session *session)
{
	smtp_talk_quit(&session->talk);
	drop_handle(session);
}

/* --- opening and closing */

/* The host's and helo's bytes end up in a URL, and helo in a command. */
static bool is_host(const char *text, const char *more)
{
	size_t size = strlen(text);

	if (size == 0 || size > 255)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' &&
		    text[i] != '.' && !strchr(more, text[i]))
			return false;
	}
	return true;
}

static bool check_file(const char *name, const char *path, struct err *err)
{
	if (!path || access(path, R_OK) == 0)
		return true;
	return err_errno(err, ERR_INPUT, "relay %s %s", name, path);
}

static bool check_relay(const struct smtp_relay *relay, struct err *err)
{
	if (!is_host(relay->host, ":"))
		return err_set(err, ERR_INPUT,
			       "relay host \"%s\": not a name "
			       "or address",
			       relay->host);
	if (relay->port < 1 || relay->port > 65535)
		return err_set(err, ERR_INPUT, "relay port %d: 1 to 65535",
			       relay->port);
	if (relay->helo && !is_host(relay->helo, ":[]"))
		return err_set(err, ERR_INPUT, "relay helo \"%s\": not a name",
			       relay->helo);
	if (relay->user && !relay->password && relay->auth != SMTP_AUTH_XOAUTH2)
		return err_set(err, ERR_INPUT, "relay user \"%s\": no password",
			       relay->user);
	return check_file("ca_file", relay->ca_file, err) &&
	       check_file("certificate_file", relay->certificate_file, err) &&
	       check_file("key_file", relay->key_file, err);
}

static char *format_url(const struct smtp_relay *relay)
{
	bool is_ipv6 = strchr(relay->host, ':') != NULL;
	char name[256] = "localhost";

	if (!relay->helo) {
		gethostname(name, sizeof(name) - 1);
		if (!is_host(name, ""))
			strcpy(name, "localhost");
	}
	return xasprintf("%s://%s%s%s:%d/%s",
			 relay->tls == SMTP_TLS_IMPLICIT ? "smtps" : "smtp",
			 is_ipv6 ? "[" : "", relay->host, is_ipv6 ? "]" : "",
			 relay->port, relay->helo ? relay->helo : name);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

struct smtp_session *smtp_open(const struct smtp_relay *relay, struct err *err)
{
	if (!check_relay(relay, err))
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_SYSTEM, "starting libcurl");
		return NULL;
	}
	struct smtp_session *session = xcalloc(1, sizeof(*session));
	session->url = format_url(relay);
	session->tls = relay->tls;
	session->needs_tls13 = relay->needs_tls13;
	session->ca_file = copy(relay->ca_file);
	session->certificate_file = copy(relay->certificate_file);
	session->key_file = copy(relay->key_file);
	session->user = copy(relay->user);
	session->password = copy(relay->password);
	session->auth = relay->auth;
	session->mails_per_connection = relay->mails_per_connection;
	session->connect_timeout_ms = relay->connect_timeout_ms > 0
					  ? relay->connect_timeout_ms
					  : CONNECT_TIMEOUT_MS;
	session->reply_timeout_ms = relay->reply_timeout_ms > 0
					? relay->reply_timeout_ms
					: REPLY_TIMEOUT_MS;
	smtp_talk_init(&session->talk, session->reply_timeout_ms);
	pthread_mutex_init(&session->lock, NULL);
	for (int i = 0; i < SOCKETS; i++)
		session->sockets[i] = -1;
	return session;
}

void smtp_close(struct smtp_session *session)
{
	if (!session)
		return;
	end_connection(session);
	smtp_talk_done(&session->talk);
	if (session->password)
		explicit_bzero(session->password, strlen(session->password));
	free(session->password);
	free(session->user);
	free(session->key_file);
	free(session->certificate_file);
	free(session->ca_file);
	free(session->url);
	pthread_mutex_destroy(&session->lock);
	free(session);
	curl_global_cleanup();
}

/* --- sending */

static void note_peer(struct smtp_session *session)
{
	char *ip = NULL;
	long port = 0;

	curl_easy_getinfo(session->curl, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(session->curl, CURLINFO_PRIMARY_PORT, &port);
	if (ip && ip[0])
		snprintf(session->address, sizeof(session->address),
			 strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
}

/* As far as the end of EHLO; ret_end and the greeting say what came of it. */
static CURLcode connect_relay(struct smtp_session *session, const char *bearer,
			      struct smtp_end *ret_end)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	long reply = 0;

	session->greeting = (struct smtp_reply){0};
	session->trouble[0] = '\0';
	session->served = 0;
	session->curl = make_handle(session, bearer);
	CURLcode code = curl_easy_perform(session->curl);
	curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &reply);
	note_peer(session);
	*ret_end =
	    (struct smtp_end){.stage = SMTP_STAGE_OPEN, .code = (int)reply};
	if (code != CURLE_OK)
		return code;
	/* only connecting has to tell of TLS */
	curl_easy_setopt(session->curl, CURLOPT_VERBOSE, 0L);
	curl_easy_getinfo(session->curl, CURLINFO_ACTIVESOCKET, &fd);
	smtp_talk_attach(&session->talk, session->curl, fd);
	return CURLE_OK;
}

static const char *words_of(const struct smtp_session *session, CURLcode code)
{
	static const struct {
		CURLcode code;
		const char *words;
	} table[] = {
	    {CURLE_COULDNT_RESOLVE_HOST, "the relay's name is not known"},
	    {CURLE_COULDNT_CONNECT, "the relay can't be reached"},
	    {CURLE_USE_SSL_FAILED, "the relay offers no STARTTLS, and "
				   "mail is not sent without TLS"},
	    {CURLE_PEER_FAILED_VERIFICATION,
	     "the relay's certificate is not trusted"},
	    {CURLE_SSL_CACERT_BADFILE, "the file of trusted certificates "
				       "can't be read"},
	    {CURLE_SSL_CONNECT_ERROR, "TLS with the relay failed"},
	    {CURLE_LOGIN_DENIED, "the relay refused the login"},
	    {CURLE_OPERATION_TIMEDOUT, "the relay gave no answer in time"},
	    {CURLE_ABORTED_BY_CALLBACK, "sending was stopped"},
	    {CURLE_WEIRD_SERVER_REPLY, "the relay's answer makes no sense"},
	    {CURLE_RECV_ERROR, "the connection was lost"},
	    {CURLE_SEND_ERROR, "the dialogue broke off"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].code == code)
			return table[i].words;
	}
	return session->trouble[0] ? session->trouble
				   : curl_easy_strerror(code);
}

/* What libcurl, or the relay, said when there was no connecting. */
static void describe_refusal(const struct smtp_session *session, CURLcode code,
			     struct smtp_verdict *verdict)
{
	const char *words = words_of(session, code);
	const char *detail = session->trouble;
	bool is_reply =
	    verdict->code > 0 && session->greeting.code == verdict->code;
	char text[1024];

	if (is_reply) {
		smtp_verdict_reply(verdict, session->greeting.text);
		detail = session->greeting.text;
	}
	if (is_reply && !verdict->is_login_refused)
		return;
	if (detail[0] && detail != words)
		snprintf(text, sizeof(text), "%s: %s", words, detail);
	else
		snprintf(text, sizeof(text), "%s", words);
	smtp_printable(verdict->text, sizeof(verdict->text), text);
}

/* Says in words what went wrong where no reply decided. */
static void describe_loss(struct smtp_session *session,
			  const struct smtp_end *end,
			  const struct smtp_reply *reply,
			  struct smtp_verdict *verdict)
{
	static const char *const words[] = {
	    [SMTP_LOSS_NONE] = "the relay's answer makes no sense",
	    [SMTP_LOSS_CLOSED] = "the connection was lost",
	    [SMTP_LOSS_LATE] = "the relay gave no answer in time",
	    [SMTP_LOSS_STALLED] =
		"the relay gave no answer in time: it stopped reading",
	    [SMTP_LOSS_UNASKED] = "the relay spoke before it was asked",
	};
	bool is_unsure = verdict->outcome == SMTP_UNSURE;
	char text[1024];

	snprintf(text, sizeof(text), "%s%s%s%s",
		 is_unsure ? "all was handed over, then " : "",
		 is_interrupted(session) ? "sending was stopped"
					 : words[end->loss],
		 end->loss == SMTP_LOSS_NONE ? ": " : "",
		 end->loss == SMTP_LOSS_NONE ? reply->text : "");
	smtp_printable(verdict->text, sizeof(verdict->text), text);
}

static void describe_peer(const struct smtp_session *session,
			  struct smtp_verdict *verdict)
{
	memcpy(verdict->tls, session->tls_name, sizeof(verdict->tls));
	memcpy(verdict->address, session->address, sizeof(verdict->address));
}

/* --- a mail's way */

static void finish(struct smtp_session *session)
{
	if (is_interrupted(session)) /* by us */
		session->verdict->is_relay_trouble = false;
	session->used_at_ms = now_ms();
	session->verdict->duration_ms =
	    session->used_at_ms - session->began_at_ms;
	session->mail = NULL;
}

static void fill_verdict(struct smtp_session *session,
			 const struct smtp_judgement *judgement)
{
	const struct smtp_end *end = &session->talk.end;
	const struct smtp_reply *reply = &session->talk.reply;
	struct smtp_verdict *verdict = session->verdict;

	*verdict = (struct smtp_verdict){
	    .outcome = judgement->outcome,
	    .is_relay_trouble = judgement->is_relay_trouble,
	};
	if (judgement->outcome == SMTP_ACCEPTED ||
	    (end->code >= 400 && end->code <= 599)) {
		verdict->code = end->code;
		verdict->is_of_recipient = end->stage == SMTP_STAGE_RCPT;
		smtp_verdict_reply(verdict, reply->text);
	} else {
		describe_loss(session, end, reply, verdict);
	}
	describe_peer(session, verdict);
}

/* The dialogue is over; the mail may be, or needs another connection. */
static void conclude(struct smtp_session *session)
{
	session->talk.end.is_reused = session->is_reused;
	const struct smtp_judgement judgement = smtp_judge(&session->talk.end);

	fill_verdict(session, &judgement);
	if (!judgement.is_clean || judgement.is_stale)
		drop_handle(session);
	else if (++session->served == session->mails_per_connection)
		end_connection(session);
	if (!judgement.is_stale || is_interrupted(session))
		finish(session);
}

static void start_talk(struct smtp_session *session)
{
	smtp_talk_begin(&session->talk, session->mail, session->has_dot);
}

/* Said to a login, it is about the relay and not about who we are: libcurl
 * makes no difference (RFC 4954 6, 454). */
static bool is_for_now(const struct smtp_end *end)
{
	return end->code >= 400 && end->code <= 499;
}

void smtp_connect(struct smtp_session *session)
{
	struct smtp_end end;
	CURLcode code = connect_relay(session, session->mail->bearer, &end);

	session->is_reused = false;
	if (code == CURLE_OK) {
		start_talk(session);
		return;
	}
	*session->verdict = (struct smtp_verdict){
	    .outcome = SMTP_LATER,
	    .is_relay_trouble = true,
	    .is_login_refused = code == CURLE_LOGIN_DENIED && !is_for_now(&end),
	    .code = end.code >= 400 && end.code <= 599 ? end.code : 0};
	describe_refusal(session, code, session->verdict);
	describe_peer(session, session->verdict);
	drop_handle(session);
	finish(session);
}

enum smtp_next smtp_step(struct smtp_session *session,
			 struct smtp_wait *ret_wait)
{
	if (session->mail && session->curl) {
		if (!smtp_talk_step(&session->talk)) {
			ret_wait->fd = session->talk.fd;
			ret_wait->until_ms = session->talk.until_ms;
			return SMTP_WAITS;
		}
		conclude(session);
	}
	return session->mail ? SMTP_CONNECTS : SMTP_DONE;
}

/* A relay closes what is idle for long, and some forget to say so. */
static void drop_stale(struct smtp_session *session)
{
	if (session->curl && (now_ms() - session->used_at_ms > KEEP_S * 1000 ||
			      smtp_talk_is_stale(&session->talk)))
		drop_handle(session);
}

static bool is_sound(const struct smtp_mail *mail,
		     const struct smtp_lines *lines,
		     struct smtp_verdict *verdict)
{
	const char *wrong = NULL;

	if (mail->from[0] && !smtp_is_address(mail->from))
		wrong = "the sender's address can't stand in SMTP";
	else if (!smtp_is_address(mail->to))
		wrong = "the recipient's address can't stand in SMTP";
	else if (mail->size == 0 || !lines->are_crlf)
		wrong = "the mail has a line end that is not CRLF";
	if (wrong)
		snprintf(verdict->text, sizeof(verdict->text), "%s", wrong);
	return !wrong;
}

void smtp_begin(struct smtp_session *session, const struct smtp_mail *mail,
		struct smtp_verdict *ret_verdict)
{
	const struct smtp_lines lines =
	    smtp_look_at_lines(mail->data, mail->size);

	assert(!session->mail);
	*ret_verdict = (struct smtp_verdict){.outcome = SMTP_REFUSED};
	if (!is_sound(mail, &lines, ret_verdict))
		return;
	if (is_interrupted(session)) {
		*ret_verdict = (struct smtp_verdict){.outcome = SMTP_LATER};
		strcpy(ret_verdict->text, "sending was stopped");
		return;
	}
	session->mail = mail;
	session->verdict = ret_verdict;
	session->began_at_ms = now_ms();
	session->has_dot = lines.has_dot;
	drop_stale(session);
	session->is_reused = session->curl != NULL;
	if (session->is_reused)
		start_talk(session);
}
