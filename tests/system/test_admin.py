"""The admin API of a running engine: what it shows is true, and what it is told happens."""

import json

from harness.events import assert_accounted
from harness.http import Client
from harness.load import Load


def admin(engine):
    return Client(engine.admin_port)


def pipeline(engine, name):
    found = [p for p in admin(engine).get("/admin/pipelines").json()["pipelines"] if p["name"] == name]
    assert len(found) == 1, found
    return found[0]


def test_the_status_is_what_kafka_says(site):
    site.create_topics(partitions=4)
    engine = site.engine(site.config([site.pipeline(lanes=2)])).run()
    site.topics.send(site.source, [(f"k{i}", json.dumps({"eventId": f"e{i}"})) for i in range(100)])
    site.finished(engine)
    engine.until(lambda: pipeline(engine, site.name)["events"]["processed"] == 100, 10, "the lanes have said so")
    status = admin(engine).get("/admin/status").json()
    assert status["generation"] == 1 and status["health"]["ready"] is True
    assert status["instance"] == "weir-1" and status["pid"] == engine.process.pid
    shown = status["pipelines"][0]
    assert shown["state"] == "running" and shown["lag"] == 0
    partitions = [p for lane in shown["lanes"] for p in lane["partitions"]]
    assert len(shown["lanes"]) == 2 and len(partitions) == 4
    committed = {p["partition"]: p["committed"] for p in partitions if p["committed"] is not None}
    wanted = site.topics.committed(site.group, site.source)
    assert committed == {number: offset for number, offset in wanted.items() if offset > 0}
    assert [plugin["id"] for plugin in status["plugins"]] == ["scripted"]


def test_a_pause_under_load_finishes_and_commits_and_loses_nothing(site):
    site.create_topics()
    engine = site.engine().run()
    client = admin(engine)
    with Load(site.topics, site.source, rate=5000) as load:
        engine.until(lambda: engine.finished() > 2000, 60, "work goes on")
        for _ in range(2):
            assert client.request("POST", f"/admin/pipelines/{site.name}/pause").status == 200
            engine.until(lambda: pipeline(engine, site.name)["state"] == "paused", 30, "it has paused")
            assert engine.readiness() == 503
            assert "paused by an operator" in engine.readiness_text()
            committed = sum(site.topics.committed(site.group, site.source).values())
            assert site.topics.count(site.output) == committed, "what it had is committed, and nothing more is taken"
            before = engine.metric("weir_rebalances_total")
            assert client.request("POST", f"/admin/pipelines/{site.name}/resume").status == 200
            done = engine.finished()
            engine.until(lambda: engine.finished() > done + 1000, 60, "it goes on")
            assert engine.readiness() == 200
            assert engine.metric("weir_rebalances_total") == before, "it kept its partitions"
    site.finished(engine)
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids())


def test_a_paused_engine_stops(site):
    site.create_topics()
    engine = site.engine().run()
    assert admin(engine).request("POST", f"/admin/pipelines/{site.name}/pause").status == 200
    assert engine.stop(30) == 0


def test_the_log_level_is_set_at_once(site):
    site.create_topics()
    engine = site.engine().run()
    client = admin(engine)
    json_type = {"Content-Type": "application/json"}
    answer = client.request("PUT", "/admin/log-level", '{"level": "error"}', json_type)
    assert answer.json() == {"level": "error"}
    client.request("POST", f"/admin/pipelines/{site.name}/pause")
    client.request("PUT", "/admin/log-level", '{"level": "info"}', json_type)
    client.request("POST", f"/admin/pipelines/{site.name}/resume")
    messages = [line["msg"] for line in engine.log_lines()]
    assert "pipeline paused" not in messages and "pipeline resumed" in messages


def test_no_secret_is_shown(site):
    site.create_topics()
    secret = "hunter2-of-the-test"
    stage = {"plugin": str(site.scripted / "scripted.so"), "config": {"mark": "${WEIR_TEST_SECRET}"}}
    config = site.config(
        [site.pipeline(stages=[stage])],
        http={"admin": {"token": secret}},
        kafka={"properties": {"sasl.password": secret}},
    )
    engine = site.engine(config, env={"WEIR_TEST_SECRET": secret}).start()
    headers = {"Authorization": f"Bearer {secret}"}
    engine.until(lambda: engine.readiness() == 200, 60, "the engine is ready")
    for path in ("/admin/config", "/admin/status", "/admin/plugins"):
        assert admin(engine).request("GET", path).status == 401
        answer = admin(engine).request("GET", path, headers=headers)
        assert answer.status == 200 and secret.encode() not in answer.body
    shown = admin(engine).request("GET", "/admin/config", headers=headers).json()["config"]
    assert shown["http"]["admin"]["token"] == "<hidden>"
    assert shown["pipelines"][0]["stages"][0]["config"] == {"mark": "<hidden>"}
    assert secret not in engine.log_text()
