#include "doors/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define TIMEOUT_MS (30 * 1000)
#define CONNECT_MS (15 * 1000)

/* A setting that this libcurl refuses would be a bug of ours. */
#define SET(option, value)                                                     \
	do {                                                                   \
		CURLcode set = curl_easy_setopt(curl, option, value);          \
		assert(set == CURLE_OK);                                       \
	} while (0)

/* Less than what came is libcurl's sign to give up. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct buf *out = context;

	buf_add(out, data, size * count);
	return out->overflow ? 0 : size * count;
}

static void set_security(CURL *curl, const struct fetch_request *request)
{
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (request->ca_file) {
		SET(CURLOPT_CAINFO, request->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
}

static void set_request(CURL *curl, const struct fetch_request *request,
			struct buf *out, char *trouble)
{
	int timeout_ms =
	    request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;

	SET(CURLOPT_URL, request->url);
	/* what we ask for is small, and one parser less is reached from outside
	 */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_USERAGENT, "briefingd/" BRIEFINGD_VERSION);
	SET(CURLOPT_POSTFIELDS, request->form);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS));
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, out);
	SET(CURLOPT_ERRORBUFFER, trouble);
}

static bool perform(CURL *curl, const struct fetch_request *request,
		    int *ret_status, struct buf *out, struct err *err)
{
	char trouble[CURL_ERROR_SIZE] = "";
	long status = 0;

	set_security(curl, request);
	set_request(curl, request, out, trouble);
	CURLcode code = curl_easy_perform(curl);
	if (out->overflow)
		return err_set(err, ERR_FULL,
			       "%s: the answer has more than %zu bytes",
			       request->url, out->ceiling);
	if (code != CURLE_OK)
		return err_set(err, ERR_SYSTEM, "%s: %s", request->url,
			       *trouble ? trouble : curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_status = (int)status;
	return true;
}

bool fetch_post(const struct fetch_request *request, int *ret_status,
		struct buf *out, struct err *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_SYSTEM, "starting libcurl");
	CURL *curl = curl_easy_init();
	if (!curl) /* it has no other reason than memory */
		abort();
	bool good = perform(curl, request, ret_status, out, err);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return good;
}
