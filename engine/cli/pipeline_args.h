/*
 * The options of the subcommands that work on a pipeline's claims and marks: --config and --pipeline.
 */
#ifndef WR_CLI_PIPELINE_ARGS_H
#define WR_CLI_PIPELINE_ARGS_H

#include "cli/args.h"
#include "conf/conf.h"
#include "redis/access.h"

#define WR_PIPELINE_OPTIONS                                                            \
	{"config", 'c', "FILE", "the configuration that has the pipeline (required)"}, \
	{                                                                              \
		"pipeline", 'p', "NAME", "which pipeline, when the file has several"   \
	}

struct wr_pipeline_args {
	const char *config_file; /* borrowed from the command line; NULL: not given */
	const char *name;
	struct wr_conf *conf;
	const struct wr_conf_pipeline *pipeline; /* of `conf` */
};

void wr_pipeline_args_init(struct wr_pipeline_args *args);
void wr_pipeline_args_fini(struct wr_pipeline_args *args);

/* Takes the option that the walk found when it is one of WR_PIPELINE_OPTIONS. */
bool wr_pipeline_args_take(struct wr_pipeline_args *args, const struct wr_args *walk);

/* Reads the file and finds the pipeline. What is wrong is said on stderr. WR_EXIT_OK, WR_EXIT_WRONG, WR_EXIT_USAGE. */
int wr_pipeline_args_find(struct wr_pipeline_args *args, const struct wr_command *command);

/* Connects to the Redis of the pipeline's claims. What is wrong is said on stderr, also why there is none for
 * another store. WR_EXIT_OK, and the caller owns *access_r; WR_EXIT_WRONG. */
int wr_pipeline_args_access(const struct wr_pipeline_args *args, const struct wr_command *command,
			    struct wr_redis_access **access_r);

/* Reads a configuration; its problems are said on stderr. WR_EXIT_OK, and the caller owns *conf_r; WR_EXIT_WRONG. */
int wr_cli_read_config(const char *file, struct wr_conf **conf_r);

/* The same, but only these parts of it are asked for: see wr_conf_load_parts(). */
int wr_cli_read_parts(const char *file, const char *const *parts, struct wr_conf **conf_r);

/* Says on stderr "weir COMMAND: TEXT". Returns WR_EXIT_WRONG. */
int wr_cli_fail(const struct wr_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
