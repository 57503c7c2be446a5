#include "config.h"

#include "tests/bench/bench.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SENT "\"sentNs\":\"" /* 19 digits, which as a number could not begin with zeros */

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

int64_t bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

long bench_peak_rss_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void set_option(const struct bench_option *options, const char *name, const char *value)
{
	for (; options->name != NULL; options++) {
		if (strcmp(options->name, name) != 0)
			continue;
		if (options->text != NULL)
			*options->text = value;
		else
			*options->number = strtol(value, NULL, 10);
		return;
	}
	bench_die("unknown option %s", name);
}

void bench_options(int argc, char **argv, int first, const struct bench_option *options)
{
	for (int i = first; i < argc; i += 2) {
		if (i + 1 == argc)
			bench_die("%s needs a value", argv[i]);
		set_option(options, argv[i], argv[i + 1]);
	}
}

rd_kafka_conf_t *bench_conf(const char *const *pairs)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	for (; pairs[0] != NULL; pairs += 2) {
		if (rd_kafka_conf_set(conf, pairs[0], pairs[1], text, sizeof(text)) !=
		    RD_KAFKA_CONF_OK)
			bench_die("%s", text);
	}
	return conf;
}

rd_kafka_t *bench_client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char text[256];
	rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof(text));

	if (client == NULL)
		bench_die("%s", text);
	return client;
}

void bench_id(uint64_t number, char id[BENCH_ID_BYTES + 1])
{
	snprintf(id, BENCH_ID_BYTES + 1, "0190f3a2-7c1b-7d3e-8f00-%012" PRIx64,
		 number & UINT64_C(0xffffffffffff));
}

void bench_event(uint64_t number, int64_t sent_ns, char *event, size_t size)
{
	char id[BENCH_ID_BYTES + 1];
	int used;

	bench_id(number, id);
	used = snprintf(event, size,
			"{\"eventId\":\"%s\"," SENT "%019" PRId64
			"\",\"type\":\"payment\",\"account\":"
			"\"acct-%06u\",\"amount\":%u,\"currency\":\"EUR\",\"note\":\"",
			id, sent_ns, (unsigned)(number % 100000), (unsigned)(number % 99991));
	if (used < 0 || (size_t)used + 2 > size)
		bench_die("an event has %d bytes at least", used + 2);
	memset(event + used, 'x', size - (size_t)used - 2);
	memcpy(event + size - 2, "\"}", 2);
}

int64_t bench_event_sent_ns(const char *event, size_t size)
{
	const char *at = memmem(event, size, SENT, strlen(SENT));

	if (at == NULL || at + strlen(SENT) + 19 > event + size)
		return -1;
	return strtoll(at + strlen(SENT), NULL, 10);
}
