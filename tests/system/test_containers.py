"""docker-compose.yml, the Dockerfile and what they mount, by Docker Compose itself and by hadolint."""

import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

import yaml
from harness import paths

HADOLINT = pathlib.Path(sys.executable).with_name("hadolint")
# The program itself: the package's own command hides its exit status.
COMPOSE = pathlib.Path(importlib.util.find_spec("compose").origin).with_name("docker-compose")


def compose(*arguments, file=paths.TOP / "docker-compose.yml", **env):
    return subprocess.run(
        [COMPOSE, "-f", file, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "WEIR_ADMIN_TOKEN": "token-for-the-test", **env},
    )


def services():
    done = compose("config", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]


def test_compose_accepts_the_file():
    assert set(services()) == {"kafka", "redis", "weir", "prometheus"}
    assert compose("config", "--quiet").stderr == ""


def test_compose_refuses_a_wrong_key(tmp_path):
    # The tool does check: without this, the test above could not fail.
    file = tmp_path / "docker-compose.yml"
    file.write_text((paths.TOP / "docker-compose.yml").read_text().replace("retries:", "retires:", 1))
    done = compose("config", file=file)
    assert done.returncode != 0 and "retires" in done.stderr


def test_compose_asks_for_the_token():
    done = compose("config", WEIR_ADMIN_TOKEN="")
    assert done.returncode != 0 and "WEIR_ADMIN_TOKEN" in done.stderr


def test_services_are_what_the_engine_needs():
    found = services()
    for name, service in found.items():
        assert service.get("healthcheck"), f"{name} has no healthcheck"
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", f"{name} is published beyond loopback"
    redis = " ".join(found["redis"]["command"])
    assert "--maxmemory-policy noeviction" in redis and "--appendonly yes" in redis
    assert found["weir"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert found["weir"]["depends_on"]["redis"]["condition"] == "service_healthy"
    assert "controller" in found["kafka"]["environment"]["KAFKA_PROCESS_ROLES"]


def test_what_is_mounted_exists():
    for name, service in services().items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                assert pathlib.Path(volume["source"]).is_file(), f"{name}: {volume['source']}"


def test_the_engine_accepts_its_configuration(tmp_path):
    config = yaml.safe_load((paths.TOP / "etc" / "docker.yaml").read_text())
    found = services()["weir"]
    published = {str(port["target"]) for port in found["ports"]}
    assert config["http"]["ingest"]["listen"].rpartition(":")[2] in published
    assert config["http"]["admin"]["listen"].rpartition(":")[2] in published
    # The container's file, with this machine's paths for the secret and the plugins.
    token = tmp_path / "token"
    token.write_text("token-for-the-test\n")
    config["http"]["admin"]["token_file"] = str(token)
    config["plugin_path"] = sorted({str(paths.plugin_file(name).parent) for name in ("validate", "enrich", "passthrough")})
    file = tmp_path / "docker.yaml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run([paths.weir(), "check", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_configuration():
    done = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", paths.TOP / "etc" / "prometheus.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_has_nothing_to_say():
    done = subprocess.run([HADOLINT, paths.TOP / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_image_holds_every_library_that_weir_links():
    linked = subprocess.run(["ldd", paths.weir()], capture_output=True, text=True, check=True).stdout
    files = re.findall(r"=> (/\S+)", linked)
    needed = set()
    for file in files:
        # A merged /usr: the package knows the file by either name.
        for name in (file, os.path.realpath(file), file.removeprefix("/usr")):
            owner = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
            if owner.returncode == 0:
                needed.add(owner.stdout.split(":")[0])
                break
    image = (paths.TOP / "Dockerfile").read_text().split("FROM")[-1]
    listed = set(re.findall(r"[a-z0-9.+-]+", image))
    # What those packages bring with them.
    depends = subprocess.run(
        ["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
         "--no-replaces", "--no-enhances", *sorted(p for p in listed if p.startswith("lib"))],
        capture_output=True, text=True,
    ).stdout
    brought = set(re.findall(r"^\w\S*", depends, re.M))
    base = {"libc6", "libstdc++6", "libgcc-s1", "zlib1g", "liblz4-1", "libzstd1", "liblzma5"}
    missing = needed - listed - brought - base
    assert not missing, f"the Dockerfile's last stage lacks {missing}"
