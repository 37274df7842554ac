#ifndef TESTS_FAKE_HTTP_H
#define TESTS_FAKE_HTTP_H

/*
 * The HTTP door without sockets: it defines the verbs of doors/http.h that the
 * web floor uses, so that the linker takes these and no server. A request is
 * plain data, and what was replied is kept in it.
 *
 *	struct http_request request = fake_get("/a/specimen");
 *	web_handle(&request, web, now);
 *	assert_int_equal(request.status, 200);
 *	fake_done(&request);
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "doors/http.h"

#define FAKE_FIELDS_MAX 220

struct http_request {
	enum http_method method;
	const char *path, *peer;
	const char *names[FAKE_FIELDS_MAX], *values[FAKE_FIELDS_MAX];
	size_t field_count;

	/* the reply; status 0: none yet */
	int status, replies;
	char *content_type, *body, *location, *file_name;
	long long retry_s;
	size_t size;
	bool has_file;
};

static inline struct http_request fake_get(const char *path)
{
	return (struct http_request){
	    .method = HTTP_GET, .path = path, .peer = "192.0.2.1"};
}

static inline struct http_request fake_post(const char *path)
{
	return (struct http_request){
	    .method = HTTP_POST, .path = path, .peer = "192.0.2.1"};
}

static inline void fake_field(struct http_request *request, const char *name,
			      const char *value)
{
	if (request->field_count == FAKE_FIELDS_MAX)
		abort();
	request->names[request->field_count] = name;
	request->values[request->field_count++] = value;
}

/* forgets the reply, so that the request can be asked again */
static inline void fake_done(struct http_request *request)
{
	free(request->content_type);
	free(request->body);
	free(request->location);
	free(request->file_name);
	request->content_type = request->body = request->location = NULL;
	request->file_name = NULL;
	request->status = request->replies = 0;
	request->size = 0;
	request->retry_s = 0;
	request->has_file = false;
}

enum http_method http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_path(const struct http_request *request)
{
	return request->path;
}

const char *http_peer(const struct http_request *request)
{
	return request->peer;
}

const char *http_form_at(const struct http_request *request, const char *name,
			 size_t index)
{
	if (request->method != HTTP_POST)
		return NULL;
	for (size_t i = 0; i < request->field_count; i++)
		if (strcmp(request->names[i], name) == 0 && index-- == 0)
			return request->values[i];
	return NULL;
}

const void *http_form_file(const struct http_request *request, const char *name,
			   size_t *ret_size)
{
	(void)request, (void)name;
	*ret_size = 0;
	return NULL;
}

const char *http_form(const struct http_request *request, const char *name)
{
	return http_form_at(request, name, 0);
}

static inline void fake_read_file(struct http_request *request,
				  const struct http_file *file)
{
	request->has_file = true;
	request->body = xmalloc(file->size + 1);
	if (read(file->fd, request->body, file->size) != (ssize_t)file->size)
		abort();
	request->body[file->size] = '\0';
	request->size = file->size;
	if (file->name)
		request->file_name = xstrdup(file->name);
	close(file->fd);
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
	request->replies++;
	request->status = reply->status;
	if (reply->content_type)
		request->content_type = xstrdup(reply->content_type);
	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, "Location") == 0)
			request->location = xstrdup(reply->headers[i].value);
		if (strcmp(reply->headers[i].name, "Retry-After") == 0)
			request->retry_s = atoll(reply->headers[i].value);
	}
	if (reply->file) {
		fake_read_file(request, reply->file);
		return;
	}
	request->body = xstrndup(reply->size ? reply->body : "", reply->size);
	request->size = reply->size;
}

#endif
