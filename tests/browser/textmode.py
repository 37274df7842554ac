"""w3m in a terminal of its own: the smallest browser that people still use.

Keys go in as they are typed; screen is what it wrote since the last ones, as
words.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import tempfile
import termios
import time


def words_of(written):
    """Without what moves the cursor and sets the type."""
    text = re.sub(r"\x1b\[\d*C", " ", written)
    return re.sub(r"\x1b(\[[\d;?]*[A-Za-z]|[()].)", "", text)


class TextBrowser:
    def __init__(self, url):
        self.home = tempfile.TemporaryDirectory(prefix="w3m-")
        self._raw, self.screen = b"", ""
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            # tall enough for a whole page
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 150, 100, 0, 0))
            os.environ.update(TERM="xterm", HOME=self.home.name,
                              LC_ALL="C.UTF-8")
            os.execvp("w3m", ["w3m", "-M", url])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.terminal)
        self.home.cleanup()

    def type(self, keys):
        self._raw, self.screen = b"", ""
        os.write(self.terminal, keys.encode())

    def until(self, words, seconds=15):
        end = time.monotonic() + seconds
        while not re.search(words, self.screen):
            assert time.monotonic() < end, f"no {words}: {self.screen}"
            if select.select([self.terminal], [], [], 0.1)[0]:
                self._raw += os.read(self.terminal, 65536)
                self.screen = words_of(self._raw.decode("utf-8", "replace"))
