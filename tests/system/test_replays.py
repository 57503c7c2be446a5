"""Replays all the way round: from the dead-letter topic through the lane, each processed once."""

import contextlib
import json
import subprocess
import time
from collections import Counter

import pytest
from harness import http, paths, report
from harness.dependency import Dependency
from harness.events import event


def weir(site, verb, *options, status=0):
    """What `weir dlq VERB --json` of this site's pipeline prints."""
    where = ["-b", site.kafka.brokers, "-t", site.dlq, "-p", site.name]
    words = [str(word) for word in (paths.weir(), "dlq", verb, "--json", *where, *options)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def test_the_first_replay_is_taken_at_once(site):
    site.create_topics()
    engine = site.engine().run()
    assert len(site.topics.partitions(f"{site.name}.retry.0")) == 4
    site.topics.send(site.source, [("k", event("e1", do="retry"))])
    engine.until(lambda: site.topics.count(site.dlq) == 1, 60, "there is a dead letter")
    weir(site, "replay", "--all")
    # Far less than it takes to find a new topic.
    engine.until(lambda: site.topics.count(site.dlq) == 2, 15, "the replay has failed as well")


def test_an_engine_that_may_not_make_the_topic_of_replays_says_so_and_starts(site):
    site.create_topics()
    engine = site.engine(site.config(kafka={"create_topics": False})).run()
    (line,) = [line for line in engine.log_lines() if "topic for replays" in line["msg"]]
    assert line["level"] == "info" and line["topic"] == f"{site.name}.retry.0"
    assert "--create --topic" in line["reason"]
    assert not site.topics.exists(f"{site.name}.retry.0")


@pytest.fixture
def dependency(site):
    return Dependency(site)


def fail_all(site, dependency, count, **over):
    """An engine whose `count` events are dead letters, because what is behind it was away for a while."""
    site.create_topics()
    dependency.go()
    engine = site.engine(site.config([dependency.pipeline(**over)])).run()
    site.topics.send(site.source, [(f"k{i}", event(f"e{i:05d}", i=i)) for i in range(count)])
    engine.until(lambda: len(site.topics.read_ids(site.dlq)) == count, 60, "all are dead letters")
    site.finished(engine)
    dependency.come_back()
    return engine, Counter(f"e{i:05d}" for i in range(count))


def ids_of_letters(site):
    return [item["id"] for item in weir(site, "list", "--limit", 1000)["items"]]


def calls_of(engine, stage):
    return engine.metric("weir_stage_seconds_count", stage=stage)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_one_many_and_all_are_processed_once_from_where_was_asked(site, dependency, delivery):
    first = {"name": "first", "plugin": str(site.scripted / "scripted.so")}
    stages = [first, {"name": "second", **dependency.stage()}]
    engine, sent = fail_all(site, dependency, 20, delivery=delivery, stages=stages)
    ids = ids_of_letters(site)

    def replay(*options, processed):
        done = weir(site, "replay", *options)["counts"]["done"]
        engine.until(lambda: site.topics.read_ids(site.output).total() == processed, 30, f"{processed} are processed")
        return done

    calls = calls_of(engine, "first")
    assert replay(ids[0], processed=1) == 1
    assert calls_of(engine, "first") == calls, "it went on at the stage that failed"
    assert replay(*ids[1:4], "--to", "start", processed=4) == 3
    assert calls_of(engine, "first") == calls + 3, "they began at the start"
    edited = site.folder / "value.json"
    edited.write_text(json.dumps({"eventId": weir(site, "show", ids[4])["eventId"], "edited": True}))
    assert replay(ids[4], "--value-file", edited, processed=5) == 1
    assert replay("--all", processed=20) == 15
    assert weir(site, "replay", *ids, status=1)["counts"]["skipped"] == 20, "none is open any more"
    outputs = site.topics.read(site.output)
    assert Counter(record.id for record in outputs) == sent, "each once"
    assert [record.value for record in outputs].count(edited.read_bytes()) == 1
    assert site.topics.count(f"{site.name}.retry.0") >= 20
    assert len(site.topics.read(site.dlq)) == 20, "none has failed again"


def enriched(dependency, **over):
    """A stage that adds a field, and behind it the one that fails."""
    plugin = str(paths.plugin_file("enrich"))
    config = {"set": [{"to": "/region", "value": "eu"}, {"to": "/seen", "event": "attempt"}]}
    stages = [{"plugin": plugin, "config": config}, {"name": "last", **dependency.stage()}]
    return dependency.pipeline(stages=stages, **over)


@pytest.mark.parametrize("kept", [True, False])
def test_what_entered_the_stage_is_kept_where_asked_and_a_replay_goes_on_with_it(site, dependency, kept):
    site.create_topics()
    dependency.go()
    engine = site.engine(site.config([enriched(dependency, dlq={"stage_value": kept})])).run()
    sent = b'{ "eventId":"e1" , "amount" : 1.50 }'  # its spelling is kept too
    site.topics.send(site.source, [("k", sent, [("trace", b"t")])])
    engine.until(lambda: len(site.topics.read(site.dlq)) == 1, 60, "it is a dead letter")
    (letter,) = site.topics.read(site.dlq)
    assert (letter.key, letter.value, letter.headers["trace"]) == (b"k", sent, "t"), "the original is untouched"
    assert letter.headers["weir-stage"] == "last"
    assert ("weir-stage-value" in letter.headers) == kept
    dependency.come_back()
    (place,) = ids_of_letters(site)
    if not kept:
        assert weir(site, "replay", place, "--to", "stage", status=1)["counts"]["refusedStage"] == 1
    calls = calls_of(engine, "enrich")
    assert weir(site, "replay", place)["counts"]["done"] == 1
    engine.until(lambda: site.topics.count(site.output) == 1, 60, "it is processed")
    assert calls_of(engine, "enrich") == calls + (0 if kept else 1), "where the stage's value is known it goes on there"
    (output,) = site.topics.read(site.output)
    assert json.loads(output.value) == {"eventId": "e1", "amount": 1.5, "region": "eu", "seen": 1}
    assert output.headers["trace"] == "t" and output.id == "e1"
    if kept:
        (replay,) = site.topics.read(f"{site.name}.retry.0")
        assert replay.value.startswith(letter.headers["weir-stage-value"].encode())
        assert replay.headers["weir-source-value"].encode() == sent


def test_letters_are_found_by_each_thing_that_is_known_of_them(site, dependency):
    site.create_topics()
    dependency.go()
    engine = site.engine(site.config([enriched(dependency)])).run()
    site.topics.send(site.source, [("a", event("e1")), ("b", event("e2")), ("c", b"no json"), ("d", b"[1]")])
    engine.until(lambda: len(site.topics.read(site.dlq)) == 4, 60, "all are dead letters")
    letters = {r.id or r.key.decode(): f"{r.partition}/{r.offset}" for r in site.topics.read(site.dlq)}
    version = next(r.headers["weir-plugin-version"] for r in site.topics.read(site.dlq) if r.id == "e1")
    code = next(r.headers["weir-code"] for r in site.topics.read(site.dlq) if r.id == "e1")
    assert version
    late = str(int(time.time() * 1000) + 60_000)
    for options, names in (
        (["--stage", "last"], {"e1", "e2"}),
        (["--plugin", "scripted"], {"e1", "e2"}),
        (["--class", "exhausted"], {"e1", "e2"}),
        (["--class", "decode"], {"c", "d"}),
        (["--class", "exhausted,decode"], {"e1", "e2", "c", "d"}),
        (["--code", code], {"e1", "e2"}),
        (["--code", "not-json"], {"c"}),
        (["--code", "missing-id"], {"d"}),
        (["--id", "e2"], {"e2"}),
        (["--generation", "1"], {"e1", "e2", "c", "d"}),
        (["--generation", "2"], set()),
        (["--text", "LINE 1, COLUMN"], {"c"}),
        (["--from", "1h"], {"e1", "e2", "c", "d"}),
        (["--from", late], set()),
        (["--until", "1h"], set()),
        (["--until", late, "--stage", "last", "--id", "e1"], {"e1"}),
    ):
        assert {item["id"] for item in weir(site, "list", *options)["items"]} == {letters[name] for name in names}, options
        assert weir(site, "replay", "--dry-run", *options)["counts"]["selected"] == len(names), options
    assert weir(site, "stats", "--class", "decode")["open"] == 2
    client = http.Client(engine.admin_port)
    for query, count in (("stage=last", 2), ("class=decode&limit=1", 1), ("id=e1&code=" + code, 1), ("text=nothing", 0)):
        assert len(client.get(f"/admin/dlq?{query}").json()["items"]) == count, query
    assert client.get("/admin/dlq?nonsense=1").status == 400 and client.get("/admin/dlq?class=nonsense").status == 400


def test_an_edited_value_that_is_another_event_is_refused(site, dependency):
    """By the pipeline's own rule, at the command line and over HTTP, before anything is written."""
    site.create_topics()
    dependency.go()
    engine = site.engine(site.config([dependency.pipeline(event_id={"json": "/order/id"})])).run()
    site.topics.send(site.source, [("k", '{"order":{"id":"o1"}}'), ("k", '{"order":{"id":2}}'), ("k", '{"order":')])
    engine.until(lambda: len(site.topics.read(site.dlq)) == 3, 60, "all are dead letters")
    dependency.come_back()
    letters = {letter.headers.get("weir-event-id"): f"{letter.partition}/{letter.offset}" for letter in site.topics.read(site.dlq)}
    file = site.folder / "value.json"

    def by_command(place, value):
        file.write_text(value)
        command = [paths.weir(), "dlq", "replay", "-c", engine.file, place, "--value-file", file]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    def by_http(place, value):
        body = json.dumps({"ids": [place], "value": value})
        headers = {"Content-Type": "application/json"}
        answer = http.Client(engine.admin_port).request("POST", "/admin/dlq/jobs", body, headers)
        return answer.status, answer.json().get("detail", "")

    for give, refused in ((by_command, 1), (by_http, 422)):
        for name, value, words in (
            ("o1", '{"order":{"id":"o2"}}', ('"o2"', '"o1"', "/order/id")),
            ("o1", '{"order":{}}', ("no event id", '"o1"')),
            ("o1", '{"order":\n{"id":"o1"}', ("not JSON", "line 2, column")),
            ("2", '{"order":{"id":2.5}}', ("no event id", '"2"')),
            (None, '{"order":', ("not JSON", "line 1, column 10")),
        ):
            status, said = give(letters[name], value)
            assert status == refused and all(word in said for word in words), (value, status, said)
    assert not site.topics.exists(f"{site.dlq}.weir-state") and len(site.topics.read(f"{site.name}.retry.0")) == 0
    assert by_command(letters["o1"], '{"order":{"id":"o1"},"edited":true}')[0] == 0
    assert by_http(letters["2"], '{"order":{"id":"2"},"edited":true}')[0] == 202
    assert by_command(letters[None], '{"order":{"id":"o3"}}')[0] == 0
    engine.until(lambda: {r.id for r in site.topics.read(site.output)} == {"o1", "2", "o3"}, 60, "they are processed")


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_who_comes_second_is_skipped_and_reported(site, dependency, delivery):
    engine, _ = fail_all(site, dependency, 2, delivery=delivery)
    letters = {letter.id: f"{letter.partition}/{letter.offset}" for letter in site.topics.read(site.dlq)}
    retry = f"{site.name}.retry.0"
    # The same dead letter, replayed by two at the same moment.
    weir(site, "replay", letters["e00000"])
    (replay,) = site.topics.read(retry)
    site.topics.send(retry, [(replay.key, replay.value, replay.header_list)])
    engine.until(lambda: engine.metric("weir_replays_too_late_total") == 1, 30, "the second is reported")
    # Upstream has sent it again before somebody replays it.
    site.topics.send(site.source, [("k1", event("e00001", again=True))])
    engine.until(lambda: site.topics.read_ids(site.output).total() == 2, 30, "what was sent again is processed")
    weir(site, "replay", letters["e00001"])
    engine.until(lambda: engine.metric("weir_replays_too_late_total") == 2, 30, "the replay is reported")
    engine.until(lambda: engine.outcomes()["duplicate"] == 2, 30, "both are duplicates")
    assert site.topics.read_ids(site.output) == Counter(["e00000", "e00001"])
    told = [line["dead_letter"] for line in engine.log_lines() if line["msg"].startswith("a replay came too late")]
    assert told == [f"{site.dlq}/{letters[name]}" for name in ("e00000", "e00001")]


def test_a_letter_that_fails_again_comes_back_no_larger_until_the_guard_stops_it(site, dependency):
    engine, _ = fail_all(site, dependency, 1)
    dependency.go()
    sizes = []
    for replays in range(1, 4):
        (letter,) = ids_of_letters(site)
        assert weir(site, "replay", letter)["counts"]["done"] == 1
        engine.until(lambda n=replays: len(site.topics.read(site.dlq)) == n + 1, 30, f"it came back {replays} times")
        last = max(site.topics.read(site.dlq), key=lambda r: int(r.headers["weir-replays"]))
        assert last.headers["weir-replays"] == str(replays)
        assert last.headers["weir-replayed-from"] == f"{site.dlq}/{letter}"
        sizes.append((len(last.header_list), len(last.value)))
    assert len(set(sizes)) == 1, f"it grows: {sizes}"
    (letter,) = ids_of_letters(site)
    assert weir(site, "replay", letter, status=1)["counts"]["refusedLoop"] == 1
    dependency.come_back()
    assert weir(site, "replay", letter, "--force")["counts"]["done"] == 1
    engine.until(lambda: site.topics.read_ids(site.output) == Counter(["e00000"]), 30, "it is processed at last")


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_an_engine_that_is_killed_amid_replays_loses_and_repeats_none(site, dependency, delivery):
    batch = {"max_events": 50, "in_flight": 2}
    stages = [dependency.stage(each_us=300)]
    engine, sent = fail_all(site, dependency, 3000, delivery=delivery, batch=batch, stages=stages)
    weir(site, "replay", "--all")
    for least in (500, 1500):
        engine.until(lambda least=least: site.topics.count(site.output) >= least, 60, "replays are processed")
        engine.kill()
        engine.start().ready()

    engine.until(lambda: site.topics.read_ids(site.output).keys() == sent.keys(), 60, "all are processed")
    retry = f"{site.name}.retry.0"
    engine.until(lambda: all_read(site, retry), 30, "all of the retry topic is committed")
    repeats = site.topics.read_ids(site.output).total() - len(sent)
    # What was in flight at a kill may be written twice where that is allowed.
    assert repeats <= (0 if delivery == "exactly_once" else 2 * 50 * 3)
    assert len(site.topics.read(site.dlq)) == 3000


def all_read(site, topic):
    """Behind the last replay of a partition stands a record of its transaction, which nobody reads."""
    committed = site.topics.committed(site.group, topic)
    last = {}
    for record in site.topics.read(topic):
        last[record.partition] = max(last.get(record.partition, -1), record.offset)
    return all(committed.get(partition, 0) > offset for partition, offset in last.items())


def test_a_job_keeps_who_asked_for_it_and_who_cancelled_it(site, dependency):
    engine, _ = fail_all(site, dependency, 100)

    def ask(method, path, user, order=None):
        headers = {"Content-Type": "application/json", **({"Weir-User": user} if user else {})}
        answer = http.Client(engine.admin_port).request(method, path, json.dumps(order) if order else None, headers)
        assert answer.status in (200, 202), answer.body
        return answer.json()

    job = ask("POST", "/admin/dlq/jobs", "alice", {"all": True, "rate": 1})
    path = f"/admin/dlq/jobs/{job['id']}"
    engine.until(lambda: ask("GET", path, None)["counts"]["done"] > 0, 30, "it runs")
    assert ask("DELETE", path, "bob")["state"] == "cancelled"
    job = ask("GET", path, None)
    assert (job["who"], job["cancelledBy"]) == ("alice via 127.0.0.1", "bob via 127.0.0.1")
    assert job["counts"]["done"] + job["left"] >= 100 and job["counts"]["done"] == weir(site, "stats")["replayed"]
    nobody = ask("POST", "/admin/dlq/jobs", None, {"ids": ["0/0"], "dryRun": True})
    assert nobody["who"] == "admin API, from 127.0.0.1"


def test_who_is_told_of_a_job_finds_it(site, dependency):
    """Kafka shows a transaction a moment after it is committed; each of these would fail now and then."""
    engine, _ = fail_all(site, dependency, 10)
    for n, letter in enumerate(ids_of_letters(site), 1):
        body = json.dumps({"ids": [letter]})
        client = http.Client(engine.admin_port)
        answer = client.request("POST", "/admin/dlq/jobs", body, {"Content-Type": "application/json"})
        assert answer.status == 202, answer.body
        path = f"/admin/dlq/jobs/{answer.json()['id']}"
        assert client.request("GET", path).status == 200
        engine.until(lambda p=path, c=client: c.request("GET", p).json()["state"] == "done", 30, "it is done")
        assert len(client.request("GET", "/admin/dlq").json()["items"]) == 10 - n
    assert not [line for line in engine.log_lines() if "failed" in line["msg"]]


def test_a_job_of_the_admin_api_goes_on_after_a_kill(site, dependency):
    engine, sent = fail_all(site, dependency, 1000)

    def ask(method, path, order=None):
        body = json.dumps(order) if order is not None else None
        headers = {"Content-Type": "application/json"} if body else {}
        answer = http.Client(engine.admin_port).request(method, path, body, headers)
        assert answer.status in (200, 202), answer.body
        return answer.json()

    job = ask("POST", "/admin/dlq/jobs", {"all": True, "rate": 100})
    path = f"/admin/dlq/jobs/{job['id']}"
    engine.until(lambda: ask("GET", path)["counts"]["done"] >= 100, 30, "some are sent round")
    engine.kill()
    assert weir(site, "replay", "--jobs")["state"] == "running", "it was over when the engine was killed"
    engine.start().ready()
    engine.until(lambda: ask("GET", path)["state"] == "done", 60, "the job is done")
    assert ask("GET", path)["counts"]["done"] == 1000
    engine.until(lambda: site.topics.read_ids(site.output).keys() == sent.keys(), 30, "all are processed")
    replays = Counter(record.headers["weir-replayed-from"] for record in site.topics.read(f"{site.name}.retry.0"))
    assert len(replays) == 1000 and set(replays.values()) == {1}

    def depth():
        text = engine.metrics_text()
        return {state: engine.metric("weir_dlq_letters", text, topic=site.dlq, state=state) for state in ("open", "replayed", "purged")}

    engine.until(lambda: depth() == {"open": 0, "replayed": 1000, "purged": 0}, 30, "the metrics say so")


@pytest.mark.full
def test_a_million_replays_that_are_killed_half_way_are_processed_once(site):
    count = 1_000_000
    site.create_topics(partitions=8)
    now = int(time.time() * 1000)

    def letter(n):
        said = {
            "origin-topic": site.source,
            "origin-partition": 0,
            "origin-offset": n,
            "owner": f"0/{site.source}/0/{n}",
            "event-id": f"e{n:07d}",
            "pipeline": site.name,
            "stage": "scripted",
            "class": "permanent",
            "code": "busy",
            "attempts": 1,
            "first-failed-at": now,
            "last-failed-at": now,
            "replays": 0,
            "generation": 1,
            "resume": "stage",
        }
        headers = [(f"weir-{name}", str(value).encode()) for name, value in said.items()]
        return f"k{n % 1000}", event(f"e{n:07d}"), headers

    site.topics.send(site.dlq, (letter(n) for n in range(count)))
    engine = site.engine(site.config([site.pipeline(delivery="exactly_once", lanes=2)])).run()
    where = ["-b", site.kafka.brokers, "-t", site.dlq, "-p", site.name]
    began = time.monotonic()
    process = subprocess.Popen([paths.weir(), "dlq", "replay", *where, "--code", "busy", "--rate", "20000"])
    engine.until(lambda: site.topics.count(f"{site.name}.retry.0") > count / 2, 120, "half is replayed")
    process.kill()
    process.wait()
    engine.kill()
    engine.start().ready()
    job = json.loads(subprocess.run([paths.weir(), "dlq", "replay", *where, "--jobs", "--json"], capture_output=True, check=True).stdout)
    weir(site, "replay", "--resume", job["id"])
    took = time.monotonic() - began
    engine.until(lambda: site.topics.count(site.output) >= count, 300, "all are processed")
    processed = site.topics.read_ids(site.output)
    assert len(processed) == count and set(processed.values()) == {1}
    report.add("replays", ("letters", "seconds to replay, killed half-way"), (count, f"{took:.0f}"))


CONNECT = [
    ("__connect.errors.topic", b"orders"),
    ("__connect.errors.partition", b"2"),
    ("__connect.errors.exception.message", b"not an integer: \xff\xfe"),
    ("__connect.errors.exception.stacktrace", b"java.lang.Exception\n\tat x.y(Z.java:1)\n" * 20),
]
SPRING = [
    ("kafka_dlt-original-offset", (1742).to_bytes(8, "big")),
    ("kafka_dlt-original-partition", (3).to_bytes(4, "big")),
    ("kafka_dlt-exception-fqcn", b"org.example.Busy"),
    ("kafka_dlt-exception-fqcn", b"twice, as Kafka allows"),
    ("empty", b""),
    ("none", None),
]


def test_headers_of_other_programs_pass_untouched(site, dependency):
    site.create_topics()
    dependency.go()
    engine = site.engine(site.config([dependency.pipeline()])).run()
    theirs = CONNECT + SPRING
    site.topics.send(site.source, [("k", event("e1"), [*theirs, ("weir-owner", b"9/forged/9/9"), ("weir-x", b"y")])])

    def foreign(record):
        return [header for header in record.header_list if not header[0].startswith("weir-")]

    for times in (1, 2):
        engine.until(lambda n=times: len(site.topics.read(site.dlq)) == n, 60, f"it is a dead letter, {times}")
        letter = max(site.topics.read(site.dlq), key=lambda r: int(r.headers["weir-replays"]))
        assert foreign(letter) == theirs
        assert letter.headers["weir-owner"] != "9/forged/9/9" and "weir-x" not in letter.headers
        if times == 2:
            dependency.come_back()
        weir(site, "replay", "--all")
        replay = max(site.topics.read(f"{site.name}.retry.0"), key=lambda r: int(r.headers["weir-replays"]))
        assert foreign(replay) == theirs
    engine.until(lambda: site.topics.count(site.output) == 1, 60, "it is processed")
    (output,) = site.topics.read(site.output)
    assert foreign(output) == theirs


def test_headers_of_many_kibibytes_over_http_go_the_whole_way_or_are_refused(site, dependency):
    """An id of 7 KiB is in a header of every record that comes of its event; headers of a request are not the record's."""
    site.create_topics()
    dependency.go()
    engine = site.engine(site.config([dependency.pipeline()], http={"ingest": {"topic": site.source}})).run()
    client = engine.client()
    long_id = "i" * 7000
    taken = {"first": {}, long_id: {"Idempotency-Key": long_id}}
    for size in (1000, 5000, 7000):
        taken[f"h{size}"] = {"X-Long": "x" * size, "weir-owner": "9/forged/9/9", "weir-stage": "nowhere", "kafka_dlt-x": "y"}
    for name, headers in taken.items():
        body = b'{"n":1}' if name == long_id else event(name)
        answer = client.request("POST", "/api/events", body, {"Content-Type": "application/json", **headers})
        assert answer.status == 202, (name[:20], answer)
    refused = 0
    for size in range(7200, 8800, 100):
        name = f"r{size}"
        answer = client.request("POST", "/api/events", event(name), {"X-Long": "x" * size, "Content-Type": "application/json"})
        assert answer.status in (202, 431), (size, answer)
        if answer.status == 202:
            taken[name] = {}
        else:
            refused += 1
    assert 0 < refused < 16
    with contextlib.suppress(ConnectionError):  # as a server may that reads no further
        assert client.request("POST", "/api/events", b"{}", {"X-Long": "x" * 100_000}).status == 431
    assert client.post({"eventId": "after"}).status == 202
    taken["after"] = {}
    engine.until(lambda: len(site.topics.read(site.dlq)) == len(taken), 60, "all that were taken are dead letters")
    for letter in site.topics.read(site.dlq):
        assert [name for name, _ in letter.header_list if not name.startswith("weir-")] == []
        assert letter.headers["weir-stage"] == "scripted" and letter.headers["weir-origin-topic"] == site.source
    (item,) = weir(site, "list", "--id", long_id)["items"]
    assert item["eventId"] == long_id and long_id in json.dumps(weir(site, "show", item["id"]))
    dependency.come_back()
    assert weir(site, "replay", "--all")["counts"]["done"] == len(taken)
    engine.until(lambda: Counter(r.id for r in site.topics.read(site.output)) == Counter(taken.keys()), 60, "each is processed once")


# Of a replay that is good but for this: the header, and what it is made.
FORGERIES = {
    "weir-owner": [b"", b"0/x", b"0/in/0/" + b"9" * 30, b"\x00", b"a" * 5000],
    "weir-event-id": [b""],
    "weir-pipeline": [b"another", b""],
    "weir-stage": [b"", b"\xff\xfe"],
    "weir-replays": [b"-1", b"4294967296", b"1e3", b" 1"],
    "weir-attempts": [b"99999999999"],
    "weir-origin-partition": [b"-7", b"2147483648"],
    "weir-redrives": [b"x", b""],
    "weir-replayed-from": [b"no place"],
}


def test_a_forged_replay_is_a_dead_letter_that_says_what_is_wrong(site, dependency):
    engine, _ = fail_all(site, dependency, 1)
    retry = f"{site.name}.retry.0"
    (letter,) = site.topics.read(site.dlq)
    weir(site, "replay", "--all")
    engine.until(lambda: site.topics.count(site.output) == 1, 30, "the good one is processed")
    (good,) = site.topics.read(retry)
    forged = []
    for name, values in FORGERIES.items():
        for value in values:
            others = [header for header in good.header_list if header[0] != name]
            forged.append((good.key, good.value, [*others, (name, value)]))
        # There twice: whose word would count?
        forged.append((good.key, good.value, [*good.header_list, *[h for h in good.header_list if h[0] == name][:1]]))
    forged = [record for record in forged if record[2] != good.header_list]
    site.topics.send(retry, forged)
    engine.until(lambda: len(site.topics.read(site.dlq)) == 1 + len(forged), 60, "all are dead letters")
    bad = [r for r in site.topics.read(site.dlq) if r.headers["weir-code"] == "bad-envelope"]
    assert len(bad) == len(forged)
    for record in bad:
        assert record.headers["weir-class"] == "decode"
        assert "weir-" in record.headers["weir-message"] and record.headers["weir-origin-topic"] == retry
        assert record.value == letter.value
    assert site.topics.count(site.output) == 1 and engine.alive()
