"""Redis or Kafka goes away under load and comes back: nothing is lost, and work resumes by itself."""

import time

import pytest
from harness.events import assert_accounted
from harness.load import Load

AWAY_S = 10


def window(lanes=1):
    """What may repeat when a lane must read its window again: every batch in flight, and one being filled."""
    return lanes * 17 * 1000


def away(engine, server, how="stop"):
    """Stops the server for AWAY_S; readiness must be 503 meanwhile, and the process must live."""
    getattr(server, how)()
    began = time.monotonic()
    engine.not_ready(AWAY_S + 20)
    text = engine.readiness_text()
    while time.monotonic() - began < AWAY_S:
        assert engine.readiness() == 503
        assert engine.alive()
        time.sleep(0.5)
    server.resume() if how == "pause" else server.start()
    engine.ready(60)
    return text


def check_all_done(site, engine, load, repeats_allowed):
    load.stop()
    site.finished(engine, 120)
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids(), repeats_allowed=repeats_allowed)


@pytest.mark.parametrize("how", ["stop", "pause"])
def test_redis_is_away_for_ten_seconds(site, own_redis, how):
    redis = own_redis(f"redis-{how}", "--aof")
    site.create_topics()
    engine = site.engine(site.config(redis={"url": redis.url, "command_timeout": "1s"})).run()
    with Load(site.topics, site.source) as load:
        engine.until(lambda: engine.finished() > 5000, 60, "work goes on")
        text = away(engine, redis, how)
        assert site.name in text, f"readiness does not say which pipeline waits: {text}"
        done = engine.finished()
        engine.until(lambda: engine.finished() > done + 5000, 60, "work goes on again")
        # Nothing is read again: the lane keeps its batches while it waits.
        check_all_done(site, engine, load, 0)


def test_on_unavailable_process_goes_on_without_claims_and_counts(site, own_redis):
    redis = own_redis("redis-process")
    site.create_topics()
    pipeline = site.pipeline(idempotency={"on_unavailable": "process"})
    config = site.config([pipeline], redis={"url": redis.url, "command_timeout": "500ms", "connect_timeout": "500ms"})
    engine = site.engine(config).run()
    with Load(site.topics, site.source, rate=2000) as load:
        engine.until(lambda: engine.finished() > 2000, 60, "work goes on")
        redis.stop()
        done = engine.finished()
        engine.until(lambda: engine.finished() > done + 4000, 60, "work goes on without Redis")
        assert engine.metric("weir_claims_unchecked_total") > 0
        redis.start()
        engine.until(lambda: engine.metric("weir_claim_store_up") == 1, 60, "Redis is back")
        check_all_done(site, engine, load, 0)


def test_a_redis_without_memory_blocks_and_resumes(site, own_redis):
    """Redis refuses writes (maxmemory, noeviction): like being away, until there is room."""
    redis = own_redis("redis-full", "--maxmemory", "4mb")
    site.create_topics()
    engine = site.engine(site.config(redis={"url": redis.url})).run()
    with Load(site.topics, site.source) as load:
        engine.not_ready(120)
        import redis as client

        client.Redis.from_url(redis.url).config_set("maxmemory", "512mb")
        engine.ready(60)
        check_all_done(site, engine, load, 0)


def test_kafka_is_away_for_ten_seconds(site, own_kafka):
    site.kafka = kafka = own_kafka("kafka-away")
    site.topics.kafka = kafka
    site.create_topics()
    engine = site.engine(site.config()).run()
    with Load(site.topics, site.source) as load:
        engine.until(lambda: engine.finished() > 5000, 60, "work goes on")
        away(engine, kafka)
        done = engine.finished()
        engine.until(lambda: engine.finished() > done + 5000, 60, "work goes on again")
        check_all_done(site, engine, load, window())
