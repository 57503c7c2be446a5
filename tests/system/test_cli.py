"""weir tail, send, schema and plugin info against a real Kafka."""

import json
import subprocess

from harness import paths


def weir(*arguments, **more):
    command = [str(paths.weir()), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def test_tail_prints_records_with_their_headers(site):
    site.create_topics()
    site.topics.send(site.source, [("the-key", f'{{"n":{i}}}', [("trace", b"t1")]) for i in range(5)])
    brokers = ["--brokers", site.kafka.brokers]
    done = weir("tail", site.source, "--from-beginning", "-n", "3", *brokers)
    assert done.returncode == 0, done.stderr
    assert "the-key" in done.stdout and "trace" in done.stdout and '{"n":0}' in done.stdout
    done = weir("tail", site.source, "--from-beginning", "-n", "5", "--json", *brokers)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 5
    assert all(line["topic"] == site.source for line in lines)


def test_send_writes_ndjson_to_a_topic(site):
    site.create_topics()
    text = "".join(f'{{"eventId":"s{i}"}}\n' for i in range(1000))
    done = weir("send", "--to", site.source, "--brokers", site.kafka.brokers, input=text)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(site.topics.read_ids(site.source)) == 1000


def test_send_posts_ndjson_to_the_engine(site, tmp_path):
    site.create_topics()
    engine = site.engine(site.config(http={"ingest": {"topic": site.source}})).run()
    file = tmp_path / "events.ndjson"
    file.write_text("".join(f'{{"eventId":"s{i}","payload":{{}}}}\n' for i in range(1000)))
    done = weir("send", "--http", f"http://127.0.0.1:{engine.ingest_port}/api/events", file)
    assert done.returncode == 0, done.stdout + done.stderr
    site.finished(engine)
    assert len(site.topics.read_ids(site.output)) == 1000


def test_both_ways_of_sending_count_alike(site):
    site.create_topics()
    engine = site.engine(site.config(http={"ingest": {"topic": site.source}})).run()
    text = '{"eventId":"a"}\n\n{"eventId":\n{"no":"id"}\n{"eventId":"b"}\n' + "x" * (20 << 20) + "\n"
    sums = []
    for way in (("--to", site.source, "-b", site.kafka.brokers), ("--http", f"http://127.0.0.1:{engine.ingest_port}")):
        done = weir("send", *way, input=text)
        assert done.returncode == 1
        *lines, last = done.stderr.splitlines()
        assert [line.split(":")[0] for line in lines] == ["line 3", "line 4", "line 6"], done.stderr
        sums.append(last.split(" in ")[0])
    assert sums == ["5 sent, 2 acked, 3 failed"] * 2


def test_schema_is_json_schema():
    schema = json.loads(weir("schema").stdout)
    assert "$schema" in schema and "pipelines" in schema["properties"]


def test_plugin_info_names_the_plugin(scripted):
    done = weir("plugin", "info", scripted / "scripted.so")
    assert done.returncode == 0 and "scripted" in done.stdout and "1.0.0" in done.stdout
    info = json.loads(weir("plugin", "info", scripted / "scripted.so", "--json").stdout)
    assert info["id"] == "scripted"
    assert weir("plugin", "info", "/no/such.so").returncode == 1
