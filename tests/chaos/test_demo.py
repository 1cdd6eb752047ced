"""`rookery demo`: two nodes, people and posts that crossed by federation, ready to look at; Ctrl-C ends both."""

import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.real_nodes import ROOT
from tests.support.serving import free_port

pytestmark = pytest.mark.processes


def contents(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "rookery.sqlite3")) as connection:
        rows = connection.execute("SELECT uri FROM posts WHERE deleted_at IS NULL AND visibility = 'public'").fetchall()
    return {row[0] for row in rows}


def test_the_demo_fills_two_nodes_that_federate_and_stops(tmp_path: Path) -> None:
    ports = [str(free_port()), str(free_port())]
    process = subprocess.Popen(
        [sys.executable, "-c", "from admin.cli import main; main()", "demo", "--dir", str(tmp_path), "--ports", *ports],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(said)
        assert all(f"http://127.0.0.1:{port}" in text for port in ports), text
        assert len(re.findall(r"password \S{8,}", text)) == 6
        one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
        for port, other in zip(ports, (two, one), strict=True):
            assert any(f":{port}/" in uri for uri in other), "a post crossed over"
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        assert time.monotonic() - started < 20
        assert (tmp_path / "people.json").stat().st_mode & 0o777 == 0o600
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
