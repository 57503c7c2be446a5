"""Reload after reload of a real engine under load: other plugins, other configurations, files that are refused, canaries
that stay and canaries that are taken back. Nothing is lost or repeated, every output is of a generation that ran when it
was written, and nothing is left behind.

Short: a dozen and a half. --full: 200 under 50,000 events a second, and the same engine under the thread sanitizer. How
long the outputs stood still at a reload is printed, beside the same of moments in which nothing was changed, and judged
with --full alone.
"""

import os
import shutil
import subprocess
import time

import pytest
from harness import http, paths, report
from harness.events import SIZE, event
from harness.load import Load

# Here nobody dies: a consumer whose heartbeat is late on a busy machine keeps its partitions.
CALM = {"consumer_properties": {"session.timeout.ms": 30000, "heartbeat.interval.ms": 3000}}
# It is waited for its events ten times as long: a busy machine may stand still for seconds.
CANARY = {"share": "20%", "for": "2s", "max_error_ratio_increase": 0.01, "min_events": 20}
KINDS = ("plugin", "batch", "config", "rejected", "canary", "canary taken back")


class Prepared(Load):
    """A load whose events are made of two pieces: the writer shall not be the brake."""

    def records(self, i):
        if i == 0:
            self.head, _, self.tail = event("@", SIZE).partition(b"@")
        return [(f"k{i % self.keys}", self.head + b"l%08d" % i + self.tail)]


class Reloads:
    """An engine that is reloaded over and over, and what it said of its generations."""

    def __init__(self, engine, site, builds):
        self.engine, self.site = engine, site
        self.builds = builds  # of the plugin: what has run comes back
        self.client = http.Client(engine.admin_port, timeout=120)
        self.stage = engine.config["pipelines"][0]["stages"][0]
        self.stage["plugin"] = self.build(builds - 1)
        self.began = {}  # by generation, seconds: not before this it had an event
        self.ended = {}  # after this it had none; only where that is known
        self.windows = []  # (kind, from, to) of each change, seconds
        self.controls = []  # the same of moments in which nothing changed
        self.swaps_ms = []  # what the engine says of how long its lanes took to move
        self.states = {}  # what the engine says of each generation

    def build(self, number):
        """The tests' plugin as another build would be: other bytes behind the same code."""
        path = self.site.folder / "scripted.so"
        draft = self.site.folder / "scripted.so.new"
        shutil.copy(self.site.scripted / "scripted.so", draft)
        with open(draft, "ab") as file:
            file.write(b"\0" * (1 + number % self.builds))
        os.replace(draft, path)
        return str(path)

    def ask(self, method, path):
        answer = self.client.request(method, path)
        return answer.status, answer.json()

    def running(self):
        return int(self.engine.metric("weir_generation"))

    def note_states(self):
        _, answer = self.ask("GET", "/admin/generations")
        self.states |= {entry["number"]: entry["state"] for entry in answer["generations"]}
        return next(entry["number"] for entry in answer["generations"] if entry["runs"])

    def reload(self, kind, number):
        """One reload of this kind, told and followed to its end."""
        before, began = self.note_states(), time.time()
        ended = getattr(self, kind.replace(" ", "_"))(number, before)
        self.windows.append((kind, began, ended or time.time()))
        after = self.note_states()
        if after != before and kind != "canary":
            self.ended[before] = time.time()

    def post(self, path, result):
        began = time.time()
        status, answer = self.ask("POST", path)
        assert answer.get("result") == result, f"{answer}\n{self.engine.log_tail()}"
        assert status == (422 if result == "rejected" else 200)
        if answer["timings_ms"]["swap"] is not None:
            self.swaps_ms.append(answer["timings_ms"]["swap"])
        if answer["generation_after"] != answer["generation_before"]:
            self.began.setdefault(answer["generation_after"], began)
        return answer

    def change(self):
        self.engine.write()
        answer = self.post("/admin/reload?drained=true&canary=off", "applied")
        assert answer["drained"], answer

    def plugin(self, number, _before):
        self.stage["plugin"] = self.build(number)
        self.change()

    def batch(self, number, _before):
        self.engine.config["pipelines"][0]["batch"] = {"max_events": 500 + number, "in_flight": 4 + number % 5}
        self.change()

    def config(self, number, _before):
        self.stage["config"] = {"mark": f"seen-{number}"}
        self.change()

    def rejected(self, number, before):
        broken = self.site.folder / "broken.so"
        broken.write_bytes((self.site.scripted / "scripted.so").read_bytes()[: 4000 + number])
        good = self.stage["plugin"]
        self.stage["plugin"] = str(broken)
        self.engine.write()
        self.stage["plugin"] = good
        answer = self.post("/admin/reload", "rejected")
        assert answer["generation_after"] == before and "broken.so" in str(answer["errors"]), answer

    def begin_canary(self, mark):
        self.stage["config"] = {"mark": mark}
        self.engine.write()
        answer = self.post("/admin/reload", "canary")
        return answer["url"]

    def canary(self, number, _before):
        url = self.begin_canary(f"tried-{number}")
        begun = time.time()
        self.engine.until(lambda: self.ask("GET", url)[1]["state"] != "canary", 60, "the canary ends")
        ended = time.time()
        assert self.ask("GET", url)[1]["state"] == "promoted", self.engine.log_tail()
        self.windows.append(("promotion", ended - 0.2, ended))
        for part in (0.3, 0.5, 0.7):
            middle = begun + part * (ended - begun)
            self.controls.append(("nothing", middle - 0.1, middle + 0.1))
        return begun

    def canary_taken_back(self, number, before):
        self.engine.config["canary"]["for"] = "1h"
        url = self.begin_canary(f"taken-back-{number}")
        self.engine.config["canary"]["for"] = CANARY["for"]
        self.post("/admin/rollback", "applied")
        assert self.ask("GET", url)[1]["state"] == "rolled_back" and self.note_states() == before
        self.stage["config"] = {"mark": f"after-{number}"}

    def left_behind(self):
        """What the process holds."""
        process = f"/proc/{self.engine.process.pid}"
        with open(f"{process}/maps") as file:
            maps = file.read().splitlines()
        return {
            "descriptors": len(os.listdir(f"{process}/fd")),
            "threads": len(os.listdir(f"{process}/task")),
            "mappings": len(maps),
            # The path is the sixth column; " (deleted)" may follow it.
            "mapped plugins": len({line.split()[5] for line in maps if "/state/plugins/" in line}),
            "copies of plugins": len(os.listdir(self.engine.folder / "state" / "plugins")),
        }

    def rss_mib(self):
        return self.engine.rss_bytes() >> 20

    def check_memory(self, first, rounds):
        """Under load it follows the backlog. So what a reload keeps shows when there is none."""
        before = None
        for i in range(first, first + rounds):
            for kind in ("plugin", "batch", "config", "rejected"):
                self.reload(kind, i)
            before = before or self.rss_mib()
        assert self.rss_mib() <= before + 4, f"{before} MiB became {self.rss_mib()} by {4 * rounds} reloads"


def check_nothing_is_left(before, after, builds):
    """`before` was taken after half of the reloads; the slack is for connections to the broker that come late, and less
    than one for each reload."""
    for what, slack in {"descriptors": 8, "threads": 4, "mappings": 40, "mapped plugins": 0}.items():
        assert after[what] <= before[what] + slack, f"{what}: {before} became {after}"
    assert after["mapped plugins"] <= builds and after["copies of plugins"] <= builds + 1, after


class Outputs:
    """All that was written: counted by event, by generation, and by when the broker had it."""

    def __init__(self, site, sent):
        self.seen, self.times, self.generations = bytearray(sent), set(), {}
        self.repeats = 0
        for batch in site.topics.batches(site.output):
            for message in batch:
                self.add(message)
        self.lost = sum(1 for count in self.seen if count == 0)

    def add(self, message):
        i = int(message.value()[13:21])  # {"eventId":"l00000000"
        if self.seen[i]:
            self.repeats += 1
        self.seen[i] = 1
        generation = int(dict(message.headers())["weir-generation"])
        _, at_ms = message.timestamp()  # the broker's
        self.times.add(at_ms)
        first, last = self.generations.get(generation, (at_ms, at_ms))
        self.generations[generation] = (min(first, at_ms), max(last, at_ms))

    def stalls_ms(self, windows):
        """Of each window the longest time in which no output came."""
        times = sorted(self.times)
        found, i = [], 0
        for kind, begin, end in windows:
            while i < len(times) and times[i] < begin * 1000:
                i += 1
            longest, j = 0, max(i, 1)
            while j < len(times) and times[j - 1] < end * 1000:
                longest = max(longest, times[j] - times[j - 1])
                j += 1
            found.append((longest, kind))
        return found


def check_generations(reloads, outputs):
    """The headers agree with what the engine told of its generations, and when."""
    ran = {number for number, state in reloads.states.items()}
    assert outputs.generations.keys() <= ran, f"{outputs.generations.keys() - ran} never ran"
    applied = {number for number, state in reloads.states.items() if state in ("applied", "promoted")}
    for number, (first_ms, last_ms) in outputs.generations.items():
        began, ended = reloads.began.get(number), reloads.ended.get(number)
        assert began is None or first_ms >= began * 1000 - 1, f"generation {number} before it was asked for"
        assert ended is None or last_ms <= ended * 1000 + 1, f"generation {number} after it had drained"
    assert len(outputs.generations.keys() & applied) > 2


def ranks(values):
    """p50, p99 and the longest."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[max(0, len(ordered) * 99 // 100 - 1)], ordered[-1]


def stalls_of(outputs, windows):
    """(p99, the ranks as text), milliseconds."""
    p50, p99, longest = ranks(outputs.stalls_ms(windows))
    return p99[0], f"{p50[0]}, {p99[0]}, {longest[0]} ({longest[1]})"


def run(site, delivery, count, rate, binary=None, env=None):
    site.topics.create(site.source, site.output, partitions=4, message_timestamp_type="LogAppendTime")
    site.topics.create(site.dlq, partitions=4, max_message_bytes=2 << 20)
    pipeline = site.pipeline(lanes=2, delivery=delivery, batch={"max_events": 500})
    engine = site.engine(site.config([pipeline], canary=dict(CANARY), kafka=CALM), binary=binary, env=env)
    builds = 5 if count > 100 else 2
    reloads = Reloads(engine, site, builds)
    engine.write()
    engine.run(120)
    with Prepared(site.topics, site.source, rate=rate) as load:
        # A stall is told from a broker that still warms up when everything keeps up with the load.
        engine.until(lambda: engine.finished() > max(1000, load.sent - rate // 5), 120, "it keeps up")
        rebalances = engine.metric("weir_rebalances_total")
        began, done, rss = time.monotonic(), engine.finished(), 0
        for i in range(count):
            reloads.reload(KINDS[i % len(KINDS)], i // len(KINDS))
            rss = max(rss, reloads.rss_mib())
            if i == count // 2:
                before = reloads.left_behind()
        seconds = time.monotonic() - began
        rate = int((engine.finished() - done) / seconds)
        assert engine.metric("weir_rebalances_total") == rebalances, "a reload cost the partitions"
        load.stop()
    site.finished(engine, 300)
    after = reloads.left_behind()
    if binary is None:  # a sanitizer keeps what was freed
        reloads.check_memory(-(-count // len(KINDS)), max(3, count // len(KINDS)))
        assert rss <= 256 + 60, f"{rss} MiB under load"
    assert engine.stop(120) == 0, engine.log_tail()
    outputs = Outputs(site, load.sent)
    check_nothing_is_left(before, after, builds)
    check_generations(reloads, outputs)
    p99, stalls = stalls_of(outputs, reloads.windows)
    _, controls = stalls_of(outputs, reloads.controls)
    report.add(
        "reloads under load",
        ("mode", "reloads", "seconds", "events/s", "lost", "repeated", "stall p50, p99, max (ms)", "without a change",
         "swap p50, p99, max (ms)", "RSS, MiB", "left behind"),
        (
            delivery, count, f"{seconds:.0f}", rate, outputs.lost, outputs.repeats, stalls, controls,
            "{:.1f}, {:.1f}, {:.1f}".format(*ranks(reloads.swaps_ms)), rss,
            ", ".join(f"{what} {before[what]} -> {after[what]}" for what in before),
        ),
    )
    assert outputs.lost == 0 and outputs.repeats == 0, f"{outputs.lost} lost, {outputs.repeats} repeat"
    return p99


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_reload_after_reload_loses_and_repeats_nothing(site, delivery, full):
    stall_ms = run(site, delivery, 200 if full else 18, 50000 if full else 2000)
    assert not full or stall_ms <= 50


@pytest.mark.full
@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_reloads_under_the_thread_sanitizer(site, delivery):
    binary = paths.weir(paths.TSAN_BUILD)
    assert binary.exists(), f"no build with the thread sanitizer in {paths.TSAN_BUILD}"
    # librdkafka's threads are C11's, which the sanitizer does not know.
    source = paths.TOP / "tests" / "system" / "plugins" / "c11_threads.c"
    site.folder.mkdir(parents=True, exist_ok=True)
    library = site.folder / "c11_threads.so"
    flags = ["-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-fsanitize=thread"]
    subprocess.run(["gcc", *flags, source, "-o", library], check=True)
    command = ["gcc", "-print-file-name=libtsan.so"]
    sanitizer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    # librdkafka destroys locks of what nobody refers to any more; how it counts that the sanitizer does not see. weir has no
    # such locks. An engine that found a race ends with this status.
    known = site.folder / "known"
    known.write_text("race_top:librdkafka.so\nrace_top:pthread_rwlock_destroy\n")
    options = f"exitcode=66 suppressions={known}"
    run(site, delivery, 18, 300, binary, {"LD_PRELOAD": f"{sanitizer} {library}", "TSAN_OPTIONS": options})
