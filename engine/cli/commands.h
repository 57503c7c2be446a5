/*
 * The subcommands, one file each, and what chooses among them.
 */
#ifndef WR_CLI_COMMANDS_H
#define WR_CLI_COMMANDS_H

#include "cli/args.h"

extern const struct wr_command wr_command_check;
extern const struct wr_command wr_command_claims_forget;
extern const struct wr_command wr_command_claims_show;
extern const struct wr_command wr_command_generations;
extern const struct wr_command wr_command_log_level;
extern const struct wr_command wr_command_pause;
extern const struct wr_command wr_command_offsets_reset;
extern const struct wr_command wr_command_offsets_show;
extern const struct wr_command wr_command_dlq_list;
extern const struct wr_command wr_command_dlq_purge;
extern const struct wr_command wr_command_dlq_replay;
extern const struct wr_command wr_command_dlq_show;
extern const struct wr_command wr_command_dlq_stats;
extern const struct wr_command wr_command_plugin_info;
extern const struct wr_command wr_command_reload;
extern const struct wr_command wr_command_resume;
extern const struct wr_command wr_command_rollback;
extern const struct wr_command wr_command_run;
extern const struct wr_command wr_command_schema;
extern const struct wr_command wr_command_send;
extern const struct wr_command wr_command_status;
extern const struct wr_command wr_command_tail;
extern const struct wr_command wr_command_top;
extern const struct wr_command wr_command_probe;
extern const struct wr_command wr_command_version;

/* Runs what the command line asks for; the exit status of the process. `commands` ends at NULL. [main] */
int wr_commands_run(const struct wr_command *const *commands, int argc, char **argv);

/* All subcommands, in the order of the help; ends at NULL. */
extern const struct wr_command *const wr_commands[];

#endif
