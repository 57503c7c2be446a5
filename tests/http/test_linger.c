#include "config.h"

#include "tests/unit.h"

#include "http/linger.h"

#include <sys/socket.h>

struct fixture {
	struct wr_linger linger;
	struct wr_clock_fake clock;
	int ours, theirs;
};

static int set_up(void **state)
{
	static struct fixture f;
	int pair[2];

	wr_clock_fake_init(&f.clock, 0);
	if (wr_linger_init(&f.linger) != WR_OK || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return -1;
	f.ours = pair[0];
	f.theirs = pair[1];
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	wr_linger_fini(&f->linger);
	close(f->theirs);
	return 0;
}

static void serve(struct fixture *f)
{
	wr_linger_serve(&f->linger, 0, &f->clock.clock);
}

static void add_and_close(struct fixture *f)
{
	wr_linger_add(&f->linger, f->ours, f->clock.mono_ns);
	close(f->ours);
}

static void the_socket_outlives_its_descriptor_and_is_read(void **state)
{
	struct fixture *f = *state;
	char byte;

	add_and_close(f);
	assert_int_equal(recv(f->theirs, &byte, 1, 0), 0);
	assert_int_equal(send(f->theirs, "xyz", 3, MSG_NOSIGNAL), 3);
	serve(f);
	assert_int_equal(f->linger.count, 1);
	assert_int_equal(f->linger.sockets[0].left_bytes, WR_LINGER_BYTES - 3);
	assert_int_equal(send(f->theirs, "xyz", 3, MSG_NOSIGNAL), 3);
}

static void it_ends_when_the_other_side_closes(void **state)
{
	struct fixture *f = *state;

	add_and_close(f);
	serve(f);
	assert_int_equal(f->linger.count, 1);
	shutdown(f->theirs, SHUT_WR);
	serve(f);
	assert_int_equal(f->linger.count, 0);
}

static void it_ends_at_its_deadline(void **state)
{
	struct fixture *f = *state;

	add_and_close(f);
	wr_clock_fake_advance_ms(&f->clock, WR_LINGER_NS / WR_NS_PER_MS - 1);
	serve(f);
	assert_int_equal(f->linger.count, 1);
	wr_clock_fake_advance_ms(&f->clock, 1);
	serve(f);
	assert_int_equal(f->linger.count, 0);
	assert_int_equal(send(f->theirs, "x", 1, MSG_NOSIGNAL), -1);
}

static void it_ends_when_too_much_comes(void **state)
{
	struct fixture *f = *state;

	add_and_close(f);
	f->linger.sockets[0].left_bytes = 5;
	assert_int_equal(send(f->theirs, "abc", 3, MSG_NOSIGNAL), 3);
	serve(f);
	assert_int_equal(f->linger.count, 1);
	assert_int_equal(send(f->theirs, "abc", 3, MSG_NOSIGNAL), 3);
	serve(f);
	assert_int_equal(f->linger.count, 0);
}

static void only_so_many_linger(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < WR_LINGER_MAX + 3; i++)
		wr_linger_add(&f->linger, f->ours, f->clock.mono_ns);
	close(f->ours);
	assert_int_equal(f->linger.count, WR_LINGER_MAX);
	wr_clock_fake_advance_ms(&f->clock, WR_LINGER_NS / WR_NS_PER_MS);
	serve(f);
	assert_int_equal(f->linger.count, 0);
}

static void a_wake_ends_the_wait(void **state)
{
	struct fixture *f = *state;

	wr_linger_wake(&f->linger);
	wr_linger_serve(&f->linger, -1, &f->clock.clock);
	close(f->ours);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(the_socket_outlives_its_descriptor_and_is_read),
	    WITH_FIXTURE(it_ends_when_the_other_side_closes),
	    WITH_FIXTURE(it_ends_at_its_deadline),
	    WITH_FIXTURE(it_ends_when_too_much_comes),
	    WITH_FIXTURE(only_so_many_linger),
	    WITH_FIXTURE(a_wake_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
