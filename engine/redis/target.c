#include "config.h"

#include "redis/target.h"

#include "redis/resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy(const char *text, bool *failed)
{
	char *mine = text != NULL ? strdup(text) : NULL;

	if (text != NULL && mine == NULL)
		*failed = true;
	return mine;
}

enum wr_code wr_redis_target_init(struct wr_redis_target *target, const struct wr_conf_redis *conf,
				  const char *pipeline)
{
	bool failed = false;
	char name[256];

	snprintf(name, sizeof(name), "weir:%s", pipeline);
	*target = (struct wr_redis_target){
	    .is_unix = conf->is_unix,
	    .host = copy(conf->host, &failed),
	    .port = conf->port,
	    .database = conf->database,
	    .username = copy(conf->username, &failed),
	    .password = copy(conf->password, &failed),
	    .client_name = copy(name, &failed),
	    .display = copy(conf->display, &failed),
	    .connect_timeout_ms = conf->connect_timeout_ms,
	    .command_timeout_ms = conf->command_timeout_ms,
	};
	return failed ? WR_ENOMEM : WR_OK;
}

void wr_redis_target_fini(struct wr_redis_target *target)
{
	if (target->password != NULL)
		explicit_bzero(target->password, strlen(target->password));
	free(target->host);
	free(target->username);
	free(target->password);
	free(target->client_name);
	free(target->display);
	*target = (struct wr_redis_target){.host = NULL};
}

static enum wr_code append_auth(const struct wr_redis_target *target, struct wr_buf *out)
{
	struct wr_bytes args[3] = {wr_bytes_of("AUTH")};
	size_t count = 1;

	if (target->username != NULL)
		args[count++] = wr_bytes_of(target->username);
	args[count++] = wr_bytes_of(target->password);
	return wr_resp_append(out, args, count);
}

static enum wr_code append_select(const struct wr_redis_target *target, struct wr_buf *out)
{
	char number[16];
	struct wr_bytes args[2] = {wr_bytes_of("SELECT")};

	snprintf(number, sizeof(number), "%d", target->database);
	args[1] = wr_bytes_of(number);
	return wr_resp_append(out, args, 2);
}

enum wr_code wr_redis_target_greet(const struct wr_redis_target *target, struct wr_buf *out,
				   size_t *commands_r)
{
	const struct wr_bytes set_name[] = {wr_bytes_of("CLIENT"), wr_bytes_of("SETNAME"),
					    wr_bytes_of(target->client_name)};
	enum wr_code rc = WR_OK;

	*commands_r = 0;
	if (target->password != NULL) {
		rc = append_auth(target, out);
		++*commands_r;
	}
	if (rc == WR_OK && target->database != 0) {
		rc = append_select(target, out);
		++*commands_r;
	}
	if (rc == WR_OK)
		rc = wr_resp_append(out, set_name, 3);
	++*commands_r;
	return rc;
}
