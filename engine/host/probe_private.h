/*
 * What the two sides of a probe agree on: the request is a sequence of blocks, each a tag, a size and so many bytes;
 * the answer is lines: "step" or "problem <line> <column> <path>\t<text>", "done".
 */
#ifndef WR_HOST_PROBE_PRIVATE_H
#define WR_HOST_PROBE_PRIVATE_H

#include <stdint.h>

#define WR_PROBE_REQUEST_FD 0
#define WR_PROBE_ANSWER_FD 3

enum wr_probe_tag {
	WR_PROBE_FILE = 'F',   /* the name of the configuration */
	WR_PROBE_TEXT = 'T',   /* its text */
	WR_PROBE_FOLDER = 'D', /* of the copies */
	WR_PROBE_NAME = 'N',   /* of a plugin; its copy and its hash follow */
	WR_PROBE_COPY = 'C',
	WR_PROBE_HASH = 'H',
	WR_PROBE_STAGE = 'S',    /* struct wr_probe_stage */
	WR_PROBE_PIPELINE = 'P', /* whose state follows: the pipeline, the stage, then blobs */
	WR_PROBE_STAGE_NAME = 'G',
	WR_PROBE_BLOB = 'B' /* struct wr_probe_blob, then its bytes */
};

struct wr_probe_head {
	uint32_t tag;
	uint32_t reserved;
	uint64_t size;
};

struct wr_probe_stage {
	uint32_t pipeline, stage;
};

struct wr_probe_blob {
	uint32_t version, slot, slot_count;
};

#endif
