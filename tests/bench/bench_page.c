/*
 * bench_page PORT SIZE [STORE QUERIES VERSION]: libmicrohttpd alone on
 * loopback: answers every request, once its body is here, with one ready page
 * of SIZE bytes. With a store it also runs for each request to /N the
 * statements that the page behind a link is made of, prepared from the files of
 * the folder QUERIES, for delivery N and its VERSION, and reads every column
 * they give. Nothing is checked, rendered or recorded. Until it is killed.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 65536

static const struct {
	const char *file, *name;
	bool is_of_version; /* or of the delivery */
} wanted[] = {
    {"acknowledgement.sql", "acknowledgement_delivery", false},
    {"acknowledgement.sql", "acknowledgement_items", false},
    {"acknowledgement.sql", "acknowledgement_later", false},
    {"briefing.sql", "briefing_load_version", true},
    {"briefing.sql", "briefing_load_documents", true},
    {"briefing.sql", "briefing_load_actions", true},
};
#define WANTED (sizeof(wanted) / sizeof(*wanted))

struct server {
	struct MHD_Response *page;
	sqlite3 *db; /* NULL: only the page */
	sqlite3_stmt *statements[WANTED];
	long long version;
	long long read; /* so that no column is left unread */
};

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_page: %s\n", what);
	exit(1);
}

/* the statement that stands below "-- name: NAME", to the next name */
static sqlite3_stmt *prepare(sqlite3 *db, const char *folder, size_t index)
{
	static char text[FILE_MAX];
	char path[4096], title[100];
	sqlite3_stmt *statement;

	snprintf(path, sizeof(path), "%s/%s", folder, wanted[index].file);
	snprintf(title, sizeof(title), "-- name: %s\n", wanted[index].name);
	FILE *file = fopen(path, "r");
	must(file, path);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	char *from = strstr(text, title);
	must(from, title);
	from += strlen(title);
	char *end = strstr(from, "-- name: ");
	if (end)
		*end = '\0';
	must(sqlite3_prepare_v3(db, from, -1, SQLITE_PREPARE_PERSISTENT,
				&statement, NULL) == SQLITE_OK,
	     sqlite3_errmsg(db));
	return statement;
}

static void open_store(struct server *server, char **argv)
{
	must(sqlite3_open_v2(argv[0], &server->db, SQLITE_OPEN_READWRITE,
			     NULL) == SQLITE_OK,
	     argv[0]);
	for (size_t i = 0; i < WANTED; i++)
		server->statements[i] = prepare(server->db, argv[1], i);
	server->version = atoll(argv[2]);
}

static void run(struct server *server, const char *sql)
{
	must(sqlite3_exec(server->db, sql, NULL, NULL, NULL) == SQLITE_OK,
	     sqlite3_errmsg(server->db));
}

/* in one transaction, so that the store's lock is taken once */
static void look_up(struct server *server, long long delivery)
{
	run(server, "BEGIN");
	for (size_t i = 0; i < WANTED; i++) {
		sqlite3_stmt *q = server->statements[i];
		int rc;

		sqlite3_bind_int64(
		    q, 1, wanted[i].is_of_version ? server->version : delivery);
		while ((rc = sqlite3_step(q)) == SQLITE_ROW)
			for (int c = 0; c < sqlite3_column_count(q); c++)
				if (sqlite3_column_text(q, c))
					server->read +=
					    sqlite3_column_bytes(q, c);
		must(rc == SQLITE_DONE, sqlite3_errmsg(server->db));
		sqlite3_reset(q);
	}
	run(server, "COMMIT");
}

static enum MHD_Result answer(void *context, struct MHD_Connection *link,
			      const char *url, const char *method,
			      const char *version, const char *data,
			      size_t *size, void **state)
{
	struct server *server = context;

	(void)method, (void)version, (void)data;
	/* queued in the first call, it would close the connection */
	if (!*state) {
		*state = server;
		return MHD_YES;
	}
	if (*size > 0) {
		*size = 0;
		return MHD_YES;
	}
	if (server->db)
		look_up(server, atoll(url + 1));
	return MHD_queue_response(link, MHD_HTTP_OK, server->page);
}

int main(int argc, char **argv)
{
	static struct server server;

	if (argc != 3 && argc != 6) {
		fputs("usage: bench_page PORT SIZE [STORE QUERIES VERSION]\n",
		      stderr);
		return 2;
	}
	if (argc == 6)
		open_store(&server, argv + 3);
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(argv[1])),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	size_t size = (size_t)atol(argv[2]);
	char *page = malloc(size);
	must(page, "memory");
	memset(page, 'x', size);
	server.page =
	    MHD_create_response_from_buffer(size, page, MHD_RESPMEM_MUST_FREE);
	must(MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
			      answer, &server, MHD_OPTION_SOCK_ADDR, &at,
			      MHD_OPTION_END),
	     "it can't listen");
	for (;;)
		pause();
}
