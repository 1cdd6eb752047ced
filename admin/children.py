"""Child processes: how `rookery up` forks them, how they die with it, and how long it waits before the next try.

A child never outlives its parent: on Linux the kernel sends it SIGKILL when the parent dies, even by `kill -9`
(`PR_SET_PDEATHSIG`); elsewhere only an orderly stop is covered. Every process may be killed at any moment
without loss, which is what makes this blunt rule safe. Only `admin/supervisor.py` uses this module.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from setproctitle import setproctitle

SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD})
STEADY_SECONDS = 30.0
"""A child that lived this long starts afresh with the shortest wait."""
FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when `parent` dies; leave at once if it is dead already."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


@dataclass(slots=True)
class Child:
    """One process to keep alive. `run` is called in the forked process and its return ends it.

    `own_group` takes it out of the terminal's process group, so that Ctrl-C reaches only the supervisor. `niceness`:
    by how much others of the machine's processes come first.
    """

    title: str
    run: Callable[[], None]
    own_group: bool = False
    niceness: int = 0
    pid: int = 0
    started: float = 0.0
    quick_deaths: int = 0
    next_start: float = field(default=0.0)

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not been reaped."""
        return self.pid != 0

    def died(self, now: float) -> float:
        """Note that the process is gone and return the seconds until it is started again."""
        steady = now - self.started >= STEADY_SECONDS
        self.quick_deaths = 0 if steady else self.quick_deaths + 1
        wait: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(0, self.quick_deaths - 1))
        self.pid = 0
        self.next_start = now + wait
        return wait

    def spawn(self) -> None:
        """Fork and run. Signals are held back meanwhile, so none is taken by the wrong process."""
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        previous = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._be_child(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
        self.pid, self.started = pid, time.monotonic()

    def _be_child(self, parent: int) -> None:
        code = 1
        try:
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # A terminal sends Ctrl-C and hang-up to everybody; the supervisor alone decides what follows.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if self.own_group:
                os.setpgid(0, 0)
            os.nice(self.niceness)
            setproctitle(self.title)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            self.run()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def describe_exit(status: int) -> str:
    """Return in words how a process ended, from its wait status."""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"
