"""tests/soak/run: two engines, both delivery modes, and a random fault every ten seconds."""

import random
import signal
import time

import pytest
import redis as client
from harness import paths, walk
from harness.both import Both
from harness.load import Mixed
from harness.member import member
from harness.proxy import Proxy
from harness.wait import wait_until

EVERY_S, RATE = 10, 1000


class Soak:
    def __init__(self, site, kafka, redis, proxy, seed):
        self.site, self.kafka, self.redis, self.proxy = site, kafka, redis, proxy
        self.draw = random.Random(seed)
        self.both = Both(site)
        self.db = client.Redis.from_url(redis.url)
        config = self.both.config(
            {"lanes": 2, "batch": {"max_events": 100}},
            # A broker of Kafka 4.1 that comes back may forget to let dead members go (docs/delivery.md).
            kafka={
                "brokers": kafka.spoilt_brokers,
                "consumer_properties": {
                    "session.timeout.ms": 1500,
                    "heartbeat.interval.ms": 300,
                    "max.poll.interval.ms": 30000,
                },
            },
            redis={"url": f"redis://127.0.0.1:{proxy.port}", "command_timeout": "1s"},
        )
        binary = paths.weir(paths.FAILPOINT_BUILD)
        self.engines = [site.engine(config, name=name, binary=binary) for name in ("one", "two")]

    # Faults. Each leaves servers and network whole, and both engines running.

    def revive(self, engine):
        walk.arm(engine, None)
        engine.start()

    def engine_is_killed(self):
        engine = self.draw.choice(self.engines)
        engine.kill()
        self.revive(engine)

    def engine_is_stopped_in_good_order(self):
        engine = self.draw.choice(self.engines)
        engine.stop(60)
        self.revive(engine)

    def both_engines_are_killed(self):
        for engine in self.engines:
            engine.kill()
        for engine in self.engines:
            self.revive(engine)

    def engine_dies_at_a_failpoint(self):
        engine = self.draw.choice(self.engines)
        name = self.draw.choice(list(walk.names()))
        engine.kill()
        walk.arm(engine, f"{name}=kill@{self.draw.randint(1, 40)}")
        engine.start()
        until = time.monotonic() + 5
        while engine.alive() and time.monotonic() < until:
            time.sleep(0.1)
        if engine.alive():
            engine.kill()
        assert engine.process.returncode == -signal.SIGKILL, f"{name}\n{engine.log_tail()}"
        self.revive(engine)
        return name

    def engine_fails_at_a_failpoint(self):
        engine = self.draw.choice(self.engines)
        name = self.draw.choice([name for name, fails in walk.names().items() if fails])
        engine.stop(60)
        walk.arm(engine, f"{name}=error%5")
        engine.start()
        time.sleep(4)
        engine.stop(60)
        self.revive(engine)
        return name

    def engine_is_a_zombie(self):
        engine = self.draw.choice(self.engines)
        seconds = self.draw.choice([0.5, 2, 4])
        engine.pause()
        time.sleep(seconds)
        engine.resume()
        return seconds

    def group_is_stirred(self):
        with member(self.kafka, self.both.groups(), self.site.source):
            time.sleep(self.draw.uniform(0, 1))

    def broker_is_killed(self):
        self.kafka.kill()
        self.kafka.start()

    def broker_hangs(self):
        self.kafka.pause()
        time.sleep(3)
        self.kafka.resume()

    def redis_is_killed(self):
        self.redis.kill()
        self.redis.start()

    def redis_hangs(self):
        self.redis.pause()
        time.sleep(3)
        self.redis.resume()

    def redis_takes_no_writes(self):
        self.db.replicaof("127.0.0.1", self.redis.port)  # of itself: it never gets there
        time.sleep(2)
        self.db.replicaof("NO", "ONE")

    def network_is_bad(self):
        proxy = self.draw.choice([self.proxy, self.kafka.proxy])
        which = "redis" if proxy is self.proxy else "kafka"
        direction = self.draw.choice([proxy.up, proxy.down])
        how = self.draw.choice(["cut", "cut in an answer", "delay", "throttle", "blackhole", "refuse"])
        if how == "cut":
            for _ in range(5):
                proxy.cut()
                time.sleep(self.draw.uniform(0, 0.5))
        elif how == "cut in an answer":
            proxy.cut_mid_answer(self.draw.randint(1, 5000))
        elif how == "delay":
            direction.delay_s = self.draw.choice([0.05, 0.5, 3])
        elif how == "throttle":
            direction.bytes_per_s = 50_000
        elif how == "blackhole":
            direction.blackhole = True
        else:
            proxy.refuse()
        time.sleep(3)
        proxy.heal()
        return f"{which}: {how}"

    FAULTS = (
        engine_is_killed,
        engine_is_stopped_in_good_order,
        both_engines_are_killed,
        engine_dies_at_a_failpoint,
        engine_dies_at_a_failpoint,
        engine_fails_at_a_failpoint,
        engine_is_a_zombie,
        group_is_stirred,
        broker_is_killed,
        broker_hangs,
        redis_is_killed,
        redis_hangs,
        redis_takes_no_writes,
        network_is_bad,
        network_is_bad,
        network_is_bad,
    )

    def run(self, minutes):
        for engine in self.engines:
            engine.run()
        with Mixed(self.site.topics, self.site.source, rate=RATE) as load:
            began = time.monotonic()
            faults = 0
            while time.monotonic() - began < minutes * 60:
                due = time.monotonic() + EVERY_S
                fault = self.draw.choice(self.FAULTS)
                detail = fault(self)
                faults += 1
                print(f"{time.monotonic() - began:6.1f} s  {fault.__name__}  {detail or ''}", flush=True)
                for engine in self.engines:
                    assert engine.alive(), f"{engine.folder.name} died of it\n{engine.log_tail()}"
                time.sleep(max(0, due - time.monotonic()))
            load.stop()
        for engine in self.engines:
            engine.ready(120)
        self.both.finished(self.engines[0], 300)
        for engine in self.engines:
            engine.stop()
        return load, faults


@pytest.mark.soak
def test_soak_of_faults(request, site, own_kafka, own_redis):
    minutes = request.config.getoption("--soak")
    seed = request.config.getoption("--soak-seed")
    print(f"seed {seed}")
    site.kafka = site.topics.kafka = kafka = own_kafka("kafka-soak", proxied=True)
    redis = own_redis("redis-soak", "--aof", "--config", "appendfsync always")
    with Proxy(redis.port) as proxy:
        soak = Soak(site, kafka, redis, proxy, seed)
        load, faults = soak.run(minutes)
        wait_until(lambda: all(not e.alive() for e in soak.engines), 60, "the engines have ended")
        soak.both.check(f"soak: {minutes} minutes, {faults} faults", load, repeats_allowed=load.sent)
