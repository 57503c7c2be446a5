"""What a server, the network, the clock or the scheduler can do to an engine, in both delivery modes at once: nothing
is lost, nothing repeats in exactly_once, and in at_least_once only where a window had to be read again."""

import contextlib
import struct
import subprocess
import time
import types

import pytest
import redis as client
from harness import paths
from harness.both import Both
from harness.load import Mixed
from harness.proxy import Proxy
from harness.servers import free_port
from harness.wait import wait_until

RATE = 1500
WINDOW = 17 * 1000  # the batches in flight, and one being filled


@contextlib.contextmanager
def working(site, both, engine, **load):
    """An engine under load that has begun to work."""
    with Mixed(site.topics, site.source, rate=RATE, **load) as mixed:
        engine.run()
        both.goes_on(engine)
        yield mixed


def finish(both, engine, load, what, **allowed):
    load.stop()
    both.finished(engine)
    assert engine.stop() == 0
    both.check(what, load, **allowed)


def spoil(engine, harm, mend):
    """Harm is done until readiness says so; when it is mended the engine is ready by itself."""
    harm()
    engine.not_ready(30)
    mend()
    engine.ready(60)


# Redis


def redis_faults(server, proxy):
    """(name, harm, mend)."""
    db = client.Redis.from_url(server.url)
    nobody = free_port()
    return [
        ("killed, back with its append-only file", server.kill, server.start),
        ("out of memory", lambda: db.config_set("maxmemory", "1mb"), lambda: db.config_set("maxmemory", "0")),
        # Of a master that is not there: what it holds stays.
        ("a read-only replica", lambda: db.replicaof("127.0.0.1", nobody), lambda: db.replicaof("NO", "ONE")),
        ("answers come 5 s late", lambda: setattr(proxy.down, "delay_s", 5), proxy.heal),
        ("questions are swallowed", lambda: setattr(proxy.up, "blackhole", True), proxy.heal),
        ("answers are swallowed", lambda: setattr(proxy.down, "blackhole", True), proxy.heal),
        ("connections are refused", proxy.refuse, proxy.heal),
    ]


def test_redis_misbehaves(site, own_redis):
    server = own_redis("redis-faults", "--aof", "--config", "appendfsync always")
    both = Both(site)
    with Proxy(server.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        engine = site.engine(both.config(redis={"url": url, "command_timeout": "1s"}))
        with working(site, both, engine) as load:
            for name, harm, mend in redis_faults(server, proxy):
                print(name)
                spoil(engine, harm, mend)
                both.goes_on(engine)
            for after in (1, 7, 60, 100, 333, 1024):
                cuts = proxy.cuts
                proxy.cut_mid_answer(after)
                engine.until(lambda: proxy.cuts > cuts, 30, "an answer was cut")
                both.goes_on(engine)
            proxy.down.bytes_per_s = proxy.up.bytes_per_s = 20_000
            time.sleep(1)
            proxy.heal()
            # Nothing is read again: the lanes keep their batches while they wait.
            finish(both, engine, load, "Redis misbehaves")


@pytest.mark.parametrize("how", ["comes back empty", "fails over to a replica"])
def test_redis_loses_claims(site, own_redis, how):
    """Duplicates that upstream sends again may pass then. Nothing else."""
    server = own_redis("redis-empty")
    both = Both(site)
    with Proxy(server.port) as proxy:
        engine = site.engine(both.config(redis={"url": f"redis://127.0.0.1:{proxy.port}"}))
        with working(site, both, engine) as load:
            if how == "comes back empty":
                spoil(engine, server.kill, server.start)
            else:
                other = own_redis("redis-replica")
                db = client.Redis.from_url(other.url)
                db.replicaof("127.0.0.1", server.port)
                wait_until(lambda: db.info("replication")["master_link_status"] == "up", 30, "the replica follows")
                server.kill()
                db.replicaof("NO", "ONE")
                proxy.switch(other.port)
            both.goes_on(engine)
            finish(both, engine, load, f"Redis {how}", duplicates_pass=True)


# Kafka


@pytest.fixture
def network(kafka):
    yield kafka.proxy
    kafka.proxy.heal()


def test_the_network_to_kafka_is_bad(site, kafka, network):
    both = Both(site)
    engine = site.engine(both.config(kafka={"brokers": kafka.spoilt_brokers}))
    with working(site, both, engine) as load:
        network.up.delay_s = network.down.delay_s = 0.1
        both.goes_on(engine)
        network.heal()
        network.up.bytes_per_s = network.down.bytes_per_s = 300_000
        both.goes_on(engine)
        network.heal()
        for after in (3, 50, 700):
            cuts = network.cuts
            network.cut_mid_answer(after)
            engine.until(lambda: network.cuts > cuts, 30, "an answer was cut")
            both.goes_on(engine)
        for _ in range(5):
            network.cut()
            time.sleep(0.3)
        both.goes_on(engine)
        # Longer than the session: the group goes on without this engine.
        spoil(engine, lambda: setattr(network.up, "blackhole", True), network.heal)
        both.goes_on(engine)
        spoil(engine, network.refuse, network.heal)
        both.goes_on(engine)
        finish(both, engine, load, "the network to Kafka is bad", repeats_allowed=4 * WINDOW)


def test_the_broker_is_killed(site, own_kafka):
    site.kafka = site.topics.kafka = broker = own_kafka("kafka-killed")
    both = Both(site)
    engine = site.engine(both.config())
    with working(site, both, engine) as load:
        spoil(engine, broker.kill, broker.start)
        both.goes_on(engine)
        finish(both, engine, load, "the broker is killed", repeats_allowed=WINDOW)


def test_one_of_three_brokers_is_killed(site, own_kafka):
    site.kafka = site.topics.kafka = cluster = own_kafka("kafka-three", "--brokers", "3")
    both = Both(site, replicas=3, min_insync_replicas=2)
    brokers = ",".join(f"127.0.0.1:{cluster.port + n}" for n in range(3))
    engine = site.engine(both.config(kafka={"brokers": brokers}))
    with working(site, both, engine) as load:
        cluster.kill_one(2)
        # Leaders and coordinators move to the other two.
        both.goes_on(engine, 3000)
        cluster.start_one(2)
        both.goes_on(engine)
        finish(both, engine, load, "one of three brokers is killed", repeats_allowed=2 * WINDOW)


# The machine


def test_a_zombie_wakes(site):
    """An engine that is stopped past its session time-out, and goes on when another has taken its partitions."""
    both = Both(site)
    first, second = site.engine(both.config()), site.engine(both.config())
    with working(site, both, first) as load:
        for stopped, other in ((first, second), (second, first)):
            stopped.pause()
            if not other.alive():
                other.run()
            both.goes_on(other)
            stopped.resume()
            both.goes_on(other)
        finish(both, first, load, "a zombie wakes", repeats_allowed=2 * 2 * WINDOW)
        assert second.stop() == 0


@pytest.fixture
def clock(site):
    """Steps the wall clock of engines that run with its `env`."""
    source = paths.TOP / "tests" / "system" / "plugins" / "step_clock.c"
    site.folder.mkdir(exist_ok=True)
    library, file = site.folder / "step_clock.so", site.folder / "clock"
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o", library], check=True)

    def step(seconds):
        with open(file, "r+b" if file.exists() else "wb") as out:
            out.write(struct.pack("=q", seconds))

    step(0)
    return types.SimpleNamespace(step=step, env={"LD_PRELOAD": str(library), "CLOCK_STEP_FILE": str(file)})


def test_the_clock_is_stepped_by_an_hour(site, clock):
    """Deadlines are monotonic: neither retries nor sessions nor claims notice."""
    both = Both(site)
    session = {"consumer_properties": {"session.timeout.ms": 4000}}  # a slow machine is no death
    engine = site.engine(both.config(kafka=session), env=clock.env)
    hour = 3600
    with working(site, both, engine) as load:
        for step in (hour, 0, -hour):
            clock.step(step)
            # Long enough for a session to end, were it not kept alive.
            both.goes_on(engine, 5 * RATE)
            assert engine.readiness() == 200
        finish(both, engine, load, "the clock is stepped by an hour")
    hours = {line["ts"][:13] for line in engine.log_lines()}
    assert len(hours) > 1, "the engine's clock was not stepped"
