"""The disk of the state folder is full. Events don't go there: work goes on, and what can't be kept is said."""

import struct
import subprocess
import types

import pytest
from harness import paths
from harness.both import Both
from harness.load import Mixed
from test_reload import other_plugin, reload

NO_SPACE = "No space left on device"
WINDOW = 17 * 1000  # of each lane that is killed: the batches in flight, and one being filled


@pytest.fixture
def disk(site):
    """The disk of the state folders of engines that run with its `env`."""
    source = paths.TOP / "tests" / "system" / "plugins" / "full_disk.c"
    site.folder.mkdir(exist_ok=True)
    library, file, folder = site.folder / "full_disk.so", site.folder / "full", site.folder / "disk"
    folder.mkdir()
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o", library], check=True)

    def say(number):
        with open(file, "r+b" if file.exists() else "wb") as out:
            out.write(struct.pack("=q", number))

    say(0)
    env = {"LD_PRELOAD": str(library), "FULL_DISK_FILE": str(file), "FULL_DISK_FOLDER": str(folder)}
    return types.SimpleNamespace(
        empty=lambda: say(0), fill=lambda: say(1), use_up=lambda: say(2), folder=folder, env=env
    )


def says(engine, words):
    engine.until(lambda: words in engine.log_text(), 30, f'the log says "{words}"')


def test_the_disk_fills_while_it_works(site, disk):
    both = Both(site)
    engine = site.engine(both.config(state_dir=str(disk.folder / "state")), env=disk.env)
    first = engine.config["pipelines"][0]
    with Mixed(site.topics, site.source, rate=1500) as load:
        engine.run()
        both.goes_on(engine)
        disk.fill()
        first["batch"] = {"max_events": 200}
        engine.write()
        status, answer = reload(engine)
        assert status == 200 and answer["result"] == "applied", answer
        says(engine, "could not be kept for the next start")
        assert NO_SPACE in engine.log_text()
        first["stages"][0]["plugin"] = other_plugin(site, 1)
        engine.write()
        status, answer = reload(engine)
        assert status == 422 and NO_SPACE in str(answer), answer
        both.goes_on(engine)
        # The next start takes what was kept before, for the new plugin has no place.
        engine.kill()
        engine.run()
        assert engine.metric("weir_config_drift") == 1
        both.goes_on(engine)
        disk.empty()
        status, answer = reload(engine)
        assert status == 200 and answer["result"] == "applied", answer
        assert engine.metric("weir_config_drift") == 0
        both.goes_on(engine)
        load.stop()
    both.finished(engine)
    assert engine.stop() == 0
    both.check("the disk of state_dir is full", load, repeats_allowed=WINDOW)


def test_a_first_start_finds_the_disk_full(site, disk):
    """Without a place for its plugins' copies it is refused, and says why."""
    site.create_topics()
    engine = site.engine(site.config(state_dir=str(disk.folder / "state")), env=disk.env)
    disk.fill()
    engine.start()
    assert engine.exited(60) != 0
    assert NO_SPACE in engine.log_text() and str(disk.folder) in engine.log_text()
    disk.empty()
    engine.run()
    assert engine.stop() == 0


def test_a_first_start_can_make_no_state_folder(site, disk):
    """A temporary one serves, and it is said that nothing is kept in it."""
    site.create_topics()
    engine = site.engine(site.config(state_dir=str(disk.folder / "state")), env=disk.env)
    disk.use_up()
    engine.run()
    says(engine, "nothing is kept for the next start")
    assert NO_SPACE in engine.log_text()
    assert engine.stop() == 0
