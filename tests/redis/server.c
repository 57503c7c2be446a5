#include "config.h"

#include "tests/redis/server.h"

#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define ARGS_MAX 64
#define START_TRIES 1000 /* of 10 ms */

struct redis_server {
	char folder[64];
	char socket_path[96];
	char port_text[16];
	int port;
	pid_t pid; /* 0: it does not run */
	char reply[8192];
};

bool redis_server_is_installed(void)
{
	if (system("redis-server --version >/dev/null 2>&1") == 0)
		return true;
	fprintf(stderr, "skipped: redis-server is not installed\n");
	return false;
}

static void nap(void)
{
	const struct timespec span = {0, 10000000};

	nanosleep(&span, NULL);
}

/* A port that was free a moment ago. */
static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	close(fd);
	return ntohs(at.sin_port);
}

struct redis_server *redis_server_new(void)
{
	struct redis_server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	snprintf(server->folder, sizeof(server->folder), "/tmp/weir-redis-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->socket_path, sizeof(server->socket_path), "%s/socket", server->folder);
	server->port = free_port();
	snprintf(server->port_text, sizeof(server->port_text), "%d", server->port);
	return server;
}

static void exec_server(const struct redis_server *server, const char *const *more)
{
	const char *args[ARGS_MAX] = {"redis-server",
				      "--port",
				      server->port_text,
				      "--bind",
				      "127.0.0.1",
				      "--unixsocket",
				      server->socket_path,
				      "--dir",
				      server->folder,
				      "--save",
				      "",
				      "--loglevel",
				      "warning",
				      "--maxmemory-policy",
				      "noeviction",
				      "--enable-debug-command",
				      "yes"};
	size_t count = 17;
	int null;

	for (; more != NULL && *more != NULL && count < ARGS_MAX - 1; more++)
		args[count++] = *more;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	null = open("/dev/null", O_WRONLY);
	dup2(null, STDOUT_FILENO);
	execvp(args[0], (char *const *)(uintptr_t)args);
	_exit(127);
}

void redis_server_start(struct redis_server *server, const char *const *more)
{
	redisContext *context;
	int tries;
	bool listens = false;

	unlink(server->socket_path);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		exec_server(server, more);
	for (tries = 0; tries < START_TRIES && !listens; tries++) {
		context = redisConnectUnix(server->socket_path);
		listens = context != NULL && context->err == 0;
		redisFree(context);
		if (!listens)
			nap();
		assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
	}
	assert_true(listens);
}

static void end(struct redis_server *server, int signal_number)
{
	int status;

	if (server->pid == 0)
		return;
	kill(server->pid, signal_number);
	while (waitpid(server->pid, &status, 0) < 0 && errno == EINTR)
		;
	server->pid = 0;
}

void redis_server_stop(struct redis_server *server)
{
	end(server, SIGTERM);
}

void redis_server_kill(struct redis_server *server)
{
	end(server, SIGKILL);
}

void redis_server_pause(struct redis_server *server)
{
	kill(server->pid, SIGSTOP);
}

void redis_server_resume(struct redis_server *server)
{
	kill(server->pid, SIGCONT);
}

void redis_server_free(struct redis_server *server)
{
	char command[128];

	redis_server_kill(server);
	snprintf(command, sizeof(command), "rm -rf '%s'", server->folder);
	assert_int_equal(system(command), 0);
	free(server);
}

int redis_server_port(const struct redis_server *server)
{
	return server->port;
}

static void format_reply(struct redis_server *server, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_INTEGER)
		snprintf(server->reply, sizeof(server->reply), "%lld", reply->integer);
	else if (reply->type == REDIS_REPLY_NIL || reply->type == REDIS_REPLY_ARRAY)
		snprintf(server->reply, sizeof(server->reply), "(nil)");
	else
		snprintf(server->reply, sizeof(server->reply), "%s", reply->str);
}

const char *redis_server_command(struct redis_server *server, const char *command)
{
	redisContext *context = redisConnectUnix(server->socket_path);
	redisReply *reply;

	assert_true(context != NULL && context->err == 0);
	reply = redisCommand(context, command);
	assert_non_null(reply);
	format_reply(server, reply);
	freeReplyObject(reply);
	redisFree(context);
	return server->reply;
}

struct wr_conf_redis redis_server_conf(const struct redis_server *server, bool by_unix)
{
	return (struct wr_conf_redis){
	    .configured = true,
	    .is_unix = by_unix,
	    .host = (char *)(uintptr_t)(by_unix ? server->socket_path : "127.0.0.1"),
	    .port = server->port,
	    .display = (char *)(uintptr_t)(by_unix ? server->socket_path : "redis://127.0.0.1"),
	    .connect_timeout_ms = 2000,
	    .command_timeout_ms = 2000,
	};
}
