"""Waiting for a condition, never for a time."""

import time


class TimedOut(AssertionError):
    pass


def wait_until(condition, seconds, what, explain=None, every=0.05):
    """Returns what `condition` returned first that is true. After `seconds` it fails, with what `explain`
    says (the engine's last log lines)."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            more = f"\n{explain()}" if explain else ""
            raise TimedOut(f"waited {seconds} s for: {what}{more}")
        time.sleep(every)
