"""What a plugin's author and a packager rely on: make install, weir.pc, make dist."""

import os
import subprocess

import pytest
from harness import paths

PLUGIN = """\
#include <weir/plugin.h>

static enum weir_verdict handle(void *self, struct weir_call *call, const struct weir_event *ev, struct weir_result *res)
{
	(void)self, (void)ev;
	return call->host->set_value(call, res, "\\"seen\\"", 6) ? WEIR_OK : WEIR_FAIL;
}
WEIR_EACH(process, void, handle)
static void *create(const struct weir_host *host, const char *config, struct weir_error *err)
{
	static int nothing;
	(void)host, (void)config, (void)err;
	return &nothing;
}
WEIR_PLUGIN(.id = "outside", .version = "0.1.0", .create = create, .process = process);
"""


def run(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900, **more)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def installed(run_folder):
    """The tree that `make install` makes."""
    root = run_folder / "installed"
    run(["make", "-s", "-C", paths.BUILD, "install", f"DESTDIR={root}"])
    return root


def test_everything_is_installed(installed):
    names = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    prefix = "usr/local"
    for name in ("bin/weir", "include/weir/plugin.h", "share/man/man1/weir.1", "share/man/man5/weir.yaml.5"):
        assert f"{prefix}/{name}" in names
    assert any(name.endswith("pkgconfig/weir.pc") for name in names)
    for plugin in ("passthrough", "validate", "enrich"):
        assert f"{prefix}/lib/weir/plugins/{plugin}.so" in names


def test_a_plugin_is_built_outside_the_tree_and_runs(installed, site, tmp_path):
    source = tmp_path / "outside.c"
    source.write_text(PLUGIN)
    env = {
        **os.environ,
        "PKG_CONFIG_SYSROOT_DIR": str(installed),
        "PKG_CONFIG_PATH": str(next(installed.rglob("weir.pc")).parent),
    }
    flags = run(["pkg-config", "--cflags", "--libs", "weir"], env=env).split()
    run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", source, *flags, "-o", tmp_path / "outside.so"])
    info = run([installed / "usr/local/bin/weir", "plugin", "info", tmp_path / "outside.so"])
    assert "outside" in info and "0.1.0" in info
    site.create_topics()
    site.topics.send(site.source, [("k", '{"eventId":"a"}')])
    stages = [{"plugin": "outside.so"}, {"plugin": "passthrough.so"}]
    plugins = [str(tmp_path), str(installed / "usr/local/lib/weir/plugins")]
    config = site.config([site.pipeline(stages=stages)], plugin_path=plugins)
    engine = site.engine(config, binary=installed / "usr/local/bin/weir").run()
    site.finished(engine)
    assert [record.value for record in site.topics.read(site.output)] == [b'"seen"']


def test_the_distribution_is_complete(full, run_folder):
    """make distcheck is long: its tarball alone, with a build of it, unless --full."""
    if full:
        run(["make", "-s", "-C", paths.BUILD, "distcheck"])
        return
    names = run(["make", "-s", "-C", paths.BUILD, "dist-xz"]) or ""
    tarball = next(paths.BUILD.glob("weir-*.tar.xz"))
    names = run(["tar", "tJf", tarball]).splitlines()
    inside = {name.split("/", 1)[1] for name in names if "/" in name}
    tracked = run(["git", "-C", paths.TOP, "ls-files", "engine", "include", "plugins", "etc", "scripts", "docs", "tests"]).split()
    missing = [name for name in tracked if name not in inside and not name.endswith((".gitkeep", ".gitignore"))]
    assert not missing, f"not in the tarball: {missing[:20]}"
    tarball.unlink()
