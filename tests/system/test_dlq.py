"""Dead letters as people meet them: listed, counted and sent round again, also by a job that is killed half-way."""

import json
import re
import subprocess
import sys
import time
from collections import Counter

import pytest
from harness import paths, report
from harness.terminal import Terminal
from harness.wait import wait_until


class Dlq:
    """A topic of dead letters and the command that works on it."""

    def __init__(self, kafka, topics, name, pipeline):
        self.kafka, self.topics, self.name = kafka, topics, name
        self.pipeline, self.retry = pipeline, f"{pipeline}.retry.0"

    def fill(self, count, partitions=4):
        self.topics.create(self.name, partitions=partitions)
        self.topics.send(self.name, (self.letter(n) for n in range(count)))

    def letter(self, n):
        now = int(time.time() * 1000)
        said = {
            "origin-topic": "events",
            "origin-partition": 0,
            "origin-offset": n,
            "owner": f"0/events/0/{n}",
            "event-id": f"e-{n}",
            "pipeline": self.pipeline,
            "stage": "fraud",
            "class": "permanent",
            "code": "rare" if n % 1000 == 500 else ("busy", "other")[n % 2],
            "message": "the ledger is busy",
            "attempts": 1,
            "first-failed-at": now,
            "last-failed-at": now,
            "replays": 0,
            "generation": 1,
            "resume": "stage",
        }
        headers = [(f"weir-{name}", str(value).encode()) for name, value in said.items()]
        return f"k{n % 100}".encode(), b'{"eventId":"e-%d"}' % n, [("trace", b"t"), *headers]

    def command(self, verb, *options):
        words = [paths.weir(), "dlq", verb, "-b", self.kafka.brokers, "-t", self.name, "-p", self.pipeline, *options]
        return [str(word) for word in words]

    def run(self, verb, *options, status=0):
        done = subprocess.run(self.command(verb, *options), capture_output=True, text=True, timeout=300)
        assert done.returncode == status, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, verb, *options, status=0):
        return json.loads(self.run(verb, "--json", *options, status=status))

    def job(self):
        lines = self.run("replay", "--jobs", "--json").splitlines()
        return json.loads(lines[0]) if lines else None

    def replays(self):
        """How often each dead letter was sent round."""
        if not self.topics.exists(self.retry):
            return Counter()
        return Counter(record.headers["weir-replayed-from"] for record in self.topics.read(self.retry))


@pytest.fixture
def dlq(site):
    return Dlq(site.kafka, site.topics, site.dlq, site.name)


def test_a_replay_that_is_killed_again_and_again_sends_each_letter_once(dlq, full):
    count = 1_000_000 if full else 12_000
    dlq.fill(count)
    rate = [] if full else ["--rate", "500"]  # slow enough to be met at work three times
    process = subprocess.Popen(dlq.command("replay", "--code", "busy", *rate), stdout=subprocess.DEVNULL)
    done = 0
    for _ in range(3):
        wait_until(lambda: (dlq.job() or {}).get("counts", {}).get("done", 0) > done, 60, "the job has done something")
        process.kill()
        process.wait()
        job = dlq.job()
        assert job["state"] == "running"
        done = job["counts"]["done"]
        assert done < count / 2 - count / 1000, "it was over before it could be killed"
        process = subprocess.Popen(dlq.command("replay", "--resume", job["id"]), stdout=subprocess.DEVNULL)
    assert process.wait(300) == 0
    busy = sum(1 for n in range(count) if n % 2 == 0 and n % 1000 != 500)
    replays = dlq.replays()
    assert len(replays) == busy
    assert set(replays.values()) == {1}
    counts = dlq.json("stats")
    assert (counts["open"], counts["replayed"]) == (count - busy, busy)
    assert dlq.json("list", "--code", "busy")["items"] == []


def test_a_replay_says_what_the_lane_needs(dlq):
    dlq.fill(4, partitions=1)
    job = dlq.json("replay", "0/2")
    assert job["state"] == "done" and job["counts"]["done"] == 1
    (record,) = dlq.topics.read(dlq.retry)
    headers = record.headers
    assert (record.key, record.value) == (b"k2", b'{"eventId":"e-2"}')
    assert headers["trace"] == "t"
    assert headers["weir-replay"] == job["id"]
    assert headers["weir-owner"] == "0/events/0/2"
    assert headers["weir-stage"] == "fraud"
    assert headers["weir-replays"] == "1"
    assert headers["weir-replayed-from"] == f"{dlq.name}/0/2"
    assert headers["weir-origin-offset"] == "2"
    assert "weir-resume" not in headers


def begin_slowly(dlq):
    """A replay of 3000 that has begun, and takes ten seconds."""
    dlq.fill(3000)
    first = subprocess.Popen(
        dlq.command("replay", "--all", "--rate", "300"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: (dlq.job() or {}).get("counts", {}).get("done", 0) > 0, 60, "the job runs")
    return first, dlq.job()


def test_who_runs_a_job_that_is_cancelled_elsewhere_is_told_by_whom_and_how_far_it_came(dlq):
    first, job = begin_slowly(dlq)
    cancelled = dlq.json("replay", "--cancel", job["id"])
    assert cancelled["state"] == "cancelled" and cancelled["cancelledBy"] == job["who"]
    out, err = first.communicate(timeout=60)
    assert first.returncode == 1
    assert f"job {job['id']} was cancelled by {job['who']}" in err and "--resume" not in err
    done = cancelled["counts"]["done"]
    assert out == f"job {job['id']} (replay) is cancelled by {job['who']}\n  {done} selected\n  {done} replayed\n"
    assert len(dlq.replays()) == done == dlq.json("stats")["replayed"]
    assert dlq.job()["state"] == "cancelled"


def test_on_a_terminal_a_line_says_how_far_it_is(dlq):
    dlq.fill(3000)
    began = time.monotonic()
    terminal = Terminal(24, 100, *dlq.command("replay", "--code", "busy", "--rate", "500"))
    line = re.compile(r"\r\x1b\[\?7l(\d+) replayed, \d+/s, (\d+) of \d+ left to look at, about \d+ s\x1b\[K\x1b\[\?7h")
    terminal.read_until(lambda: len({m.group(1) for m in line.finditer(terminal.text)}) >= 2)
    terminal.end(0)
    assert time.monotonic() - began > 2, "it was held to its rate"
    seen = [(int(m.group(1)), int(m.group(2))) for m in line.finditer(terminal.text)]
    assert sorted(done for done, _ in seen) == [done for done, _ in seen]
    assert sorted((left for _, left in seen), reverse=True) == [left for _, left in seen]
    # Then it is gone, and the result stands there alone.
    last = terminal.text.rpartition("\r\x1b[K")[2]
    assert last.splitlines()[1:] == ["  1497 selected", "  1497 replayed"] and " is done" in last


def test_without_a_terminal_nothing_but_the_result_is_printed(dlq):
    dlq.fill(2000)
    for options in ([], ["--json"]):
        command = dlq.command("replay", "--code", ("busy", "other")[bool(options)], "--rate", "500", *options)
        done = subprocess.run(command, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
        assert not re.search(rb"[^\n -~]", done.stdout)


def test_two_processes_never_run_one_job(dlq):
    first, job = begin_slowly(dlq)
    second = dlq.json("replay", "--resume", job["id"])
    assert second["state"] == "done" and second["counts"]["done"] == 3000
    _, err = first.communicate(timeout=60)
    assert first.returncode == 1
    assert f"another process has taken job {job['id']} over" in err and "--resume" not in err
    assert len(dlq.replays()) == 3000 == dlq.json("stats")["replayed"]
    state = dlq.topics.read(f"{dlq.name}.weir-state")
    (audit,) = [json.loads(record.value) for record in state if (record.key or b"").startswith(b"audit/resumed/")]
    assert (audit["act"], audit["job"]["id"]) == ("replay resumed", job["id"]) and "@" in audit["by"]


# What a command takes at most. A process of its own asks: what its parent takes at the fork counts too.
PEAK = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
print(used.ru_maxrss // 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_mib(command):
    return int(subprocess.run([sys.executable, "-c", PEAK, *command], check=True, capture_output=True).stdout)


# What matches half of the letters or all; the last one matches the oldest letter alone.
FILTERS = [
    ("none",),
    ("oldest first", "--oldest-first"),
    ("code", "--code", "busy"),
    ("stage", "--stage", "fraud"),
    ("class", "--class", "permanent,exhausted"),
    ("generation", "--generation", "1"),
    ("text", "--text", "LEDGER"),
    ("from", "--from", "1d"),
    ("until", "--until", "2100-01-01T00:00:00Z"),
]


def test_a_page_of_many_letters_takes_no_longer_than_one_of_few(dlq, full):
    count = 1_000_000 if full else 50_000
    dlq.fill(count, partitions=8)

    def measure(name, *options, items=50, limit="50"):
        start = time.monotonic()
        page = dlq.json("list", "--limit", limit, *options)
        took = time.monotonic() - start
        assert len(page["items"]) == items, name
        if full:
            report.add("first pages", ("letters", "filter", "seconds"), (count, name, f"{took:.2f}"))
        return page, took

    for name, *options in FILTERS:
        page, took = measure(name, *options)
        assert page["next"]
        assert took < 1 or not full, name
    rare = len([n for n in range(count) if n % 1000 == 500])
    measure("code, one of a thousand, 1000 of them", "--code", "rare", items=min(rare, 1000), limit="1000")
    measure("id, the oldest letter", "--id", "e-0", items=1)
    measure("id, no letter", "--id", "nobody", items=0)
    for options in ([], ["--id", "e-0"]):
        mib = peak_mib(dlq.command("list", "--json", *options))
        assert mib < 100
        if full:
            report.add("first pages", ("letters", "filter", "seconds"), (count, f"peak memory {options}", f"{mib} MiB"))


def test_what_is_purged_is_listed_no_more(dlq):
    dlq.fill(20)
    assert dlq.json("purge", "--code", "busy", "--yes")["counts"]["done"] == 10
    assert {item["code"] for item in dlq.json("list")["items"]} == {"other"}
    assert len(dlq.json("list", "--state", "purged")["items"]) == 10
    assert dlq.replays() == Counter()


def test_nonsense_in_its_topics_is_shown_and_harms_nothing(dlq):
    """Whoever may write there can write anything."""
    dlq.fill(4, partitions=1)
    assert dlq.json("replay", "0/0")["counts"]["done"] == 1
    _, value, headers = dlq.letter(9)
    dlq.topics.send(
        dlq.name,
        [
            ("k", "no header at all, so of no pipeline"),
            ("k", value, [*headers, ("weir-event-id", b"twice")]),
            ("k", value, [(name, b"zzz" if name == "weir-owner" else text) for name, text in headers]),
            ("k", value, [(name, b"\x1b[31m" if name == "weir-class" else text) for name, text in headers]),
        ],
    )
    keys = ("", "garbage", "job/", "job/abc", "job/20260101-000000-abcdef", "letter/0/0/abc", "letter/9/9/abc", "audit/x")
    values = ("", "not json", "{}", "[" * 10000, '{"id":"x","kind":"replay","state":"running"}', "0-99999999999999999999")
    dlq.topics.send(f"{dlq.name}.weir-state", [(key, value) for key in keys for value in values])
    counts = dlq.json("stats")
    assert (counts["open"], counts["replayed"]) == (6, 1)
    items = dlq.json("list")["items"]
    assert [bool(item.get("broken")) for item in items] == [True] * 3 + [False] * 3
    assert "\x1b" not in dlq.run("list") + dlq.run("show", items[0]["id"])
    job = dlq.json("replay", "--all", status=1)
    assert (job["counts"]["done"], job["counts"]["refusedBroken"]) == (3, 3)
    assert set(dlq.replays().values()) == {1} and len(dlq.replays()) == 4
    assert dlq.json("purge", "--all", "--yes")["counts"]["done"] == 3
    assert dlq.json("list")["items"] == []


def test_a_forged_job_does_no_more_than_it_could_by_itself(dlq):
    """As good a record as the engine's own, of a job that nobody began."""
    dlq.fill(4, partitions=1)
    assert dlq.json("replay", "0/0")["counts"]["done"] == 1  # makes the topic
    forged = dlq.job()
    huge = 2**63 - 1
    jobs = {
        "20260101-000000-00000a": {"ranges": [[2**31 - 1, 0, huge]]},
        "20260101-000000-00000b": {"ranges": [[0, huge - 1, huge]] * 1000},
        "20260101-000000-00000c": {"ranges": [], "ids": ["2147483647/9223372036854775807", "0/9223372036854775807"], "nextId": 0},
        "20260101-000000-00000d": {"ranges": [[0, 0, huge]], "rate": huge},
        "20260101-000000-00000e": {"edited": True, "ranges": [[0, 0, 4]]},
    }
    for name, over in jobs.items():
        record = {key: value for key, value in {**forged, "id": name, "state": "running", "nextId": 0, **over}.items() if key != "ids" or key in over}
        dlq.topics.send(f"{dlq.name}.weir-state", [(f"job/{name}", json.dumps(record))])
    assert {job for job in jobs} <= {json.loads(line)["id"] for line in dlq.run("replay", "--jobs", "--json").splitlines()}
    for name in jobs:
        done = subprocess.run(dlq.command("replay", "--resume", name), capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, 1), (name, done)
        assert done.stdout or done.stderr
    # The one that means what is there did what any job may; nothing was sent twice.
    assert set(dlq.replays().values()) == {1} and len(dlq.replays()) == 4


def test_an_id_that_can_not_be_is_an_error_before_anything_is_done(dlq):
    dlq.fill(2, partitions=1)
    dlq.run("show", "0/99", status=1)
    dlq.run("show", "4/0", status=1)
    dlq.run("replay", "0/0", "4/0", status=1)
    assert dlq.replays() == Counter()
    counts = dlq.json("replay", "0/0", "0/99", status=1)["counts"]
    assert (counts["done"], counts["skipped"]) == (1, 1)


def test_the_exit_status_tells_whether_all_was_done(dlq):
    dlq.fill(8, partitions=1)
    key, value, headers = dlq.letter(8)
    dlq.topics.send(dlq.name, [(key, value, [(name, b"3" if name == "weir-replays" else text) for name, text in headers])])

    def run(verb, *options, status, **counts):
        found = dlq.json(verb, *options, status=status)["counts"]
        assert {name: count for name, count in found.items() if count} == counts, options

    run("replay", "0/0", "0/1", "--dry-run", status=0, selected=2, done=2)
    run("replay", "0/0", "0/1", status=0, selected=2, done=2)
    # By ids that are open no more, or gone: not all was done.
    run("replay", "0/0", "0/1", status=1, skipped=2)
    run("replay", "0/1", "0/2", "--dry-run", status=1, selected=1, done=1, skipped=1)
    run("replay", "0/1", "0/2", status=1, selected=1, done=1, skipped=1)
    run("replay", "0/99", status=1, skipped=1)
    # What was refused stays open, so the same fails again.
    run("replay", "--code", "busy", "--dry-run", status=1, selected=3, done=2, refusedLoop=1)
    run("replay", "--code", "busy", status=1, selected=3, done=2, refusedLoop=1)
    run("replay", "--code", "busy", status=1, selected=1, refusedLoop=1)
    run("replay", "--code", "busy", "--force", status=0, selected=1, done=1)
    # Options that match nothing leave nothing undone.
    run("replay", "--code", "busy", status=0)
    run("purge", "--all", "--yes", status=0, selected=3, done=3)
    run("purge", "--all", "--yes", status=0)
    run("purge", "0/7", "--yes", status=1, skipped=1)
    job = "20260101-000000-abcdef"
    for wrong in (
        ("replay", "x"),
        ("replay", "--all", "0/1"),
        ("replay", "0/1", "--pipeline", "payments", "--code", "busy"),
        ("replay", "--resume", job, "--dry-run"),
        ("replay", "--cancel", job, "0/1"),
        ("replay", "--jobs", "--resume", job),
        ("purge", "--resume", job, "--code", "busy"),
        ("purge", "--nonsense"),
    ):
        dlq.run(*wrong, status=2)


def test_who_did_what_to_how_many_is_on_record(dlq):
    dlq.fill(6)
    replay = dlq.json("replay", "--code", "busy")["id"]
    dlq.json("replay", "--all", "--dry-run")
    purge = dlq.json("purge", "--all", "--yes")["id"]
    acts = {}
    for record in dlq.topics.read(f"{dlq.name}.weir-state"):
        if (record.key or b"").startswith(b"audit/"):
            said = json.loads(record.value)
            acts[said["act"]] = said
    assert set(acts) == {"replay started", "replay done", "purge started", "purge done"}
    for act, job, done in (("replay done", replay, 3), ("purge done", purge, 3)):
        said = acts[act]["job"]
        assert (said["id"], said["counts"]["done"]) == (job, done)
        assert "@" in said["who"] and acts[act]["topic"] == dlq.name
