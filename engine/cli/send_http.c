#include "config.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/secret.h"
#include "cli/sender.h"
#include "cli/stop.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((size_t)512 << 10)
#define BATCH_AGE_NS (100 * WR_NS_PER_MS) /* a batch that is not full waits so long for more */
#define RESPONSE_BYTES_MAX ((size_t)8 << 20)
#define PAUSE_MIN_MS 200
#define PAUSE_MAX_MS 5000
#define CONNECT_TIMEOUT_MS 10000L

struct pending_line {
	unsigned long long number;
	size_t start; /* in the body */
};

struct http_sender {
	struct wr_sender base;
	CURL *curl;
	struct curl_slist *headers;
	struct wr_json_reader *reader;
	size_t batch_events;
	long long timeout_ms;
	struct wr_buf body; /* the batch: each line with its end */
	struct pending_line *lines;
	size_t count;
	int64_t first_mono_ns; /* when its first line came */
	struct wr_buf response;
	bool noted_wait;
	bool hopeless; /* what was answered would be answered to everything */
};

/* What came of one request. */
enum result { TAKEN, REFUSED, TOO_LARGE, HOPELESS, AGAIN };

static struct http_sender *self_of(struct wr_sender *sender)
{
	return WR_CONTAINER_OF(sender, struct http_sender, base);
}

static size_t take_response(char *data, size_t size, size_t n, void *arg)
{
	struct http_sender *self = arg;

	(void)size; /* is 1 */
	if (self->response.size + n > RESPONSE_BYTES_MAX ||
	    wr_buf_append(&self->response, data, n) != WR_OK)
		return 0;
	return n;
}

/* The text at a pointer of the response, or NULL. Borrowed until the next read. */
static struct wr_bytes response_text(struct http_sender *self, const char *pointer)
{
	struct wr_json_value value;

	wr_json_get(self->reader, wr_bytes_of(pointer), &value);
	return value.type == WR_JSON_STRING ? value.string : wr_bytes(NULL, 0);
}

static bool response_integer(struct http_sender *self, const char *pointer, int64_t *integer_r)
{
	struct wr_json_value value;

	wr_json_get(self->reader, wr_bytes_of(pointer), &value);
	*integer_r = value.integer;
	return value.type == WR_JSON_INTEGER;
}

/* "422: what is wrong", as far as the response says it. */
static void describe(struct http_sender *self, const char *prefix, long status, char *text,
		     size_t size)
{
	char pointer[64];
	struct wr_buf shown = WR_BUF_INIT;
	struct wr_bytes detail;

	snprintf(pointer, sizeof(pointer), "%s/detail", prefix);
	detail = response_text(self, pointer);
	if (detail.data == NULL) {
		snprintf(pointer, sizeof(pointer), "%s/title", prefix);
		detail = response_text(self, pointer);
	}
	if (detail.data != NULL && wr_buf_append_printable(&shown, detail) == WR_OK &&
	    wr_buf_text(&shown) != NULL)
		snprintf(text, size, "%ld: %s", status, shown.data);
	else
		snprintf(text, size, "%ld", status);
	wr_buf_fini(&shown);
}

static void fail_range(struct http_sender *self, size_t from, size_t count, const char *why)
{
	for (size_t i = from; i < from + count; i++)
		wr_progress_fail(self->base.progress, self->lines[i].number, why);
}

/* Fails the events that the answer lists, and counts the others: as acked, or as failed when none was taken. */
static void settle(struct http_sender *self, size_t from, size_t count, long status, bool taken)
{
	bool *listed = calloc(count, sizeof(*listed));
	int64_t index, event_status;
	char pointer[64], why[512];

	for (size_t i = 0; listed != NULL && i < count; i++) {
		snprintf(pointer, sizeof(pointer), "/errors/%zu/index", i);
		if (!response_integer(self, pointer, &index))
			break;
		if (index < 0 || (size_t)index >= count || listed[index])
			continue;
		listed[index] = true;
		snprintf(pointer, sizeof(pointer), "/errors/%zu/status", i);
		if (!response_integer(self, pointer, &event_status))
			event_status = status;
		snprintf(pointer, sizeof(pointer), "/errors/%zu", i);
		describe(self, pointer, (long)event_status, why, sizeof(why));
		fail_range(self, from + (size_t)index, 1, why);
	}
	describe(self, "", status, why, sizeof(why));
	for (size_t i = 0; i < count; i++) {
		if (listed != NULL && listed[i])
			continue;
		if (taken)
			self->base.progress->acked++;
		else
			fail_range(self, from + i, 1, why);
	}
	free(listed);
}

static enum result judge(long status)
{
	if (status >= 200 && status < 300)
		return TAKEN;
	if (status == 413)
		return TOO_LARGE;
	if (status == 408 || status == 429 || status >= 500)
		return AGAIN;
	if (status == 422)
		return REFUSED;
	return HOPELESS; /* the address, the token or the kind of request is wrong */
}

/* Posts once. AGAIN: after *pause_ms_r, for the reason in `why`. */
static enum result post(struct http_sender *self, size_t start, size_t size, long *status_r,
			long long *pause_ms_r, char *why, size_t why_size)
{
	curl_off_t retry_after_s = 0;
	CURLcode code;
	enum result result;

	*status_r = 0;
	*pause_ms_r = 0;
	wr_buf_clear(&self->response);
	curl_easy_setopt(self->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(self->curl, CURLOPT_POSTFIELDS, self->body.data + start);
	code = curl_easy_perform(self->curl);
	wr_json_read(self->reader, wr_bytes(self->response.data, self->response.size), NULL, NULL);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
		snprintf(why, why_size, "%s", curl_easy_strerror(code));
		return HOPELESS;
	}
	if (code != CURLE_OK) {
		snprintf(why, why_size, "%s", curl_easy_strerror(code));
		return AGAIN;
	}
	curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, status_r);
	curl_easy_getinfo(self->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
	*pause_ms_r = retry_after_s * 1000;
	result = judge(*status_r);
	describe(self, "", *status_r, why, why_size);
	return result;
}

static int64_t now_ns(const struct http_sender *self)
{
	return wr_clock_mono_ns(self->base.progress->clock);
}

/* Waits before the next try. False: a signal came. */
static bool pause_for(struct http_sender *self, long long ms)
{
	int64_t end_ns = now_ns(self) + ms * WR_NS_PER_MS, left_ms;

	while (!wr_stop_asked()) {
		left_ms = (end_ns - now_ns(self)) / WR_NS_PER_MS;
		if (left_ms <= 0)
			return true;
		wr_progress_show(self->base.progress);
		poll(NULL, 0, left_ms < 100 ? (int)left_ms : 100);
	}
	return false;
}

static void note_wait(struct http_sender *self, const char *why)
{
	char text[600];

	if (self->noted_wait)
		return;
	self->noted_wait = true;
	snprintf(text, sizeof(text), "waiting for the endpoint: %s", why);
	wr_progress_note(self->base.progress, text);
}

/* Posts lines until there is an answer for good or their time is over. */
static enum result post_until(struct http_sender *self, size_t start, size_t size, long *status_r,
			      char *why, size_t why_size)
{
	int64_t end_ns = now_ns(self) + self->timeout_ms * WR_NS_PER_MS;
	long long pause_ms = PAUSE_MIN_MS, asked_ms;
	enum result result;

	for (;;) {
		result = post(self, start, size, status_r, &asked_ms, why, why_size);
		if (result != AGAIN) {
			self->noted_wait = false;
			return result;
		}
		note_wait(self, why);
		if (asked_ms > 0)
			pause_ms = asked_ms;
		if (now_ns(self) + pause_ms * WR_NS_PER_MS >= end_ns || !pause_for(self, pause_ms))
			return AGAIN;
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
	}
}

static void send_range(struct http_sender *self, size_t from, size_t count)
{
	size_t start = self->lines[from].start, half = count / 2;
	size_t end = from + count < self->count ? self->lines[from + count].start : self->body.size;
	char why[512];
	long status;

	switch (post_until(self, start, end - start, &status, why, sizeof(why))) {
	case TAKEN:
		settle(self, from, count, status, true);
		return;
	case REFUSED:
		settle(self, from, count, status, false);
		return;
	case TOO_LARGE:
		if (count > 1) {
			send_range(self, from, half);
			send_range(self, from + half, count - half);
			return;
		}
		break;
	case HOPELESS:
		self->hopeless = true;
		break;
	case AGAIN:
		break;
	}
	fail_range(self, from, count, why);
}

static void flush_batch(struct http_sender *self)
{
	if (self->count > 0)
		send_range(self, 0, self->count);
	self->count = 0;
	wr_buf_clear(&self->body);
}

static bool http_send(struct wr_sender *sender, unsigned long long line_number,
		      struct wr_bytes line, struct wr_bytes key)
{
	struct http_sender *self = self_of(sender);

	(void)key; /* the endpoint sets it */
	if (self->count > 0 && self->body.size + line.size + 1 > BATCH_BYTES)
		flush_batch(self);
	if (wr_buf_reserve(&self->body, line.size + 1) != WR_OK) {
		wr_progress_fail(sender->progress, line_number, "out of memory");
		return false;
	}
	if (self->count == 0)
		self->first_mono_ns = now_ns(self);
	self->lines[self->count++] = (struct pending_line){line_number, self->body.size};
	wr_buf_append(&self->body, line.data, line.size);
	wr_buf_append(&self->body, "\n", 1);
	if (self->count == self->batch_events)
		flush_batch(self);
	return !self->hopeless;
}

static bool http_idle(struct wr_sender *sender, int timeout_ms)
{
	struct http_sender *self = self_of(sender);

	if (self->count > 0 && now_ns(self) - self->first_mono_ns >= BATCH_AGE_NS)
		flush_batch(self);
	else if (timeout_ms > 0)
		poll(NULL, 0, timeout_ms);
	return !self->hopeless;
}

static void http_finish(struct wr_sender *sender)
{
	struct http_sender *self = self_of(sender);

	if (self->hopeless)
		fail_range(self, 0, self->count, "not sent");
	else
		flush_batch(self);
	self->count = 0;
}

static void http_destroy(struct wr_sender *sender)
{
	struct http_sender *self = self_of(sender);
	struct curl_slist *header;

	for (header = self->headers; header != NULL; header = header->next)
		wr_secret_wipe(header->data, strlen(header->data));
	curl_slist_free_all(self->headers);
	curl_easy_cleanup(self->curl);
	wr_json_reader_destroy(self->reader);
	wr_buf_fini(&self->body);
	wr_buf_fini(&self->response);
	free(self->lines);
	free(self);
}

/* The URL with the path of the ingest endpoint when it has none; for curl_free(). NULL: it is no URL of HTTP. */
static char *complete_url(const char *url)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *path = NULL, *complete = NULL;

	if (parts == NULL)
		return NULL;
	if (curl_url_set(parts, CURLUPART_URL, url, CURLU_DEFAULT_SCHEME) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
		if (strcmp(path, "/") == 0)
			curl_url_set(parts, CURLUPART_PATH, "/api/events", 0);
		if (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0)
			curl_url_get(parts, CURLUPART_URL, &complete, 0);
	}
	curl_free(scheme);
	curl_free(path);
	curl_url_cleanup(parts);
	return complete;
}

static bool add_header(struct http_sender *self, const char *text)
{
	struct curl_slist *headers = curl_slist_append(self->headers, text);

	if (headers == NULL)
		return false;
	self->headers = headers;
	return true;
}

static bool add_token(struct http_sender *self, const char *token)
{
	struct wr_buf text = WR_BUF_INIT;
	bool ok;

	if (token == NULL)
		return true;
	ok = wr_buf_printf(&text, "Authorization: Bearer %s", token) == WR_OK &&
	     wr_buf_text(&text) != NULL && add_header(self, text.data);
	wr_secret_wipe(text.data, text.capacity);
	wr_buf_fini(&text);
	return ok;
}

static bool set_up(struct http_sender *self, const struct wr_http_target *target, const char *url)
{
	CURL *curl = self->curl;

	self->lines = calloc(target->batch_events, sizeof(*self->lines));
	if (curl == NULL || self->lines == NULL || wr_json_reader_create(&self->reader) != WR_OK ||
	    !add_header(self, "Content-Type: application/x-ndjson") ||
	    !add_header(self, "Expect:") || !add_token(self, target->token))
		return false;
	self->batch_events = target->batch_events;
	self->timeout_ms = target->timeout_ms;
	return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, self->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "weir/" PACKAGE_VERSION) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_response) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, self) == CURLE_OK;
}

int wr_sender_http_create(const struct wr_http_target *target, const struct wr_command *command,
			  struct wr_progress *progress, struct wr_sender **sender_r)
{
	static const struct wr_sender_ops ops = {http_send, http_idle, http_finish, http_destroy};
	char *url = complete_url(target->url);
	struct http_sender *self;

	*sender_r = NULL;
	if (url == NULL)
		return wr_args_wrong(command, "%s: not an http:// or https:// URL", target->url);
	self = calloc(1, sizeof(*self));
	if (self != NULL) {
		self->base = (struct wr_sender){&ops, progress};
		self->curl = curl_easy_init();
		if (set_up(self, target, url))
			*sender_r = &self->base;
		else
			http_destroy(&self->base);
	}
	curl_free(url);
	return *sender_r != NULL ? WR_EXIT_OK : wr_args_wrong(command, "out of memory");
}
