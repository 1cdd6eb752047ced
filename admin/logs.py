"""Logging of a process: one line an event, machine-readable or for a terminal, without secrets.

`configure_logging` is called once by each `rookery` verb, before anything else is started. Code logs through
`structlog.get_logger(__name__)` with an event name and facts; libraries log through `logging`; both come out of
the same pipe. `hide_secrets` is the last line of defence: a field that is named like a secret, or text that
carries one, is hidden whoever logged it. Words of people (posts, passwords, mails) must not be logged at all.
"""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from node.base.settings import Settings

HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"token|secret|password|passwd|authorization|cookie|signature|csrf|api_?key|private|credential", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"(?P<head>bearer\s+|basic\s+|[?&](?:token|code)=|://[^/\s:@]*:"
    r"|(?:token|secret|password|cookie|authorization|signature)[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)"
    r"[^\s&@\"',}]+",
    re.IGNORECASE,
)
_QUIET_LIBRARIES = ("rq", "rq.worker", "rq.job", "hypercorn.error", "httpx", "httpcore", "asyncio", "alembic", "PIL")


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide fields named like a secret and secrets inside text."""
    return {key: _hidden(key, value) for key, value in event.items()}


@lru_cache(maxsize=1024)
def _names_secret(key: str) -> bool:
    return _SECRET_NAMES.search(key) is not None


def _hidden(key: str, value: Any) -> Any:
    if value not in (None, "") and not isinstance(value, bool) and _names_secret(key):
        return HIDDEN
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda found: found["head"] + HIDDEN, value)
    if isinstance(value, Mapping):
        return {name: _hidden(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", inner) for inner in value]
    return value


def _as_json(event: EventDict, **how: Any) -> str:
    try:
        return orjson.dumps(event, default=how["default"]).decode()
    except TypeError:  # what has a form in Python's JSON alone, such as a huge number, is logged all the same
        return json.dumps(event, ensure_ascii=False, **how)


class _Lines:
    """Writes lines. One that cannot be written (a closed pipe, a full disk) is lost, and whoever logs it goes on.

    Without a lock, which a process that is forked meanwhile would wait for: a stream takes a text as a whole.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write a line."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


def configure_logging(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: standard error) in the settings' form."""
    stream = stream if stream is not None else sys.stderr
    text = settings.log_format == "text" or (settings.log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor]
    if text:
        last = [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=stream.isatty()),
        ]
    else:
        last = [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(_as_json),
        ]
    # Nobody is told these, so they need not be asked for with every line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    lines = _Lines(stream)
    structlog.configure(
        processors=[*shared, *last],  # not by way of `logging`, in which a line of each request takes thrice as long
        logger_factory=lambda *_: lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
