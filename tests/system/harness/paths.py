"""Where things are: the checkout, the builds under test, and the folder of a run."""

import os
import pathlib

TOP = pathlib.Path(__file__).resolve().parents[3]
SCRIPTS = TOP / "scripts"
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", TOP / ".build" / "test"))
ASAN_BUILD = pathlib.Path(os.environ.get("WEIR_ASAN_BUILD", TOP / ".build" / "asan"))
TSAN_BUILD = pathlib.Path(os.environ.get("WEIR_TSAN_BUILD", TOP / ".build" / "tsan"))
FAILPOINT_BUILD = pathlib.Path(os.environ.get("WEIR_FAILPOINT_BUILD", TOP / ".build" / "failpoints"))
# Of several processes that share the tests out (pytest -n), which one this is, and of how many.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
WORKER_NUMBER = int(WORKER.removeprefix("gw")) % WORKERS  # one that takes the place of a dead one counts on
# scripts/test stops what was left running in here.
RUN = pathlib.Path(os.environ.get("WEIR_SYSTEM_DIR", TOP / ".build" / "system")) / WORKER


def weir(build=BUILD):
    return build / "weir"


def plugin_file(name, build=BUILD):
    """The shared object of a bundled or test plugin in a build tree."""
    found = sorted(path for path in build.rglob(f"{name}.so") if path.is_file())
    assert found, f"{name}.so is not in {build}: make all, make check"
    return found[0]
