/*
 * bench_curl HOST PORT THREADS MAILS BODY: sends the file BODY that many times
 * with libcurl alone, a blocking handle a thread as in doors/smtp, and nothing
 * else: no rendering, no record, no verdict. It is what the transport itself
 * costs. Prints mails a second, and milliseconds of processor time a mail.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct plan {
	char url[256];
	char *body;
	size_t size;
	atomic_int left;
};

struct reading {
	const struct plan *plan;
	size_t offset;
};

static size_t on_read(char *buffer, size_t size, size_t count, void *context)
{
	struct reading *reading = context;
	size_t left = reading->plan->size - reading->offset;

	if (left > size * count)
		left = size * count;
	memcpy(buffer, reading->plan->body + reading->offset, left);
	reading->offset += left;
	return left;
}

static void must(int is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_curl: %s\n", what);
	exit(1);
}

static void *send_all(void *argument)
{
	struct plan *plan = argument;
	struct reading reading = {.plan = plan};
	CURL *curl = curl_easy_init();
	struct curl_slist *to = curl_slist_append(NULL, "m@police.example");

	curl_easy_setopt(curl, CURLOPT_URL, plan->url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "bounce@severnside.example");
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)plan->size);
	while (atomic_fetch_sub(&plan->left, 1) > 0) {
		reading.offset = 0;
		CURLcode code = curl_easy_perform(curl);
		must(code == CURLE_OK, curl_easy_strerror(code));
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(to);
	return NULL;
}

static void load(struct plan *plan, const char *path)
{
	FILE *file = fopen(path, "rb");

	must(file != NULL, "no body");
	fseek(file, 0, SEEK_END);
	plan->size = (size_t)ftell(file);
	rewind(file);
	plan->body = malloc(plan->size);
	must(plan->body && fread(plan->body, 1, plan->size, file) == plan->size,
	     "can't read the body");
	fclose(file);
}

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct plan plan;

	must(argc == 6, "HOST PORT THREADS MAILS BODY");
	int threads = atoi(argv[3]), mails = atoi(argv[4]);
	must(threads > 0 && mails > 0, "THREADS and MAILS are numbers");
	snprintf(plan.url, sizeof(plan.url), "smtp://%s:%s/bench", argv[1],
		 argv[2]);
	plan.left = mails;
	load(&plan, argv[5]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_t *list = calloc((size_t)threads, sizeof(*list));
	must(list != NULL, "no memory");
	double began = now(CLOCK_MONOTONIC);
	for (int i = 0; i < threads; i++)
		must(!pthread_create(&list[i], NULL, send_all, &plan),
		     "no thread");
	for (int i = 0; i < threads; i++)
		pthread_join(list[i], NULL);
	double took = now(CLOCK_MONOTONIC) - began;
	printf("%.0f %.4f\n", mails / took,
	       now(CLOCK_PROCESS_CPUTIME_ID) * 1000 / mails);
	free(list);
	free(plan.body);
	return 0;
}
