/*
 * The options of the subcommands that talk to Kafka by themselves: --brokers, --config, -X. The brokers and properties
 * of a configuration file are the defaults; -X goes over them.
 */
#ifndef WR_CLI_KAFKA_ARGS_H
#define WR_CLI_KAFKA_ARGS_H

#include "cli/args.h"
#include "conf/conf.h"

#include <librdkafka/rdkafka.h>

#define WR_KAFKA_OPTIONS                                                                          \
	{"brokers", 'b', "HOST:PORT,...", "where Kafka is; default: --config's, localhost:9092"}, \
	    {"config", 'c', "FILE", "take brokers and properties from a configuration of weir"},  \
	{                                                                                         \
		"property", 'X', "NAME=VALUE", "set a property of librdkafka (may be repeated)"   \
	}

struct wr_kafka_args {
	const char *brokers; /* borrowed from the command line; NULL: not given */
	const char *config_file;
	struct wr_conf_properties given; /* -X */
	struct wr_conf *conf;
	bool noted; /* that Kafka can't be reached */
	char *chosen_brokers;
	struct wr_conf_properties chosen_consumer, chosen_producer; /* the lists are owned */

	/* Set before the client is made: what it calls, and where it says that Kafka can't be reached. */
	void (*delivered)(void *user, const rd_kafka_message_t *message); /* of producers */
	void (*note)(void *user, const char *text);                       /* NULL: on stderr */
	void *user;
};

void wr_kafka_args_init(struct wr_kafka_args *kafka);
void wr_kafka_args_fini(struct wr_kafka_args *kafka);

/* Takes the option that the walk found when it is one of WR_KAFKA_OPTIONS. False when it is not, or when its value is
 * wrong: then *exit_status_r is WR_EXIT_USAGE and it was said, else -1. */
bool wr_kafka_args_take(struct wr_kafka_args *kafka, const struct wr_args *args,
			int *exit_status_r);

struct wr_kafka_setting; /* kafka/client.h */

/* Makes a client: the configuration file is read, then `settings` (ending at a NULL name) go over everything, but
 * `defaults` under it. `kafka` must outlive it. What fails is said on stderr. WR_EXIT_OK, WR_EXIT_WRONG or
 * WR_EXIT_USAGE. */
int wr_kafka_args_client(struct wr_kafka_args *kafka, const struct wr_command *command,
			 rd_kafka_type_t type, const struct wr_kafka_setting *defaults,
			 const struct wr_kafka_setting *settings, rd_kafka_t **rk_r);

/* The same as a configuration, for those who make their clients by themselves: -X stands behind the properties of each
 * role. Borrowed from `kafka`. What fails is said on stderr. WR_EXIT_OK, WR_EXIT_WRONG or WR_EXIT_USAGE. Once. */
int wr_kafka_args_conf(struct wr_kafka_args *kafka, const struct wr_command *command,
		       struct wr_conf_kafka *chosen_r);

#endif
