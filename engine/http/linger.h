/*
 * Sockets that are closed but still read for a moment. Closing a socket with unread bytes makes the kernel send a
 * reset, and a client that is still sending its body would lose the answer that tells it why. So the descriptor is
 * kept, shut down for writing, and what comes is thrown away until the client closes too, or a bound is met.
 */
#ifndef WR_HTTP_LINGER_H
#define WR_HTTP_LINGER_H

#include "base/clock.h"
#include "base/code.h"
#include "base/lock.h"

#include <stddef.h>
#include <stdint.h>

#define WR_LINGER_MAX 64
#define WR_LINGER_NS (2 * WR_NS_PER_S)
#define WR_LINGER_BYTES ((size_t)32 * 1024 * 1024)

struct wr_linger_socket {
	int fd;
	int64_t deadline_mono_ns;
	size_t left_bytes;
};

struct wr_linger {
	struct wr_lock lock;
	struct wr_linger_socket sockets[WR_LINGER_MAX]; /* [lock] */
	size_t count; /* [lock]; only wr_linger_serve() lowers it */
	int wake_fd;  /* an eventfd: ends a wait in serve() */
};

/* WR_OK or WR_EIO. */
enum wr_code wr_linger_init(struct wr_linger *linger);
void wr_linger_fini(struct wr_linger *linger);

/* Keeps a duplicate of `fd` and shuts it down for writing. When there is no room it does nothing. [any] */
void wr_linger_add(struct wr_linger *linger, int fd, int64_t now_mono_ns);

/* Waits up to timeout_ms for something to read or a wake, reads it, and closes what is over. One thread. */
void wr_linger_serve(struct wr_linger *linger, int timeout_ms, const struct wr_clock *clock);

/* Ends the wait of serve(). [any] */
void wr_linger_wake(struct wr_linger *linger);

#endif
