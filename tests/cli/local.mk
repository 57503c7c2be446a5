WR_CLI_TEST_LIBS = $(WR_CLI_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/cli/test_admin_client
tests_cli_test_admin_client_SOURCES = tests/cli/test_admin_client.c tests/cli/capture.h \
	tests/cli/admin_server.c tests/cli/admin_server.h
tests_cli_test_admin_client_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_args
tests_cli_test_args_SOURCES = tests/cli/test_args.c tests/cli/capture.h
tests_cli_test_args_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_claims
tests_cli_test_claims_SOURCES = tests/cli/test_claims.c tests/cli/capture.h tests/redis/server.c tests/redis/server.h
tests_cli_test_claims_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_commands
tests_cli_test_commands_SOURCES = tests/cli/test_commands.c tests/cli/capture.h
tests_cli_test_commands_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_instant
tests_cli_test_instant_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_lines
tests_cli_test_lines_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_offsets
tests_cli_test_offsets_SOURCES = tests/cli/test_offsets.c tests/cli/capture.h
tests_cli_test_offsets_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_progress
tests_cli_test_progress_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_record
tests_cli_test_record_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_reload
tests_cli_test_reload_SOURCES = tests/cli/test_reload.c tests/cli/capture.h \
	tests/cli/admin_server.c tests/cli/admin_server.h
tests_cli_test_reload_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_send_http
tests_cli_test_send_http_SOURCES = tests/cli/test_send_http.c tests/cli/capture.h
tests_cli_test_send_http_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_text_table
tests_cli_test_text_table_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_topic
tests_cli_test_topic_SOURCES = tests/cli/test_topic.c tests/cli/capture.h tests/dlq/cluster.h
tests_cli_test_topic_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_dlq
tests_cli_test_dlq_SOURCES = tests/cli/test_dlq.c tests/cli/capture.h tests/dlq/cluster.h
tests_cli_test_dlq_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_dlq_progress
tests_cli_test_dlq_progress_LDADD = $(WR_CLI_TEST_LIBS)
check_PROGRAMS += tests/cli/test_pretty
tests_cli_test_pretty_LDADD = $(WR_CLI_TEST_LIBS)

TESTS += tests/cli/test_completion.sh tests/cli/test_failpoints.sh tests/cli/test_man.sh tests/cli/test_weir.sh
EXTRA_DIST += tests/cli/test_completion.sh tests/cli/test_failpoints.sh tests/cli/test_man.sh tests/cli/test_weir.sh
tests/cli/test_completion.log: weir
tests/cli/test_failpoints.log: weir
tests/cli/test_man.log: weir
tests/cli/test_weir.log: weir plugins/passthrough.la
