#include "config.h"

#include "cli/commands.h"

const struct wr_command *const wr_commands[] = {
    &wr_command_run,          &wr_command_check,
    &wr_command_schema,       &wr_command_plugin_info,
    &wr_command_reload,       &wr_command_rollback,
    &wr_command_generations,  &wr_command_status,
    &wr_command_top,          &wr_command_pause,
    &wr_command_resume,       &wr_command_log_level,
    &wr_command_tail,         &wr_command_send,
    &wr_command_claims_show,  &wr_command_claims_forget,
    &wr_command_offsets_show, &wr_command_offsets_reset,
    &wr_command_dlq_list,     &wr_command_dlq_show,
    &wr_command_dlq_stats,    &wr_command_dlq_replay,
    &wr_command_dlq_purge,    &wr_command_version,
    &wr_command_probe,        NULL,
};
