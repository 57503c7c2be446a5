/*
 * A handler that does what its event says: the tests' actor.
 *
 *	"do": "ok" (or absent) | "drop" | "fail" | "retry" | "unset" | "big" | "sleep" | "crash" | "emit" | "route"
 *	"times": n	retry: only while the attempt is <= n; absent: always
 *	"after_ms": n	retry: asks for this delay
 *	"size": n	big: the value becomes n bytes
 *	"ms": n		sleep: for so long, then OK
 *	"to": "name"	emit, route: the output
 *	"count": n	emit: so many records (1)
 *	"then": "drop"	emit: the verdict after it (OK)
 *
 * Config: "outputs" names those that "to" may use; "each_us" slows every event down; "first_ms" the first one of each
 * instance; "stamp" is a header to say in when an event was handled, in microseconds of Unix time; "mark" is a header to
 * set on each event that passes; "say": "fail" or "retry" is the answer to every event, whatever it says; while the file
 * "down" exists every event is told to be tried again, as if what is behind the handler were away, and each such call
 * leaves its time in the file "calls".
 */
#define _GNU_SOURCE
#include <weir/plugin.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OUTPUTS = 8 };

struct scripted {
	struct weir_metric *calls;
	unsigned output_count;
	char names[MAX_OUTPUTS][64];
	weir_output outputs[MAX_OUTPUTS];
	long each_us, first_ms;
	char mark[64], stamp[64];
	enum weir_verdict say; /* WEIR_UNSET: as the event says */
	char down[256], calls_file[256];
};

static void nap(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	if (us > 0)
		nanosleep(&t, NULL);
}

static bool read_outputs(struct scripted *self, const struct weir_host *host, const cJSON *names,
			 struct weir_error *err)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, names)
	{
		unsigned i = self->output_count;

		if (i == MAX_OUTPUTS || !cJSON_IsString(name)) {
			weir_error_set(err, "outputs: too many, or no name");
			return false;
		}
		snprintf(self->names[i], sizeof(self->names[i]), "%s", name->valuestring);
		if (!host->output(host, self->names[i], &self->outputs[i])) {
			weir_error_set(err, "the pipeline has no such output");
			return false;
		}
		self->output_count++;
	}
	return true;
}

static void copy_text(char to[static 256], const cJSON *from)
{
	if (cJSON_IsString(from))
		snprintf(to, 256, "%s", from->valuestring);
}

static void *scripted_create(const struct weir_host *host, const char *config_json,
			     struct weir_error *err)
{
	struct scripted *self = calloc(1, sizeof(*self));
	cJSON *config = cJSON_Parse(config_json);
	const cJSON *item;
	bool good = self != NULL && config != NULL;

	if (good) {
		self->calls =
		    host->counter(host, "scripted_calls", "Calls of the scripted handler");
		item = cJSON_GetObjectItem(config, "each_us");
		self->each_us = item != NULL ? (long)item->valuedouble : 0;
		item = cJSON_GetObjectItem(config, "first_ms");
		self->first_ms = item != NULL ? (long)item->valuedouble : 0;
		item = cJSON_GetObjectItem(config, "stamp");
		if (item != NULL)
			snprintf(self->stamp, sizeof(self->stamp), "%s", item->valuestring);
		item = cJSON_GetObjectItem(config, "mark");
		if (item != NULL)
			snprintf(self->mark, sizeof(self->mark), "%s", item->valuestring);
		item = cJSON_GetObjectItem(config, "say");
		if (item != NULL)
			self->say =
			    strcmp(item->valuestring, "retry") == 0 ? WEIR_RETRY : WEIR_FAIL;
		copy_text(self->down, cJSON_GetObjectItem(config, "down"));
		copy_text(self->calls_file, cJSON_GetObjectItem(config, "calls"));
		good = read_outputs(self, host, cJSON_GetObjectItem(config, "outputs"), err);
		if (cJSON_GetObjectItem(config, "refuse") != NULL) {
			weir_error_set(err, "told to refuse");
			good = false;
		}
	}
	cJSON_Delete(config);
	if (!good) {
		free(self);
		self = NULL;
	}
	return self;
}

static int64_t get_integer(struct weir_call *call, const struct weir_event *ev, const char *pointer,
			   int64_t fallback)
{
	struct weir_json v = {.size = sizeof(v)};

	if (call->host->json(call, ev, pointer, strlen(pointer), &v) != WEIR_JSON_INTEGER)
		return fallback;
	return v.integer;
}

static const char *get_word(struct weir_call *call, const struct weir_event *ev,
			    const char *pointer, char word[static 64])
{
	struct weir_json v = {.size = sizeof(v)};

	word[0] = '\0';
	if (call->host->json(call, ev, pointer, strlen(pointer), &v) == WEIR_JSON_STRING &&
	    v.string.size < 64) {
		memcpy(word, v.string.data, v.string.size);
		word[v.string.size] = '\0';
	}
	return word;
}

static bool find_output(const struct scripted *self, struct weir_call *call,
			const struct weir_event *ev, weir_output *output_r)
{
	char word[64];

	get_word(call, ev, "/to", word);
	for (unsigned i = 0; i < self->output_count; i++)
		if (strcmp(word, self->names[i]) == 0) {
			*output_r = self->outputs[i];
			return true;
		}
	return false;
}

static enum weir_verdict do_retry(struct weir_call *call, const struct weir_event *ev,
				  struct weir_result *res)
{
	int64_t times = get_integer(call, ev, "/times", INT32_MAX);

	if ((int64_t)ev->attempt > times)
		return WEIR_OK;
	res->retry_after_ms = (uint32_t)get_integer(call, ev, "/after_ms", 0);
	call->host->set_error(call, res, "not-yet", "told to be tried again");
	return WEIR_RETRY;
}

static enum weir_verdict do_big(struct weir_call *call, const struct weir_event *ev,
				struct weir_result *res)
{
	size_t size = (size_t)get_integer(call, ev, "/size", 1);
	char *bytes = malloc(size);
	bool good = bytes != NULL;

	if (good) {
		/* Noise, so that compression does not make it small again. */
		uint32_t x = 2463534242u;

		for (size_t i = 0; i < size; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			bytes[i] = (char)('!' + x % 90);
		}
		good = call->host->set_value(call, res, bytes, size);
	}
	free(bytes);
	return good ? WEIR_OK : WEIR_FAIL;
}

static enum weir_verdict do_emit(const struct scripted *self, struct weir_call *call,
				 const struct weir_event *ev, struct weir_result *res)
{
	struct weir_record record = {.size = sizeof(record), .key = ev->key, .value = ev->value};
	int64_t count = get_integer(call, ev, "/count", 1);
	char word[64];
	weir_output to;

	if (!find_output(self, call, ev, &to))
		return WEIR_FAIL;
	for (int64_t i = 0; i < count; i++)
		if (!call->host->emit(call, res, to, &record))
			return WEIR_FAIL;
	return strcmp(get_word(call, ev, "/then", word), "drop") == 0 ? WEIR_DROP : WEIR_OK;
}

/* Monotonic milliseconds, a line a call. */
static void note_call(const struct scripted *self)
{
	struct timespec t;
	FILE *file;

	if (self->calls_file[0] == '\0' || (file = fopen(self->calls_file, "a")) == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	fprintf(file, "%lld\n", (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
	fclose(file);
}

static bool put_stamp(const struct scripted *self, struct weir_call *call, struct weir_result *res)
{
	char text[32];
	struct timespec t;
	int size;

	clock_gettime(CLOCK_REALTIME, &t);
	size =
	    snprintf(text, sizeof(text), "%lld", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	return call->host->set_header(call, res, self->stamp, text, (size_t)size);
}

static bool is_down(const struct scripted *self)
{
	return self->down[0] != '\0' && access(self->down, F_OK) == 0;
}

static enum weir_verdict act(struct scripted *self, struct weir_call *call,
			     const struct weir_event *ev, struct weir_result *res)
{
	char word[64];

	call->host->metric_add(self->calls, 1);
	nap(self->each_us);
	nap(self->first_ms * 1000);
	self->first_ms = 0;
	if (self->stamp[0] != '\0' && !put_stamp(self, call, res))
		return WEIR_FAIL;
	if (is_down(self)) {
		note_call(self);
		call->host->set_error(call, res, "down", "what is behind does not answer");
		return WEIR_RETRY;
	}
	if (self->mark[0] != '\0' &&
	    !call->host->set_header(call, res, self->mark, ev->id.data, ev->id.size))
		return WEIR_FAIL;
	if (self->say != WEIR_UNSET)
		return self->say;
	get_word(call, ev, "/do", word);
	if (strcmp(word, "drop") == 0)
		return WEIR_DROP;
	if (strcmp(word, "fail") == 0) {
		call->host->set_error(call, res, "told-to", "told to fail");
		return WEIR_FAIL;
	}
	if (strcmp(word, "retry") == 0)
		return do_retry(call, ev, res);
	if (strcmp(word, "unset") == 0)
		return WEIR_UNSET;
	if (strcmp(word, "big") == 0)
		return do_big(call, ev, res);
	if (strcmp(word, "sleep") == 0)
		nap((long)get_integer(call, ev, "/ms", 0) * 1000);
	if (strcmp(word, "crash") == 0)
		abort();
	if (strcmp(word, "emit") == 0)
		return do_emit(self, call, ev, res);
	if (strcmp(word, "route") == 0 && !find_output(self, call, ev, &res->output))
		return WEIR_FAIL;
	return WEIR_OK;
}

WEIR_EACH(scripted_process, struct scripted, act)

static void scripted_destroy(void *self)
{
	free(self);
}

WEIR_PLUGIN(.id = "scripted", .version = "1.0.0",
	    .config_schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
			     "\"outputs\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
			     "\"each_us\":{\"type\":\"integer\",\"minimum\":0},"
			     "\"first_ms\":{\"type\":\"integer\",\"minimum\":0},"
			     "\"stamp\":{\"type\":\"string\"},"
			     "\"say\":{\"enum\":[\"fail\",\"retry\"]},"
			     "\"mark\":{\"type\":\"string\"},\"down\":{\"type\":\"string\"},"
			     "\"calls\":{\"type\":\"string\"},\"refuse\":{\"type\":\"boolean\"}}}",
	    .create = scripted_create, .process = scripted_process, .destroy = scripted_destroy);
