#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "doors/form.h"
#include "doors/http.h"
#include "doors/http_response.h"
#include "doors/peer.h"

/* --- the pure parts */

static void f10_forms(void **state)
{
	static const struct {
		const char *text, *name, *value;
		size_t count;
	} cases[] = {
	    {"a=1", "a", "1", 1},
	    {"a=1&b=2&a=3", "b", "2", 3},
	    {"a+b=c+d%20e", "a b", "c d e", 1},
	    {"x=%C3%A9%0D%0A", "x", "\xc3\xa9\r\n", 1},
	    {"x=100%&y=%4", "x", "100%", 2},
	    {"x=%zz", "x", "%zz", 1},
	    {"&&x&&", "x", "", 1},
	    {"=v", "", "v", 1},
	    {"x=a=b", "x", "a=b", 1},
	    {"", "x", NULL, 0},
	};
	struct form form;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(form_parse(&form, cases[i].text,
				       strlen(cases[i].text), NULL));
		const char *value = form_get(&form, cases[i].name, 0);

		assert_int_equal(form.count, cases[i].count);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
		form_done(&form);
	}
	assert_true(form_parse(&form, "a=1&b=2&a=3", 11, NULL));
	assert_string_equal(form_get(&form, "a", 1), "3");
	assert_null(form_get(&form, "a", 2));
	form_done(&form);
	assert_false(form_parse(&form, "a=%00", 5, NULL));
	assert_false(form_parse(&form, "a=%ff", 5, NULL));
	assert_false(form_parse(&form, "%c3=%a9", 7, NULL));
}

static void f10_forms_have_a_bound(void **state)
{
	struct form form;
	struct buf text;

	(void)state;
	buf_init(&text, 10000);
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		buf_adds(&text, "a=1&");
	assert_true(form_parse(&form, text.data, text.size, NULL));
	assert_int_equal(form.count, HTTP_FIELDS_MAX);
	form_done(&form);
	buf_adds(&text, "b");
	assert_false(form_parse(&form, text.data, text.size, NULL));
	buf_done(&text);
}

static void f10_who_asks(void **state)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} cases[] = {
	    {"192.0.2.1", NULL, "192.0.2.1"},
	    {"192.0.2.1", "198.51.100.9", "192.0.2.1"},
	    {"10.0.0.7", "198.51.100.9", "198.51.100.9"},
	    {"10.0.0.7", "1.2.3.4, 198.51.100.9", "198.51.100.9"},
	    {"10.0.0.7", "198.51.100.9, 10.1.1.1,10.2.2.2 ", "198.51.100.9"},
	    {"10.0.0.7", "198.51.100.9:4711", "198.51.100.9"},
	    {"10.0.0.7", "[2001:db8::9]:80", "2001:db8::9"},
	    {"10.0.0.7", "2001:db8::9", "2001:db8::9"},
	    {"10.0.0.7", "1.2.3.4, unknown", "10.0.0.7"},
	    {"10.0.0.7", "", "10.0.0.7"},
	    {"10.0.0.7", ",", "10.0.0.7"},
	    {"fd00::1", "198.51.100.9", "198.51.100.9"},
	    {"fe00::1", "198.51.100.9", "fe00::1"},
	    {NULL, "198.51.100.9", "198.51.100.9"},
	    {NULL, NULL, ""},
	};
	struct peer_net nets[2];

	(void)state;
	assert_true(peer_parse_net("10.0.0.0/8", &nets[0], NULL));
	assert_true(peer_parse_net("fd00::/8", &nets[1], NULL));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		const struct sockaddr *peer = NULL;
		char text[PEER_SIZE];

		if (cases[i].peer &&
		    inet_pton(AF_INET, cases[i].peer, &in.sin_addr) == 1)
			peer = (struct sockaddr *)&in;
		else if (cases[i].peer && inet_pton(AF_INET6, cases[i].peer,
						    &in6.sin6_addr) == 1)
			peer = (struct sockaddr *)&in6;
		peer_format_client(peer, cases[i].forwarded, nets, 2, text);
		if (strcmp(text, cases[i].client) != 0)
			fail_msg("row %zu: %s", i, text);
	}
	assert_false(peer_parse_net("10.0.0.0/33", &nets[0], NULL));
	assert_false(peer_parse_net("proxy.example", &nets[0], NULL));
	assert_false(peer_parse_net("10.0.0.0/", &nets[0], NULL));
}

static void f10_names_of_files(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
	    {"ltb-2026-07.pdf", "attachment; filename=\"ltb-2026-07.pdf\"; "
				"filename*=UTF-8''ltb-2026-07.pdf"},
	    {"../a\"b.pdf", "attachment; filename=\"_a_b.pdf\"; "
			    "filename*=UTF-8''_a_b.pdf"},
	    {"caf\xc3\xa9.pdf", "attachment; filename=\"caf__.pdf\"; "
				"filename*=UTF-8''caf%C3%A9.pdf"},
	    {"a\r\nX: y", "attachment; filename=\"document\"; "
			  "filename*=UTF-8''document"},
	    {"\xff", "attachment; filename=\"document\"; "
		     "filename*=UTF-8''document"},
	    {"", "attachment; filename=\"document\"; "
		 "filename*=UTF-8''document"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *value = http_disposition(cases[i].name);

		assert_string_equal(value, cases[i].value);
		free(value);
	}
	char longest[1000];
	memset(longest, 'x', sizeof(longest));
	strcpy(longest + 990, ".pdf");
	char *value = http_disposition(longest);
	assert_true(strlen(value) < 450);
	assert_non_null(strstr(value, "x.pdf\""));
	free(value);
}

/* --- a server, and a client that speaks raw bytes in the loop's thread */

struct site {
	struct http_server *server;
	struct http_request *kept; /* by /later */
	int handled;
	int refused;
};

static void say(struct http_request *request, int status, const char *text)
{
	http_reply(request, &(struct http_reply){
				.status = status,
				.content_type = "text/plain; charset=utf-8",
				.body = text,
				.size = strlen(text)});
}

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static void echo(struct http_request *request)
{
	static const char *const methods[] = {"GET", "HEAD", "POST"};
	struct buf text;

	buf_init(&text, 200000);
	buf_addf(&text, "%s %s peer=%s a=%s,%s agent=%s",
		 methods[http_method(request)], http_path(request),
		 http_peer(request), or_none(http_form(request, "a")),
		 or_none(http_form_at(request, "a", 1)),
		 or_none(http_header(request, "user-agent")));
	say(request, 200, text.data);
	buf_done(&text);
}

static void send_file(struct http_request *request)
{
	int fd = memfd_create("document", MFD_CLOEXEC);

	assert_int_equal(write(fd, "%PDF-1.7", 8), 8);
	http_reply(request, &(struct http_reply){
				.status = 200,
				.content_type = "application/pdf",
				.file = &(struct http_file){
				    .fd = fd, .size = 8, .name = "a.pdf"}});
}

static void send_styled(struct http_request *request)
{
	static const struct http_header headers[] = {
	    {"Location", "/elsewhere"},
	    {"Cache-Control", "max-age=60"},
	};

	http_reply(request, &(struct http_reply){.status = 303,
						 .style_hash = "sha256-AA= "
							       "sha256-BB=",
						 .headers = headers,
						 .header_count = 2});
}

/* what came with it as file f: its size and its ends */
static void tell_file(struct http_request *request)
{
	size_t size;
	const char *data = http_form_file(request, "f", &size);
	char text[64];

	snprintf(text, sizeof(text), "%zu %02x %02x a=%.9s", size,
		 size ? data[0] & 0xff : 0, size ? data[size - 1] & 0xff : 0,
		 or_none(http_form(request, "a")));
	say(request, 200, text);
}

static size_t large_ceiling(const char *path, void *context)
{
	(void)context;
	return strcmp(path, "/upload") == 0 ? 100000 : 0;
}

static void on_request(struct http_request *request, void *context)
{
	struct site *site = context;
	const char *path = http_path(request);

	site->handled++;
	if (strcmp(path, "/later") == 0)
		site->kept = request;
	else if (strcmp(path, "/nothing") == 0)
		http_reply(request, &(struct http_reply){.status = 204});
	else if (strcmp(path, "/file") == 0)
		send_file(request);
	else if (strcmp(path, "/upload") == 0)
		tell_file(request);
	else if (strcmp(path, "/styled") == 0)
		send_styled(request);
	else
		echo(request);
}

static void on_refusal(struct http_request *request, int status, void *context)
{
	struct site *site = context;

	site->refused = status;
	say(request, status, "kind words");
}

static void open_site(struct site *site, struct http_options options)
{
	struct err err = {0};

	if (!options.address)
		options.address = "127.0.0.1";
	options.handle = on_request;
	options.context = site;
	*site = (struct site){.server = http_open(&options, &err)};
	assert_string_equal(err.text, "");
	assert_non_null(site->server);
}

static int connect_to(const struct site *site)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)http_port(site->server)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* One turn of the loop, as the roof has it. */
static void turn(struct site *site, int client, int at_most_ms)
{
	struct pollfd wait[] = {{.fd = http_fd(site->server), .events = POLLIN},
				{.fd = client, .events = POLLIN}};

	poll(wait, 2, at_most_ms);
	http_run(site->server);
}

static bool read_some(int client, struct buf *in)
{
	char data[65536];
	ssize_t size = read(client, data, sizeof(data));

	if (size > 0)
		buf_add(in, data, (size_t)size);
	return size > 0 || (size < 0 && errno == EAGAIN);
}

/* Writes what it can and turns the loop until the other end closes, or words
 * are in the answer count times. */
static bool talk(struct site *site, int client, const char *out, size_t size,
		 const char *words, int count, struct buf *in)
{
	int64_t end = now_us() + 5 * 1000000;
	bool is_open = true;

	while (is_open && now_us() < end) {
		ssize_t sent =
		    size > 0 ? send(client, out, size, MSG_NOSIGNAL) : 0;
		if (sent > 0) {
			out += sent;
			size -= (size_t)sent;
		}
		turn(site, client, 5);
		is_open = read_some(client, in);
		int found = 0;
		for (const char *p = in->data; words && (p = strstr(p, words));
		     p++)
			found++;
		if (words && found >= count)
			return true;
	}
	return !is_open && !words;
}

/* A request on a connection of its own; the answer's text until the end. */
static char *ask_size(struct site *site, const char *out, size_t size)
{
	struct buf in;
	int client = connect_to(site);

	buf_init(&in, 1000000);
	bool ended = talk(site, client, out, size, NULL, 0, &in);
	close(client);
	assert_true(ended);
	turn(site, -1, 0);
	return buf_take(&in, NULL);
}

static char *ask(struct site *site, const char *out)
{
	return ask_size(site, out, strlen(out));
}

#define END " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

static void check(struct site *site, const char *out, const char *status,
		  const char *words)
{
	char *in = ask(site, out);

	if (strncmp(in + strlen("HTTP/1.1 "), status, 3) != 0 ||
	    !strstr(in, words))
		fail_msg("%s\n%s", out, in);
	free(in);
}

#define PART(name)                                                             \
	"--xy\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define MULTIPART(size)                                                        \
	"POST /p" END "Content-Type: multipart/form-data; boundary=xy\r\n"     \
	"Content-Length: " size "\r\n\r\n"

static void f20_pages(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	check(&site, "GET /a/b%20c?q=1+2&q=3" END "User-Agent: t\r\n\r\n",
	      "200", "\r\n\r\nGET /a/b c peer=127.0.0.1 a=-,- agent=t");
	check(&site, "GET /nothing" END "\r\n", "204", "nosniff");
	check(&site, "GET /x?utm=%ff" END "\r\n", "200", "GET /x peer");
	check(&site,
	      "POST /p" END
	      "Content-Type: application/x-www-form-urlencoded; charset=utf-8"
	      "\r\nContent-Length: 13\r\n\r\na=%C3%A9&a=2%",
	      "200", "POST /p peer=127.0.0.1 a=\xc3\xa9,2% agent=-");
	check(&site, "POST /p" END "Content-Length: 0\r\n\r\n", "200",
	      "POST /p");
	check(&site,
	      MULTIPART("170") PART("a") "\xc3\xa9\r\n" PART("b") "\r\n" PART(
		  "a") "2\r\n3\r\n--xy--\r\n",
	      "200", "POST /p peer=127.0.0.1 a=\xc3\xa9,2\r\n3 agent=-");
	/* files are passed over */
	check(&site,
	      MULTIPART("126")
		  PART("a\"; filename=\"f") "no\r\n" PART("a") "\r\n--xy--",
	      "200", "POST /p peer=127.0.0.1 a=,- agent=-");
	char *in = ask(&site, "HEAD /x" END "\r\n");
	assert_non_null(strstr(in, "200 OK"));
	assert_non_null(strstr(in, "Content-Length: 36\r\n"));
	assert_string_equal(strstr(in, "\r\n\r\n"), "\r\n\r\n");
	free(in);
	assert_int_equal(http_pending(site.server), 0);
	http_close(site.server);
}

#define FILE_PART(name, file)                                                  \
	"--xy\r\nContent-Disposition: form-data; name=\"" name                 \
	"\"; filename=\"" file "\"\r\nContent-Type: image/png\r\n\r\n"
#define TO_UPLOAD                                                              \
	" /upload" END "Content-Type: multipart/form-data; boundary=xy\r\n"

/* a POST of middle between the two; the caller frees it */
static char *upload(const char *before, const char *middle, size_t size,
		    const char *after, size_t *ret_size)
{
	struct buf out;

	buf_init(&out, 300000);
	buf_addf(&out, "POST" TO_UPLOAD "Content-Length: %zu\r\n\r\n%s",
		 strlen(before) + size + strlen(after), before);
	buf_add(&out, middle, size);
	buf_adds(&out, after);
	return buf_take(&out, ret_size);
}

static void expect_upload(struct site *site, size_t size, const char *answer)
{
	char *file = malloc(size + 1);
	size_t request_size;

	assert_non_null(file);
	for (size_t i = 0; i < size; i++) /* NULs and what is no UTF-8 */
		file[i] = (char)(i * 7);
	char *request =
	    upload(PART("a") "1\r\n" FILE_PART("g", "") "\r\n" FILE_PART(
		       "f", "../x\\y.png"),
		   file, size, "\r\n--xy--\r\n", &request_size);
	char *in = ask_size(site, request, request_size);
	if (!strstr(in, answer))
		fail_msg("%zu bytes: %s", size, in);
	free(in);
	free(request);
	free(file);
}

static void f20_uploads(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1,
					       .large_ceiling = large_ceiling});
	expect_upload(&site, 1, "\r\n\r\n1 00 00 a=1");
	expect_upload(&site, 3, "\r\n\r\n3 00 0e a=1");
	expect_upload(&site, 0, "\r\n\r\n0 00 00 a=1"); /* none was chosen */
	expect_upload(&site, 60000, "\r\n\r\n60000 00 99 a=1");
	expect_upload(&site, 99000, "\r\n\r\n99000 00 01 a=1");
	expect_upload(&site, 120000, " 413 ");
	check(&site,
	      "POST /x" END "Content-Type: multipart/form-data; boundary=xy\r\n"
	      "Content-Length: 70000\r\n\r\n",
	      "413", "");
	check(&site, "GET" TO_UPLOAD "Content-Length: 70000\r\n\r\n", "413",
	      "");
	/* more files than there may be */
	size_t size;
	char *request = upload(
	    FILE_PART("f", "1") "\r\n" FILE_PART("f", "2") "\r\n" FILE_PART(
		"f", "3") "\r\n",
	    "", 0,
	    FILE_PART("f", "4") "\r\n" FILE_PART("f", "5") "\r\n--xy--\r\n",
	    &size);
	check(&site, request, "400", "");
	free(request);
	http_close(site.server);
}

static void f30_few_large_ones_at_once(void **state)
{
	static const char head[] =
	    "POST" TO_UPLOAD "Content-Length: 90000\r\n\r\n--xy";
	int clients[HTTP_LARGE_MAX];
	struct site site;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1,
					       .large_ceiling = large_ceiling});
	for (size_t i = 0; i < HTTP_LARGE_MAX; i++) {
		clients[i] = connect_to(&site);
		assert_int_equal(write(clients[i], head, sizeof(head) - 1),
				 sizeof(head) - 1);
		for (int j = 0; j < 5; j++)
			turn(&site, clients[i], 20);
	}
	expect_upload(&site, 70000, " 503 ");
	expect_upload(&site, 100, "\r\n\r\n100 "); /* it is small */
	close(clients[0]);
	for (int j = 0; j < 5; j++)
		turn(&site, clients[1], 20);
	expect_upload(&site, 70000, "\r\n\r\n70000 ");
	for (size_t i = 1; i < HTTP_LARGE_MAX; i++)
		close(clients[i]);
	http_close(site.server);
}

static void f20_headers(void **state)
{
	static const char *const wanted[] = {
	    "Content-Security-Policy: default-src 'none'; style-src 'self';"
	    " img-src 'self'; form-action 'self'; base-uri 'none'; "
	    "frame-ancestors 'none'\r\n",
	    "X-Content-Type-Options: nosniff\r\n",
	    "Referrer-Policy: no-referrer\r\n",
	    "Cache-Control: no-store\r\n",
	    "X-Robots-Tag: noindex, nofollow\r\n",
	    "X-Frame-Options: DENY\r\n",
	};
	static const char *const requests[] = {
	    "GET /x" END "\r\n",
	    "HEAD /x" END "\r\n",
	    "PUT /x" END "\r\n",
	    "GET /%00" END "\r\n",
	    "POST /x" END "Content-Length: 9999999\r\n\r\n",
	    "GET /file" END "\r\n",
	};
	struct site site;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		char *in = ask(&site, requests[i]);

		for (size_t j = 0; j < sizeof(wanted) / sizeof(*wanted); j++) {
			if (!strstr(in, wanted[j]))
				fail_msg("%s\n%s\n%s", requests[i], in,
					 wanted[j]);
		}
		assert_null(strstr(in, "\r\nServer:"));
		assert_null(strstr(in, "Set-Cookie"));
		free(in);
	}
	char *in = ask(&site, "GET /styled" END "\r\n");
	assert_non_null(strstr(in, "303"));
	assert_non_null(strstr(in, "Location: /elsewhere\r\n"));
	assert_non_null(strstr(in, "Cache-Control: max-age=60\r\n"));
	assert_null(strstr(in, "no-store"));
	assert_non_null(
	    strstr(in, "style-src 'self' 'sha256-AA=' 'sha256-BB='; img-src"));
	free(in);
	in = ask(&site, "GET /file" END "\r\n");
	assert_non_null(strstr(in, "Content-Disposition: attachment; "
				   "filename=\"a.pdf\""));
	assert_non_null(strstr(in, "\r\n\r\n%PDF-1.7"));
	free(in);
	http_close(site.server);
}

static void f30_refusals(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
	    {"PUT /x" END "Content-Length: 1\r\n\r\nx", "405"},
	    {"OPTIONS /x" END "\r\n", "405"},
	    {"get /x" END "\r\n", "405"},
	    {"GET /a/../b" END "\r\n", "400"},
	    {"GET /a/%2e%2e/b" END "\r\n", "400"},
	    {"GET /." END "\r\n", "400"},
	    {"GET /a%00b" END "\r\n", "400"},
	    {"GET /a%0ab" END "\r\n", "400"},
	    {"GET /a%ff" END "\r\n", "400"},
	    {"GET /a%5cb" END "\r\n", "400"},
	    {"GET a" END "\r\n", "400"},
	    {"POST /x" END "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	     "411"},
	    {"POST /x" END "Content-Type: text/plain\r\n"
	     "Content-Length: 1\r\n\r\nx",
	     "415"},
	    {"POST /x" END "Content-Length: 1\r\n\r\nx", "415"},
	    {"POST /x" END "Content-Type: multipart/form-data\r\n"
	     "Content-Length: 6\r\n\r\n--xy--",
	     "400"},
	    {MULTIPART("59") PART("a") "\xff\r\n--xy--", "400"},
	    {MULTIPART("59") PART("a") "One-Click", "400"},
	    {"POST /x" END "Content-Type: application/x-www-form-urlencoded"
	     "\r\nContent-Length: 5\r\n\r\na=%ff",
	     "400"},
	    {"POST /x" END "Content-Length: 65537\r\n\r\n", "413"},
	    {"POST /x" END "Content-Length: 18446744073709551617\r\n\r\n", "4"},
	    {"POST /x" END "Content-Length: -1\r\n\r\n", "4"},
	};
	struct site site;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *in = ask(&site, cases[i].request);

		if (strncmp(in + strlen("HTTP/1.1 "), cases[i].status,
			    strlen(cases[i].status)) != 0)
			fail_msg("row %zu: %s", i, in);
		free(in);
	}
	assert_int_equal(site.handled, 0);
	check(&site, "PUT /x" END "\r\n", "405", "Allow: GET, HEAD, POST\r\n");
	http_close(site.server);
}

static void f30_refusals_in_words_of_the_site(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1, .refuse = on_refusal});
	check(&site, "GET /a%ff" END "\r\n", "400", "kind words");
	assert_int_equal(site.refused, 400);
	check(&site, "BREW /" END "\r\n", "405", "kind words");
	assert_int_equal(site.refused, 405);
	http_close(site.server);
}

/* As much as is allowed, and a client that sends more all the same. */
static void f30_bodies_have_a_bound(void **state)
{
	struct site site;
	struct buf out;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	buf_init(&out, 400000);
	buf_adds(&out, "POST /x" END "Content-Type: application/"
		       "x-www-form-urlencoded\r\nContent-Length: 65536\r\n\r\n"
		       "a=");
	for (int i = 0; i < 65534; i++)
		buf_addc(&out, 'x');
	char *in = ask_size(&site, out.data, out.size);
	assert_non_null(strstr(in, "200 OK"));
	assert_true(strlen(in) > 65534);
	free(in);

	buf_clear(&out);
	buf_adds(&out, "POST /x" END "Content-Type: application/"
		       "x-www-form-urlencoded\r\nContent-Length: 300000\r\n"
		       "\r\na=");
	for (int i = 0; i < 299998; i++)
		buf_addc(&out, 'x');
	in = ask_size(&site, out.data, out.size);
	assert_non_null(strstr(in, "413"));
	free(in);
	buf_done(&out);
	assert_int_equal(site.handled, 1);
	http_close(site.server);
}

static void f40_many_requests_on_one_connection(void **state)
{
	static const char request[] = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
	struct site site;
	struct buf out, in;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	buf_init(&out, 10000);
	buf_init(&in, 100000);
	for (int i = 0; i < 20; i++)
		buf_adds(&out, request);
	buf_adds(&out, "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
		       "Connection: close\r\n\r\n");
	int client = connect_to(&site);
	assert_true(talk(&site, client, out.data, out.size, NULL, 0, &in));
	assert_int_equal(site.handled, 21);
	assert_non_null(strstr(in.data, "POST /2"));
	close(client);
	buf_done(&out);
	buf_done(&in);
	http_close(site.server);
}

static void f40_a_reply_that_comes_later(void **state)
{
	static const char request[] =
	    "POST /later HTTP/1.1\r\nHost: x\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: 3\r\n\r\na=1";
	struct site site;
	int64_t worst = 0;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	int client = connect_to(&site);
	for (int i = 0; i < 20; i++) {
		struct buf in;

		buf_init(&in, 10000);
		assert_int_equal(send(client, request, strlen(request), 0),
				 (ssize_t)strlen(request));
		for (int j = 0; j < 100 && !site.kept; j++)
			turn(&site, -1, 50);
		assert_non_null(site.kept);
		assert_int_equal(http_pending(site.server), 1);
		assert_string_equal(http_form(site.kept, "a"), "1");
		/* other clients are served meanwhile */
		if (i == 0)
			check(&site, "GET /x" END "\r\n", "200", "GET /x");
		int64_t start = now_us();
		struct http_request *kept = site.kept;
		site.kept = NULL;
		say(kept, 200, "recorded");
		/* the descriptor must ring by itself: no timeout but a long
		 * one, which the measure would show */
		assert_true(talk(&site, client, "", 0, "recorded", 1, &in));
		if (now_us() - start > worst)
			worst = now_us() - start;
		buf_done(&in);
	}
	assert_int_equal(http_pending(site.server), 0);
	print_message("a late reply took at most %lld us\n", (long long)worst);
	assert_true(worst < 500 * 1000);
	close(client);
	http_close(site.server);
}

/* Once it is given, a late reply needs nothing more of the loop; what waits for
 * it rings for nothing. */
static void f40_a_late_reply_leaves_by_itself(void **state)
{
	struct site site;
	static const char request[] = "GET /later" END "\r\n";

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	int client = connect_to(&site);
	assert_int_equal(send(client, request, strlen(request), 0),
			 (ssize_t)strlen(request));
	while (!site.kept)
		turn(&site, -1, 50);
	struct pollfd ring = {.fd = http_fd(site.server), .events = POLLIN};
	struct pollfd answer = {.fd = client, .events = POLLIN};
	assert_int_equal(poll(&ring, 1, 100), 0);
	say(site.kept, 200, "recorded");
	assert_int_equal(poll(&answer, 1, 5000), 1);
	assert_int_equal(poll(&ring, 1, 0), 0);
	struct buf in;
	buf_init(&in, 10000);
	assert_true(talk(&site, client, "", 0, NULL, 0, &in));
	assert_non_null(strstr(in.data, "recorded"));
	buf_done(&in);
	close(client);
	http_close(site.server);
}

/* A request is read without the loop, which hears of it once, when it is whole.
 */
static void f40_only_whole_requests_ring(void **state)
{
	static const char *const parts[] = {
	    "POST /x" END, "Content-Length: 3\r\n",
	    "Content-Type: application/x-www-form-urlencoded\r\n\r\n",
	    "a=", "1"};
	struct site site;
	struct buf in;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	int client = connect_to(&site);
	struct pollfd ring = {.fd = http_fd(site.server), .events = POLLIN};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		assert_int_equal(poll(&ring, 1, 20), 0);
		assert_int_equal(send(client, parts[i], strlen(parts[i]), 0),
				 (ssize_t)strlen(parts[i]));
	}
	assert_int_equal(poll(&ring, 1, 5000), 1);
	http_run(site.server);
	assert_int_equal(site.handled, 1);
	assert_int_equal(poll(&ring, 1, 20), 0);
	buf_init(&in, 10000);
	assert_true(talk(&site, client, "", 0, NULL, 0, &in));
	assert_non_null(strstr(in.data, "a=1,-"));
	close(client);
	buf_done(&in);
	http_close(site.server);
}

/* The second of two requests sent at once waits for the first one's reply, and
 * is not forgotten. */
static void f40_a_request_behind_one_that_waits(void **state)
{
	static const char request[] =
	    "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /x" END "\r\n";
	struct site site;
	struct buf in;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	buf_init(&in, 10000);
	int client = connect_to(&site);
	assert_int_equal(send(client, request, strlen(request), 0),
			 (ssize_t)strlen(request));
	for (int i = 0; i < 20 || !site.kept; i++)
		turn(&site, -1, 2);
	assert_int_equal(site.handled, 1);
	say(site.kept, 200, "recorded");
	assert_true(talk(&site, client, "", 0, NULL, 0, &in));
	assert_non_null(strstr(in.data, "recorded"));
	assert_non_null(strstr(in.data, "GET /x"));
	assert_int_equal(site.handled, 2);
	buf_done(&in);
	close(client);
	http_close(site.server);
}

static void f50_a_client_that_leaves_while_it_waits(void **state)
{
	struct site site;
	static const char request[] = "GET /later" END "\r\n";

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	int client = connect_to(&site);
	assert_int_equal(send(client, request, strlen(request), 0),
			 (ssize_t)strlen(request));
	while (!site.kept)
		turn(&site, -1, 50);
	close(client);
	for (int i = 0; i < 5; i++)
		turn(&site, -1, 2);
	say(site.kept, 200, "recorded");
	for (int i = 0; i < 5; i++)
		turn(&site, -1, 2);
	assert_int_equal(http_pending(site.server), 0);
	http_close(site.server);
}

/* Says nothing, stops in the middle, or drips: none holds its place. */
static void f50_slow_clients_are_closed(void **state)
{
	struct site site;
	int silent, half, drip;
	struct buf in;
	int64_t start = now_us();

	(void)state;
	open_site(&site, (struct http_options){
			     .fd = -1, .timeout_s = 1, .request_s = 2});
	buf_init(&in, 10000);
	silent = connect_to(&site);
	half = connect_to(&site);
	drip = connect_to(&site);
	assert_int_equal(send(half, "GET /x HTT", 10, 0), 10);
	bool is_silent = true, is_half = true, is_drip = true;
	int64_t dripped_at = start;
	while ((is_silent || is_half || is_drip) &&
	       now_us() - start < 8000000) {
		turn(&site, -1, 100);
		is_silent = is_silent && read_some(silent, &in);
		is_half = is_half && read_some(half, &in);
		is_drip = is_drip && read_some(drip, &in);
		if (is_drip && now_us() - dripped_at > 300000) {
			dripped_at = now_us();
			send(drip, "G", 1, MSG_NOSIGNAL);
		}
	}
	assert_false(is_silent || is_half || is_drip);
	assert_in_range(now_us() - start, 2000000, 6000000);
	close(silent);
	close(half);
	close(drip);
	buf_done(&in);
	http_close(site.server);
}

/* Whoever holds all places keeps nobody out, nor one out that waits. */
static void f50_idle_connections_make_room(void **state)
{
	enum { PLACES = 8, IDLE = 200 };
	struct site site;
	static const char wait[] = "GET /later" END "\r\n";
	static const char ask_x[] = "GET /x" END "\r\n";
	int idle[IDLE];
	struct buf in;

	(void)state;
	open_site(&site,
		  (struct http_options){.fd = -1, .connections = PLACES});
	buf_init(&in, 100000);
	int waiting = connect_to(&site);
	assert_int_equal(send(waiting, wait, strlen(wait), 0),
			 (ssize_t)strlen(wait));
	while (!site.kept)
		turn(&site, -1, 2);
	for (int i = 0; i < IDLE; i++) {
		idle[i] = connect_to(&site);
		turn(&site, -1, 0);
	}
	for (int i = 0; i < 20; i++)
		turn(&site, -1, 2);
	assert_false(read_some(idle[0], &in));
	assert_true(read_some(idle[IDLE - 1], &in));
	int reader = connect_to(&site);
	assert_true(
	    talk(&site, reader, ask_x, strlen(ask_x), "GET /x", 1, &in));
	say(site.kept, 200, "recorded");
	buf_clear(&in);
	for (int i = 0; i < 20; i++) {
		turn(&site, -1, 2);
		read_some(waiting, &in);
	}
	assert_non_null(strstr(in.data, "recorded"));
	for (int i = 0; i < IDLE; i++)
		close(idle[i]);
	close(reader);
	close(waiting);
	buf_done(&in);
	http_close(site.server);
}

static void f60_closing_answers_who_waits(void **state)
{
	struct site site;
	static const char request[] = "GET /later" END "\r\n";
	struct buf in;
	int64_t start;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1});
	buf_init(&in, 10000);
	int waiting = connect_to(&site), idle = connect_to(&site);
	assert_int_equal(send(waiting, request, strlen(request), 0),
			 (ssize_t)strlen(request));
	while (!site.kept)
		turn(&site, -1, 50);
	start = now_us();
	http_close(site.server);
	assert_true(now_us() - start < 1000000);
	while (read_some(waiting, &in))
		continue;
	assert_non_null(strstr(in.data, "503"));
	assert_non_null(strstr(in.data, "Nothing was recorded"));
	assert_false(read_some(idle, &in));
	close(waiting);
	close(idle);
	buf_done(&in);
}

/* What the loop never took from the queue: a whole request, and one whose size
 * it was to judge. */
static void f60_closing_answers_who_was_not_heard(void **state)
{
	static const char *const requests[] = {
	    "GET /x" END "\r\n",
	    "POST" TO_UPLOAD "Content-Length: 90000\r\n\r\n--xy"};
	int clients[2];
	struct site site;
	struct buf in;

	(void)state;
	open_site(&site, (struct http_options){.fd = -1,
					       .large_ceiling = large_ceiling});
	for (int i = 0; i < 2; i++) {
		clients[i] = connect_to(&site);
		assert_int_equal(
		    send(clients[i], requests[i], strlen(requests[i]), 0),
		    (ssize_t)strlen(requests[i]));
	}
	usleep(100 * 1000); /* nothing tells that both have arrived */
	struct pollfd ring = {.fd = http_fd(site.server), .events = POLLIN};
	assert_int_equal(poll(&ring, 1, 5000), 1);
	http_close(site.server);
	assert_int_equal(site.handled, 0);
	for (int i = 0; i < 2; i++) {
		buf_init(&in, 10000);
		while (read_some(clients[i], &in))
			continue;
		assert_non_null(strstr(in.data, " 503 "));
		close(clients[i]);
		buf_done(&in);
	}
}

static void f60_proxies_and_passed_sockets(void **state)
{
	static const char *const trusted[] = {"127.0.0.0/8"};
	static const char *const wrong[] = {"proxy"};
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct site site;
	struct err err = {0};

	(void)state;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(listen(fd, 5), 0);
	open_site(&site, (struct http_options){.fd = fd,
					       .trusted_proxies = trusted,
					       .trusted_proxy_count = 1});
	check(&site,
	      "GET /x" END "X-Forwarded-For: 1.1.1.1\r\n"
	      "X-Forwarded-For: 192.0.2.77\r\n\r\n",
	      "200", "peer=192.0.2.77 ");
	http_close(site.server);
	assert_null(http_open(&(struct http_options){.fd = -1,
						     .handle = on_request,
						     .trusted_proxies = wrong,
						     .trusted_proxy_count = 1},
			      &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_null(http_open(&(struct http_options){.fd = -1,
						     .handle = on_request,
						     .address = "localhost"},
			      &err));
	assert_string_equal(err.text,
			    "listening on localhost port 0: not an address");
}

static void f60_addresses(void **state)
{
	struct site first, second;
	struct err err = {0};

	(void)state;
	open_site(&first, (struct http_options){.fd = -1});
	assert_null(
	    http_open(&(struct http_options){.fd = -1,
					     .handle = on_request,
					     .address = "127.0.0.1",
					     .port = http_port(first.server)},
		      &err));
	assert_non_null(strstr(err.text, "in use"));
	http_quiesce(first.server);
	open_site(&second, (struct http_options){
			       .fd = -1, .port = http_port(first.server)});
	http_close(first.server);
	check(&second, "GET /x" END "\r\n", "200", "GET /x");
	http_close(second.server);
	struct http_server *any = http_open(
	    &(struct http_options){.fd = -1, .handle = on_request}, &err);
	assert_non_null(any);
	http_close(any);
	http_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(f10_forms),
	    cmocka_unit_test(f10_forms_have_a_bound),
	    cmocka_unit_test(f10_who_asks),
	    cmocka_unit_test(f10_names_of_files),
	    cmocka_unit_test(f20_pages),
	    cmocka_unit_test(f20_uploads),
	    cmocka_unit_test(f30_few_large_ones_at_once),
	    cmocka_unit_test(f20_headers),
	    cmocka_unit_test(f30_refusals),
	    cmocka_unit_test(f30_refusals_in_words_of_the_site),
	    cmocka_unit_test(f30_bodies_have_a_bound),
	    cmocka_unit_test(f40_many_requests_on_one_connection),
	    cmocka_unit_test(f40_a_reply_that_comes_later),
	    cmocka_unit_test(f40_a_request_behind_one_that_waits),
	    cmocka_unit_test(f40_a_late_reply_leaves_by_itself),
	    cmocka_unit_test(f40_only_whole_requests_ring),
	    cmocka_unit_test(f50_a_client_that_leaves_while_it_waits),
	    cmocka_unit_test(f50_slow_clients_are_closed),
	    cmocka_unit_test(f50_idle_connections_make_room),
	    cmocka_unit_test(f60_closing_answers_who_waits),
	    cmocka_unit_test(f60_closing_answers_who_was_not_heard),
	    cmocka_unit_test(f60_proxies_and_passed_sockets),
	    cmocka_unit_test(f60_addresses),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
