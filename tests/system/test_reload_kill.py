"""kill -9 in every phase of a reload, under load. The next start runs the file where it is valid; with an invalid one it
runs what was applied last, whole, and says so, or refuses with --strict. Nothing is lost or repeated."""

import re
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Site
from harness import http, paths, walk
from harness.events import assert_accounted
from harness.load import Load

AT_ONCE = 8  # mostly they wait for a group to notice a death
POINTS = walk.reload_names()
NOT_YAML = "more: [\n"


def pytest_generate_tests(metafunc):
    if "point" in metafunc.fixturenames:
        metafunc.parametrize("point", POINTS)


class Story:
    """An engine that dies at a point of a reload, twice: then it starts with an invalid file, and with a valid one."""

    def __init__(self, site, point):
        self.site, self.point = site, point
        pipeline = site.pipeline(delivery="exactly_once", stages=[self.stage("first")])
        canary = {"share": "50%", "for": "1s", "min_events": 1} if "canary" in point else None
        self.engine = site.engine(
            site.config([pipeline], canary=canary, log={"level": "info"}), binary=paths.weir(paths.FAILPOINT_BUILD)
        )

    def stage(self, mark):
        # Its own file of the plugin each time: something is to be copied and tried.
        path = self.site.folder / f"{mark}.so"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.site.scripted / "scripted.so", path)
        with open(path, "ab") as file:
            file.write(mark.encode())
        return {"name": "only", "plugin": str(path), "config": {"mark": f"mark-{mark}"}}

    def runs(self):
        """Which configuration does, by its mark."""
        answer = http.get(self.engine.admin_port, "/admin/config")
        (mark,) = set(re.findall(r"mark-(\w+)", answer.body.decode()))
        return mark

    def start(self, kill_at_visit=None):
        walk.arm(self.engine, f"{self.point}=kill@{kill_at_visit}" if kill_at_visit else None)
        self.engine.run(120)

    def die(self, mark):
        self.engine.config["pipelines"][0]["stages"] = [self.stage(mark)]
        self.engine.write()
        self.engine.signal(signal.SIGHUP)
        status = self.engine.exited(60)
        assert status == -signal.SIGKILL, f"{self.point}: {status}\n{self.engine.log_tail()}"

    def refused_when_strict(self):
        command = [str(self.engine.binary), "run", "--strict", str(self.engine.file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.engine.folder)
        assert done.returncode == 1 and "weir.yaml" in done.stderr, done.stderr

    def tell(self, load):
        engine = self.engine
        # What a start applies is kept then, too.
        self.start(kill_at_visit=2 if self.point == "reload_keeping" else 1)
        engine.until(lambda: engine.finished() > 50, 60, "it works")
        self.die("second")

        engine.file.write_text(engine.file.read_text() + NOT_YAML)
        self.refused_when_strict()
        self.start(kill_at_visit=1)
        assert self.runs() == ("second" if self.point == "reload_kept" else "first"), self.point
        assert engine.metric("weir_config_drift") == 1
        assert http.Client(engine.admin_port).request("GET", "/admin/status").json()["drifted"] is True
        self.die("third")

        self.start()
        assert self.runs() == "third" and engine.metric("weir_config_drift") == 0
        load.stop()
        self.site.finished(engine, 120)
        assert engine.stop() == 0
        assert_accounted(load.ids(), set(), *self.site.read_ids())


@pytest.fixture(scope="session")
def stories(request, kafka, redis, scripted, run_folder):
    """All of them at once; each test then looks at its own."""
    assert paths.weir(paths.FAILPOINT_BUILD).exists(), f"no build with failpoints in {paths.FAILPOINT_BUILD}"

    def tell(point):
        name = f"kill-{point.replace('_', '-')}"
        site = Site(name, run_folder / name, kafka, redis, scripted)
        try:
            site.create_topics()
            story = Story(site, point)
            with Load(site.topics, site.source, rate=100) as load:
                story.tell(load)
        finally:
            site.end()
        shutil.rmtree(site.folder)

    chosen = [item.callspec.params["point"] for item in request.session.items if "stories" in item.fixturenames]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {point: pool.submit(tell, point) for point in chosen}


def test_the_next_start_runs_the_file_or_what_was_applied_last(stories, point):
    stories[point].result()
