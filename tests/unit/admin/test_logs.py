"""Log lines: one an event, readable by machines, without secrets whoever wrote them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from admin.logs import configure_logging
from node.base.settings import Settings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_time_and_level(stream: io.StringIO) -> None:
    configure_logging(Settings(log_format="json"), stream=stream)
    structlog.get_logger("x").info("post_published", post_id=7)
    (line,) = lines(stream)
    assert (line["event"], line["post_id"], line["level"]) == ("post_published", 7, "info")
    assert str(line["timestamp"]).endswith("Z")


def test_an_exception_stays_on_the_line(stream: io.StringIO) -> None:
    configure_logging(Settings(log_format="json"), stream=stream)
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError" in str(line["exception"])


def test_libraries_come_out_of_the_same_pipe(stream: io.StringIO) -> None:
    configure_logging(Settings(log_format="json"), stream=stream)
    logging.getLogger("some.library").warning("careful %s", "there")
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("careful there", "warning")


@pytest.mark.parametrize(
    "facts",
    [
        {"access_token": "s3cret"},
        {"authorization": "Bearer s3cret"},
        {"request": {"Cookie": "s3cret"}},
        {"headers": [{"signature": "s3cret"}]},
        {"note": "GET /api/v1/x?access_token=s3cret&limit=1"},
        {"note": "Authorization: Bearer s3cret"},
        {"url": "postgresql+asyncpg://rookery:s3cret@db/rookery"},
        {"link": "http://localhost:8000/setup?token=s3cret"},
        {"new_password": "s3cret"},
    ],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_are_hidden(stream: io.StringIO, facts: dict[str, object], form: str) -> None:
    configure_logging(Settings(log_format=form), stream=stream)  # type: ignore[arg-type]
    structlog.get_logger("x").info("event", **facts)
    logging.getLogger("y").warning("text %s", facts)
    assert "s3cret" not in stream.getvalue()


def test_secrets_in_exceptions_are_hidden(stream: io.StringIO) -> None:
    configure_logging(Settings(log_format="json"), stream=stream)
    try:
        raise ValueError("cannot reach redis://user:s3cret@host/0")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    assert "s3cret" not in stream.getvalue()


def test_the_level_holds(stream: io.StringIO) -> None:
    configure_logging(Settings(log_format="json", log_level="warning"), stream=stream)
    structlog.get_logger("x").info("quiet")
    assert stream.getvalue() == ""


class FullDisk(io.StringIO):
    """A file that takes no more."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("log", [structlog.get_logger("x"), logging.getLogger("some.library")])
def test_whoever_logs_goes_on_where_nothing_can_be_written(stream: io.StringIO, log: Any) -> None:
    configure_logging(Settings(log_format="json"), stream=FullDisk())
    log.warning("away")
