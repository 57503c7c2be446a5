"""Start, work and stop under valgrind and under the address and undefined-behaviour sanitizers: no finding."""

import shutil
import subprocess
from collections import Counter

import pytest
from harness import paths
from harness.events import Mix, assert_accounted


def work(site, engine, count, patience):
    """A mix of good, bad, duplicate and retried events by Kafka, some by HTTP, then a clean stop."""
    mix = Mix(count, seed=9)
    site.topics.send(site.source, mix.records())
    site.topics.send(site.source, [("k", value) for value in ("{", '{"no":"id"}', None, '{"eventId":1e400}')])
    engine.run(patience)
    client = engine.client()
    for body in ('{"eventId":"h1","payload":{}}', '[{"eventId":"h2","payload":{}},3]', "{", '{"eventId":'):
        client.post(body)
    engine.metrics_text()
    site.finished(engine, patience)
    status = engine.stop(patience)
    assert status == 0, engine.log_tail(100)
    processed, dead = site.topics.read_ids(site.output), site.topics.read(site.dlq)
    for name in ("h1", "h2"):
        processed.pop(name, None)
    dead_ids = {record.headers["weir-event-id"] for record in dead if record.headers["weir-class"] == "permanent"}
    assert dead_ids == mix.dead_ids()
    assert_accounted(mix.live_ids(), set(), processed, Counter())


def config(site, **pipeline):
    return site.config([site.pipeline(**pipeline)], http={"ingest": {"topic": site.source}})


def test_the_sanitized_engine_has_no_finding(site, full):
    if not paths.weir(paths.ASAN_BUILD).exists():
        pytest.fail(f"no sanitized build in {paths.ASAN_BUILD}")
    site.create_topics()
    options = "detect_leaks=1:abort_on_error=0:exitcode=99"
    engine = site.engine(
        config(site, lanes=2),
        binary=paths.weir(paths.ASAN_BUILD),
        env={"ASAN_OPTIONS": options, "UBSAN_OPTIONS": "print_stacktrace=1", "LSAN_OPTIONS": "exitcode=99"},
    )
    work(site, engine, 100_000 if full else 20_000, 300)
    for word in ("AddressSanitizer", "LeakSanitizer", "runtime error"):
        assert word not in engine.log_text(), engine.log_text()[-6000:]


def test_valgrind_has_no_finding(site, full):
    site.create_topics()
    report = site.folder / "valgrind.log"
    site.folder.mkdir(exist_ok=True)
    wrapper = [
        shutil.which("valgrind"),
        "--quiet",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite",
        "--error-exitcode=99",
        f"--suppressions={paths.TOP}/tests/system/valgrind.supp",
        f"--log-file={report}",
    ]
    over = {"consumer_properties": {"session.timeout.ms": 30000, "heartbeat.interval.ms": 3000}}
    settings = config(site)
    settings["kafka"].update(over)
    engine = site.engine(settings, wrapper=wrapper)
    try:
        work(site, engine, 100_000 if full else 3_000, 900 if full else 300)
    finally:
        if report.exists() and report.stat().st_size:
            print(report.read_text()[:8000])
    assert report.read_text() == ""


def test_valgrind_of_a_check_has_no_finding(site):
    engine = site.engine()
    done = subprocess.run(
        ["valgrind", "--quiet", "--leak-check=full", "--error-exitcode=99", paths.weir(), "check", engine.file],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
