"""Runs of a program that is started once (again.c), for programs that are dear
to start:

    done = Again(program, environment, library).run(words, environment)
"""
import atexit
import os
import signal
import socket
import struct
import subprocess

REQUEST_SIZE_MOST, STRINGS_MOST = 65536, 2000  # again.c knows them


class Again:
    """One at a time; who needs two at once has two of these."""

    def __init__(self, program, environment, library):
        self.link, other = socket.socketpair(socket.AF_UNIX,
                                             socket.SOCK_SEQPACKET)
        preload = f"{library} {environment.get('LD_PRELOAD', '')}".strip()
        self.process = subprocess.Popen(
            [program], pass_fds=[other.fileno()], stdin=subprocess.DEVNULL,
            start_new_session=True, env=environment | {
                "LD_PRELOAD": preload, "AGAIN_SOCKET": str(other.fileno())})
        other.close()
        atexit.register(self.close)

    def run(self, words, environment, timeout):
        """What subprocess.run says of it; None when that is too much to ask.
        Where it fails to answer in time, this can't be used any more."""
        strings = [str(len(words)), *words, *map("=".join, environment.items())]
        asked = b"".join(os.fsencode(string) + b"\0" for string in strings)
        if len(asked) > REQUEST_SIZE_MOST or len(strings) > STRINGS_MOST:
            return None
        files = [os.open(os.devnull, os.O_RDONLY), os.memfd_create("output"),
                 os.memfd_create("error")]
        try:
            socket.send_fds(self.link, [asked], files)
            self.link.settimeout(timeout)
            answer = self.link.recv(4)
            assert len(answer) == 4, f"{words}: never ran"
            status, = struct.unpack("i", answer)
            output, error = (self._content(file) for file in files[1:])
            return subprocess.CompletedProcess(
                words, os.waitstatus_to_exitcode(status), output, error)
        except TimeoutError as error:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(words, timeout) from error
        finally:
            for file in files:
                os.close(file)

    def _content(self, file):
        size = os.fstat(file).st_size
        return os.pread(file, size, 0)

    def close(self):
        self.link.close()
        self.process.wait()
