/*
 * Where `weir send` sends: a topic or the HTTP endpoint. What becomes of each line is told to the progress. One thread.
 */
#ifndef WR_CLI_SENDER_H
#define WR_CLI_SENDER_H

#include "base/bytes.h"
#include "cli/kafka_args.h"
#include "cli/progress.h"

struct wr_sender;

struct wr_sender_ops {
	/* Takes a line; may wait for room. The key's data is NULL for none. False: it makes no sense to go on. */
	bool (*send)(struct wr_sender *sender, unsigned long long line_number, struct wr_bytes line,
		     struct wr_bytes key);

	/* There is nothing to send for now: moves on what is under way, waiting up to timeout_ms. False as in send. */
	bool (*idle)(struct wr_sender *sender, int timeout_ms);

	/* Waits until every line has been acked or has failed. */
	void (*finish)(struct wr_sender *sender);

	void (*destroy)(struct wr_sender *sender);
};

struct wr_sender {
	const struct wr_sender_ops *ops;
	struct wr_progress *progress;
};

/* `kafka` is borrowed. What fails is said on stderr. WR_EXIT_OK, else what to return. */
int wr_sender_kafka_create(struct wr_kafka_args *kafka, const struct wr_command *command,
			   const char *topic, long long timeout_ms, struct wr_progress *progress,
			   struct wr_sender **sender_r);

struct wr_http_target {
	const char *url;   /* without a path it is that of the ingest endpoint */
	const char *token; /* NULL: none */
	size_t batch_events;
	long long timeout_ms; /* how long a batch is tried */
};

/* Everything is copied. */
int wr_sender_http_create(const struct wr_http_target *target, const struct wr_command *command,
			  struct wr_progress *progress, struct wr_sender **sender_r);

#endif
