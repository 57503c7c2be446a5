"""Fixtures: one Kafka and one Redis for a process that runs tests; for each test its own topics, engines and group."""

import itertools
import os
import re
import shutil
import subprocess
import types

import pytest
from harness import paths, report
from harness.engine import Engine, merge
from harness.servers import Kafka, Redis
from harness.topics import Topics


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="the full sizes: a million events and more")
    parser.addoption("--soak", type=float, default=0, help="for tests/soak/run: minutes")
    parser.addoption("--soak-seed", type=int, default=1, help="for tests/soak/run: which faults it draws")


def pytest_collection_modifyitems(config, items):
    away = [marker for marker in ("full", "soak") if not config.getoption(f"--{marker}")]
    left = [item for item in items if any(item.get_closest_marker(marker) for marker in away)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def pytest_sessionfinish(session, exitstatus):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tables"] = report.tables()
        return
    # A test that does not run tells nothing: that is a failure.
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = 1


TOGETHER = ("test_walk.py", "test_reload_kill.py", "test_quickstart.py", "test_install.py")  # each shares what is dear to make


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n: what shares goes to one process, and first; then it is one test after another."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return file if file.endswith(TOGETHER) else nodeid

    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """With -n: a process that ran a part of the tests has ended."""
    report.take(getattr(node, "workeroutput", {}).get("tables", {}))


def pytest_terminal_summary(terminalreporter):
    lines = report.lines()
    if lines:
        terminalreporter.section("counts")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture(scope="session")
def full(request):
    return request.config.getoption("--full")


@pytest.fixture(scope="session")
def run_folder():
    paths.RUN.mkdir(parents=True, exist_ok=True)
    return paths.RUN


@pytest.fixture(scope="session")
def kafka(run_folder):
    server = Kafka("kafka", proxied=True)
    server.start()
    yield server
    server.wipe()


@pytest.fixture(scope="session")
def redis(run_folder):
    server = Redis("redis", "--aof")
    server.start()
    yield server
    server.wipe()


@pytest.fixture
def own_redis(run_folder):
    """Makes a Redis of its own for a test that mistreats it."""
    made = []

    def make(name, *options):
        server = Redis(name, *options)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.wipe()


@pytest.fixture
def own_kafka(run_folder):
    """Makes a Kafka of its own for a test that mistreats it."""
    made = []

    def make(name, *options, proxied=False):
        server = Kafka(name, *options, proxied=proxied)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.wipe()


@pytest.fixture(scope="session")
def scripted(run_folder):
    """The folder of the tests' plugin, built as its author would: by the flags of weir.pc."""
    return build_plugin(run_folder, "scripted", "-lcjson").parent


@pytest.fixture(scope="session")
def threaded(run_folder):
    """A plugin whose constructor makes a thread."""
    return build_plugin(run_folder, "threaded", "-lpthread")


def build_plugin(run_folder, name, *libraries):
    source = paths.TOP / "tests" / "system" / "plugins" / f"{name}.c"
    folder = run_folder / "plugins"
    folder.mkdir(exist_ok=True)
    pkg_config = ["pkg-config", f"--define-variable=includedir={paths.TOP}/include", "--cflags", "--libs", "weir"]
    env = {**os.environ, "PKG_CONFIG_PATH": str(paths.BUILD)}
    flags = subprocess.run(pkg_config, env=env, check=True, capture_output=True, text=True).stdout.split()
    command = ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", source, *flags, *libraries]
    subprocess.run([*command, "-o", folder / f"{name}.so"], check=True)
    return folder / f"{name}.so"


_numbers = itertools.count(1)


@pytest.fixture
def site(request, kafka, redis, scripted, run_folder):
    """Everything one test needs, under names of its own."""
    name = f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())[:40].strip('-')}-{next(_numbers)}"
    # What a run that failed left there is none of this one's.
    shutil.rmtree(run_folder / name, ignore_errors=True)
    place = Site(name, run_folder / name, kafka, redis, scripted)
    yield place
    failed = getattr(request.node, "failed", False)
    place.end()
    if not failed:
        shutil.rmtree(place.folder, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    # The folder of a failed test stays, for its logs.
    outcome = yield
    if outcome.get_result().failed:
        item.failed = True


class Site(types.SimpleNamespace):
    """The names of a test, its topics, and engines over them."""

    def __init__(self, name, folder, kafka, redis, scripted):
        super().__init__(name=name, folder=folder, kafka=kafka, redis=redis, scripted=scripted)
        self.topics = Topics(kafka)
        self.source, self.output, self.dlq = f"{name}.in", f"{name}.out", f"{name}.dlq"
        self.group = f"{name}.group"
        self.engines = []

    def create_topics(self, partitions=4, **config):
        self.topics.create(self.source, partitions=partitions, **config)
        self.topics.create(self.output, self.dlq, partitions=partitions, max_message_bytes=2 << 20)

    def pipeline(self, **over):
        base = {
            "name": self.name,
            "source": {"topics": [self.source], "group": self.group},
            "event_id": {"json": "/eventId"},
            "delivery": "at_least_once",
            "idempotency": {"store": "redis", "ttl": "1h"},
            "retry": {"attempts": 4, "backoff": {"initial": "5ms", "factor": 2, "max": "50ms"}},
            "dlq": {"topic": self.dlq},
            "stages": [{"plugin": str(self.scripted / "scripted.so")}],
            "outputs": {"default": self.output},
        }
        return merge(base, over)

    def config(self, pipelines=None, **over):
        base = {
            "kafka": {
                "brokers": self.kafka.brokers,
                # A killed engine's partitions are free again after this.
                "consumer_properties": {"session.timeout.ms": 1500, "heartbeat.interval.ms": 300},
            },
            "redis": {"url": self.redis.url},
            "pipelines": pipelines or [self.pipeline()],
        }
        return merge(base, over)

    def engine(self, config=None, name=None, **more):
        name = name or f"weir-{len(self.engines) + 1}"
        engine = Engine(self.folder / name, config or self.config(), **more)
        self.engines.append(engine)
        return engine

    def finished(self, engine, seconds=120, group=None, source=None):
        """Waits until everything in the source topic is processed and committed."""
        engine.until(
            lambda: self.topics.lag(group or self.group, source or self.source) == 0,
            seconds,
            f"all of {source or self.source} is committed",
        )

    def read(self):
        """(processed, dead): records."""
        return self.topics.read(self.output), self.topics.read(self.dlq)

    def read_ids(self):
        return self.topics.read_ids(self.output), self.topics.read_ids(self.dlq)

    def end(self):
        for engine in self.engines:
            engine.end()
