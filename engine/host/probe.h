/*
 * Trying plugins in a child before the engine loads them: opening a file runs its constructors, and what hangs or
 * crashes there must not take the engine with it. The child is weir itself, exec'd; it gets a request, and answers in
 * lines that are read as what they are, the words of foreign code.
 *
 * The child: opens every plugin of a configuration from its copies, holds the configs to their schemas, and for the
 * stages that it is told creates an instance, has it test itself and gives it the state that it would take over.
 */
#ifndef WR_HOST_PROBE_H
#define WR_HOST_PROBE_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/load.h"
#include "host/extensions.h"
#include "host/plugin_store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A request being written, as a file in memory. */
struct wr_probe_request {
	int fd; /* -1: none */
};

enum wr_code wr_probe_request_init(struct wr_probe_request *request, struct wr_err *err);
void wr_probe_request_fini(struct wr_probe_request *request);

/* The configuration alone, and each plugin that is opened where it lies; once, or else the next. */
enum wr_code wr_probe_request_text(struct wr_probe_request *request, const char *file,
				   struct wr_bytes text);
enum wr_code wr_probe_request_plugin(struct wr_probe_request *request,
				     const struct wr_plugin_file *plugin);

/* The configuration and its plugins; once. */
enum wr_code wr_probe_request_conf(struct wr_probe_request *request, const char *file,
				   struct wr_bytes text, const char *folder,
				   const struct wr_plugin_set *set);

/* A stage to be tried, by its place. */
enum wr_code wr_probe_request_stage(struct wr_probe_request *request, uint32_t pipeline,
				    uint32_t stage);

/* The state of a stage that runs, by the names that it has there. */
enum wr_code wr_probe_request_state(struct wr_probe_request *request, const char *pipeline,
				    const char *stage, const struct wr_state *state);

/* Runs the child, `program` or WR_OWN_PROGRAM, and waits for its verdict up to deadline_ms, or until *given_up becomes true (NULL: never). What it
 * finds wrong, and how it ended if it did not come to its end, goes to problems. WR_OK: nothing was wrong. WR_EINVAL: see
 * problems. WR_ECLOSED: given up. WR_EIO: no child could be started. WR_ENOMEM. [any] */
enum wr_code wr_probe_run(const char *program, const struct wr_probe_request *request,
			  const char *file, int64_t deadline_ms, const _Atomic bool *given_up,
			  struct wr_problems *problems);

/* How long a child may take. */
#define WR_PROBE_MS 10000

/* All of it for a configuration whose text this is: tries its plugins where they lie, holds each stage's config to the
 * schema of its plugin, and with `creates` makes an instance of each stage and has it test itself. `conf` may be what
 * wr_conf_parse_all() made of a text that is wrong; then nothing is created. The codes of wr_probe_run(). [any] */
enum wr_code wr_probe_conf(const char *program, const struct wr_conf *conf, struct wr_bytes text,
			   bool creates, int64_t deadline_ms, const _Atomic bool *given_up,
			   struct wr_problems *problems);

/* The child's side: reads the request from descriptor 0 and answers on descriptor 3. Returns the exit status. */
int wr_probe_serve(void);

#endif
