"""What a process asks of the system before it serves."""

import resource
import subprocess
import sys

ACCEPT_MANY = """
import socket
from admin import interpreter
interpreter.settle()
kept = [socket.socketpair() for _ in range(200)]
print("held", 2 * len(kept))
"""


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def test_a_process_holds_more_connections_than_it_is_given_unasked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ACCEPT_MANY], preexec_fn=_few_files, capture_output=True, text=True, check=False
    )
    assert done.stdout == "held 400\n", done.stderr
