/*
 * What the programs of the benchmark share.
 */
#ifndef WR_TESTS_BENCH_BENCH_H
#define WR_TESTS_BENCH_BENCH_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

/* Says why and ends with 1. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

int64_t bench_now_ns(void); /* monotonic */

/* Peak resident memory of this process. */
long bench_peak_rss_kib(void);

/* A name and a value of the command line. */
struct bench_option {
	const char *name;  /* "--topic" */
	const char **text; /* or */
	long *number;
};

/* Reads "--name value" pairs from argv[first] on; `options` ends with a NULL name. Dies at anything else. */
void bench_options(int argc, char **argv, int first, const struct bench_option *options);

/* A librdkafka configuration of pairs ended by NULL; dies at a bad one. */
rd_kafka_conf_t *bench_conf(const char *const *pairs);

rd_kafka_t *bench_client(rd_kafka_type_t type, rd_kafka_conf_t *conf);

/* The id of the n-th event, as it stands in the event and as its key. */
#define BENCH_ID_BYTES 36
void bench_id(uint64_t number, char id[BENCH_ID_BYTES + 1]);

/* The n-th event in exactly `size` bytes (200 at least), with the time it is sent at. */
void bench_event(uint64_t number, int64_t sent_ns, char *event, size_t size);

/* The time that stands in an event, or -1. */
int64_t bench_event_sent_ns(const char *event, size_t size);

#endif
