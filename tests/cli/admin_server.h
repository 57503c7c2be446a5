/*
 * A small server on loopback that answers requests as it is told, and remembers them: the admin API for tests of the
 * subcommands that ask it.
 */
#ifndef WR_TESTS_CLI_ADMIN_SERVER_H
#define WR_TESTS_CLI_ADMIN_SERVER_H

#include <stddef.h>

struct admin_answer {
	unsigned status;
	const char *body;
};

struct admin_request {
	char line[256]; /* "POST /admin/...?query" */
	char token[64];
	char type[64];
	char user[64];
	char body[4096];
	size_t body_size;
};

extern char admin_url[64];
extern struct admin_request admin_requests[16];
extern size_t admin_request_count;

int admin_server_start(void **state);
int admin_server_stop(void **state);

/* The answers to the next requests; the last one repeats. Forgets the requests so far. */
void admin_server_will_answer(size_t count, const struct admin_answer *answers);

#define WILL_ANSWER(...)                                                        \
	admin_server_will_answer(sizeof((struct admin_answer[]){__VA_ARGS__}) / \
				     sizeof(struct admin_answer),               \
				 (struct admin_answer[]){__VA_ARGS__})

#endif
