"""What the scripted handler needs behind it, and what can be away."""

from .engine import merge


class Dependency:
    def __init__(self, site):
        site.folder.mkdir(parents=True, exist_ok=True)
        self.site = site
        self.file, self.calls_file = site.folder / "down", site.folder / "calls"

    def go(self):
        self.file.touch()

    def come_back(self):
        self.file.unlink()

    def calls_ms(self):
        """When it was asked in vain."""
        return [int(line) for line in self.calls_file.read_text().split()] if self.calls_file.exists() else []

    def stage(self, **config):
        plugin = str(self.site.scripted / "scripted.so")
        return {"plugin": plugin, "config": {"down": str(self.file), "calls": str(self.calls_file), **config}}

    def pipeline(self, **over):
        """One that dead-letters at the first failure: no retry, and no circuit that would hold its events."""
        base = {"retry": {"attempts": 1, "circuit": {"failures": 0}}, "stages": [self.stage()]}
        return self.site.pipeline(**merge(base, over))
