"""weir check, and what keeps an engine from starting: every error, with its place."""

import re
import subprocess

import pytest
from harness import paths


def weir(*arguments, timeout=60, **more):
    command = [paths.weir(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **more)


BROKEN = """\
kafka:
  brokers: localhost:9092
  properties: { group.id: mine }
redis: { url: "redis://localhost:6379/0" }
log: { level: loud }
pipelines:
  - name: one
    source: { topics: [events], group: g }
    lanes: many
    bach: { max_events: 10 }
    delivery: exactly_twice
    retry: { backoff: { initial: 5 parsecs } }
    dlq: { topic: dlq }
    stages: [ { plugin: there-is-no-such.so } ]
    outputs: { default: out }
"""


def test_all_errors_at_once_each_with_its_place(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    done = weir("check", file)
    text = done.stdout + done.stderr
    assert done.returncode == 1
    for line, column, words in (
        (3, 17, "group.id"),
        (5, None, "loud"),
        (9, None, "lanes"),
        (10, None, "did you mean"),
        (11, None, "exactly_twice"),
        (12, None, "parsecs"),
    ):
        pattern = rf"broken\.yaml:{line}:{column or chr(92) + 'd+'}: .*{re.escape(words)}"
        assert re.search(pattern, text), f"no {pattern} in\n{text}"


def test_a_missing_plugin_is_an_error_with_its_place(tmp_path, scripted):
    good = f"""\
kafka: {{ brokers: localhost:9092 }}
pipelines:
  - name: one
    source: {{ topics: [events], group: g }}
    idempotency: {{ store: none }}
    dlq: {{ topic: dlq }}
    stages:
      - plugin: {scripted}/scripted.so
        config: {{ each_us: 5 }}
    outputs: {{ default: out }}
"""
    file = tmp_path / "weir.yaml"
    file.write_text(good)
    done = weir("check", file)
    assert done.returncode == 0, done.stdout + done.stderr
    file.write_text(good.replace("scripted.so", "absent.so"))
    done = weir("check", file)
    assert done.returncode == 1
    assert re.search(r"weir\.yaml:8:\d+: .*absent\.so", done.stdout + done.stderr)
    file.write_text(good.replace("each_us: 5", "each_us: fast"))
    done = weir("check", file)
    assert done.returncode == 1
    assert re.search(r"weir\.yaml:9:\d+: .*each_us", done.stdout + done.stderr)


PLUGINS = """\
kafka: {{ brokers: localhost:9092, properties: {{ no.such.property: x }} }}
pipelines:
  - name: one
    source: {{ topics: [events], group: g }}
    lanes: {lanes}
    idempotency: {{ store: none }}
    dlq: {{ topic: dlq }}
    stages:
      - plugin: {plugins}/scripted.so
        config: {{ {config} }}
      - plugin: {second}
        name: second
    outputs: {{ default: out }}
"""


def check(tmp_path, scripted, text=PLUGINS, **values):
    values = {"plugins": scripted, "lanes": 1, "config": "each_us: 5", "second": f"{scripted}/scripted.so", **values}
    file = tmp_path / "weir.yaml"
    file.write_text(text.format(**values))
    return weir("check", file)


def test_what_plugins_find_wrong_comes_with_all_the_rest(tmp_path, scripted):
    done = check(tmp_path, scripted, lanes="many", config="each_us: fast", second="absent.so")
    assert done.returncode == 1
    for pattern in (r"weir\.yaml:1:\d+: .*no\.such\.property", r"weir\.yaml:5:12: .*lanes", r"weir\.yaml:10:\d+: .*each_us",
                    r"weir\.yaml:11:\d+: .*absent\.so"):
        assert re.search(pattern, done.stderr), f"no {pattern} in\n{done.stderr}"


def test_a_stage_that_can_not_be_created_is_an_error_with_its_place(tmp_path, scripted):
    """In a process of its own, which may crash."""
    text = PLUGINS.replace("no.such.property: x", "")
    assert check(tmp_path, scripted, text).returncode == 0
    done = check(tmp_path, scripted, text, config="refuse: true")
    assert done.returncode == 1
    assert re.search(r"weir\.yaml:9:9: pipelines\[0\]\.stages\[0\]: .*told to refuse", done.stderr), done.stderr
    done = check(tmp_path, scripted, text, second=paths.plugin_file("create_crashes"))
    assert done.returncode == 1
    assert re.search(r"weir\.yaml:11:9: .*crashed .*create\(\)", done.stderr), done.stderr


LISTENS = """\
kafka: {{ brokers: localhost:9092 }}
http:
  admin: {{ listen: "{address}"{more} }}
pipelines:
  - name: one
    source: {{ topics: [events] }}
    idempotency: {{ store: none }}
    dlq: {{ topic: dlq }}
    stages: [ {{ plugin: "{plugin}" }} ]
    outputs: {{ default: out }}
"""
NEEDS_A_TOKEN = "an address outside of the loopback needs a token"
NO_ADDRESS = "the host is not an IP address"


def listens(tmp_path, scripted, address, more=""):
    file = tmp_path / "weir.yaml"
    file.write_text(LISTENS.format(address=address, more=more, plugin=scripted / "scripted.so"))
    return file


@pytest.mark.parametrize("address, words", [
    ("0.0.0.0:8081", NEEDS_A_TOKEN),
    ("[::]:8081", NEEDS_A_TOKEN),
    ("192.0.2.1:8081", NEEDS_A_TOKEN),
    ("[2001:db8::1]:8081", NEEDS_A_TOKEN),
    ("[::ffff:0.0.0.0]:8081", NEEDS_A_TOKEN),
    ("[::ffff:192.0.2.1]:8081", NEEDS_A_TOKEN),
    ("[::ffff:127.0.0.1]:8081", NEEDS_A_TOKEN),
    ("example.org:8081", NO_ADDRESS),
    ("localhost.example.org:8081", NO_ADDRESS),
    ("*:8081", "write 0.0.0.0 or"),
])
def test_an_admin_listener_that_others_can_reach_is_refused_without_a_token(tmp_path, scripted, address, words):
    file = listens(tmp_path, scripted, address)
    for command in ("check", "run"):
        done = weir(command, file)
        assert done.returncode == 1, done
        pattern = rf"weir\.yaml:3:20: http\.admin\.listen: .*{words}"
        assert re.search(pattern, done.stderr), f"weir {command}: no {pattern} in\n{done.stderr}"
    done = weir("check", listens(tmp_path, scripted, address, ', token: ""'))
    assert done.returncode == 1 and "http.admin.token" in done.stderr, done


@pytest.mark.parametrize("address, more", [
    ("127.0.0.1:8081", ""),
    ("127.9.9.9:8081", ""),
    ("[::1]:8081", ""),
    ("localhost:8081", ""),
    ("0.0.0.0:8081", ", token: 0123456789abcdef"),
    ("[::]:8081", ", token: 0123456789abcdef"),
])
def test_an_admin_listener_of_the_loopback_or_with_a_token_is_fine(tmp_path, scripted, address, more):
    done = weir("check", listens(tmp_path, scripted, address, more))
    assert done.returncode == 0, done.stderr


def test_a_slip_of_the_hand_is_told_what_was_meant(tmp_path):
    file = tmp_path / "slips.yaml"
    file.write_text(
        "kafka: { brokers: 'localhost:9092', properties: { securty.protocol: SSL, unlike.any: 1 } }\n"
        "http: { admin: { listen: '0.0.0.0:8081', token_file: /nowhere/token } }\n"
        "pipelines:\n- name: one\n  source: { topics: [events] }\n  idempotency: { store: none }\n"
        "  dlq: { topic: dlq, redrive: { every: 5m, classes: [timeuot] } }\n  stages: [{ plugin: validat.so }]\n  outputs: { default: out }\n"
    )
    done = weir("check", file)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 5, done.stderr
    for key, meant in (
        ("kafka.properties.securty.protocol", "`security.protocol`"),
        ("kafka.properties.unlike.any", None),
        ("http.admin.token_file", None),  # once, and not as a listener without a token too
        ("pipelines[0].dlq.redrive.classes[0]", "`timeout`"),
        ("pipelines[0].stages[0].plugin", '"validate.so"'),
    ):
        (line,) = [line for line in lines if f": {key}: " in line]
        assert line.endswith(f"; did you mean {meant}?") if meant else "did you mean" not in line, line


def test_a_topic_of_http_ingest_that_nobody_reads_is_a_warning(site):
    site.create_topics()
    site.topics.create(f"{site.source}s")
    engine = site.engine(site.config(http={"ingest": {"topic": f"{site.source}s"}})).run()
    (line,) = [line for line in engine.log_lines() if "HTTP ingest" in line["msg"]]
    assert (line["level"], line["topic"], line["did_you_mean"]) == ("warn", f"{site.source}s", site.source)
    done = weir("check", engine.file)
    assert done.returncode == 0 and ": ok, 1 pipeline" in done.stdout
    warning = f"http.ingest.topic: warning: no pipeline of this file reads `{site.source}s`; did you mean `{site.source}`?\n"
    assert re.fullmatch(rf"{re.escape(str(engine.file))}:\d+:\d+: {re.escape(warning)}", done.stderr), done.stderr
    engine.config["http"]["ingest"]["topic"] = site.source
    engine.write()
    assert weir("check", engine.file).stderr == ""


def test_the_engine_does_not_start_on_a_broken_file(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    done = weir("run", file)
    assert done.returncode == 1
    assert "did you mean" in done.stdout + done.stderr


def test_the_engine_does_not_start_when_a_plugin_refuses(site):
    site.create_topics()
    stage = {"plugin": str(site.scripted / "scripted.so"), "config": {"refuse": True}}
    engine = site.engine(site.config([site.pipeline(stages=[stage])])).start()
    assert engine.exited(60) == 1
    assert "told to refuse" in engine.log_text()


def test_the_engine_says_which_topic_is_missing(site):
    engine = site.engine(site.config(kafka={"create_topics": False})).start()
    assert engine.exited(90) == 1
    assert site.source in engine.log_text()


def test_a_port_in_use_is_said(site):
    site.create_topics()
    first = site.engine().run()
    config = site.config([site.pipeline(source={"group": "other"})])
    second = site.engine({**config, "http": {"admin": {"listen": f"127.0.0.1:{first.admin_port}"}}}).start()
    assert second.exited(60) == 1
    assert str(first.admin_port) in second.log_text()


@pytest.mark.parametrize("name", ["events.yaml", "full.yaml", "quickstart.yaml"])
def test_examples_are_good(tmp_path, name):
    plugins = str(paths.plugin_file("validate").parent)
    # Its plugins are where `make install` puts them; here they are in the build tree.
    text = (paths.TOP / "etc" / name).read_text().replace("/usr/local/lib/weir/plugins", plugins)
    if "\nplugin_path:" not in text:
        text += f"\nplugin_path: [ {plugins} ]\n"
    file = tmp_path / name
    file.write_text(text)
    done = weir("check", file, env={"PATH": "/usr/bin:/bin", "WEIR_ADMIN_TOKEN": "t", "WEIR_PLUGINS": plugins})
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_engine_in_its_build_tree_knows_the_bundled_plugins():
    done = weir("check", paths.TOP / "etc" / "full.yaml", env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_and_version():
    assert re.match(r"weir \d+\.\d+\.\d+", weir("version").stdout)
    names = ["run", "check", "schema", "plugin info", "tail", "send", "version"]
    text = weir("--help").stdout
    for name in names:
        assert re.search(rf"^\s+{name}\b", text, re.M), f"--help does not name {name}"
        done = weir(*name.split(), "--help")
        assert done.returncode == 0 and "usage" in done.stdout.lower(), name
    assert weir("nonsense").returncode == 2
