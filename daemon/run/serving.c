#include "run/serving.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/settings.h"
#include "doors/http.h"
#include "run/daemon.h"
#include "run/turn.h"
#include "tools/db.h"
#include "web/web.h"

struct serving_run {
	struct daemon *daemon;
	struct http_server *server;
	struct web *web;
	sd_event_source *source;
	int recorded; /* in the open transaction */
};

/* a page that failed, at most once for each answer */
static void log_trouble(struct serving_run *serving)
{
	struct err trouble;

	if (web_take_trouble(serving->web, &trouble))
		log_error("page failed: %s", trouble.text);
}

static void handle(struct http_request *request, void *context)
{
	struct serving_run *serving = context;

	web_handle(request, serving->web, clock_now());
	log_trouble(serving);
}

static size_t large_ceiling(const char *path, void *context)
{
	struct serving_run *serving = context;

	return web_large_ceiling(serving->web, path, clock_now());
}

/* Pages read one state of the store together: its lock is taken once, and not
 * anew for each of a page's statements, which cost more than what they read.
 * Should that fail, they read as they come. */
static void begin_pages(struct serving_run *serving)
{
	if (db_begin_reading(serving->daemon->db, NULL))
		web_begin_pages(serving->web);
}

static void end_pages(struct serving_run *serving)
{
	web_end_pages(serving->web);
	db_rollback(serving->daemon->db);
}

static int readable(sd_event_source *source, int fd, uint32_t events,
		    void *userdata)
{
	struct serving_run *serving = userdata;

	(void)source, (void)fd, (void)events;
	begin_pages(serving);
	http_run(serving->server);
	end_pages(serving);
	if (web_has_pending(serving->web))
		turn_wake(serving->daemon->turn);
	return 0;
}

/* "[::1]:8086", "127.0.0.1:8086" or "*:8086" in two parts */
static bool split_listen(const char *listen, char **ret_address, int *ret_port,
			 struct err *err)
{
	const char *colon = strrchr(listen, ':');
	long long port;

	if (!colon || !text_parse_integer(colon + 1, 0, 65535, &port))
		return err_set(err, ERR_INPUT,
			       "web.listen = \"%s\": wanted is an address and "
			       "a port, as in \"[::1]:8086\"",
			       listen);
	size_t size = (size_t)(colon - listen);
	if (size >= 2 && listen[0] == '[' && colon[-1] == ']')
		*ret_address = xstrndup(listen + 1, size - 2);
	else if (size == 1 && listen[0] == '*')
		*ret_address = NULL;
	else
		*ret_address = xstrndup(listen, size);
	*ret_port = (int)port;
	return true;
}

static bool listen_on(struct serving_run *serving, struct err *err)
{
	const struct settings *settings = serving->daemon->settings;
	struct http_options options = {
	    .fd = sd_listen_fds(1) > 0 ? SD_LISTEN_FDS_START : -1,
	    .trusted_proxies = settings->trusted_proxies,
	    .trusted_proxy_count = settings->trusted_proxy_count,
	    .connections = (unsigned)settings->web_connections,
	    .handle = handle,
	    .large_ceiling = large_ceiling,
	    .context = serving,
	};
	char *address = NULL;

	if (options.fd < 0 &&
	    !split_listen(settings->web_listen, &address, &options.port, err))
		return false;
	options.address = address;
	serving->server = http_open(&options, err);
	free(address);
	if (!serving->server)
		return err_context(err, "web.listen");
	return true;
}

struct serving_run *serving_open(struct daemon *daemon, struct err *err)
{
	struct serving_run *serving = xcalloc(1, sizeof(*serving));

	serving->daemon = daemon;
	serving->web = web_new(daemon->db, &daemon->keys, daemon->settings,
			       daemon->templates);
	if (!listen_on(serving, err)) {
		serving_close(serving);
		return NULL;
	}
	if (sd_event_add_io(daemon->loop, &serving->source,
			    http_fd(serving->server), EPOLLIN, readable,
			    serving) < 0) {
		err_set(err, ERR_SYSTEM, "watching the web server");
		serving_close(serving);
		return NULL;
	}
	log_notice("listening port=%d", http_port(serving->server));
	return serving;
}

void serving_close(struct serving_run *serving)
{
	if (!serving)
		return;
	sd_event_source_disable_unref(serving->source);
	http_close(serving->server);
	web_free(serving->web);
	free(serving);
}

void serving_configure(struct serving_run *serving)
{
	web_configure(serving->web, serving->daemon->settings,
		      serving->daemon->templates);
}

void serving_stop(struct serving_run *serving)
{
	http_quiesce(serving->server);
}

bool serving_has_pending(const struct serving_run *serving)
{
	return web_has_pending(serving->web);
}

bool serving_record(struct serving_run *serving, int64_t now, struct err *err)
{
	if (!web_has_pending(serving->web))
		return true;
	return web_record(serving->web, now, &serving->recorded, err);
}

void serving_answer(struct serving_run *serving, bool committed, int64_t now)
{
	if (!web_has_pending(serving->web))
		return;
	begin_pages(serving);
	web_answer(serving->web, committed, now);
	end_pages(serving);
	log_trouble(serving);
	if (committed && serving->recorded > 0)
		log_info("acknowledged count=%d", serving->recorded);
	serving->recorded = 0;
}

void serving_expire(struct serving_run *serving, int64_t now)
{
	web_expire(serving->web, now);
}
