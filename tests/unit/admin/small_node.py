"""A supervisor with children that do nothing, for tests of the supervisor alone.

Run as a program: `python -m tests.unit.admin.small_node DATA_DIR [stubborn]`. The children sleep; a stubborn one
ignores SIGTERM. The embedded Redis and the lock are real; the database is left out.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from admin import supervisor
from admin.children import Child
from admin.supervisor import CannotStart, Supervisor
from node.base.settings import Settings


def sleep_for_ever(*, stubborn: bool = False) -> None:
    if stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


class SmallNode(Supervisor):
    def __init__(self, settings: Settings, *, stubborn: bool) -> None:
        super().__init__(settings, say=lambda line: print(line, flush=True))
        self._stubborn = stubborn

    def _begin_migration(self) -> tuple[Child, int]:
        return Child("none", sleep_for_ever), -1

    def _finish_migration(self, migration: tuple[Child, int]) -> None:
        self._facts = {"setup_link": "http://localhost/setup/secret"}

    def _plan(self, listener: Any) -> list[Child]:
        def web() -> None:
            self._tell()
            sleep_for_ever(stubborn=self._stubborn)

        return [Child("rookery: web 1", web), Child("rookery: scheduler", sleep_for_ever)]


def main() -> None:
    folder, *options = sys.argv[1:]
    supervisor.PRELOAD = ()
    settings = Settings(data_dir=Path(folder), bind="127.0.0.1:0")
    try:
        sys.exit(SmallNode(settings, stubborn="stubborn" in options).run())
    except CannotStart as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
