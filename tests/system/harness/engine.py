"""A running engine: its configuration, its process, its log, its health and metrics."""

import ctypes
import json
import os
import re
import signal
import subprocess

import yaml

from . import http, paths
from .servers import free_port
from .wait import wait_until

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def merge(base, over):
    """`over` laid upon `base`: mappings are merged, everything else is replaced; None removes a key."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


class Engine:
    """One `weir run`. Its files are in `folder`; `config` is the whole configuration as a dict."""

    def __init__(self, folder, config, binary=None, wrapper=(), env=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.binary = binary or paths.weir()
        self.wrapper = [str(word) for word in wrapper]
        self.env = {**os.environ, **(env or {})}
        self.ingest_port, self.admin_port = free_port(), free_port()
        self.config = merge(
            {
                "instance": folder.name,
                "state_dir": str(folder / "state"),
                "log": {"level": "info", "format": "json"},
                "http": {"admin": {"listen": f"127.0.0.1:{self.admin_port}"}},
            },
            config,
        )
        if "ingest" in self.config["http"]:
            self.config["http"]["ingest"].setdefault("listen", f"127.0.0.1:{self.ingest_port}")
        self.file = folder / "weir.yaml"
        self.log_file = folder / "weir.log"
        self.process = None
        self.options = []  # of `weir run`
        self.write()

    def write(self):
        self.file.write_text(yaml.safe_dump(self.config, sort_keys=False))

    # Life

    def start(self):
        assert self.process is None or self.process.poll() is not None, "it runs already"
        with open(self.log_file, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                [*self.wrapper, str(self.binary), "run", *self.options, str(self.file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.folder,
                process_group=0,  # not a session: processors are shared out among those first
                preexec_fn=_die_with_parent,
            )
        return self

    def ready(self, seconds=60):
        """Waits until /health/ready says 200."""
        self.until(lambda: self.readiness() == 200, seconds, "the engine is ready", self.readiness_text)
        return self

    def not_ready(self, seconds=60):
        self.until(lambda: self.readiness() == 503, seconds, "readiness is 503")
        return self

    def run(self, seconds=60):
        return self.start().ready(seconds)

    def stop(self, seconds=60):
        """SIGTERM; returns the exit status."""
        return self.signal(signal.SIGTERM).exited(seconds)

    def kill(self):
        """SIGKILL."""
        self.signal(signal.SIGKILL).exited(30)

    def pause(self):
        return self.signal(signal.SIGSTOP)

    def resume(self):
        return self.signal(signal.SIGCONT)

    def signal(self, number):
        assert self.alive(), f"the engine is gone: {self.process.returncode}\n{self.log_tail()}"
        self.process.send_signal(number)
        return self

    def exited(self, seconds=60):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the engine runs after {seconds} s\n{self.log_tail()}") from None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def end(self):
        """Whatever state it is in."""
        if self.alive():
            self.process.kill()
            self.process.wait(30)

    # Watching

    def until(self, condition, seconds, what, state=None):
        """Waits for a condition while the engine is alive. `state` says more when it does not come."""

        def check():
            value = condition()
            if not value and not self.alive():
                status = self.process.returncode
                raise AssertionError(f"the engine ended with {status} before: {what}\n{self.log_tail()}")
            return value

        return wait_until(check, seconds, what, lambda: (f"{state()}\n" if state else "") + self.log_tail())

    def readiness(self):
        answer = http.get(self.admin_port, "/health/ready")
        return answer and answer.status

    def readiness_text(self):
        answer = http.get(self.admin_port, "/health/ready")
        return answer.body.decode() if answer else ""

    def metrics_text(self):
        answer = http.get(self.admin_port, "/metrics", timeout=20)
        assert answer is not None and answer.status == 200, f"no metrics: {answer}\n{self.log_tail()}"
        return answer.body.decode()

    def metric(self, name, text=None, **labels):
        """The sum of the samples that carry these labels."""
        total = 0.0
        for sample, found, value in samples(text or self.metrics_text()):
            if sample == name and all(found.get(key) == wanted for key, wanted in labels.items()):
                total += value
        return total

    def outcomes(self):
        """How many events ended how."""
        text = self.metrics_text()
        names = ("processed", "dropped", "duplicate", "dead_lettered")
        return {name: int(self.metric("weir_events_total", text, outcome=name)) for name in names}

    def finished(self):
        return sum(self.outcomes().values())

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024

    # Its log

    def log_text(self):
        """Of this start."""
        with open(self.log_file, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode("utf-8", "replace")

    def log_tail(self, lines=40):
        if not self.log_file.exists():
            return "(no log)"
        return "last log lines:\n" + "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def log_lines(self):
        """The lines that are JSON objects."""
        found = []
        for line in self.log_text().splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
        return found

    # Events

    def client(self, timeout=60):
        return http.Client(self.ingest_port, timeout)


_SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(text):
    """(name, labels, value) of each sample of a Prometheus text."""
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match:
            yield match[1], dict(_LABEL.findall(match[2] or "")), float(match[3])
