"""The first thing a stranger does: clone, scripts/quickstart."""

import os
import re
import subprocess

import pytest
from harness import paths


@pytest.fixture(scope="module")
def clone(run_folder):
    """What a stranger gets: a clone of what is committed."""
    folder = run_folder / "clone"
    subprocess.run(["rm", "-rf", folder], check=True)
    subprocess.run(["git", "clone", "-q", paths.TOP, folder], check=True, timeout=120)
    return folder


def test_quickstart_from_a_clean_clone_shows_each_fate_and_stops(clone):
    done = subprocess.run(
        [clone / "scripts" / "quickstart", "--once"],
        capture_output=True,
        text=True,
        timeout=900,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env={**os.environ, "TERM": "dumb"},
    )
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    for words in ("processed", "duplicate", "dead letter"):
        assert re.search(words, done.stdout), f"no {words} in\n{text}"
    assert "order-1" in done.stdout
    left = subprocess.run(["pgrep", "-f", f"{clone}/"], capture_output=True, text=True).stdout
    assert not left, f"still running: {left}"
    changed = subprocess.run(["git", "-C", clone, "status", "--porcelain"], capture_output=True, text=True).stdout
    assert not changed, f"not ignored by git: {changed}"


def test_quickstart_again_needs_no_build_and_says_how_to_stop(clone):
    script = clone / "scripts" / "quickstart"
    try:
        done = subprocess.run([script], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "scripts/quickstart --stop" in done.stdout
        address = re.search(r"http://127\.0\.0\.1:(\d+)/api/events", done.stdout)
        assert address, done.stdout
        again = subprocess.run([script], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        assert again.returncode == 0, "a second quickstart replaces the first: " + again.stdout + again.stderr
    finally:
        stop = subprocess.run([script, "--stop"], capture_output=True, text=True, timeout=60)
    assert stop.returncode == 0, stop.stdout + stop.stderr
    left = subprocess.run(["pgrep", "-f", f"{clone}/"], capture_output=True, text=True).stdout
    assert not left, f"still running: {left}"
