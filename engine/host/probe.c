/* The engine's side of a probe. */
#include "config.h"

#include "host/probe.h"

#include "base/clock.h"
#include "base/own_program.h"
#include "host/probe_private.h"
#include "host/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX ((size_t)256 * 1024)
#define PROBLEMS_MAX 200
#define STEP_BYTES 300
#define PATH_BYTES 256
#define LOOK_NS (100 * WR_NS_PER_MS) /* how often it is asked whether it was given up */

extern char **environ;

/* ---- the request ---- */

enum wr_code wr_probe_request_init(struct wr_probe_request *request, struct wr_err *err)
{
	request->fd = memfd_create("weir-probe", MFD_CLOEXEC);
	if (request->fd < 0)
		return wr_err_set(err, WR_EIO, "no memory for a probe's request: %s",
				  strerror(errno));
	return WR_OK;
}

void wr_probe_request_fini(struct wr_probe_request *request)
{
	if (request->fd >= 0)
		close(request->fd);
	request->fd = -1;
}

static enum wr_code put_bytes(int fd, const void *bytes, size_t size)
{
	const char *data = bytes;

	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return WR_ENOMEM; /* the file is memory */
		data += n;
		size -= (size_t)n;
	}
	return WR_OK;
}

static enum wr_code put_head(struct wr_probe_request *request, enum wr_probe_tag tag, size_t size)
{
	const struct wr_probe_head head = {.tag = tag, .size = size};

	return put_bytes(request->fd, &head, sizeof(head));
}

static enum wr_code put(struct wr_probe_request *request, enum wr_probe_tag tag, const void *bytes,
			size_t size)
{
	enum wr_code rc = put_head(request, tag, size);

	return rc == WR_OK ? put_bytes(request->fd, bytes, size) : rc;
}

static enum wr_code put_text(struct wr_probe_request *request, enum wr_probe_tag tag,
			     const char *text)
{
	return put(request, tag, text, strlen(text));
}

enum wr_code wr_probe_request_text(struct wr_probe_request *request, const char *file,
				   struct wr_bytes text)
{
	enum wr_code rc = put_text(request, WR_PROBE_FILE, file);

	return rc == WR_OK ? put(request, WR_PROBE_TEXT, text.data, text.size) : rc;
}

enum wr_code wr_probe_request_plugin(struct wr_probe_request *request,
				     const struct wr_plugin_file *plugin)
{
	enum wr_code rc = put_text(request, WR_PROBE_NAME, plugin->name);

	if (rc == WR_OK)
		rc = put_text(request, WR_PROBE_COPY, plugin->copy);
	return rc == WR_OK ? put_text(request, WR_PROBE_HASH, plugin->sha256) : rc;
}

enum wr_code wr_probe_request_conf(struct wr_probe_request *request, const char *file,
				   struct wr_bytes text, const char *folder,
				   const struct wr_plugin_set *set)
{
	enum wr_code rc = wr_probe_request_text(request, file, text);

	if (rc == WR_OK)
		rc = put_text(request, WR_PROBE_FOLDER, folder);
	for (size_t i = 0; i < wr_plugin_set_size(set) && rc == WR_OK; i++) {
		struct wr_plugin_file plugin = wr_plugin_set_file(set, i);

		rc = wr_probe_request_plugin(request, &plugin);
	}
	return rc;
}

enum wr_code wr_probe_request_stage(struct wr_probe_request *request, uint32_t pipeline,
				    uint32_t stage)
{
	const struct wr_probe_stage place = {pipeline, stage};

	return put(request, WR_PROBE_STAGE, &place, sizeof(place));
}

enum wr_code wr_probe_request_state(struct wr_probe_request *request, const char *pipeline,
				    const char *stage, const struct wr_state *state)
{
	enum wr_code rc = put_text(request, WR_PROBE_PIPELINE, pipeline);

	if (rc == WR_OK)
		rc = put_text(request, WR_PROBE_STAGE_NAME, stage);
	for (size_t i = 0; i < state->count && rc == WR_OK; i++) {
		const struct wr_state_blob *blob = &state->blobs[i];
		const struct wr_probe_blob head = {blob->version, blob->slot, blob->slot_count};

		rc = put_head(request, WR_PROBE_BLOB, sizeof(head) + blob->data.size);
		if (rc == WR_OK)
			rc = put_bytes(request->fd, &head, sizeof(head));
		if (rc == WR_OK)
			rc = put_bytes(request->fd, blob->data.data, blob->data.size);
	}
	return rc;
}

/* ---- the child ---- */

/* Its descriptors: the request, nothing to write to but our stderr, the answer; none of the engine's. */
static int spawn(const char *program, int request_fd, int answer_fd, pid_t *child_r)
{
	char name[] = "weir", command[] = "probe", own[4096];
	char *argv[] = {name, command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int error;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	/* the request first: it may have the number that the answer gets */
	error = posix_spawn_file_actions_adddup2(&actions, request_fd, WR_PROBE_REQUEST_FD);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, answer_fd, WR_PROBE_ANSWER_FD);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, WR_PROBE_ANSWER_FD + 1);
	if (strcmp(program, WR_OWN_PROGRAM) == 0)
		program = wr_own_program(own, sizeof(own));
	if (error == 0)
		error = posix_spawn(child_r, program, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* ---- the answer ---- */

struct answer {
	const char *file;
	struct wr_problems *problems;
	struct wr_buf text;
	size_t read;  /* of text */
	size_t first; /* problems that were there before */
	char step[STEP_BYTES], step_path[PATH_BYTES];
	struct wr_conf_mark step_mark;
	bool done;
};

/* "<line> <column> <path>\t<text>". NULL when it is none; else the text. */
static const char *read_place(const char *rest, struct wr_conf_mark *mark, char path[PATH_BYTES])
{
	const char *tab = strchr(rest, '\t');
	char *end;

	if (tab == NULL)
		return NULL;
	mark->line = (unsigned)strtoul(rest, &end, 10);
	mark->column = (unsigned)strtoul(end, &end, 10);
	end += *end == ' ';
	snprintf(path, PATH_BYTES, "%.*s", end < tab ? (int)(tab - end) : 0, end);
	return tab + 1;
}

static void add_problem(struct answer *answer, const char *rest)
{
	struct wr_conf_mark mark;
	char path[PATH_BYTES], text[1024];
	const char *words = read_place(rest, &mark, path);

	if (words == NULL || answer->problems->count - answer->first >= PROBLEMS_MAX)
		return;
	wr_text_clean(text, sizeof(text), words);
	wr_problems_add(answer->problems, answer->file, mark, path, "%s", text);
}

static void note_step(struct answer *answer, const char *rest)
{
	const char *words = read_place(rest, &answer->step_mark, answer->step_path);

	if (words != NULL)
		wr_text_clean(answer->step, sizeof(answer->step), words);
}

static void read_line(struct answer *answer, const char *line)
{
	if (strncmp(line, "step ", 5) == 0)
		note_step(answer, line + 5);
	else if (strncmp(line, "problem ", 8) == 0)
		add_problem(answer, line + 8);
	else if (strcmp(line, "done") == 0)
		answer->done = true;
}

static void read_lines(struct answer *answer)
{
	char *end;

	while (answer->read < answer->text.size &&
	       (end = memchr(answer->text.data + answer->read, '\n',
			     answer->text.size - answer->read)) != NULL) {
		*end = '\0';
		read_line(answer, answer->text.data + answer->read);
		answer->read = (size_t)(end - answer->text.data) + 1;
	}
}

/* WR_OK at the end of the answer, WR_ETIMEDOUT, WR_ECLOSED when it was given up, WR_EINVAL when it says too much,
 * WR_ENOMEM. */
static enum wr_code listen(struct answer *answer, int fd, int64_t deadline_mono_ns,
			   const _Atomic bool *given_up)
{
	for (;;) {
		int64_t left = deadline_mono_ns - wr_clock_mono_ns(&wr_clock_real);
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		char part[4096];
		ssize_t n;

		if (given_up != NULL && atomic_load(given_up))
			return WR_ECLOSED;
		if (left <= 0)
			return WR_ETIMEDOUT;
		if (left > LOOK_NS)
			left = LOOK_NS;
		if (poll(&poll_fd, 1, (int)(left / WR_NS_PER_MS) + 1) <= 0)
			continue;
		n = read(fd, part, sizeof(part));
		if (n == 0)
			return WR_OK;
		if (n < 0 && errno != EINTR)
			return WR_EINVAL;
		if (n > 0 && wr_buf_append(&answer->text, part, (size_t)n) != WR_OK)
			return WR_ENOMEM;
		if (answer->text.size > ANSWER_BYTES_MAX)
			return WR_EINVAL;
		read_lines(answer);
		if (answer->done)
			return WR_OK;
	}
}

static enum wr_code did_not_finish(struct answer *answer, enum wr_code rc, int status,
				   int64_t deadline_ms)
{
	const struct wr_conf_mark at = answer->step_mark;
	const char *path = answer->step_path;
	char ended[64] = "ended the process";

	if (WIFSIGNALED(status))
		snprintf(ended, sizeof(ended), "crashed (signal %d, %s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return WR_EIO;
	if (answer->step[0] == '\0')
		snprintf(answer->step, sizeof(answer->step), "at its start");
	if (rc == WR_ETIMEDOUT)
		wr_problems_add(answer->problems, answer->file, at, path,
				"the probe did not come to its end within %lld ms: %s",
				(long long)deadline_ms, answer->step);
	else if (rc == WR_EINVAL)
		wr_problems_add(answer->problems, answer->file, at, path,
				"the probe gave no sense: %s", answer->step);
	else
		wr_problems_add(answer->problems, answer->file, at, path, "the probe %s: %s", ended,
				answer->step);
	return WR_EINVAL;
}

/* The child is gone when this returns. A plugin may have left a thread or a child of its own behind that keeps it. */
static int reap(pid_t child)
{
	int status = 0;

	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Its own end, if it comes by itself at once: what it died of. */
static int await(pid_t child, bool *gone_r)
{
	int status = 0;

	for (int i = 0; i < 50; i++) {
		if (waitpid(child, &status, WNOHANG) == child) {
			*gone_r = true;
			return status;
		}
		poll(NULL, 0, 10);
	}
	*gone_r = false;
	return status;
}

enum wr_code wr_probe_run(const char *program, const struct wr_probe_request *request,
			  const char *file, int64_t deadline_ms, const _Atomic bool *given_up,
			  struct wr_problems *problems)
{
	int64_t deadline = wr_clock_mono_ns(&wr_clock_real) + deadline_ms * WR_NS_PER_MS;
	struct answer answer = {
	    .file = file, .problems = problems, .text = WR_BUF_INIT, .first = problems->count};
	enum wr_code rc = WR_EIO;
	int ends[2], status = 0;
	bool gone = false;
	pid_t child;

	if (lseek(request->fd, 0, SEEK_SET) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return WR_EIO;
	if (spawn(program, request->fd, ends[1], &child) != 0) {
		close(ends[0]);
		close(ends[1]);
		return WR_EIO;
	}
	close(ends[1]);
	rc = listen(&answer, ends[0], deadline, given_up);
	if (rc == WR_OK && !answer.done)
		status = await(child, &gone);
	if (!gone)
		reap(child);
	close(ends[0]);
	if (!answer.done && rc != WR_ECLOSED)
		rc = rc == WR_ENOMEM ? rc : did_not_finish(&answer, rc, status, deadline_ms);
	wr_buf_fini(&answer.text);
	if (rc == WR_OK && problems->count > answer.first)
		rc = WR_EINVAL;
	return rc;
}
