/* weir run: the engine itself. */
#include "config.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "base/own_program.h"
#include "cli/check_kafka.h"
#include "cli/commands.h"
#include "cli/ingest_unread.h"
#include "cli/parked.h"
#include "cli/preflight.h"
#include "cli/wiring.h"
#include "conf/load.h"
#include "http/server.h"
#include "dlq/service.h"
#include "run/admin.h"
#include "run/reload.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
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
	bool strict;
	long long generation; /* a former one that is to run; 0: what the file says */
	struct wr_reload *reload;
	const struct wr_conf *conf; /* the first; lives as long as `reload` */
	struct wr_metrics *metrics;
	struct wr_health *health;
	struct wr_board *board;
	struct wr_admin *api;
	struct wr_dlq_service *dlq; /* NULL: nobody can ask */
	struct wr_wiring wiring;
	struct wr_kafka_admin *admin;
	struct wr_http *http;
	int signal_fd;
	bool stopping;
	_Atomic int64_t shutdown_timeout_ms; /* as the generation that runs says */
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

static void check(void *arg, const struct wr_conf *conf, struct wr_problems *problems)
{
	struct service *s = arg;

	wr_check_kafka(conf, problems);
	if (s->http != NULL)
		wr_http_prepare(s->http, conf, problems);
	else
		wr_http_check(conf, problems);
}

static void compare(void *arg, void (*tell)(void *tell_arg, const char *what), void *tell_arg)
{
	const struct service *s = arg;

	if (s->http != NULL)
		wr_http_compare(s->http, tell, tell_arg);
}

static enum wr_code parked(void *arg, const struct wr_conf_pipeline *pipeline, struct wr_err *err)
{
	const struct service *s = arg;

	return wr_parked_look(&s->wiring.kafka, s->conf->instance, pipeline, err);
}

static enum wr_code prepare(void *arg, const struct wr_conf *conf, bool rehearsal,
			    struct wr_err *err)
{
	struct service *s = arg;
	enum wr_code rc = wr_wiring_extend(&s->wiring, conf, rehearsal, err);

	if (rc == WR_OK && !rehearsal)
		rc = wr_preflight_topics(&s->wiring, s->admin, conf, err);
	return rc == WR_OK ? wr_preflight_stores(&s->wiring, conf, err) : rc;
}

static bool has_redrive(const struct wr_conf *conf)
{
	for (size_t i = 0; i < conf->pipeline_count; i++) {
		if (conf->pipelines[i].redrive.configured)
			return true;
	}
	return false;
}

/* Whether the redrive of a pipeline is this engine's: it is one engine's that has partition 0. */
static bool owns_first_partition(void *arg, const char *pipeline, const char *topic)
{
	struct service *s = arg;

	return wr_board_holds(s->board, pipeline, topic, 0) &&
	       !wr_board_pipeline_is_paused(s->board, pipeline);
}

/* Dead letters, for those who can ask, with an admin listener, and for redrives. The listener may be asked before there is
 * a pipeline, and a reload may bring the first. */
static enum wr_code start_dlq(struct service *s, const struct wr_conf *conf, struct wr_err *err)
{
	enum wr_code rc;

	if (s->dlq != NULL || (!s->conf->admin.configured && !has_redrive(conf)))
		return WR_OK;
	rc = wr_dlq_service_create(&s->wiring.kafka, conf, s->metrics, &s->dlq);
	if (rc != WR_OK)
		return wr_err_set(err, rc, "no memory for dead letters");
	wr_dlq_service_set_owner(s->dlq, owns_first_partition, s);
	return wr_dlq_service_start(s->dlq, err);
}

static void apply(void *arg, const struct wr_generation *generation)
{
	struct service *s = arg;
	struct wr_err err = {.text = "no memory"};
	enum wr_code rc;

	wr_log_set_level(generation->conf->log_level);
	atomic_store(&s->shutdown_timeout_ms, generation->conf->shutdown_timeout_ms);
	wr_admin_set_generation(s->api, generation);
	if (s->http != NULL)
		wr_http_apply(s->http);
	if (s->dlq != NULL)
		rc = wr_dlq_service_add(s->dlq, generation->conf);
	else
		rc = start_dlq(s, generation->conf, &err);
	if (rc != WR_OK)
		WR_LOG(WR_LOG_ERROR, "the dead letters of a new pipeline can't be shown",
		       WR_STR("reason", err.text));
}

/* All that can be wrong with the files is said at once, before anything is started. */
static int load(struct service *s)
{
	const struct wr_reload_options options = {
	    .file = s->file,
	    .strict = s->strict,
	    .generation = (uint64_t)s->generation,
	    .probe_program = WR_OWN_PROGRAM,
	    .clock = &wr_clock_real,
	    .hooks = {.arg = s,
		      .check = check,
		      .compare = compare,
		      .parked = parked,
		      .prepare = prepare,
		      .apply = apply},
	};
	struct wr_problems problems = WR_PROBLEMS_INIT;
	int status = WR_EXIT_OK;

	if (wr_reload_open(&options, &s->reload, &problems) != WR_OK)
		status = report(&problems);
	else if (problems.count > 0)
		report(&problems);
	if (s->reload != NULL) {
		s->conf = wr_reload_first(s->reload)->conf;
		atomic_store(&s->shutdown_timeout_ms, s->conf->shutdown_timeout_ms);
	}
	wr_problems_fini(&problems);
	return status;
}

/* It runs something else than its file says, and says so. */
static void tell_drift(const struct service *s)
{
	if (s->generation > 0)
		WR_LOG(
		    WR_LOG_WARN,
		    "a former generation runs, as asked for, whatever the configuration file says",
		    WR_STR("file", s->file), WR_INT("as", s->generation),
		    WR_INT("generation", wr_reload_first(s->reload)->number));
	else if (wr_reload_has_drifted(s->reload))
		WR_LOG(WR_LOG_ERROR,
		       "the configuration file is invalid: the last applied configuration runs",
		       WR_STR("file", s->file),
		       WR_INT("generation", wr_reload_first(s->reload)->number));
}

static void set_up_log(const struct wr_conf *conf)
{
	wr_log_set_level(conf->log_level);
	if (conf->log_format >= 0)
		wr_log_set_format((enum wr_log_format)conf->log_format);
}

/* Of a reload too: whoever sends SIGHUP before it can be done has it done then. */
static sigset_t signals_to_read(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
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
	const sigset_t set = signals_to_read();

	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* SIGTERM, SIGINT and SIGHUP are read from a descriptor, those too that came meanwhile. */
static enum wr_code take_signals(struct service *s, struct wr_err *err)
{
	const sigset_t set = signals_to_read();

	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return wr_err_set(err, WR_EIO, "signalfd: %s", strerror(errno));
	return WR_OK;
}

static void ask_for_reload(struct service *s)
{
	const struct wr_reload_request request = {.who = "SIGHUP"};
	struct wr_err err;

	if (wr_reload_submit(s->reload, &request, NULL, NULL, &err) != WR_OK)
		WR_LOG(WR_LOG_WARN, "SIGHUP: no reload", WR_STR("reason", err.text));
}

/* Waits for a signal to stop, up to timeout_ms. */
static bool is_told_to_stop(struct service *s, int timeout_ms)
{
	struct pollfd fd = {.fd = s->signal_fd, .events = POLLIN};
	struct signalfd_siginfo info;

	if (s->stopping || poll(&fd, 1, timeout_ms) <= 0)
		return s->stopping;
	if (read(s->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return s->stopping;
	if (info.ssi_signo == SIGHUP) {
		ask_for_reload(s);
		return s->stopping;
	}
	s->stopping = true;
	WR_LOG(WR_LOG_INFO, "stopping", WR_INT("signal", info.ssi_signo),
	       WR_INT("timeout_ms", atomic_load(&s->shutdown_timeout_ms)));
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
		rc = wr_preflight_topics(&s->wiring, s->admin, s->conf, err);
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
	    .dlq = wr_dlq_service_port(s->dlq),
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
	    .adapters = &s->wiring.adapters,
	    .clock = &wr_clock_real,
	    .metrics = s->metrics,
	    .health = s->health,
	    .board = s->board,
	};
	enum wr_code rc;

	if (getrandom(&options.seed, sizeof(options.seed), 0) < 0)
		options.seed = (uint64_t)wr_clock_mono_ns(&wr_clock_real);
	rc = wr_reload_start(s->reload, &options, err);
	if (rc == WR_OK)
		wr_admin_open_reload(s->api, s->reload);
	return rc;
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
		wr_admin_set_generation(s->api, wr_reload_first(s->reload));
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
	rc = start_dlq(s, s->conf, err);
	if (rc == WR_OK)
		rc = start_http(s, err);
	if (rc == WR_OK)
		rc = await_topics(s, err);
	if (rc == WR_OK)
		rc = wr_preflight_stores(&s->wiring, s->conf, err);
	if (rc == WR_OK)
		rc = start_engine(s, err);
	if (rc != WR_OK)
		return rc;
	wr_health_clear(s->health, "start");
	WR_LOG(WR_LOG_INFO, "weir runs", WR_STR("version", PACKAGE_VERSION),
	       WR_STR("file", s->file), WR_STR("instance", s->conf->instance),
	       WR_INT("pipelines", s->conf->pipeline_count));
	wr_ingest_unread_log(s->conf);
	return WR_OK;
}

/* Half of the time at most: the lanes need the rest. */
static int http_drain_ms(int64_t timeout_ms)
{
	int64_t half_ms = timeout_ms / 2;

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
	int64_t timeout_ms = atomic_load(&s->shutdown_timeout_ms);
	int64_t deadline = wr_clock_mono_ns(&wr_clock_real) + timeout_ms * WR_NS_PER_MS;
	bool clean;

	/* From when it is said that the engine stops, another signal kills. */
	let_second_signal_kill(s);
	wr_health_set(s->health, "stop", false, "stopping");
	if (s->http != NULL)
		wr_http_drain(s->http, http_drain_ms(timeout_ms));
	clean = wr_reload_stop(s->reload, deadline);
	if (s->api != NULL)
		wr_admin_close_reload(s->api);
	if (s->http != NULL)
		wr_http_stop(s->http, left_ms(deadline, HTTP_STOP_MS));
	wr_dlq_service_stop(s->dlq);
	return clean;
}

/* The lanes are gone before their generation is, and what they use of ours after them. */
static void unmake(struct service *s)
{
	wr_http_destroy(s->http);
	if (s->api != NULL)
		wr_admin_set_generation(s->api, NULL);
	wr_reload_close(s->reload);
	wr_dlq_service_stop(s->dlq);
	wr_dlq_service_destroy(s->dlq);
	wr_kafka_admin_destroy(s->admin);
	wr_wiring_fini(&s->wiring);
	wr_admin_destroy(s->api);
	wr_board_destroy(s->board);
	wr_health_destroy(s->health);
	wr_metrics_destroy(s->metrics);
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
		if (wr_args_is(&args, "strict")) {
			s.strict = true;
			continue;
		}
		if (wr_args_is(&args, "generation")) {
			if (!wr_args_number(&args, 1, LLONG_MAX, &s.generation))
				return WR_EXIT_USAGE;
			continue;
		}
		if (s.file != NULL)
			return wr_args_wrong(command, "one configuration file is enough: %s",
					     args.value);
		s.file = args.value;
	}
	if (args.exit_status >= 0)
		return args.exit_status;
	if (s.strict && s.generation > 0)
		return wr_args_wrong(command, "takes --strict or --generation, not both");
	if (s.file == NULL)
		s.file = DEFAULT_FILE;
	block_signals();
	status = load(&s);
	if (status == WR_EXIT_OK) {
		set_up_log(s.conf);
		tell_drift(&s);
		status = serve(&s);
	}
	unmake(&s);
	return status;
}

static const struct wr_option options[] = {
    {"strict", 0, NULL, "don't start when FILE is invalid, whatever was applied last"},
    {"generation", 0, "N", "run this former generation, whatever FILE says"},
    {NULL, 0, NULL, NULL},
};

const struct wr_command wr_command_run = {
    .name = "run",
    .summary = "run the engine",
    .usage = "[--strict | --generation N] [FILE]",
    .description =
	"Runs every pipeline of FILE (default " DEFAULT_FILE
	") until SIGTERM or SIGINT. It then takes\n"
	"nothing more, finishes and commits what is in flight (shutdown_timeout), leaves its\n"
	"consumer groups and exits 0. A second signal exits at once; what was in flight is then\n"
	"delivered again.\n"
	"SIGHUP reads FILE again and goes over to it without losing an event; so does\n"
	"POST /admin/reload. When FILE is invalid at the start, the configuration that was applied\n"
	"last runs instead, and a log line and the metric weir_config_drift say so.\n"
	"--generation runs one of the last ten as it was kept, when what FILE says can't run long\n"
	"enough for weir rollback; weir generations --offline lists them.\n",
    .options = options,
    .run = run,
};
