"""A real Redis Cluster on loopback: three nodes that share the slots, started at first use."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from tests.support.redis_server import redis_binary

NODES = 3
SLOTS = 16_384
BUS = 10_000
"""The nodes of a cluster talk with each other on their port plus this."""


class RedisClusterServers:
    """Three servers, each with a third of the slots. `url` names one of them."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rk-cluster-"))
        self.ports = _free_ports(NODES)
        self._processes = [self._start(port) for port in self.ports]
        self._clients = [Redis(port=port, socket_timeout=5) for port in self.ports]
        self.url = f"redis://127.0.0.1:{self.ports[0]}"
        try:
            self._join()
        except BaseException:
            self.close()
            raise

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        options = f"--port {port} --bind 127.0.0.1 --cluster-enabled yes --cluster-config-file {port}.conf"
        options += f" --dir {self._folder} --appendonly no --cluster-node-timeout 5000"
        return subprocess.Popen([redis_binary(), *options.split(), "--save", ""], stdout=subprocess.DEVNULL)

    def _join(self) -> None:
        for number, client in enumerate(self._clients):
            _until(partial(client.ping))
            first, end = SLOTS * number // NODES, SLOTS * (number + 1) // NODES
            client.execute_command("CLUSTER", "ADDSLOTS", *range(first, end))
        for port in self.ports[1:]:
            self._clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", port)
        for client in self._clients:
            _until(partial(_is_whole, client))

    def keys_by_node(self) -> list[set[str]]:
        """Return the keys that lie on each node."""
        return [{key.decode() for key in client.scan_iter()} for client in self._clients]

    def kill(self, number: int) -> None:
        """Kill one of the servers: nobody has its slots any more."""
        self._processes[number].kill()
        self._processes[number].wait(10)

    def close(self) -> None:
        """Stop the servers and remove their folder."""
        for client in self._clients:
            client.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_whole(client: Redis) -> bool:
    facts = bytes(client.execute_command("CLUSTER", "INFO")).split()
    return b"cluster_state:ok" in facts and b"cluster_known_nodes:%d" % NODES in facts


def _until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if question():
                return
        except (ConnectionError, BusyLoadingError):
            pass
        assert time.monotonic() < deadline, "the cluster did not come up"
        time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    """Return ports of which the one `BUS` above is free too."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            port = port - BUS if port > 65_535 - BUS else port
            try:
                other.bind(("127.0.0.1", port + BUS))
                with socket.socket() as itself:
                    if one.getsockname()[1] != port:
                        itself.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in found:
                found.append(port)
    return found
