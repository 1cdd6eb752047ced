"""Fetching the suites, running them with pytest, and holding what did not pass against `left.toml`."""

import os
import subprocess
import sys
import tarfile
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "conformance"
LEFT: Final = Path(__file__).with_name("left.toml")


@dataclass(frozen=True, slots=True)
class Suite:
    """A client's suite: where it comes from and how it is run."""

    name: str
    requirement: str
    """What pip fetches, the version with it: another one has other tests."""
    folder: str
    """What its archive unpacks to."""
    extras: Sequence[str]
    arguments: Sequence[str]
    must_pass: int

    @property
    def path(self) -> Path:
        """Where it is unpacked."""
        return FOLDER / self.folder


SUITES: Final = (
    # Only the tests that talk to a server; those of entities ask accounts of one well-known instance.
    Suite(
        "mastodon_py", "Mastodon.py==2.3.3", "mastodon_py-2.3.3",
        ("test", "webpush", "blurhash"),
        ("-m", "vcr", "--ignore=tests/test_entities.py", "--record-mode=all", "--no-cov"), 170,
    ),
    Suite("toot", "toot==0.52.1", "toot-0.52.1", (), ("tests/integration",), 110),
)  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """How a suite went."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """The first line of what went wrong, by test."""


def install(suites: Sequence[Suite]) -> None:
    """Fetch the suites and what they need, once."""
    python = FOLDER / "venv" / "bin" / "python"
    marker = FOLDER / "installed"
    wanted = "\n".join(f"{suite.requirement} {suite.extras}" for suite in SUITES)
    if marker.exists() and marker.read_text() == wanted:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    _run(sys.executable, "-m", "venv", "--clear", str(FOLDER / "venv"))
    pip = (str(python), "-m", "pip", "--quiet", "--disable-pip-version-check")
    for suite in SUITES:
        _run(*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", str(FOLDER), suite.requirement)
        with tarfile.open(FOLDER / f"{suite.folder}.tar.gz") as archive:
            archive.extractall(FOLDER, filter="data")
        extras = f"[{','.join(suite.extras)}]" if suite.extras else ""
        _run(*pip, "install", f"{suite.path}{extras}", "pytest", "websocket-client")  # an extra pip does not find
    marker.write_text(wanted)


def run(suite: Suite, base_url: str, *, only: str = "", seconds: float = 1_800) -> Outcome:
    """Run a suite against the node at `base_url`."""
    report = FOLDER / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    for ending in ("*.pkl", "*.ws.yaml"):  # moments at which its makers ran it, and what their sockets heard
        for recorded in (suite.path / "tests").rglob(ending):
            recorded.unlink()
    select = ("-k", only) if only else ()
    command = [FOLDER / "venv" / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
    with (FOLDER / f"{suite.name}.log").open("w") as log:
        subprocess.run(
            [*map(str, command), f"--junitxml={report}", *suite.arguments, *select],
            cwd=suite.path,
            env={**os.environ, "TOOT_TEST_BASE_URL": base_url, "PYTHONPATH": str(suite.path)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    return _read(report)


def known_left() -> dict[str, dict[str, str]]:
    """Return the tests that are known not to pass, with the reason, by suite."""
    with LEFT.open("rb") as file:
        return tomllib.load(file)


def _read(report: Path) -> Outcome:
    outcome = Outcome()
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').removeprefix('tests.')}::{case.get('name')}"
        problems = [child for child in case if child.tag in ("failure", "error")]
        if problems:
            outcome.failed[name] = (problems[0].get("message") or "").strip().splitlines()[0][:200]
        elif case.find("skipped") is not None:
            outcome.skipped.append(name)
        else:
            outcome.passed.append(name)
    return outcome


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
