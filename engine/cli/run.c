/* weir run: the engine itself. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "cli/check_kafka.h"
#include "cli/commands.h"
#include "cli/preflight.h"
#include "cli/wiring.h"
#include "conf/load.h"
#include "host/generation.h"
#include "http/server.h"
#include "run/admin.h"
#include "run/engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_FILE "/etc/weir/weir.yaml"
#define PING_MS 1000
#define HTTP_DRAIN_MS 5000
#define HTTP_STOP_MS 1000
#define SAME_SIGNAL_MS 50

/* Everything that runs, in the order in which it is made; unmade backwards. */
struct service {
	const char *file;
	struct wr_conf *conf;
	struct wr_generation *generation;
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_board *board;
	struct wr_admin *api;
	struct wr_wiring wiring;
	struct wr_kafka_admin *admin;
	struct wr_http *http;
	struct wr_engine *engine;
	int signal_fd;
	bool stopping;
};

static int report(const struct wr_problems *problems)
{
	struct wr_buf text = WR_BUF_INIT;
	const char *shown;

	wr_problems_render(problems, &text);
	shown = wr_buf_text(&text);
	fputs(shown != NULL ? shown : "weir: no memory\n", stderr);
	wr_buf_fini(&text);
	return WR_EXIT_WRONG;
}

/* All that can be wrong with the files is said at once, before anything is started. */
static int load(struct service *s)
{
	struct wr_problems problems = WR_PROBLEMS_INIT;
	int status = WR_EXIT_OK;

	if (wr_conf_load(s->file, &s->conf, &problems) == WR_OK) {
		wr_check_kafka(s->conf, &problems);
		wr_generation_create(s->conf, 1, &s->generation, &problems);
	}
	if (problems.count > 0 || s->generation == NULL)
		status = report(&problems);
	wr_problems_fini(&problems);
	return status;
}

static void set_up_log(const struct wr_conf *conf)
{
	wr_log_set_level(conf->log_level);
	if (conf->log_format >= 0)
		wr_log_set_format((enum wr_log_format)conf->log_format);
}

static sigset_t stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

/* First of all: every thread made later inherits the mask, those of plugins too. */
static void block_signals(void)
{
	const sigset_t set = stop_signals();

	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* SIGTERM and SIGINT are read from a descriptor, those too that came meanwhile. */
static enum wr_code take_signals(struct service *s, struct wr_err *err)
{
	const sigset_t set = stop_signals();

	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return wr_err_set(err, WR_EIO, "signalfd: %s", strerror(errno));
	return WR_OK;
}

/* Waits for a signal to stop, up to timeout_ms. */
static bool is_told_to_stop(struct service *s, int timeout_ms)
{
	struct pollfd fd = {.fd = s->signal_fd, .events = POLLIN};
	struct signalfd_siginfo info;

	if (s->stopping || poll(&fd, 1, timeout_ms) <= 0)
		return s->stopping;
	if (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		s->stopping = true;
		WR_LOG(WR_LOG_INFO, "stopping", WR_INT("signal", info.ssi_signo),
		       WR_INT("timeout_ms", s->conf->shutdown_timeout_ms));
	}
	return s->stopping;
}

static void exit_at_once(int signal_number)
{
	_exit(128 + signal_number);
}

/* While the lanes finish their work, a second signal ends the process on the spot. Signals that come in the same
 * moment are one: some supervisors tell the process and its group. */
static void let_second_signal_kill(struct service *s)
{
	struct sigaction action = {.sa_handler = exit_at_once};
	const struct timespec moment = {0, SAME_SIGNAL_MS * 1000000};
	const sigset_t set = stop_signals();
	struct signalfd_siginfo info;

	nanosleep(&moment, NULL);
	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	close(s->signal_fd);
	s->signal_fd = -1;
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void watch_kafka(struct service *s)
{
	struct wr_err err;
	bool up = wr_kafka_admin_ping(s->admin, PING_MS, &err) == WR_OK;

	wr_health_set(s->health, "kafka", up, "no broker answers");
}

/* Kafka may come later than we: not ready until it has, and no lane starts before its topics are there. */
static enum wr_code await_topics(struct service *s, struct wr_err *err)
{
	enum wr_code rc;

	wr_health_set(s->health, "start", false, "waiting for Kafka");
	for (;;) {
		rc = wr_preflight_topics(&s->wiring, s->admin, err);
		if (rc != WR_EUNAVAILABLE)
			return rc;
		WR_LOG(WR_LOG_WARN, "waiting for Kafka", WR_STR("brokers", s->wiring.kafka.brokers),
		       WR_STR("reason", err->text));
		if (is_told_to_stop(s, PING_MS))
			return WR_ECLOSED;
	}
}

static enum wr_code start_http(struct service *s, struct wr_err *err)
{
	const struct wr_http_deps deps = {
	    .clock = &wr_clock_real,
	    .ingest = &s->conf->ingest,
	    .admin = &s->conf->admin,
	    .port = wr_admin_port(s->api),
	    .metrics = s->metrics,
	    .health = s->health,
	    .open_sink = wr_wiring_open_ingest,
	    .open_sink_arg = &s->wiring,
	    .max_waiting_bytes = s->conf->memory_bytes / 4,
	};
	enum wr_code rc;

	if (!s->conf->ingest.listener.configured && !s->conf->admin.configured)
		return WR_OK;
	rc = wr_http_create(&deps, &s->http, err);
	if (rc == WR_OK)
		rc = wr_http_start(s->http, err);
	return rc;
}

static enum wr_code start_engine(struct service *s, struct wr_err *err)
{
	struct wr_engine_options options = {
	    .generation = s->generation,
	    .adapters = &s->wiring.adapters,
	    .clock = &wr_clock_real,
	    .metrics = s->metrics,
	    .health = s->health,
	    .board = s->board,
	};
	enum wr_code rc;

	if (getrandom(&options.seed, sizeof(options.seed), 0) < 0)
		options.seed = (uint64_t)wr_clock_mono_ns(&wr_clock_real);
	rc = wr_engine_create(&options, &s->engine, err);
	return rc == WR_OK ? wr_engine_start(s->engine, err) : rc;
}

#ifdef WR_FAILPOINTS
static enum wr_code set_failpoints(struct wr_err *err)
{
	const char *spec = getenv("WEIR_FAILPOINTS");

	WR_LOG(WR_LOG_WARN, "failpoints are compiled in: this build is for tests only",
	       WR_STR("WEIR_FAILPOINTS", spec));
	return wr_failpoints_init(spec, (uint64_t)wr_clock_mono_ns(&wr_clock_real), err);
}
#endif

static enum wr_code make_api(struct service *s)
{
	const struct wr_admin_options options = {
	    .clock = &wr_clock_real,
	    .version = PACKAGE_VERSION,
	    .board = s->board,
	    .health = s->health,
	};
	enum wr_code rc = wr_admin_create(&options, &s->api);

	if (rc == WR_OK)
		wr_admin_set_generation(s->api, s->generation);
	return rc;
}

static enum wr_code make(struct service *s, struct wr_err *err)
{
	const struct wr_kafka_name name = {s->conf->instance, "admin", -1};
	enum wr_code rc = take_signals(s, err);

	if (rc == WR_OK)
		rc = wr_metrics_create(&s->metrics);
	if (rc == WR_OK)
		rc = wr_health_create(&wr_clock_real, &s->health);
	if (rc == WR_OK)
		rc = wr_board_create(&s->board);
	if (rc == WR_OK)
		rc = make_api(s);
	if (rc == WR_OK)
		rc = wr_wiring_init(&s->wiring, s->conf, &wr_clock_real, s->metrics, err);
	if (rc == WR_OK && s->wiring.embedded != NULL)
		WR_LOG(WR_LOG_INFO, "embedded broker started",
		       WR_STR("embedded_brokers", s->wiring.kafka.brokers),
		       WR_STR("note", "for trying out: it forgets everything at the end"));
	if (rc == WR_OK)
		rc = wr_kafka_admin_create(&s->wiring.kafka, &name, &s->admin, err);
	return rc;
}

static enum wr_code start(struct service *s, struct wr_err *err)
{
	enum wr_code rc;

	/* First, so that health can be asked while the rest is being waited for. */
	wr_health_set(s->health, "start", false, "starting");
	rc = start_http(s, err);
	if (rc == WR_OK)
		rc = await_topics(s, err);
	if (rc == WR_OK)
		rc = wr_preflight_stores(&s->wiring, err);
	if (rc == WR_OK)
		rc = start_engine(s, err);
	if (rc != WR_OK)
		return rc;
	wr_health_clear(s->health, "start");
	WR_LOG(WR_LOG_INFO, "weir runs", WR_STR("version", PACKAGE_VERSION),
	       WR_STR("file", s->file), WR_STR("instance", s->conf->instance),
	       WR_INT("pipelines", s->conf->pipeline_count));
	return WR_OK;
}

/* Half of the time at most: the lanes need the rest. */
static int http_drain_ms(const struct wr_conf *conf)
{
	int64_t half_ms = conf->shutdown_timeout_ms / 2;

	return half_ms < HTTP_DRAIN_MS ? (int)half_ms : HTTP_DRAIN_MS;
}

static int left_ms(int64_t deadline_mono_ns, int most_ms)
{
	int64_t left = (deadline_mono_ns - wr_clock_mono_ns(&wr_clock_real)) / WR_NS_PER_MS;

	if (left < 0)
		return 0;
	return left < most_ms ? (int)left : most_ms;
}

/* Ingest first: what it has taken is in Kafka before the lanes go. The admin listener tells of it all until they have
 * gone. */
static bool stop(struct service *s)
{
	int64_t deadline =
	    wr_clock_mono_ns(&wr_clock_real) + s->conf->shutdown_timeout_ms * WR_NS_PER_MS;
	bool clean = true;

	wr_health_set(s->health, "stop", false, "stopping");
	let_second_signal_kill(s);
	if (s->http != NULL)
		wr_http_drain(s->http, http_drain_ms(s->conf));
	if (s->engine != NULL)
		clean = wr_engine_stop(s->engine, deadline);
	if (s->http != NULL)
		wr_http_stop(s->http, left_ms(deadline, HTTP_STOP_MS));
	return clean;
}

static void unmake(struct service *s)
{
	wr_engine_destroy(s->engine);
	wr_http_destroy(s->http);
	wr_kafka_admin_destroy(s->admin);
	wr_wiring_fini(&s->wiring);
	wr_admin_destroy(s->api);
	wr_board_destroy(s->board);
	wr_health_destroy(s->health);
	wr_metrics_destroy(s->metrics);
	wr_generation_destroy(s->generation);
	wr_conf_destroy(s->conf);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}

static int serve(struct service *s)
{
	struct wr_err err = {.text = "no memory"};
	enum wr_code rc = make(s, &err);
	bool clean;

#ifdef WR_FAILPOINTS
	if (rc == WR_OK)
		rc = set_failpoints(&err);
#endif
	if (rc == WR_OK)
		rc = start(s, &err);
	while (rc == WR_OK && !is_told_to_stop(s, PING_MS))
		watch_kafka(s);
	if (rc != WR_OK && rc != WR_ECLOSED)
		WR_LOG(WR_LOG_ERROR, "weir does not start", WR_STR("reason", err.text));
	clean = s->health == NULL || stop(s);
	if (rc != WR_OK && rc != WR_ECLOSED)
		return WR_EXIT_WRONG;
	WR_LOG(WR_LOG_INFO, "stopped", WR_BOOL("everything_finished", clean));
	return WR_EXIT_OK;
}

static int run(const struct wr_command *command, int argc, char **argv)
{
	struct service s = {.file = NULL, .signal_fd = -1};
	struct wr_args args;
	int status;

	wr_args_begin(&args, command, argc, argv);
	while (wr_args_next(&args)) {
		if (args.option != NULL)
			continue;
		if (s.file != NULL)
			return wr_args_wrong(command, "one configuration file is enough: %s",
					     args.value);
		s.file = args.value;
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (s.file == NULL)
		s.file = DEFAULT_FILE;
	block_signals();
	status = load(&s);
	if (status == WR_EXIT_OK) {
		set_up_log(s.conf);
		status = serve(&s);
	}
	unmake(&s);
	return status;
}

const struct wr_command wr_command_run = {
    .name = "run",
    .summary = "run the engine",
    .usage = "[FILE]",
    .description =
	"Runs every pipeline of FILE (default " DEFAULT_FILE
	") until SIGTERM or SIGINT. It then takes\n"
	"nothing more, finishes and commits what is in flight (shutdown_timeout), leaves its\n"
	"consumer groups and exits 0. A second signal exits at once; what was in flight is then\n"
	"delivered again.\n",
    .options = NULL,
    .run = run,
};
