#include "config.h"

#include "tests/cli/admin_server.h"

#include "tests/unit.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>

#define ANSWERS_MAX 16

char admin_url[64];
struct admin_request admin_requests[16];
size_t admin_request_count;

static struct MHD_Daemon *server;
static struct admin_answer answers[ANSWERS_MAX];
static size_t answer_count;

static void copy_header(struct MHD_Connection *connection, const char *name, char *to, size_t size)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	snprintf(to, size, "%s", value != NULL ? value : "");
}

static enum MHD_Result reply(struct MHD_Connection *connection)
{
	size_t i = admin_request_count < answer_count ? admin_request_count - 1 : answer_count - 1;
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(answers[i].body), (void *)(uintptr_t)answers[i].body, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_queue_response(connection, answers[i].status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result add_query(void *arg, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	char *line = arg;
	size_t used = strlen(line);

	(void)kind;
	snprintf(line + used, 256 - used, "%c%s%s%s", strchr(line, '?') == NULL ? '?' : '&', name,
		 value != NULL ? "=" : "", value != NULL ? value : "");
	return MHD_YES;
}

/* The path stays as it was sent. */
static size_t unescape_nothing(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *connection, const char *path,
			     const char *method, const char *version, const char *data,
			     size_t *size_p, void **request_p)
{
	struct admin_request *request = *request_p;

	(void)arg;
	(void)version;
	if (request == NULL) {
		if (admin_request_count == UNIT_COUNT_OF(admin_requests))
			return MHD_NO;
		request = &admin_requests[admin_request_count++];
		memset(request, 0, sizeof(*request));
		snprintf(request->line, sizeof(request->line), "%s %s", method, path);
		MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query,
					  request->line);
		copy_header(connection, "Authorization", request->token, sizeof(request->token));
		copy_header(connection, "Content-Type", request->type, sizeof(request->type));
		copy_header(connection, "Weir-User", request->user, sizeof(request->user));
		*request_p = request;
		return MHD_YES;
	}
	if (*size_p == 0)
		return reply(connection);
	if (request->body_size + *size_p < sizeof(request->body)) {
		memcpy(request->body + request->body_size, data, *size_p);
		request->body_size += *size_p;
	}
	*size_p = 0;
	return MHD_YES;
}

int admin_server_start(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;

	(void)state;
	server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, NULL,
				  MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_UNESCAPE_CALLBACK,
				  unescape_nothing, NULL, MHD_OPTION_END);
	if (server == NULL)
		return -1;
	info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
	if (info == NULL)
		return -1;
	snprintf(admin_url, sizeof(admin_url), "http://127.0.0.1:%u", info->port);
	return 0;
}

int admin_server_stop(void **state)
{
	(void)state;
	MHD_stop_daemon(server);
	return 0;
}

void admin_server_will_answer(size_t count, const struct admin_answer *list)
{
	memcpy(answers, list, count * sizeof(*list));
	answer_count = count;
	admin_request_count = 0;
}
