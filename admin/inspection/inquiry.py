"""What one inspection works with, and the steps it is made of: plain values, ready for the terminal, JSON or a page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from federation.client import FederationClient
from federation.documents import Document
from federation.origins import Handle, Origin
from federation.parsing import RemoteActor
from federation.signatures import SigningKey
from node.base.runtime import Runtime

Verdict = Literal["ok", "info", "warning", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing looked at: its verdict, what was seen, what to change if it is not well, and the evidence verbatim."""

    name: str
    title: str
    verdict: Verdict
    seen: str
    advice: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found; its name and title are added by the order of steps."""

    verdict: Verdict
    seen: str
    advice: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Every step of one inspection."""

    target: str
    subject: str
    steps: tuple[Step, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing needs a change."""
        return not any(step.verdict == "problem" for step in self.steps)


@dataclass(slots=True)
class Inquiry:
    """What is asked about, and what the steps so far have learnt."""

    runtime: Runtime
    client: FederationClient
    target: str
    origin: Origin
    """Where the connection goes."""
    began_at: datetime
    handle: Handle | None = None
    url: str = ""
    """The address that was asked about, when it was one."""
    is_own: bool = False
    knock: bool = True
    """Whether a harmless activity may be posted to the inbox, to see whether a signature is accepted."""
    actor_uri: str = ""
    document: Document | None = None
    actor: RemoteActor | None = None
    signer: SigningKey | None = None
    clock_ahead: int | None = None
    is_post: bool = False
    """Whether the address turned out to be of a post."""

    passed: set[str] = field(default_factory=set)

    @property
    def host(self) -> str:
        """The host of the documents, with its port unless it is the usual one."""
        return self.origin.host_port


Look = Callable[[Inquiry], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A step in the order of steps; what it `needs` must have passed."""

    name: str
    title: str
    look: Look
    needs: tuple[str, ...] = ()


def span(seconds: float) -> str:
    """Say a length of time in words."""
    seconds = abs(int(seconds))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{timedelta(seconds=seconds).days} days"


def printable(text: str) -> str:
    """Return a text with a mark in the place of every control and direction character."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)[:4_000]


def excerpt(text: str, length: int = 300) -> str:
    """Return the first characters of something foreign on one line, without control characters."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:length]
