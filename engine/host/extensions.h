/*
 * The optional capabilities of plugins: state that is handed over, things that only one instance can hold, a test of
 * itself. Each is called for one stage of the instances of a lane, while that lane calls no plugin.
 */
#ifndef WR_HOST_EXTENSIONS_H
#define WR_HOST_EXTENSIONS_H

#include "base/buf.h"
#include "host/instance.h"

#define WR_STATE_BYTES_MAX ((size_t)256 * 1024 * 1024) /* of one instance */

/* What one instance saved. */
struct wr_state_blob {
	uint32_t version;
	uint32_t slot, slot_count;
	struct wr_buf data;
};

struct wr_state {
	struct wr_state_blob *blobs;
	size_t count;
};

/* All blobs; a zeroed one is fine. */
void wr_state_fini(struct wr_state *state);
size_t wr_state_bytes(const struct wr_state *state);

/* Whether the plugin has the extension, and everything in it that weir needs. [any] */
bool wr_plugin_has_state(const struct wr_plugin *plugin);
bool wr_plugin_has_lifecycle(const struct wr_plugin *plugin);

/* Appends what the instance of that stage saves. WR_OK, WR_EREFUSED (err names the stage and the plugin's reason),
 * WR_ENOMEM. [any] */
enum wr_code wr_instances_save(struct wr_instances *instances, uint32_t stage,
			       struct wr_state *state, struct wr_err *err);

/* Gives it all blobs; without any nothing is called. WR_OK, WR_EREFUSED, WR_ENOMEM. [any] */
enum wr_code wr_instances_load(struct wr_instances *instances, uint32_t stage,
			       const struct wr_state *state, struct wr_err *err);

/* Without the extension they do nothing. Activating twice is a bug. WR_OK, WR_EREFUSED. [any] */
enum wr_code wr_instances_activate(struct wr_instances *instances, uint32_t stage,
				   struct wr_err *err);
void wr_instances_deactivate(struct wr_instances *instances, uint32_t stage);

enum wr_code wr_instances_selftest(struct wr_instances *instances, uint32_t stage,
				   struct wr_err *err);

#endif
