"""`rookery up` keeps what it started, restarts what died, leaves nobody behind: with real forks, real signals and the
real embedded Redis, but children that only sleep (the whole node: tests/chaos)."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from admin import redis_server
from admin.children import FIRST_WAIT, LONGEST_WAIT, STEADY_SECONDS, Child
from admin.supervisor import CannotStart, Supervisor, take_lock
from node.base.settings import Settings

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.processes


class SmallNodes:
    """Starts small nodes and makes sure that none outlives the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.admin.small_node", str(self.folder), *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process


def titles(process: "subprocess.Popen[str]") -> dict[str, int]:
    """Return pid by title of the processes below `process`."""
    found: dict[str, int] = {}
    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            found[" ".join(child.cmdline()).strip()] = child.pid
    except psutil.NoSuchProcess:
        pass
    return found


def eventually(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[SmallNodes]:
    made = SmallNodes(tmp_path / "data")
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.wait(5)
        assert process.stdout is not None
        process.stdout.close()


def wait_until_ready(process: "subprocess.Popen[str]") -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        if "Ctrl-C" in line:
            return lines
    raise AssertionError(f"it ended before it was ready: {lines}")


def test_it_says_where_it_listens_and_how_the_first_admin_gets_in(nodes: SmallNodes) -> None:
    text = "\n".join(wait_until_ready(nodes.start()))
    assert "http://localhost:8000" in text
    assert str(nodes.folder) in text
    assert "http://localhost/setup/secret" in text


def test_processes_carry_the_titles_that_ps_shows(nodes: SmallNodes) -> None:
    process = nodes.start()
    wait_until_ready(process)
    names = set(titles(process))
    assert {"rookery: web 1", "rookery: scheduler"} <= names
    assert any("redis.sock" in name or "redis-server" in name for name in names)
    assert " ".join(psutil.Process(process.pid).cmdline()).strip() == "rookery: up"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_leaves_nobody(nodes: SmallNodes, number: signal.Signals) -> None:
    process = nodes.start()
    wait_until_ready(process)
    pids = list(titles(process).values())
    process.send_signal(number)
    assert process.wait(30) == 0
    assert all(is_gone(pid) for pid in pids)
    assert not (nodes.folder / "redis" / "redis.sock").exists()


def test_a_child_that_ignores_sigterm_is_killed_within_ten_seconds(nodes: SmallNodes) -> None:
    process = nodes.start("stubborn")
    wait_until_ready(process)
    pids = list(titles(process).values())
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert time.monotonic() - started < 12
    assert all(is_gone(pid) for pid in pids)


def test_a_second_ctrl_c_does_not_wait(nodes: SmallNodes) -> None:
    process = nodes.start("stubborn")
    wait_until_ready(process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert time.monotonic() - started < 7, "it waited for the child that ignores signals"


def test_what_dies_is_started_again(nodes: SmallNodes) -> None:
    process = nodes.start()
    wait_until_ready(process)
    before = titles(process)["rookery: web 1"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: titles(process).get("rookery: web 1", before) != before)


def test_redis_is_started_again(nodes: SmallNodes) -> None:
    process = nodes.start()
    wait_until_ready(process)
    path = nodes.folder / "redis" / "redis.sock"
    assert redis_server.answers(path)
    (redis,) = [pid for name, pid in titles(process).items() if "redis" in name]
    os.kill(redis, signal.SIGKILL)
    eventually(lambda: is_gone(redis))
    eventually(lambda: redis_server.answers(path))


def test_nobody_survives_a_kill_of_the_supervisor_and_the_next_start_works(nodes: SmallNodes) -> None:
    process = nodes.start()
    wait_until_ready(process)
    pids = list(titles(process).values())
    process.kill()
    process.wait(5)
    eventually(lambda: all(is_gone(pid) for pid in pids), seconds=3)
    again = nodes.start()
    wait_until_ready(again)
    again.send_signal(signal.SIGINT)
    assert again.wait(10) == 0


def test_a_second_up_on_the_same_data_is_refused(nodes: SmallNodes) -> None:
    first = nodes.start()
    wait_until_ready(first)
    second = nodes.start()
    output, _ = second.communicate(timeout=15)
    assert second.returncode == 1
    assert f"process {first.pid}" in output
    assert first.poll() is None


def test_redis_is_private(nodes: SmallNodes) -> None:
    """No TCP, a socket only the owner may use, in a folder only the owner may enter."""
    process = nodes.start()
    wait_until_ready(process)
    folder = nodes.folder / "redis"
    assert stat.S_IMODE(nodes.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "redis.sock").stat().st_mode) == 0o700
    (redis,) = [pid for name, pid in titles(process).items() if "redis" in name]
    assert psutil.Process(redis).net_connections(kind="inet") == []


def test_a_port_in_use_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CannotStart, match=f"Cannot listen on {bind}"):
            Supervisor(Settings(data_dir=tmp_path / "data", bind=bind)).run()


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    descriptor = take_lock(tmp_path / "up.lock")
    os.close(descriptor)
    os.close(take_lock(tmp_path / "up.lock"))


def test_the_wait_before_a_restart_doubles_and_is_forgotten_after_a_steady_time() -> None:
    child = Child("x", lambda: None)
    waits = []
    for _ in range(10):
        child.started = 100.0
        waits.append(child.died(101.0))
    assert waits[0] == FIRST_WAIT
    assert waits[1] == 2 * FIRST_WAIT
    assert waits[-1] == LONGEST_WAIT
    child.started = 100.0
    assert child.died(100.0 + STEADY_SECONDS) == FIRST_WAIT


def test_a_folder_of_somebody_else_is_not_used_for_the_socket(tmp_path: Path) -> None:
    """A link that waits under the temp dir must not lead our socket elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "link"
    link.symlink_to(elsewhere)
    with pytest.raises(redis_server.RedisMissing):
        redis_server.make_private_folder(link)
