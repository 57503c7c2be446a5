"""The engine dies at every failpoint, under load, and is started again until all is done: nothing is lost, and what
repeats is nothing in exactly_once, a window in at_least_once. The counts are printed at the end.

Short: every point with one lane, and one in four of the others. --full: all of them.
"""

import itertools
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Site
from harness import paths, walk

AT_ONCE = 8  # mostly they wait: for a group to notice a death, for a commit to be due


def cases(full):
    found = []
    for point, (name, can_fail) in enumerate(walk.names().items()):
        modes = walk.POINTS[name].modes
        for mode in modes:
            found.append(walk.Case(name, mode, "1 lane"))
            if can_fail:
                found.append(walk.Case(name, mode, "1 lane", f"error%{walk.POINTS[name].error_percent}"))
        others = list(itertools.product(modes, walk.TOPOLOGIES[1:]))
        if not full:  # each point has another one
            others = [others[point % len(others)]] if point % 2 == 0 else []
        found += [walk.Case(name, mode, topology) for mode, topology in others]
    return found


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        chosen = cases(metafunc.config.getoption("--full"))
        metafunc.parametrize("case", chosen, ids=repr)


def test_every_failpoint_is_walked():
    assert walk.names().keys() == walk.POINTS.keys()


@pytest.fixture(scope="session")
def walked(request, kafka, redis, scripted, run_folder):
    """All chosen cases at once; each test then looks at its own."""
    assert paths.weir(paths.FAILPOINT_BUILD).exists(), f"no build with failpoints in {paths.FAILPOINT_BUILD}"
    chosen = [item.callspec.params["case"] for item in request.session.items if "walked" in item.fixturenames]

    def run(case):
        name = "walk-" + re.sub(r"[^a-z0-9]+", "-", repr(case))
        site = Site(name, run_folder / name, kafka, redis, scripted)
        try:
            counts = walk.Walk(site, case).run()
        finally:
            site.end()
        if not counts.wrong:
            shutil.rmtree(site.folder)
        return counts

    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {repr(case): pool.submit(run, case) for case in chosen}
        yield futures
    for future in futures.values():
        if future.exception() is None:
            future.result().report()


def test_the_walk(walked, case):
    counts = walked[repr(case)].result()
    assert not counts.wrong, counts.wrong


def test_a_build_with_failpoints_says_so():
    done = subprocess.run([paths.weir(paths.FAILPOINT_BUILD), "version"], capture_output=True, text=True)
    assert "failpoints compiled in" in done.stdout
