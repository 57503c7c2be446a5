"""What becomes of an event by its verdict, and what stands in the headers of what is written."""

import time

import pytest

DEAD_HEADERS = {
    "weir-origin-topic",
    "weir-origin-partition",
    "weir-origin-offset",
    "weir-origin-timestamp",
    "weir-owner",
    "weir-event-id",
    "weir-pipeline",
    "weir-stage",
    "weir-plugin",
    "weir-plugin-version",
    "weir-class",
    "weir-code",
    "weir-message",
    "weir-attempts",
    "weir-first-failed-at",
    "weir-last-failed-at",
    "weir-replays",
    "weir-generation",
}


def run(site, records, config=None):
    """Sends records through an engine; returns (processed, dead, engine), the engine still running."""
    site.create_topics()
    site.topics.send(site.source, records)
    engine = site.engine(config).run()
    site.finished(engine)
    processed, dead = site.read()
    return processed, dead, engine


def one_dead(site, value, config=None, key="k"):
    processed, dead, engine = run(site, [(key, value)], config)
    assert not processed
    assert len(dead) == 1
    assert engine.outcomes()["dead_lettered"] == 1
    return dead[0]


def test_ok_goes_to_the_default_output_with_its_id(site):
    processed, dead, engine = run(site, [("the-key", '{"eventId":"e1","x":1}', [("trace", b"t1")])])
    assert not dead
    (record,) = processed
    assert (record.key, record.value) == (b"the-key", b'{"eventId":"e1","x":1}')
    assert record.headers["weir-event-id"] == "e1"
    assert record.headers["weir-generation"] == "1"
    assert record.headers["trace"] == "t1"
    assert engine.outcomes()["processed"] == 1


def test_drop_writes_nothing(site):
    processed, dead, engine = run(site, [("k", '{"eventId":"e1","do":"drop"}')])
    assert not processed and not dead
    assert engine.outcomes() == {"processed": 0, "dropped": 1, "duplicate": 0, "dead_lettered": 0}


def test_fail_is_dead_lettered_at_once_with_every_header(site):
    before = int(time.time() * 1000)
    site.create_topics()
    value = b'{"eventId":"e1", "do" : "fail"}'
    site.topics.send(site.source, [("the-key", value, [("trace", b"t1")])])
    (source,) = site.topics.read(site.source)
    engine = site.engine().run()
    site.finished(engine)
    processed, (dead,) = site.read()
    assert not processed
    # The event as it came, at the time of its failure: with its own it could fall to retention at once.
    assert (dead.key, dead.value) == (b"the-key", value)
    assert dead.timestamp_ms >= before
    headers = dead.headers
    assert headers["trace"] == "t1"
    missing = DEAD_HEADERS - headers.keys()
    assert not missing, f"no {missing}"
    names = [name for name, _ in dead.header_list]
    assert len(names) == len(set(names)), "a header stands twice"
    assert headers["weir-origin-topic"] == site.source
    assert headers["weir-origin-partition"] == str(source.partition)
    assert headers["weir-origin-offset"] == str(source.offset)
    assert headers["weir-origin-timestamp"] == str(source.timestamp_ms)
    assert site.source in headers["weir-owner"]
    assert headers["weir-event-id"] == "e1"
    assert headers["weir-pipeline"] == site.name
    assert headers["weir-stage"] == headers["weir-plugin"] == "scripted"
    assert headers["weir-plugin-version"] == "1.0.0"
    assert headers["weir-class"] == "permanent"
    assert headers["weir-code"] == "told-to"
    assert headers["weir-message"] == "told to fail"
    assert headers["weir-attempts"] == "1"
    assert headers["weir-replays"] == "0"
    assert headers["weir-generation"] == "1"
    assert headers["weir-first-failed-at"] == headers["weir-last-failed-at"]
    assert before <= milliseconds(headers["weir-first-failed-at"]) <= time.time() * 1000 + 1000


def milliseconds(text):
    """Of a time in a header: a number of milliseconds, or RFC 3339."""
    if text.isdigit():
        return int(text)
    import datetime

    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def test_no_result_is_a_failure(site):
    dead = one_dead(site, '{"eventId":"e1","do":"unset"}')
    assert dead.headers["weir-class"] == "permanent"
    assert dead.headers["weir-code"] == "no-result"


def test_retry_passes_when_the_handler_does(site):
    processed, dead, engine = run(site, [("k", '{"eventId":"e1","do":"retry","times":3}')])
    assert not dead
    assert [record.id for record in processed] == ["e1"]
    assert engine.metric("weir_retries_total") == 3
    assert engine.metric("weir_plugin_scripted_calls") + engine.metric("weir_plugin_scripted_calls_total") == 4


def test_retries_exhausted_are_dead_lettered(site):
    dead = one_dead(site, '{"eventId":"e1","do":"retry"}')
    assert dead.headers["weir-class"] == "exhausted"
    assert dead.headers["weir-attempts"] == "4"
    assert dead.headers["weir-code"] == "not-yet"
    assert milliseconds(dead.headers["weir-first-failed-at"]) <= milliseconds(dead.headers["weir-last-failed-at"])


def test_a_stage_overrides_the_number_of_attempts(site):
    stage = {"plugin": str(site.scripted / "scripted.so"), "retry": {"attempts": 2}}
    dead = one_dead(site, '{"eventId":"e1","do":"retry"}', site.config([site.pipeline(stages=[stage])]))
    assert dead.headers["weir-attempts"] == "2"


def test_backoff_grows_as_configured(site):
    retry = {"attempts": 4, "backoff": {"initial": "200ms", "factor": 2, "max": "10s", "jitter": "none"}}
    dead = one_dead(site, '{"eventId":"e1","do":"retry"}', site.config([site.pipeline(retry=retry)]))
    took = milliseconds(dead.headers["weir-last-failed-at"]) - milliseconds(dead.headers["weir-first-failed-at"])
    # 200 + 400 + 800 between the first failure and the last.
    assert 1390 <= took < 10000, "as one wait of the maximum would take"


def test_retry_after_of_the_handler_wins_over_the_policy(site):
    retry = {"attempts": 2, "backoff": {"initial": "1h", "max": "1h", "jitter": "none"}}
    dead = one_dead(site, '{"eventId":"e1","do":"retry","after_ms":700}', site.config([site.pipeline(retry=retry)]))
    took = milliseconds(dead.headers["weir-last-failed-at"]) - milliseconds(dead.headers["weir-first-failed-at"])
    assert 690 <= took < 600_000, "far from the hour"


def test_other_keys_go_on_while_one_waits(site):
    site.create_topics(partitions=1)
    retry = {"attempts": 2, "backoff": {"initial": "10m", "max": "10m", "jitter": "none"}}
    engine = site.engine(site.config([site.pipeline(retry=retry)])).run()
    site.topics.send(site.source, [("slow", '{"eventId":"s1","do":"retry"}'), ("slow", '{"eventId":"s2"}')])
    site.topics.send(site.source, [(f"k{i}", f'{{"eventId":"e{i}"}}') for i in range(10)])
    # They are run, though their batch can't be written before the waiting one is done.
    engine.until(lambda: engine.metric("weir_parked_events") >= 1, 30, "one waits")

    def calls():
        return engine.metric("weir_plugin_scripted_calls") + engine.metric("weir_plugin_scripted_calls_total")

    engine.until(lambda: calls() == 11, 30, "the other keys are run")
    assert site.topics.lag(site.group, site.source) == 12, "nothing is committed before the first is done"


@pytest.mark.parametrize(
    "value",
    [b"{", b"", b"null", b"[1,2]", b'"text"', b"\xff\xfe", b'{"eventId":1}{"eventId":2}', b'{"eventId":"a\xff"}'],
    ids=["broken", "empty", "null", "array", "string", "not-utf8", "two", "bad-utf8"],
)
def test_what_can_not_be_decoded_is_dead_lettered(site, value):
    dead = one_dead(site, value)
    assert dead.headers["weir-class"] == "decode"
    assert dead.headers["weir-message"]
    assert dead.value == value
    assert "weir-stage" not in dead.headers


@pytest.mark.parametrize(
    "literal",
    ["null", "true", "1.5", "1e400", "9007199254740992", "9007199254740993", "-9007199254740993", '"a\\u0000b"', '""', "{}", "[1]"],
)
def test_an_id_that_is_none_is_dead_lettered(site, literal):
    dead = one_dead(site, f'{{"eventId":{literal}}}')
    assert dead.headers["weir-class"] == "decode"


def test_an_event_without_an_id_is_dead_lettered(site):
    dead = one_dead(site, '{"other":1}')
    assert dead.headers["weir-class"] == "decode"


def test_missing_drop_drops_it(site):
    pipeline = site.pipeline(event_id={"missing": "drop"})
    processed, dead, engine = run(site, [("k", '{"other":1}'), ("k", '{"eventId":"e"}')], site.config([pipeline]))
    assert [record.id for record in processed] == ["e"]
    assert not dead
    assert engine.outcomes()["dropped"] == 1


def test_integers_and_strings_are_ids_and_not_mistaken_for_each_other(site):
    values = ['{"eventId":7}', '{"eventId":"7x"}', '{"eventId":9007199254740991}', '{"eventId":-7}']
    processed, dead, _ = run(site, [("k", value) for value in values])
    assert sorted(record.id for record in processed) == sorted(["7", "7x", "9007199254740991", "-7"])
    assert not dead


def test_a_tombstone_has_no_id_in_its_value(site):
    site.create_topics()
    site.topics.send(site.source, [("k", None)])
    engine = site.engine().run()
    site.finished(engine)
    _, (dead,) = site.read()
    assert dead.headers["weir-class"] == "decode"
    assert dead.value is None


def test_the_id_may_come_from_a_header_or_the_key(site):
    site.create_topics()
    raw = [(b"id-1", b"\x00\x01raw", [("ce_id", b"h-1")]), (b"id-1", b"\x02", [("ce_id", b"h-2")])]
    site.topics.send(site.source, raw)
    by_header = site.pipeline(event_id={"json": None, "header": "ce_id"}, format="raw")
    first = site.engine(site.config([by_header])).run()
    site.finished(first)
    assert sorted(record.id for record in site.topics.read(site.output)) == ["h-1", "h-2"]
    assert first.stop() == 0
    by_key = site.pipeline(
        name=f"{site.name}-k", source={"group": f"{site.group}-k"}, event_id={"json": None, "key": True}, format="raw"
    )
    second = site.engine(site.config([by_key])).run()
    site.finished(second, group=f"{site.group}-k")
    assert second.outcomes() == {"processed": 1, "dropped": 0, "duplicate": 1, "dead_lettered": 0}


def test_headers_of_weir_on_a_source_topic_are_dropped_never_believed(site):
    forged = [("weir-owner", b"forged"), ("weir-event-id", b"forged"), ("weir-class", b"forged"), ("own", b"stays")]
    processed, (dead,), _ = run(
        site, [("k", '{"eventId":"e1"}', forged), ("k", '{"eventId":"e2","do":"fail"}', forged)]
    )
    (record,) = processed
    assert record.headers["own"] == "stays"
    assert record.id == "e1"
    for written in (record, dead):
        assert b"forged" not in [value for _, value in written.header_list]
    assert dead.headers["weir-event-id"] == "e2"
    assert dead.headers["own"] == "stays"


def test_a_record_too_large_for_the_output_is_output_rejected_and_the_others_stand(site):
    site.topics.create(site.source, site.dlq, max_message_bytes=2 << 20)
    site.topics.create(site.output, max_message_bytes=2000)
    records = [(f"k{i}", f'{{"eventId":"e{i}"}}') for i in range(50)]
    records.insert(25, ("kb", '{"eventId":"big","do":"big","size":10000}'))
    site.topics.send(site.source, records)
    engine = site.engine().run()
    site.finished(engine)
    processed, (dead,) = site.read()
    assert sorted(record.id for record in processed) == sorted(f"e{i}" for i in range(50))
    assert dead.headers["weir-class"] == "output-rejected"
    assert dead.headers["weir-event-id"] == "big"
    message = dead.headers["weir-message"]
    assert message.startswith(f"topic {site.output} refused a record of 1"), message
    assert message.endswith("Message size too large; its max.message.bytes is 2000"), message
    assert dead.value == b'{"eventId":"big","do":"big","size":10000}', "the dead letter is the original"
    assert engine.readiness() == 200


def test_a_dead_letter_that_can_not_be_written_stops_commits_and_readiness(site):
    site.topics.create(site.source, site.output, partitions=1)
    site.topics.create(site.dlq, partitions=1, max_message_bytes=1 << 20)
    engine = site.engine().run()
    site.topics.set(site.dlq, max_message_bytes=100)
    site.topics.send(site.source, [("k", '{"eventId":"e0"}'), ("k", '{"eventId":"e1","do":"fail"}'), ("k", '{"eventId":"e2"}')])
    engine.not_ready(60)
    assert "dead-letter topic refuses" in engine.readiness_text()
    assert site.topics.count(site.dlq) == 0
    assert sum(site.topics.committed(site.group, site.source).values()) <= 1, "e1 is not committed"
    # With a DLQ that takes it, all goes on, if need be after a restart.
    site.topics.set(site.dlq, max_message_bytes=1 << 20)
    try:
        engine.ready(30)
    except AssertionError:
        engine.stop()
        engine.run()
    site.finished(engine)
    processed, dead = site.read()
    assert {record.id for record in processed} == {"e0", "e2"}
    assert [record.headers["weir-event-id"] for record in dead] == ["e1"]


def emitting(site, **config):
    stage = {"name": "split", "plugin": str(site.scripted / "scripted.so"), "config": {"outputs": ["alerts"], **config}}
    return site.config([site.pipeline(stages=[stage], outputs={"alerts": f"{site.name}.alerts"})])


def test_emits_go_to_their_output_under_ids_of_their_own(site):
    site.topics.create(f"{site.name}.alerts")
    config = emitting(site)
    processed, dead, engine = run(site, [("k", '{"eventId":"e1","do":"emit","to":"alerts","count":3}')], config)
    assert not dead
    assert [record.id for record in processed] == ["e1"]
    alerts = site.topics.read(f"{site.name}.alerts")
    assert sorted(record.id for record in alerts) == ["e1/split/0", "e1/split/1", "e1/split/2"]
    assert engine.metric("weir_emits_total") == 3


def test_a_splitter_emits_and_drops(site):
    site.topics.create(f"{site.name}.alerts")
    record = ("k", '{"eventId":"e1","do":"emit","to":"alerts","count":2,"then":"drop"}')
    processed, dead, engine = run(site, [record], emitting(site))
    assert not processed and not dead
    assert site.topics.count(f"{site.name}.alerts") == 2
    assert engine.outcomes()["dropped"] == 1


def test_emits_of_completed_stages_go_with_a_dead_letter_and_those_of_the_failing_stage_do_not(site):
    site.topics.create(f"{site.name}.alerts")
    config = emitting(site)
    # The first stage emits; the second fails: it does what the first does, but knows no outputs.
    config["pipelines"][0]["stages"].append({"name": "second", "plugin": str(site.scripted / "scripted.so")})
    processed, (dead,), _ = run(site, [("k", '{"eventId":"e1","do":"emit","to":"alerts"}')], config)
    assert not processed
    assert dead.headers["weir-stage"] == "second"
    assert [record.id for record in site.topics.read(f"{site.name}.alerts")] == ["e1/split/0"]


def test_a_handler_may_choose_a_named_output(site):
    site.topics.create(f"{site.name}.alerts")
    processed, dead, _ = run(site, [("k", '{"eventId":"e1","do":"route","to":"alerts"}')], emitting(site))
    assert not processed and not dead
    assert [record.id for record in site.topics.read(f"{site.name}.alerts")] == ["e1"]


def test_a_header_that_a_handler_sets_is_written(site):
    stage = {"plugin": str(site.scripted / "scripted.so"), "config": {"mark": "seen"}}
    processed, _, _ = run(site, [("k", '{"eventId":"e1"}')], site.config([site.pipeline(stages=[stage])]))
    assert processed[0].headers["seen"] == "e1"


def test_two_records_of_one_id_in_one_batch_are_processed_once(site):
    site.create_topics(partitions=1)
    site.topics.send(site.source, [("k", '{"eventId":"same"}')] * 5)
    engine = site.engine().run()
    site.finished(engine)
    assert engine.outcomes() == {"processed": 1, "dropped": 0, "duplicate": 4, "dead_lettered": 0}


@pytest.mark.parametrize("store", ["memory", "none"])
def test_claims_may_be_in_memory_or_nowhere(site, store):
    pipeline = site.pipeline(idempotency={"store": store})
    config = site.config([pipeline], redis=None)
    processed, _, engine = run(site, [("k", '{"eventId":"same"}')] * 3, config)
    assert len(processed) == (1 if store == "memory" else 3)
    assert engine.outcomes()["duplicate"] == (2 if store == "memory" else 0)


def test_claims_over_a_unix_socket_with_a_password_in_another_database(site, own_redis):
    redis = own_redis("redis-auth", "--password", "p%40ss/word")
    secret = site.folder / "secret"
    site.folder.mkdir(exist_ok=True)
    secret.write_text("p%40ss/word\n")
    config = site.config(redis={"url": f"unix://{redis.socket}?db=3", "password_file": str(secret)})
    processed, _, engine = run(site, [("k", '{"eventId":"one"}')] * 2, config)
    assert len(processed) == 1
    import redis as client

    keys = client.Redis.from_url(redis.url, password="p%40ss/word", db=3).keys("*")
    assert f"weir:{site.name}:e:one".encode() in keys
    assert "p%40ss" not in engine.log_text()


def test_a_wrong_password_refuses_the_start_and_is_said(site, own_redis):
    redis = own_redis("redis-wrong", "--password", "right")
    site.create_topics()
    url = redis.url.replace("redis://", "redis://:wrong@")
    engine = site.engine(site.config(redis={"url": url})).start()
    assert engine.exited() == 1
    assert "Redis refuses the user name or the password of redis.url" in engine.log_text()
    assert ":wrong@" not in engine.log_text()
