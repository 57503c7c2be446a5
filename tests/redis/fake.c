#include "config.h"

#include "tests/redis/fake.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RECEIVED_BYTES ((size_t)16 * 1024 * 1024)

struct fake {
	char folder[64];
	struct sockaddr_un at;
	int listener; /* -1: away */
	int fd;       /* -1: no connection */
	char *received;
};

struct fake *fake_new(void)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	snprintf(fake->folder, sizeof(fake->folder), "/tmp/weir-fake-XXXXXX");
	assert_non_null(mkdtemp(fake->folder));
	fake->at.sun_family = AF_UNIX;
	snprintf(fake->at.sun_path, sizeof(fake->at.sun_path), "%s/socket", fake->folder);
	fake->received = malloc(RECEIVED_BYTES);
	assert_non_null(fake->received);
	fake->fd = fake->listener = -1;
	fake_come_back(fake);
	return fake;
}

void fake_free(struct fake *fake)
{
	fake_hang_up(fake);
	fake_go_away(fake);
	rmdir(fake->folder);
	free(fake->received);
	free(fake);
}

void fake_come_back(struct fake *fake)
{
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fake->listener >= 0);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&fake->at, sizeof(fake->at)), 0);
	assert_int_equal(listen(fake->listener, 8), 0);
}

void fake_go_away(struct fake *fake)
{
	if (fake->listener < 0)
		return;
	close(fake->listener);
	unlink(fake->at.sun_path);
	fake->listener = -1;
}

struct wr_conf_redis fake_conf(const struct fake *fake)
{
	return (struct wr_conf_redis){
	    .configured = true,
	    .is_unix = true,
	    .host = (char *)(uintptr_t)fake->at.sun_path,
	    .display = (char *)(uintptr_t) "unix:fake",
	    .connect_timeout_ms = 1000,
	    .command_timeout_ms = 500,
	};
}

bool fake_accept(struct fake *fake)
{
	int fd = accept4(fake->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	fake_hang_up(fake);
	fake->fd = fd;
	return true;
}

const char *fake_received(struct fake *fake)
{
	size_t size = 0;
	ssize_t got;

	while ((got = recv(fake->fd, fake->received + size, RECEIVED_BYTES - 1 - size, 0)) > 0)
		size += (size_t)got;
	fake->received[size] = '\0';
	return fake->received;
}

size_t fake_drain(struct fake *fake, size_t size)
{
	ssize_t got = recv(fake->fd, fake->received, size, 0);

	return got > 0 ? (size_t)got : 0;
}

void fake_send_bytes(struct fake *fake, const void *data, size_t size)
{
	assert_int_equal(send(fake->fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

void fake_send(struct fake *fake, const char *text)
{
	fake_send_bytes(fake, text, strlen(text));
}

size_t fake_flood(struct fake *fake, char fill, size_t size)
{
	char block[4096];
	size_t sent = 0, now;
	ssize_t done;

	memset(block, fill, sizeof(block));
	while (sent < size) {
		now = size - sent < sizeof(block) ? size - sent : sizeof(block);
		done = send(fake->fd, block, now, MSG_NOSIGNAL);
		if (done < 0)
			break;
		sent += (size_t)done;
	}
	return sent;
}

void fake_hang_up(struct fake *fake)
{
	if (fake->fd >= 0)
		close(fake->fd);
	fake->fd = -1;
}

size_t fake_count(const char *text, const char *word)
{
	size_t count = 0;

	for (text = strstr(text, word); text != NULL; text = strstr(text + 1, word))
		count++;
	return count;
}
