/*
 * How many events a transaction may hold: any number, until one of them took too long. Then half of what it held, and so
 * on down to a single event, so that on a slow broker some transaction ends in time; up again step by step while those
 * that use their limit end well before it is too late. Pure; the caller brings the time. One thread.
 */
#ifndef WR_CORE_TXN_SIZE_H
#define WR_CORE_TXN_SIZE_H

#include <stdbool.h>
#include <stdint.h>

struct wr_txn_size {
	uint32_t limit; /* 0: none */
	uint32_t held;  /* events of the present transaction */
};

/* A transaction begins. [any] */
void wr_txn_size_begin(struct wr_txn_size *size);

/* Whether a batch of so many events may join. The first one always may: batches are not cut. [any] */
bool wr_txn_size_admits(const struct wr_txn_size *size, uint32_t events);

/* A batch joins. True: nothing more than it can. [any] */
bool wr_txn_size_add(struct wr_txn_size *size, uint32_t events);

/* The present transaction took too long. One of offsets alone changes nothing. [any] */
void wr_txn_size_too_long(struct wr_txn_size *size);

/* It was committed, after so much of the time that it has. [any] */
void wr_txn_size_committed(struct wr_txn_size *size, int64_t took_ns, int64_t longest_ns);

/* How many events of `most` a batch should hold. [any] */
uint32_t wr_txn_size_of_batch(const struct wr_txn_size *size, uint32_t most);

#endif
