/*
 * What an error reply of Redis means: for this key only, or for the store as a whole, and what a person can do
 * about it. Pure rules.
 */
#ifndef WR_REDIS_REFUSAL_H
#define WR_REDIS_REFUSAL_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define WR_REDIS_SENTENCE_BYTES 256

enum wr_redis_refusal {
	WR_REDIS_REFUSES_KEY,     /* the key holds something else: no other claim is concerned */
	WR_REDIS_REFUSES_SCRIPT,  /* it has forgotten the script: a new connection loads it again */
	WR_REDIS_REFUSES_FOR_NOW, /* may pass by itself: memory, failover, loading ... */
	WR_REDIS_REFUSES          /* passes when someone changes a setting */
};

/* Classifies the text of an error reply (without its "-") and puts a sentence for people into `sentence`, cut to
 * `size`, which never holds the arguments of the command. [any] */
enum wr_redis_refusal wr_redis_refusal_read(struct wr_bytes error, char *sentence, size_t size);

#endif
