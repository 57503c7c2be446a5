"""The admin API of a running engine: what it shows is true, and what it is told happens."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess

from harness import paths
from harness.events import assert_accounted
from harness.http import Client
from harness.load import Load
from harness.terminal import Terminal


def admin(engine):
    return Client(engine.admin_port)


def pipeline(engine, name):
    found = [p for p in admin(engine).get("/admin/pipelines").json()["pipelines"] if p["name"] == name]
    assert len(found) == 1, found
    return found[0]


def partitions_of(shown):
    return [p for lane in shown["lanes"] for p in lane["partitions"]]


def test_the_status_is_what_kafka_says(site):
    site.create_topics(partitions=4)
    engine = site.engine(site.config([site.pipeline(lanes=2)])).run()
    site.topics.send(site.source, [(f"k{i}", json.dumps({"eventId": f"e{i}"})) for i in range(100)])
    site.finished(engine)
    wanted = {number: offset for number, offset in site.topics.committed(site.group, site.source).items() if offset > 0}

    def is_told():
        shown = pipeline(engine, site.name)
        held = [p for p in partitions_of(shown) if p["topic"] == site.source and p["committed"]]
        return shown["events"]["processed"] == 100 and {p["partition"]: p["committed"] for p in held} == wanted

    engine.until(is_told, 60, "the lanes have said so")
    status = admin(engine).get("/admin/status").json()
    assert status["generation"] == 1 and status["health"]["ready"] is True
    assert status["instance"] == "weir-1" and status["pid"] == engine.process.pid
    shown = status["pipelines"][0]
    assert shown["state"] == "running" and shown["lag"] == 0
    held = sorted((p["topic"], p["partition"]) for p in partitions_of(shown))
    # Those of replays too.
    assert held == sorted((topic, n) for topic in (site.source, f"{site.name}.retry.0") for n in range(4))
    assert len(shown["lanes"]) == 2
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


def weir(*words):
    return subprocess.run([paths.weir(), *map(str, words)], capture_output=True, text=True, timeout=60)


def test_a_reload_is_asked_for_and_answered(site):
    site.create_topics()
    engine = site.engine().run()
    answer = admin(engine).request("POST", "/admin/reload")
    assert (answer.status, answer.json()["result"], answer.json()["generation"]) == (200, "unchanged", 1)

    engine.config["pipelines"][0]["batch"] = {"linger": "20ms"}
    engine.write()
    answer = admin(engine).request("POST", "/admin/reload?dry_run=true")
    body = answer.json()
    assert (answer.status, body["result"], body["dry_run"], body["generation"]) == (200, "applied", True, 1)
    body = admin(engine).request("POST", "/admin/reload?drained=true").json()
    assert (body["result"], body["generation_before"], body["generation_after"]) == ("applied", 1, 2)
    assert body["drained"] is True and body["timings_ms"]["swap"] is not None
    assert [plugin["change"] for plugin in body["plugins"]] == ["kept"]
    status = admin(engine).get("/admin/status").json()
    assert status["generation"] == 2 and status["drifted"] is False
    shown = admin(engine).get("/admin/config").json()
    assert shown["generation"] == 2 and shown["config"]["pipelines"][0]["batch"]["linger"] == "20ms"
    entries = admin(engine).get("/admin/generations").json()["generations"]
    assert [(e["number"], e["runs"]) for e in entries] == [(2, True), (1, False)]
    assert entries[0]["who"].startswith("admin 127.0.0.1")


def sha256(file):
    return hashlib.sha256(open(file, "rb").read()).hexdigest()


def build_id(file):
    notes = subprocess.run(["readelf", "-n", file], capture_output=True, text=True, check=True).stdout
    return re.search(r"Build ID: (\w+)", notes)[1]


def code_of(file, plugin, version):
    return {"plugin": plugin, "version": version, "build_id": build_id(file), "sha256": sha256(file)}


def test_an_answer_says_what_became_of_each_plugin(site):
    """Against what the files themselves say."""
    site.create_topics()
    one, two = (str(paths.plugin_file(name)) for name in ("process_hangs", "version_two"))
    same, kept = str(paths.plugin_file("passthrough")), str(site.scripted / "scripted.so")
    file = site.folder / "replaced.so"
    site.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(one, file)
    stage = lambda name, plugin, **more: {"name": name, "plugin": str(plugin), **more}  # noqa: E731
    stages = [stage("kept", kept), stage("replaced", file), stage("set", kept), stage("gone", same)]
    engine = site.engine(site.config([site.pipeline(stages=stages)])).run()
    shutil.copy(two, f"{file}.new")
    os.replace(f"{file}.new", file)
    stages = [stage("kept", kept), stage("replaced", file), stage("set", kept, config={"mark": "m"}), stage("new", same)]
    engine.config["pipelines"][0]["stages"] = stages
    engine.write()
    answer = admin(engine).request("POST", "/admin/reload?drained=true")
    body = answer.json()
    assert (answer.status, body["result"], body["drained"]) == (200, "applied", True), body
    assert (body["generation_before"], body["generation_after"], body["generation"]) == (1, 2, 2)
    assert body["who"].startswith("admin 127.0.0.1") and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", body["started"])
    assert body["errors"] == [] and body["waits_for"] is None and body["dry_run"] is False
    assert set(body["timings_ms"]) == {"read", "validate", "probe", "load", "swap", "drain"}
    assert all(ms >= 0 for ms in body["timings_ms"].values()) and body["timings_ms"]["probe"] > 0
    scripted, passthrough = code_of(kept, "scripted", "1.0.0"), body["plugins"][3]["after"]
    assert (passthrough["plugin"], passthrough["sha256"]) == ("passthrough", sha256(same))
    wanted = {
        "kept": ("kept", kept, scripted, scripted),
        "replaced": ("replaced", str(file), code_of(one, "hostile", "1.0.0"), code_of(two, "hostile", "2.0.0")),
        "set": ("reconfigured", kept, scripted, scripted),
        "new": ("added", same, None, passthrough),
        "gone": ("removed", same, passthrough, None),
    }
    found = {p["stage"]: (p["change"], p["file"], p["before"], p["after"]) for p in body["plugins"]}
    assert found == wanted
    assert all(p["pipeline"] == site.name and p["state"] is None for p in body["plugins"])


def test_nobody_else_reads_what_the_engine_keeps(site):
    site.create_topics()
    engine = site.engine(site.config(canary={"share": "10%", "for": "1h"})).run()
    engine.config["pipelines"][0]["stages"][0]["config"] = {"mark": "m"}
    engine.write()
    assert admin(engine).request("POST", "/admin/reload").json()["result"] == "canary"
    engine.config["pipelines"][0]["stages"][0]["config"] = {"mark": "n"}
    engine.write()
    assert admin(engine).request("POST", "/admin/rollback").status == 200
    assert admin(engine).request("POST", "/admin/reload?canary=off").json()["result"] == "applied"
    state = engine.folder / "state"
    found = [state, *state.rglob("*")]
    assert len(found) > 4
    for path in found:
        assert path.lstat().st_mode & 0o077 == 0, f"{path}: {path.lstat().st_mode:o}"
    (note,) = engine.folder.glob(".*.state_dir")
    assert note.stat().st_mode & 0o022 == 0


def test_top_on_a_terminal(site):
    site.create_topics()
    engine = site.engine(site.config([site.pipeline(lanes=2)])).run()
    where = ("--url", f"http://127.0.0.1:{engine.admin_port}")
    terminal = Terminal(24, 120, paths.weir(), "top", *where, "-i", "100ms")
    terminal.read_until(lambda: len(terminal.frames()) > 1)
    assert terminal.text.startswith("\x1b[?1049h\x1b[?25l\x1b[?7l")
    head, _, titles, *rows = terminal.frames()[-1]
    assert "generation 1, ready" in head and titles.split()[:2] == ["PIPELINE", "STATE"]
    assert [row.split()[0] for row in rows] == [site.name, "lane", "lane"] and len({len(titles), *map(len, rows)}) <= 2
    # On a small one nothing wraps or scrolls.
    terminal.resize(4, 30)
    terminal.read_until(lambda: len(terminal.frames()[-1]) == 3)
    assert max(len(line) for line in terminal.frames()[-1]) == 30
    # The engine goes and comes back: it is waited for.
    engine.kill()
    terminal.resize(24, 120)
    terminal.read_until(lambda: "generation" not in terminal.frames()[-1][0])
    engine.run()
    terminal.read_until(lambda: "generation 1, ready" in terminal.frames()[-1][0])
    terminal.process.send_signal(signal.SIGINT)
    terminal.end(0)
    assert terminal.text.endswith("\x1b[?7h\x1b[?25h\x1b[?1049l")


def test_a_rejected_reload_says_what_is_wrong_and_where(site):
    site.create_topics()
    engine = site.engine().run()
    good = engine.file.read_text()
    engine.file.write_text(good.replace("ttl: 1h", "ttl: soon") + "nonsense: 1\n")
    answer = admin(engine).request("POST", "/admin/reload")
    body = answer.json()
    assert answer.status == 422 and answer.headers["Content-Type"] == "application/problem+json"
    assert body["type"] == "urn:weir:problem:rejected" and body["result"] == "rejected" and body["generation"] == 1
    assert len(body["errors"]) == 2 and all(e["file"] == str(engine.file) and e["line"] for e in body["errors"])
    assert admin(engine).get("/admin/status").json()["generation"] == 1
    site.topics.send(site.source, [("k", '{"eventId":"still works"}')])
    site.finished(engine)


def test_the_commands_ask_the_engine(site):
    site.create_topics()
    engine = site.engine().run()
    where = ("--url", f"http://127.0.0.1:{engine.admin_port}")
    assert "generation 1, ready" in weir("status", "--config", engine.file).stdout
    engine.config["pipelines"][0]["batch"] = {"linger": "20ms"}
    engine.write()
    done = weir("reload", "--config", engine.file, "--drained")
    assert done.returncode == 0 and done.stdout.startswith("applied: generation 2 runs, after 1\n"), done
    done = weir("rollback", *where)
    assert done.returncode == 0 and done.stdout.startswith("applied: generation 3 runs, after 2\n"), done
    assert "pipelines" in weir("generations", *where).stdout
    engine.file.write_text(engine.file.read_text() + "nonsense: 1\n")
    done = weir("reload", *where)
    assert done.returncode == 1 and f"{engine.file}:" in done.stderr and "nonsense" in done.stderr, done
    assert weir("pause", *where, site.name, "--wait").stdout == f"{site.name}: paused\n"
    assert weir("resume", *where, site.name).returncode == 0
    assert weir("log-level", *where, "debug").stdout == "debug\n"
    assert "EVENTS/S" in weir("top", *where, "-n", "1").stdout
