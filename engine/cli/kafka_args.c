#include "config.h"

#include "cli/kafka_args.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/pipeline_args.h"
#include "conf/load.h"
#include "kafka/client.h"

#include <stdlib.h>
#include <string.h>

void wr_kafka_args_init(struct wr_kafka_args *kafka)
{
	*kafka = (struct wr_kafka_args){.brokers = NULL};
}

void wr_kafka_args_fini(struct wr_kafka_args *kafka)
{
	size_t i;

	for (i = 0; i < kafka->given.count; i++) {
		free(kafka->given.items[i].name);
		wr_secret_free(&kafka->given.items[i].value);
	}
	free(kafka->given.items);
	free(kafka->chosen_brokers);
	free(kafka->chosen_consumer.items);
	free(kafka->chosen_producer.items);
	wr_conf_destroy(kafka->conf);
	*kafka = (struct wr_kafka_args){.brokers = NULL};
}

static bool add_property(struct wr_kafka_args *kafka, const char *text)
{
	struct wr_conf_properties *given = &kafka->given;
	const char *equals = strchr(text, '=');
	struct wr_conf_property *items, *item;

	items = realloc(given->items, (given->count + 1) * sizeof(*items));
	if (items == NULL)
		return false;
	given->items = items;
	item = &items[given->count];
	*item = (struct wr_conf_property){.name = strndup(text, (size_t)(equals - text)),
					  .value = strdup(equals + 1)};
	given->count++;
	return item->name != NULL && item->value != NULL;
}

bool wr_kafka_args_take(struct wr_kafka_args *kafka, const struct wr_args *args, int *exit_status_r)
{
	*exit_status_r = -1;
	if (wr_args_is(args, "brokers")) {
		kafka->brokers = args->value;
	} else if (wr_args_is(args, "config")) {
		kafka->config_file = args->value;
	} else if (!wr_args_is(args, "property")) {
		return false;
	} else if (strchr(args->value, '=') == NULL || args->value[0] == '=') {
		*exit_status_r = wr_args_wrong(
		    args->command, "-X wants NAME=VALUE, such as -X security.protocol=ssl");
		return false;
	} else if (!add_property(kafka, args->value)) {
		*exit_status_r = wr_args_wrong(args->command, "out of memory");
		return false;
	}
	return true;
}

/* The kafka section to use: the file's, or an empty one, with the brokers that were given. */
static int choose_kafka(struct wr_kafka_args *kafka, const struct wr_command *command,
			char *brokers, struct wr_conf_kafka *chosen)
{
	/* What dead letters are found and checked by, too. */
	static const char *const parts[] = {"kafka",
					    "pipelines[].name",
					    "pipelines[].source.topics",
					    "pipelines[].format",
					    "pipelines[].event_id",
					    "pipelines[].dlq.topic",
					    NULL};

	*chosen = (struct wr_conf_kafka){.brokers = brokers};
	if (kafka->config_file != NULL) {
		if (wr_cli_read_parts(kafka->config_file, parts, &kafka->conf) != WR_EXIT_OK)
			return WR_EXIT_WRONG;
		*chosen = kafka->conf->kafka;
	}
	if (kafka->brokers != NULL) {
		chosen->brokers = brokers;
	} else if (chosen->embedded) {
		return wr_args_wrong(command,
				     "%s uses the embedded broker, which lives inside 'weir run': "
				     "give the address that it printed with --brokers",
				     kafka->config_file);
	}
	return WR_EXIT_OK;
}

/* `chosen` borrows from the strings of `kafka`. */
static enum wr_code create_conf(struct wr_kafka_args *kafka, const struct wr_conf_kafka *chosen,
				rd_kafka_type_t type, const struct wr_kafka_setting *defaults,
				const struct wr_kafka_setting *settings, rd_kafka_conf_t **conf_r,
				struct wr_err *err)
{
	static const struct wr_kafka_name name = {
	    .instance = "cli", .pipeline = "client", .lane = -1};
	const struct wr_conf_properties *role =
	    type == RD_KAFKA_CONSUMER ? &chosen->consumer_properties : &chosen->producer_properties;
	enum wr_code rc = wr_kafka_conf_create(chosen, role, defaults, &name, conf_r, err);
	struct wr_kafka_setting one[] = {{NULL, NULL}, {NULL, NULL}};

	for (size_t i = 0; rc == WR_OK && i < kafka->given.count; i++) {
		one[0].name = kafka->given.items[i].name;
		one[0].value = kafka->given.items[i].value;
		rc = wr_kafka_conf_set(*conf_r, one, err);
	}
	if (rc == WR_OK)
		rc = wr_kafka_conf_set(*conf_r, settings, err);
	if (rc != WR_OK && *conf_r != NULL) {
		rd_kafka_conf_destroy(*conf_r);
		*conf_r = NULL;
	}
	return rc;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct wr_kafka_args *kafka = opaque;

	(void)rk;
	kafka->delivered(kafka->user, message);
}

/* The first reason why Kafka can't be reached is said; the client goes on trying by itself. */
static void failed(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
	struct wr_kafka_args *kafka = opaque;
	char text[512];

	(void)rk;
	if (kafka->noted || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return;
	kafka->noted = true;
	snprintf(text, sizeof(text), "kafka: %s; trying on", reason);
	if (kafka->note != NULL)
		kafka->note(kafka->user, text);
	else
		fprintf(stderr, "%s\n", text);
}

/* What matters comes through the error callback; librdkafka's log is for those who ask for it. */
static void choose_log(const struct wr_kafka_args *kafka)
{
	wr_log_set_level(WR_LOG_ERROR);
	for (size_t i = 0; i < kafka->given.count; i++) {
		if (strcmp(kafka->given.items[i].name, "debug") == 0)
			wr_log_set_level(WR_LOG_DEBUG);
	}
}

int wr_kafka_args_client(struct wr_kafka_args *kafka, const struct wr_command *command,
			 rd_kafka_type_t type, const struct wr_kafka_setting *defaults,
			 const struct wr_kafka_setting *settings, rd_kafka_t **rk_r)
{
	char *brokers = strdup(kafka->brokers != NULL ? kafka->brokers : "localhost:9092");
	struct wr_err err = {.text = "out of memory"};
	struct wr_conf_kafka chosen;
	rd_kafka_conf_t *conf = NULL;
	int exit_status;

	*rk_r = NULL;
	if (brokers == NULL)
		return wr_args_wrong(command, "out of memory");
	choose_log(kafka);
	exit_status = choose_kafka(kafka, command, brokers, &chosen);
	if (exit_status != WR_EXIT_OK)
		goto out;
	exit_status = WR_EXIT_USAGE;
	if (create_conf(kafka, &chosen, type, defaults, settings, &conf, &err) == WR_OK) {
		if (kafka->delivered != NULL)
			rd_kafka_conf_set_dr_msg_cb(conf, delivered);
		rd_kafka_conf_set_error_cb(conf, failed);
		rd_kafka_conf_set_opaque(conf, kafka);
		*rk_r = wr_kafka_client_create(type, &conf, &err);
	}
	if (*rk_r != NULL)
		exit_status = WR_EXIT_OK;
	else
		wr_args_wrong(command, "%s", err.text);
out:
	free(brokers);
	return exit_status;
}

/* One list behind the other; the texts stay theirs. */
static bool join(const struct wr_conf_properties *first, const struct wr_conf_properties *second,
		 struct wr_conf_properties *joined_r)
{
	joined_r->items = calloc(first->count + second->count + 1, sizeof(*joined_r->items));
	if (joined_r->items == NULL)
		return false;
	for (size_t i = 0; i < first->count; i++)
		joined_r->items[joined_r->count++] = first->items[i];
	for (size_t i = 0; i < second->count; i++)
		joined_r->items[joined_r->count++] = second->items[i];
	return true;
}

int wr_kafka_args_conf(struct wr_kafka_args *kafka, const struct wr_command *command,
		       struct wr_conf_kafka *chosen_r)
{
	int exit_status;

	kafka->chosen_brokers = strdup(kafka->brokers != NULL ? kafka->brokers : "localhost:9092");
	if (kafka->chosen_brokers == NULL)
		return wr_args_wrong(command, "out of memory");
	choose_log(kafka);
	exit_status = choose_kafka(kafka, command, kafka->chosen_brokers, chosen_r);
	if (exit_status != WR_EXIT_OK)
		return exit_status;
	if (!join(&chosen_r->consumer_properties, &kafka->given, &kafka->chosen_consumer) ||
	    !join(&chosen_r->producer_properties, &kafka->given, &kafka->chosen_producer))
		return wr_args_wrong(command, "out of memory");
	chosen_r->consumer_properties = kafka->chosen_consumer;
	chosen_r->producer_properties = kafka->chosen_producer;
	return WR_EXIT_OK;
}
