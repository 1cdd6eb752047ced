"""A node whose processes run apart, as on several machines: two of `web`, two of `worker`, a `scheduler`.

They share nothing but PostgreSQL, a Redis and the media folder.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field

import httpx
import psutil

from tests.chaos.real_nodes import ROOT, RealNode
from tests.support.serving import free_port

Process = subprocess.Popen[bytes]


@dataclass
class Fleet(RealNode):
    """The first web process is the one at `public_url`; `webs` are the addresses of both."""

    second_port: int = field(default_factory=free_port)
    processes: "list[Process]" = field(default_factory=list)

    @property
    def webs(self) -> tuple[str, str]:
        return f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.second_port}"

    def launch(self) -> None:
        """Prepare the database, and start them all without waiting for them."""
        assert self._start("migrate").wait(60) == 0, self.log_path.read_text()
        self.processes = [
            self._start("web"),
            self._start("web", bind=f"127.0.0.1:{self.second_port}"),
            self._start("worker", "--lanes", "relay,inbox,fetch,fill,mail,polls,media,index,cards"),
            self._start("worker", "--lanes", "deliver,relay,inbox,push,scheduled,deliver-slow"),
            self._start("scheduler"),
        ]
        self.process = self.processes[0]

    def _start(self, *words: str, **changes: str) -> Process:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
        environment |= self.environment() | {f"ROOKERY_{name.upper()}": value for name, value in changes.items()}
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", "from admin.cli import main; main()", *words],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until both webs answer."""
        await super().ready()
        async with httpx.AsyncClient(base_url=self.webs[1], trust_env=False) as second:
            mine, self.http = self.http, second
            try:
                await super().ready()
            finally:
                self.http = mine

    def pids(self, part: str = "") -> list[int]:
        """Return the processes whose title holds `part`."""
        found = []
        for process in self.processes:
            try:
                if process.poll() is None and part in " ".join(psutil.Process(process.pid).cmdline()):
                    found.append(process.pid)
            except psutil.NoSuchProcess:
                continue
        return found

    def stop(self) -> list[int]:
        """Ask them all to end; return their exit codes. Fails where one does not."""
        for process in self.processes:
            process.terminate()
        return [process.wait(20) for process in self.processes]

    def close(self) -> None:
        """End them all."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes:
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
