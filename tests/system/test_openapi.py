"""The running server keeps to docs/openapi.yaml: whatever is sent, the answer is one that is described there."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from harness import paths
from harness.engine import Engine

DOCUMENT = paths.TOP / "docs" / "openapi.yaml"
TOKEN = "token-of-the-test"

# What a listener does not have, or what a parameter and the body must be to each other, no schema can say.
LISTENERS = {
    "admin": ["--exclude-path=/api/events", "--exclude-path-regex=^/admin/dlq"],
    # These ask Kafka each time.
    "dlq": ["--include-path-regex=^/admin/dlq", "--max-examples=5"],
    "ingest": [
        "--include-path-regex=^/(api|health)/",
        "--exclude-checks=positive_data_acceptance,negative_data_rejection",
    ],
}


@pytest.fixture
def engine(run_folder, request):
    """All in one process: an embedded broker, claims in memory."""
    pipeline = {
        "name": "payments",
        "source": {"topics": ["events"]},
        "idempotency": {"store": "memory"},
        "stages": [{"plugin": str(paths.plugin_file("passthrough"))}],
        "dlq": {"topic": "events-dlq"},
        "outputs": {"default": "processed-events"},
    }
    config = {
        "kafka": {"brokers": "embedded"},
        "http": {"admin": {"token": TOKEN}, "ingest": {"topic": "events", "token": TOKEN}},
        "pipelines": [pipeline],
    }
    folder = run_folder / f"openapi-{request.node.callspec.id}"
    shutil.rmtree(folder, ignore_errors=True)  # an earlier run listened elsewhere, and nothing goes back to that
    engine = Engine(folder, config).run()
    yield engine
    engine.end()


@pytest.mark.parametrize("listener", LISTENERS)
def test_the_server_is_as_it_is_described(engine, listener):
    port = engine.ingest_port if listener == "ingest" else engine.admin_port
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis",
        "run",
        DOCUMENT,
        f"--url=http://127.0.0.1:{port}",
        f"--header=Authorization: Bearer {TOKEN}",
        "--phases=examples,coverage,fuzzing",
        "--checks=all",
        "--max-examples=25",
        *LISTENERS[listener],
        "--generation-deterministic",
        "--no-shrink",
        "--continue-on-failure",
        "--no-color",
    ]
    hook = str(paths.TOP / "tests" / "system" / "harness" / "ndjson_hook.py")
    done = subprocess.run(
        command,
        env={**os.environ, "SCHEMATHESIS_HOOKS": hook},
        cwd=engine.folder,
        capture_output=True,
        text=True,
        timeout=180,  # it takes five to twenty seconds
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The engine is none the worse for it.
    assert engine.alive() and not [line for line in engine.log_lines() if line["level"] == "error"]
