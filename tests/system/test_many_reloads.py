"""Reload after reload of a real engine under load: other plugins, other configurations, files that are refused, canaries
that stay and canaries that are taken back. Nothing is lost or repeated, every output is of a generation that ran when it
was written, and nothing is left behind.

Short: a dozen and a half. --full: 200 under 50,000 events a second, and the same engine under the thread sanitizer. How
long a lane stood still at a reload is printed, beside the same of moments in which nothing was changed, and judged with
--full alone: what the engine stands still when nothing is changed counts too.

So that it is the engine's stall that is measured, nothing reads along: the outputs say themselves when the broker had
them, and when a handler had their event. The writer is weir's own. The broker of --full has its files in memory, since
the engine's disk is not a broker's disk either; it has done all of it before that counts; and it collects its garbage
beside its work: whenever it stops for that, nothing comes, and all lanes stand still. Redis goes first with --full, as if
it had a processor of its own: it is one thread, all claims wait for it, and on two processors it would stand in one line
with dozens of the broker's and of the engine's. It is full enough not to double its tables meanwhile.
"""

import bisect
import os
import shutil
import signal
import subprocess
import time
from collections import defaultdict

import pytest
import redis
from harness import http, paths, report
from harness.events import SIZE

# Here nobody dies: a consumer whose heartbeat is late on a busy machine keeps its partitions.
CALM = {"consumer_properties": {"session.timeout.ms": 30000, "heartbeat.interval.ms": 3000}}
# It is waited for its events ten times as long: a busy machine may stand still for seconds.
CANARY = {"share": "20%", "for": "2s", "max_error_ratio_increase": 0.01, "min_events": 20}
STALL_MS = 200
PARTITIONS, LANES = 4, 2
KINDS = ("plugin", "batch", "config", "rejected", "canary", "canary taken back")


STAMP = "handled-at"
NICE = 10  # of all but Redis, with --full
# Redis makes larger tables at each power of two, and has twice the work for most of a second. From here to the next it is
# farther than a run comes.
USED_CLAIMS = 8_500_000
FILL = "for i = ARGV[1], ARGV[2] do redis.call('SET', 'used:' .. i, 'C', 'EX', 86400) end"

LINES = 'BEGIN { for (i = 0; i < size; i++) pad = pad "x"; for (i = 0; i < 40000000; i++) ' + (
    'printf "{\\"eventId\\":\\"l%08d\\",\\"key\\":\\"k%d\\",\\"pad\\":\\"%s\\"}\\n", i, i % 1000, pad }'
)


class Sending:
    """Events l00000000, ... of a thousand keys at a steady rate, by what costs the machine little."""

    def __init__(self, site, rate, wrapper=()):
        self.site = site
        self.lines = subprocess.Popen([*wrapper, "awk", "-v", f"size={SIZE - 50}", LINES], stdout=subprocess.PIPE)
        command = [*wrapper, paths.weir(), "send", "--to", site.source, "--brokers", site.kafka.brokers, "--rate", str(rate)]
        self.sender = subprocess.Popen([*command, "-k", "/key"], stdin=self.lines.stdout, stderr=subprocess.DEVNULL)
        self.lines.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.sender, self.lines):
            process.kill()
            process.wait()

    def stop(self):
        """Ends it; returns how many there are."""
        self.sender.send_signal(signal.SIGINT)
        self.sender.wait(120)
        return self.site.topics.count(self.site.source)


class Reloads:
    """An engine that is reloaded over and over, and what it said of its generations."""

    def __init__(self, engine, site, builds):
        self.engine, self.site = engine, site
        self.builds = builds  # of the plugin: what has run comes back
        self.client = http.Client(engine.admin_port, timeout=120)
        self.stage = engine.config["pipelines"][0]["stages"][0]
        self.stage["plugin"] = self.build(builds - 1)
        self.configure()
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

    def configure(self, **config):
        self.stage["config"] = {"stamp": STAMP, **config}

    def forget(self):
        """What was done so far was for the warmth."""
        self.windows, self.controls, self.swaps_ms = [], [], []

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
        self.configure(mark=f"seen-{number}")
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
        self.configure(mark=mark)
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
        self.configure(mark=f"after-{number}")

    def slow(self, _number, _before):
        """A generation that stands still for a while with its first event."""
        self.configure(first_ms=STALL_MS, mark=f"slow-{time.time()}")
        self.change()

    def lanes(self):
        """Of each source partition the lane that has it, once each lane has its share."""
        found = {}

        def are_shared_out():
            _, answer = self.ask("GET", "/admin/status")
            topic = self.engine.config["pipelines"][0]["source"]["topics"][0]
            lanes = answer["pipelines"][0]["lanes"]
            found.clear()
            found.update({p["partition"]: lane["lane"] for lane in lanes for p in lane["partitions"] if p["topic"] == topic})
            return len(found) == PARTITIONS and len(set(found.values())) == LANES

        self.engine.until(are_shared_out, 120, "each lane has its partitions", lambda: found)
        return found

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
    """All that was written: counted by event, by generation, and of each lane by when its outputs came to be. An output is
    in the partition of the number that its event had, since its key is the same."""

    def __init__(self, site, sent, lanes):
        self.seen, self.generations, self.lanes = bytearray(sent), {}, lanes
        self.written, self.handled = defaultdict(set), defaultdict(set)  # by lane, milliseconds
        self.repeats = 0
        for batch in site.topics.batches(site.output):
            for message in batch:
                self.add(message)
        self.lost = sum(1 for count in self.seen if count == 0)
        for times in (self.written, self.handled):
            times.update({lane: sorted(found) for lane, found in times.items()})

    def add(self, message):
        i = int(message.value()[13:21])  # {"eventId":"l00000000"
        if self.seen[i]:
            self.repeats += 1
        self.seen[i] = 1
        headers, lane = dict(message.headers()), self.lanes[message.partition()]
        generation = int(headers["weir-generation"])
        _, at_ms = message.timestamp()  # the broker's
        self.written[lane].add(at_ms)
        self.handled[lane].add(int(headers[STAMP]) // 1000)
        first, last = self.generations.get(generation, (at_ms, at_ms))
        self.generations[generation] = (min(first, at_ms), max(last, at_ms))


def longest_gap_ms(times, begin_s, end_s):
    """Between two of them that follow each other, of which one is in that time, or around it."""
    first = max(bisect.bisect_left(times, begin_s * 1000) - 1, 0)
    near = times[first : bisect.bisect_right(times, end_s * 1000) + 1]
    return max((after - before for before, after in zip(near, near[1:], strict=False)), default=0)


def stalls(times_by_lane, windows):
    """(milliseconds, kind): of each window the longest time in which nothing came of a lane."""
    return [
        (max(longest_gap_ms(times, begin, end) for times in times_by_lane.values()), kind)
        for kind, begin, end in windows
    ]


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


def as_text(found):
    return "{0[0]}, {1[0]}, {2[0]} ({2[1]})".format(*ranks(found))


def warm_up(reloads, seconds):
    """A broker's compilers are done when it has done all of it for a while."""
    deadline = time.monotonic() + seconds
    for number in range(100):
        for kind in KINDS:
            reloads.reload(kind, number)
        if time.monotonic() > deadline:
            return reloads.forget()


def run(site, delivery, count, rate, warm_s=0, binary=None, env=None):
    site.topics.create(site.source, site.output, partitions=PARTITIONS, message_timestamp_type="LogAppendTime")
    site.topics.create(site.dlq, partitions=PARTITIONS, max_message_bytes=2 << 20)
    pipeline = site.pipeline(lanes=LANES, delivery=delivery, batch={"max_events": 500})
    wrapper = ("nice", "-n", str(NICE)) if warm_s > 0 else ()
    config = site.config([pipeline], canary=dict(CANARY), kafka=CALM)
    engine = site.engine(config, binary=binary, env=env, wrapper=wrapper)
    builds = 5 if count > 100 else 2
    reloads = Reloads(engine, site, builds)
    engine.write()
    engine.run(120)
    with Sending(site, rate, wrapper) as sending:
        engine.until(lambda: engine.finished() > 1000, 120, "it works")
        rebalances, lanes = engine.metric("weir_rebalances_total"), reloads.lanes()
        if warm_s > 0:
            warm_up(reloads, warm_s)
        began, done, rss = time.monotonic(), engine.finished(), 0
        for i in range(count):
            reloads.reload(KINDS[i % len(KINDS)], i // len(KINDS))
            rss = max(rss, reloads.rss_mib())
            if i == count // 2:
                before = reloads.left_behind()
        seconds = time.monotonic() - began
        rate = int((engine.finished() - done) / seconds)
        assert engine.metric("weir_rebalances_total") == rebalances, "a reload cost the partitions"
        sent = sending.stop()
    site.finished(engine, 300)
    after = reloads.left_behind()
    if binary is None:  # a sanitizer keeps what was freed
        reloads.check_memory(-(-count // len(KINDS)), max(3, count // len(KINDS)))
        assert rss <= 256 + 60, f"{rss} MiB under load"
    assert engine.stop(120) == 0, engine.log_tail()
    outputs = Outputs(site, sent, lanes)
    check_nothing_is_left(before, after, builds)
    check_generations(reloads, outputs)
    handled = stalls(outputs.handled, reloads.windows)
    report.add(
        "reloads under load",
        ("mode", "reloads", "seconds", "events/s", "lost", "repeated", "handlers stood still p50, p99, max (ms)",
         "without a change", "outputs stood still", "without a change", "swap p50, p99, max (ms)", "RSS, MiB", "left behind"),
        (
            delivery, count, f"{seconds:.0f}", rate, outputs.lost, outputs.repeats, as_text(handled),
            as_text(stalls(outputs.handled, reloads.controls)), as_text(stalls(outputs.written, reloads.windows)),
            as_text(stalls(outputs.written, reloads.controls)),
            "{:.1f}, {:.1f}, {:.1f}".format(*ranks(reloads.swaps_ms)), rss,
            ", ".join(f"{what} {before[what]} -> {after[what]}" for what in before),
        ),
    )
    assert outputs.lost == 0 and outputs.repeats == 0, f"{outputs.lost} lost, {outputs.repeats} repeat"
    return ranks(handled)[1][0]


def fill(server):
    """As one that has been in use for a while."""
    with redis.Redis.from_url(server.url) as client:
        for first in range(0, USED_CLAIMS, 100_000):
            client.eval(FILL, 0, first + 1, first + 100_000)
        assert client.dbsize() == USED_CLAIMS


@pytest.fixture
def full_site(request, site, full):
    """With --full a broker that nobody else uses and whose pauses are short, and a Redis that need not wait."""
    if not full:
        yield site
        return
    own_kafka, own_redis = request.getfixturevalue("own_kafka"), request.getfixturevalue("own_redis")
    site.kafka = own_kafka(f"/dev/shm/weir-{os.getpid()}-kafka", "--jvm", "-XX:+UseZGC")
    site.kafka.give_way(NICE)
    site.redis = own_redis("reloads-redis")
    fill(site.redis)
    site.topics.kafka = site.kafka
    yield site


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_reload_after_reload_loses_and_repeats_nothing(full_site, delivery, full):
    count, rate, warm_s = (200, 50000, 40) if full else (18, 2000, 0)
    stall_ms = run(full_site, delivery, count, rate, warm_s)
    assert not full or stall_ms <= 50


def test_a_stall_would_be_seen(site):
    """What measures stalls finds those that are there."""
    site.topics.create(site.source, site.output, site.dlq, partitions=PARTITIONS, message_timestamp_type="LogAppendTime")
    engine = site.engine(site.config([site.pipeline(lanes=LANES)], kafka=CALM))
    reloads = Reloads(engine, site, 1)
    engine.write()
    engine.run(120)
    with Sending(site, 2000) as sending:
        engine.until(lambda: engine.finished() > 1000, 120, "it works")
        lanes = reloads.lanes()
        for number in range(5):
            reloads.reload("slow", number)
        sent = sending.stop()
    site.finished(engine)
    assert engine.stop() == 0
    outputs = Outputs(site, sent, lanes)
    for times in (outputs.handled, outputs.written):
        found = ranks(stalls(times, reloads.windows))
        assert found[0][0] > STALL_MS // 2, f"{found}"


def is_librdkafkas(stack):
    """Whether an access is its own, by way of libc or not."""
    frames = [line for line in stack.splitlines() if line.lstrip().startswith("#") and "libsanitizer" not in line]
    return bool(frames) and "(librdkafka.so" in frames[0]


def races_of_ours(log):
    """The sanitizer's reports, but for races of which both accesses are librdkafka's: they are the first two stacks."""
    reports = [part.split("\n==================")[0] for part in log.split("WARNING: ThreadSanitizer: ")[1:]]
    return [
        found for found in reports
        if not found.startswith("data race") or not all(map(is_librdkafkas, found.split("\n\n")[:2]))
    ]


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
    # How librdkafka counts who still refers to its memory and its locks, the sanitizer does not see.
    known = site.folder / "known"
    known.write_text("race_top:librdkafka.so\nrace_top:pthread_rwlock_destroy\n")
    options = f"exitcode=0 suppressions={known}"
    run(site, delivery, 18, 300, 0, binary, {"LD_PRELOAD": f"{sanitizer} {library}", "TSAN_OPTIONS": options})
    (engine,) = site.engines
    assert not races_of_ours(engine.log_text())
