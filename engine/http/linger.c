#include "config.h"

#include "http/linger.h"

#include "base/check.h"
#include "base/code.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)
#define READS_A_TURN 16

enum wr_code wr_linger_init(struct wr_linger *linger)
{
	*linger = (struct wr_linger){.count = 0};
	wr_lock_init(&linger->lock);
	linger->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return linger->wake_fd >= 0 ? WR_OK : WR_EIO;
}

void wr_linger_fini(struct wr_linger *linger)
{
	size_t i;

	for (i = 0; i < linger->count; i++)
		close(linger->sockets[i].fd);
	if (linger->wake_fd >= 0)
		close(linger->wake_fd);
	linger->wake_fd = -1;
	wr_lock_fini(&linger->lock);
}

void wr_linger_wake(struct wr_linger *linger)
{
	(void)eventfd_write(linger->wake_fd, 1);
}

void wr_linger_add(struct wr_linger *linger, int fd, int64_t now_mono_ns)
{
	int copy;

	wr_lock_take(&linger->lock);
	if (linger->count < WR_LINGER_MAX) {
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy >= 0) {
			linger->sockets[linger->count++] = (struct wr_linger_socket){
			    copy, now_mono_ns + WR_LINGER_NS, WR_LINGER_BYTES};
			(void)shutdown(copy, SHUT_WR);
		}
	}
	wr_lock_release(&linger->lock);
	wr_linger_wake(linger);
}

/* Throws away what is there. False when the socket is over: the end, an error, or too much. */
static bool drain(struct wr_linger_socket *socket)
{
	char bytes[READ_BYTES];
	ssize_t size;
	int i;

	for (i = 0; i < READS_A_TURN; i++) {
		size = recv(socket->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (size < 0)
			return errno == EAGAIN || errno == EINTR;
		if (size == 0 || (size_t)size >= socket->left_bytes)
			return false;
		socket->left_bytes -= (size_t)size;
	}
	return true;
}

/* Reads from those that are readable and closes those that are over. New ones may have come behind `count`. */
static void settle(struct wr_linger *linger, const struct pollfd *fds, size_t count, int64_t now)
{
	struct wr_linger_socket socket;
	bool goes_on;
	size_t i;

	/* From the end, so that the last can take the place of the one that leaves. */
	for (i = count; i-- > 0;) {
		wr_lock_take(&linger->lock);
		socket = linger->sockets[i];
		wr_lock_release(&linger->lock);
		goes_on = socket.deadline_mono_ns > now;
		if (goes_on && fds[i].revents != 0)
			goes_on = drain(&socket);
		wr_lock_take(&linger->lock);
		linger->sockets[i] = goes_on ? socket : linger->sockets[--linger->count];
		wr_lock_release(&linger->lock);
		if (!goes_on)
			close(socket.fd);
	}
}

void wr_linger_serve(struct wr_linger *linger, int timeout_ms, const struct wr_clock *clock)
{
	struct pollfd fds[WR_LINGER_MAX + 1];
	eventfd_t ignored;
	size_t count, i;

	wr_lock_take(&linger->lock);
	count = linger->count;
	for (i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = linger->sockets[i].fd, .events = POLLIN};
	wr_lock_release(&linger->lock);
	fds[count] = (struct pollfd){.fd = linger->wake_fd, .events = POLLIN};
	if (poll(fds, count + 1, timeout_ms) < 0)
		return;
	if (fds[count].revents != 0)
		(void)eventfd_read(linger->wake_fd, &ignored);
	settle(linger, fds, count, wr_clock_mono_ns(clock));
}
