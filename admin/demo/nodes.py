"""`rookery demo`: two nodes on loopback that really federate, with people and posts to look at.

Both run as `rookery up` in processes and data folders of their own and speak ActivityPub over plain HTTP, signed,
through the same doors as any two servers. The story of `people.py` is played once, person by person, through
the REST API of each person's node; what crosses over crosses by federation alone. A second start finds it all again.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import httpx

from admin.children import die_with_parent
from admin.demo.people import PEOPLE
from admin.demo.play import DemoFailed, Login, Play
from node.base.settings import Settings

START_SECONDS = 60.0
STOP_SECONDS = 12.0

Say = Callable[[str], None]


@dataclass(slots=True)
class DemoNode:
    """One of the two nodes: its settings and, while it runs, its process."""

    name: str
    settings: Settings
    process: "subprocess.Popen[bytes] | None" = None

    def environment(self) -> dict[str, str]:
        """Return what `rookery up` of this node is started with; settings of the caller's shell do not count."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
        return kept | {
            "ROOKERY_PUBLIC_URL": self.settings.public_url,
            "ROOKERY_BIND": self.settings.bind,
            "ROOKERY_DATA_DIR": str(self.settings.data_dir),
            "ROOKERY_SITE_NAME": self.settings.site_name,
            "ROOKERY_INSECURE_PEERS": "127.0.0.0/8,::1/128",
            "ROOKERY_WORKERS": "1",
            "ROOKERY_LOG_LEVEL": "warning",
        }

    def start(self) -> None:
        """Start `rookery up`. It dies with us, and its children with it."""
        log = (self.settings.data_dir / "up.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from admin.cli import main; main(prog_name='rookery')", "up"],
            env=self.environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        log.close()


def make_nodes(folder: Path, ports: tuple[int, int]) -> list[DemoNode]:
    """Return the two nodes, with their data under `folder`."""
    nodes = []
    for name, port in zip(("one", "two"), ports, strict=True):
        settings = Settings(
            public_url=f"http://127.0.0.1:{port}",
            bind=f"127.0.0.1:{port}",
            data_dir=folder.absolute() / name,
            site_name=f"Rookery {name}",
            insecure_peers=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        )
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        nodes.append(DemoNode(name, settings))
    return nodes


def run_demo(folder: Path, *, ports: tuple[int, int], say: Say) -> int:
    """Start both nodes, play the story if it is new, print how to look at it, and wait for Ctrl-C."""
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, _frame: stopping.append(signum))
    nodes = make_nodes(folder, ports)
    try:
        say("Starting two nodes ...")
        for node in nodes:
            node.start()
        logins = asyncio.run(prepare(nodes, folder, say=say, is_stopping=lambda: bool(stopping)))
        if not stopping:
            describe(nodes, logins, say)
        while not stopping and all(node.process is not None and node.process.poll() is None for node in nodes):
            time.sleep(0.2)
    finally:
        stop(nodes)
    if not stopping:
        raise DemoFailed(f"A node stopped by itself: see {folder}/*/up.log")
    say("Stopped.")
    return 0


def stop(nodes: list[DemoNode]) -> None:
    """Stop both nodes, within twelve seconds whatever happens."""
    processes = [node.process for node in nodes if node.process is not None]
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def prepare(nodes: list[DemoNode], folder: Path, *, say: Say, is_stopping: Callable[[], bool]) -> list[Login]:
    """Wait for the nodes and play the story once; return how to sign in."""
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        for node in nodes:
            await _until_ready(node, http, is_stopping)
        remembered = folder / "people.json"
        if is_stopping():
            return []
        if remembered.exists():
            return [Login(**entry) for entry in json.loads(remembered.read_text())]
        say("Signing people up, letting them follow, write, like and boost ...")
        play = Play({node.name: node.settings for node in nodes}, http, is_stopping)
        await play.run()
        logins = [person.login for person in play.people.values()]
        remembered.touch(mode=0o600)
        remembered.write_text(json.dumps([asdict(login) for login in logins], indent=1))
        return logins


async def _until_ready(node: DemoNode, http: httpx.AsyncClient, is_stopping: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_stopping():
        if node.process is not None and node.process.poll() is not None:
            log = (node.settings.data_dir / "up.log").read_text(errors="replace").strip()
            raise DemoFailed(f"Node {node.name} did not start:\n{log[-2000:]}")
        try:
            if (await http.get(f"{node.settings.public_url}/readyz")).json()["status"] == "ready":
                return
        except (httpx.TransportError, ValueError):
            pass
        if time.monotonic() > deadline:
            raise DemoFailed(f"Node {node.name} did not answer: see {node.settings.data_dir / 'up.log'}")
        await asyncio.sleep(0.2)


def describe(nodes: list[DemoNode], logins: list[Login], say: Say) -> None:
    """Say where to look and how to sign in."""
    say("")
    for node in nodes:
        say(f"  Node {node.name}:  {node.settings.public_url}")
        for login in logins:
            if login.node == node.name:
                role = next(person.role for person in PEOPLE if person.username == login.username)
                extra = "   (admin: /admin)" if role == "admin" else ""
                say(f"    {login.username:6} password {login.password}{extra}")
        say("")
    say("  Sign in as ann on the first and as dara on the second (two browsers, or two tabs), and write to each other.")
    say("  Ctrl-C stops both; the data stays for the next time.")
    sys.stdout.flush()
