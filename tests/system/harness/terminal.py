"""Commands as people see them: on a terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios


class Terminal:
    """A command on a terminal of so many rows and columns."""

    def __init__(self, rows, columns, *command):
        self.ours, its = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen([str(word) for word in command], stdin=its, stdout=its, stderr=its, close_fds=True,
                                        start_new_session=True)
        os.close(its)
        self.text = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """False at the end."""
        try:
            part = os.read(self.ours, 65536)
        except OSError:  # as Linux tells that nobody writes any more
            return False
        self.text += part.decode()
        return bool(part)

    def frames(self):
        """What was drawn, whole pictures, as lists of lines."""
        pictures = self.text.split("\x1b[H")[1:]
        # The terminal's driver puts a carriage return of its own before each line feed.
        return [re.split("\r+\n", p.split("\x1b[J")[0].replace("\x1b[K", ""))[:-1] for p in pictures if "\x1b[J" in p]

    def read_until(self, condition):
        while not condition():
            assert self.read(), self.text

    def end(self, status):
        while self.read():
            pass
        assert self.process.wait(30) == status, self.text
        os.close(self.ours)
