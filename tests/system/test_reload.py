"""What reloads of a real engine change, and what the next start finds. Many in a row: test_many_reloads.py."""

import json
import os
import shutil
import signal
import ssl
import subprocess

import pytest
from harness import http, paths
from harness.dependency import Dependency
from harness.events import assert_accounted, event
from harness.load import Load


def reload(engine, path="/admin/reload"):
    """Asks until nothing is under way any more: a generation may drain on after its successor was applied."""
    answers = []

    def asked():
        answers.append(http.Client(engine.admin_port, timeout=60).request("POST", path))
        return answers[-1].status != 409

    engine.until(asked, 60, "no other reload is under way")
    return answers[-1].status, answers[-1].json()


def apply(engine, **query):
    """A reload that must be applied; returns its answer."""
    engine.write()
    status, answer = reload(engine)
    assert status == 200 and answer["result"] == "applied", f"{answer}\n{engine.log_tail()}"
    return answer


def generation(engine):
    return int(engine.metric("weir_generation"))


def other_plugin(site, number):
    """The tests' plugin, as another build would be: other bytes behind the same code."""
    path = site.folder / "scripted.so"
    draft = site.folder / "scripted.so.new"
    shutil.copy(site.scripted / "scripted.so", draft)
    with open(draft, "ab") as file:
        file.write(b"\0" * (1 + number % 5))
    os.replace(draft, path)
    return str(path)


def test_pipelines_and_lanes_come_and_go(site):
    site.create_topics()
    engine = site.engine(site.config([site.pipeline()])).run()
    with Load(site.topics, site.source, rate=1000) as load:
        engine.until(lambda: engine.finished() > 200, 60, "it works")
        engine.config["pipelines"][0]["lanes"] = 3
        assert "pipelines[0].lanes: changed" in json.dumps(apply(engine))
        engine.until(lambda: engine.finished() > 3000, 60, "three lanes work")
        engine.config["pipelines"][0]["lanes"] = 1
        apply(engine)
        second = site.pipeline(name=f"{site.name}-2", source={"topics": [site.source], "group": f"{site.group}.2"})
        second["outputs"] = {"default": f"{site.output}.2"}
        engine.config["pipelines"].append(second)
        apply(engine)
        load.stop()
    site.finished(engine, 120)
    site.finished(engine, 120, group=f"{site.group}.2")
    del engine.config["pipelines"][1]
    apply(engine)
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids(), repeats_allowed=2000)


def test_dead_letters_can_be_asked_of_the_first_pipeline_that_a_reload_brings(site):
    site.create_topics()
    engine = site.engine(site.config(http={"ingest": {"topic": site.source}}))
    pipelines, engine.config["pipelines"] = engine.config["pipelines"], []
    engine.write()
    engine.run()
    assert http.Client(engine.admin_port).get("/admin/dlq").status == 404
    engine.config["pipelines"] = pipelines
    apply(engine)
    engine.until(lambda: http.Client(engine.admin_port).get("/admin/dlq").status == 200, 30, "its dead letters are shown")
    assert engine.stop() == 0


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_state_goes_over_while_a_circuit_is_open(site, delivery):
    """A stage that keeps state, and behind it one whose dependency is away: what waits holds up no reload, no count is
    lost or made twice, and the new generation finds the dependency back by itself."""
    site.create_topics()
    dependency = Dependency(site)
    retry = {"attempts": 3, "circuit": {"failures": 20, "probe": {"initial": "100ms", "max": "500ms"}}}
    counter = {"plugin": str(paths.plugin_file("counter")), "config": {"header": "seen"}}
    pipeline = site.pipeline(delivery=delivery, lanes=2, retry=retry, stages=[counter, dependency.stage()])
    # A busy machine may stand still for seconds; a rebalance would count anew.
    calm = {"consumer_properties": {"session.timeout.ms": 30000, "heartbeat.interval.ms": 3000}}
    engine = site.engine(site.config([pipeline], kafka=calm)).run(120)
    with Load(site.topics, site.source, rate=1000, keys=50) as load:
        engine.until(lambda: engine.finished() > 500, 60, "work goes on")
        dependency.go()
        engine.until(lambda: engine.metric("weir_circuit_open") > 0, 30, "the circuit is open")
        for timeout in ("8s", "9s"):
            engine.config["pipelines"][0]["stages"][0]["timeout"] = timeout
            answer = apply(engine)
            states = {plugin["stage"]: plugin["state"] for plugin in answer["plugins"]}
            assert states["counter"].startswith("carried over: 2 instances"), answer
            engine.until(lambda: engine.metric("weir_circuit_open") > 0, 30, "it finds that nothing has changed")
        assert engine.metric("weir_dead_letters_total") == 0
        dependency.come_back()
        engine.until(lambda: engine.metric("weir_circuit_open") == 0, 30, "the circuit is closed")
        load.stop()
    site.finished(engine)
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids(), repeats_allowed=0)
    counts = {}
    for record in site.topics.read(site.output):
        counts.setdefault(record.key, []).append(int(record.headers["seen"]))
    assert all(found == list(range(1, len(found) + 1)) for found in counts.values())


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_a_pipeline_with_parked_events_goes_only_by_force(site, delivery):
    """Behind a transaction stands a mark that nobody commits: it is no parked event."""
    site.create_topics()
    parks = site.pipeline(delivery=delivery, retry={"mode": "topic", "attempts": 3, "tiers": ["300ms"]})
    other = site.pipeline(name=f"{site.name}-2", source={"topics": [f"{site.source}.2"], "group": f"{site.group}.2"})
    site.topics.create(f"{site.source}.2")
    engine = site.engine(site.config([parks, other])).run()
    site.topics.send(site.source, [("k", event("a", do="retry", times=1))])
    engine.until(lambda: len(site.read_ids()[0]) == 1, 60, "the retry is done")
    committed = lambda: site.topics.committed(site.group, f"{site.name}.retry.300ms")
    engine.until(lambda: any(offset > 0 for offset in committed().values()), 30, "and committed")
    del engine.config["pipelines"][0]
    apply(engine)
    parks["retry"]["tiers"] = ["1h"]
    engine.config["pipelines"].append(parks)
    apply(engine)
    site.topics.send(site.source, [("k", event("b", do="retry"))])
    engine.until(lambda: len(site.topics.read(f"{site.name}.retry.1h")) == 1, 60, "an event is parked")
    del engine.config["pipelines"][1]
    engine.write()
    status, answer = reload(engine)
    assert status == 422 and answer["result"] == "rejected", answer
    assert f"{site.name}.retry.1h/" in json.dumps(answer) and "can be forced" in json.dumps(answer)
    status, answer = reload(engine, "/admin/reload?dry_run=true&force=true")
    assert status == 200, answer
    status, answer = reload(engine, "/admin/reload?force=true")
    assert status == 200 and answer["result"] == "applied", answer
    assert engine.stop() == 0


def write_certificate(folder, number):
    """cert.pem and key.pem of that folder, others at each call."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, command in (
        ("key.pem", ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("cert.pem", ["openssl", "req", "-x509", "-key", folder / "key.pem.new", "-subj", f"/CN=n{number}", "-days", "1"]),
    ):
        subprocess.run([*command, "-out", folder / f"{file}.new"], check=True, capture_output=True)
    for file in ("key.pem", "cert.pem"):
        os.replace(folder / f"{file}.new", folder / file)
    return (folder / "cert.pem").read_text().strip()


def shown_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=20).strip()


def post(engine, body, token):
    return engine.client().request("POST", "/api/events", body, {"Authorization": f"Bearer {token}"}).status


def test_listeners_change_while_they_run(site):
    """Tokens, limits and certificates; what can't change is said and touches nothing."""
    site.create_topics()
    config = site.config([site.pipeline()])
    config["http"] = {"ingest": {"topic": site.source, "token": "0123456789abcdef-one"}}
    engine = site.engine(config).run()
    ingest = engine.config["http"]["ingest"]
    two = json.dumps([{"eventId": "a"}, {"eventId": "b"}])
    assert post(engine, two, "0123456789abcdef-one") == 202
    ingest["token"] = "0123456789abcdef-two"
    ingest["max_batch_events"] = 1
    assert "http.ingest.token: changed" in json.dumps(apply(engine))
    assert post(engine, two, "0123456789abcdef-one") == 401
    assert post(engine, two, "0123456789abcdef-two") == 413
    assert post(engine, json.dumps({"eventId": "c"}), "0123456789abcdef-two") == 202
    level = lambda: http.Client(engine.admin_port).request("GET", "/admin/log-level").json()["level"]
    assert level() == "info"
    engine.config["log"]["level"] = "debug"
    assert "log.level: changed" in json.dumps(apply(engine))
    assert level() == "debug"
    ingest["topic"] = f"{site.source}.other"
    engine.write()
    status, answer = reload(engine)
    assert status == 422 and "needs a restart" in json.dumps(answer), answer
    assert engine.stop() == 0


def test_certificates_change_while_a_listener_runs(site):
    site.create_topics()
    first = write_certificate(site.folder, 1)
    tls = {"cert_file": str(site.folder / "cert.pem"), "key_file": str(site.folder / "key.pem")}
    config = site.config([site.pipeline()])
    config["http"] = {"ingest": {"topic": site.source, "tls": tls}}
    engine = site.engine(config).run()
    port = engine.ingest_port
    assert shown_certificate(port) == first
    assert reload(engine)[1]["result"] == "unchanged"
    second = write_certificate(site.folder, 2)
    assert shown_certificate(port) == first  # nobody asked yet
    assert "http.ingest.tls: another certificate" in json.dumps(apply(engine))
    assert shown_certificate(port) == second
    (site.folder / "key.pem").write_text("nonsense")
    status, answer = reload(engine)
    assert status == 422, answer
    assert "key.pem: holds no private key" in json.dumps(answer) and "http.ingest.tls.key_file" in json.dumps(answer)
    assert shown_certificate(port) == second
    engine.config["watch"] = True
    third = write_certificate(site.folder, 3)
    apply(engine)
    assert shown_certificate(port) == third
    fourth = write_certificate(site.folder, 4)
    engine.until(lambda: shown_certificate(port) == fourth, 30, "the watched certificate is shown")
    assert engine.stop() == 0


def test_a_signal_reloads_and_a_restart_knows_what_was_applied(site):
    site.create_topics()
    engine = site.engine(site.config([site.pipeline()])).run()
    before = generation(engine)
    engine.config["pipelines"][0]["stages"][0]["timeout"] = "7s"
    engine.write()
    engine.signal(signal.SIGHUP).until(lambda: generation(engine) == before + 1, 30, "the signal is heard")
    engine.kill()
    engine.run()
    assert generation(engine) == before + 1
    engine.kill()
    engine.file.write_text(engine.file.read_text() + "\nnonsense: true\n")
    engine.run()
    assert generation(engine) == before + 1
    assert engine.metric("weir_config_drift") == 1
    engine.write()
    status, answer = reload(engine)
    assert status == 200 and answer["result"] == "unchanged"  # the file says what runs again
    assert engine.metric("weir_config_drift") == 0
    assert engine.stop() == 0


def command(engine, *words):
    done = subprocess.run([str(engine.binary), *words, "--config", str(engine.file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_crashes_at_each_start_can_be_left_for_what_ran_before(site):
    """A plugin that kills the process by an event: each start reads the event again."""
    site.create_topics()
    pipeline = site.pipeline()
    bad = pipeline["stages"]
    pipeline["stages"] = [{"name": "only", "plugin": str(paths.plugin_file("passthrough"))}]
    engine = site.engine(site.config([pipeline])).run()
    first = generation(engine)
    engine.config["pipelines"][0]["stages"] = bad
    apply(engine)
    site.topics.send(site.source, [("k", event("a", do="crash"))])
    assert engine.exited(60) == -signal.SIGABRT
    engine.start()
    assert engine.exited(120) == -signal.SIGABRT
    listed = command(engine, "generations", "--offline").splitlines()
    assert "ran last" in listed[1] and listed[1].split()[0] == str(first + 1), listed
    assert "rollback leads here" in listed[2] and listed[2].split()[0] == str(first), listed
    engine.options = ["--generation", str(first)]
    engine.run(120)
    told = [line for line in engine.log_lines() if "the last run was not stopped" in line["msg"]]
    assert [line["generation"] for line in told] == [first + 1], told
    engine.until(lambda: site.read_ids()[0] == {"a": 1}, 60, "what ran before takes the event")
    assert generation(engine) == first + 2 and engine.metric("weir_config_drift") == 1
    assert engine.stop() == 0
    engine.options = []
    engine.run(120)  # the event is done with, so the file's plugin lives
    assert generation(engine) == first + 3 and engine.metric("weir_config_drift") == 0
    assert "rollback leads here" in command(engine, "generations").splitlines()[2]
    assert json.loads(command(engine, "rollback", "--json"))["generation_after"] == first + 4
    assert "passthrough" in json.dumps(http.get(engine.admin_port, "/admin/plugins").json())
    assert engine.stop() == 0


def test_a_killed_reload_leaves_what_can_start(site):
    """kill -9 at a random moment of a reload, over and over."""
    site.create_topics()
    engine = site.engine(site.config([site.pipeline()])).run()
    for i in range(6):
        engine.config["pipelines"][0]["stages"][0]["timeout"] = f"{10 + i}s"
        engine.config["pipelines"][0]["stages"][0]["plugin"] = other_plugin(site, i)
        engine.write()
        engine.signal(signal.SIGHUP)
        # From "not even read" to "long done", by what the machine makes of it.
        for _ in range(i * 3):
            engine.readiness()
        engine.kill()
        engine.run()
        assert engine.metric("weir_config_drift") == 0
    with Load(site.topics, site.source, rate=500) as load:
        engine.until(lambda: engine.finished() > 200, 60, "it works")
        load.stop()
    site.finished(engine, 60)
    assert engine.stop() == 0
    assert_accounted(load.ids(), set(), *site.read_ids())
