/* A multipart form of any bytes, through the web server itself: the post
 * processor belongs to a connection. One answer each, fields that are text and
 * files that are there.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "doors/http.h"
#include "doors/http_private.h"

#define WAIT_MS 10000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_server *server;
static int client, answers;
static volatile int touched;

static void handle(struct http_request *request, void *context)
{
	const struct form *form = &request->form;

	(void)context;
	assert(form->count <= HTTP_FIELDS_MAX);
	for (size_t i = 0; i < form->count; i++) {
		const char *name = form->fields[i].name;
		const char *value = form->fields[i].value;

		assert(text_is_utf8(name, strlen(name), NULL));
		assert(text_is_utf8(value, strlen(value), NULL));
		assert(http_form(request, name));
	}
	assert(form->file_count <= FORM_FILES_MAX);
	for (size_t i = 0; i < form->file_count; i++) {
		const struct form_file *file = &form->files[i];
		size_t size;

		assert(text_is_utf8(file->name, strlen(file->name), NULL));
		for (size_t j = 0; j < file->size; j++) /* all of it is ours */
			touched += ((const char *)file->data)[j];
		assert(!http_form_file(request, file->name, &size) || size > 0);
	}
	answers++;
	http_reply(request, &(struct http_reply){.status = 204});
}

static void refuse(struct http_request *request, int status, void *context)
{
	(void)context;
	assert(status == 400 && request->form.count == 0);
	answers++;
	http_reply(request, &(struct http_reply){.status = status});
}

static void open_server(void)
{
	struct err err = {0};

	server = http_open(&(struct http_options){.address = "127.0.0.1",
						  .fd = -1,
						  .handle = handle,
						  .refuse = refuse},
			   &err);
	if (!server)
		abort();
}

static void open_client(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port =
					  htons((uint16_t)http_port(server)),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};

	/* a reset leaves no port waiting behind */
	struct linger reset = {.l_onoff = 1};

	/* other programs' connections may hold every port for a moment, and the
	 * fuzzer's clock interrupts */
	while (true) {
		client = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &reset,
			   sizeof(reset));
		if (connect(client, (struct sockaddr *)&address,
			    sizeof(address)) == 0)
			return;
		if (errno != EADDRNOTAVAIL && errno != EINTR)
			abort();
		close(client);
		usleep(10000);
	}
}

static void send_all(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t sent =
		    send(client, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		} else {
			usleep(100); /* the server's thread reads */
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char head[200], answer[4096];
	ssize_t got;

	if (size > HTTP_BODY_CEILING)
		return 0;
	if (!server)
		open_server();
	open_client();
	snprintf(head, sizeof(head),
		 "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "
		 "multipart/form-data; boundary=xy\r\nContent-Length: "
		 "%zu\r\n\r\n",
		 size);
	answers = 0;
	send_all(head, strlen(head));
	send_all((const char *)data, size);
	struct pollfd ring = {.fd = http_fd(server), .events = POLLIN};
	while (answers == 0 && poll(&ring, 1, WAIT_MS) != 0)
		http_run(server);
	do /* the fuzzer's clock interrupts */
		got = recv(client, answer, sizeof(answer), 0);
	while (got < 0 && errno == EINTR);
	assert(answers == 1 && got > 12);
	close(client);
	return 0;
}
