/*
 * What the files of the lane's fixture have of each other: the adapters that its lane is given, and the offsets that a commit or a
 * transaction brings.
 */
#ifndef WR_TESTS_RUN_LANE_FIXTURE_PRIVATE_H
#define WR_TESTS_RUN_LANE_FIXTURE_PRIVATE_H

#include "tests/run/lane_fixture.h"

enum wr_code fixture_make_source(void *arg, const struct wr_lane *lane, int wake_fd,
				 struct wr_source **source_r, struct wr_err *err);
enum wr_code fixture_make_sink(void *arg, const struct wr_lane *lane, int wake_fd,
			       wr_sink_done_fn done, void *done_arg, struct wr_sink **sink_r,
			       struct wr_err *err);
enum wr_code fixture_make_store(void *arg, const struct wr_lane *lane,
				struct wr_claim_store **store_r, struct wr_err *err);

/* Absent is "(absent)". */
void fixture_copy_text(char *to, size_t capacity, struct wr_bytes from);

void fixture_note_commits(const struct wr_source_commit *commits, size_t count);

#endif
