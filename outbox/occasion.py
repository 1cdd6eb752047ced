"""What the effects of an event work with, before the transaction that ends it and in it.

On SQLite one transaction writes at a time, so whoever publishes waits for each. What other servers are told takes
reading, serialising and signing: `Sending` has a mere reader, and what it leaves is rows to be stored. `Occasion` is
for everything that is decided where nobody else writes. Called by `relay`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from node.base.db.stream_log import StreamEvent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.runtime import Runtime
from outbox.event_queries import PostFacts, find_post_facts
from outbox.recipients import Recipients


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The rows of an activity that is told to others, and of its deliveries; these do not know its id yet."""

    activity: Mapping[str, Any]
    deliveries: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sending:
    """What tells the world works with: the node, a reader, the event's id. `address.send` adds to `outgoing`."""

    runtime: Runtime
    reader: Reader
    event_id: int
    now: datetime
    is_begun: bool
    """Whether somebody was at the event before: some of it may be stored."""
    outgoing: list[Outgoing] = field(default_factory=list)
    facts: dict[int, PostFacts | None] = field(default_factory=dict)
    inboxes: dict[Recipients, Sequence[str]] = field(default_factory=dict)
    """Those that are found already: `address.inboxes_of`."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an effect works with: the node, the event's transaction, the event's id."""

    runtime: Runtime
    uow: UnitOfWork
    event_id: int
    now: datetime
    lanes: set[str] = field(default_factory=set)
    """Lanes to nudge once the transaction has committed."""
    streamed: list[StreamEvent] = field(default_factory=list)
    """What open streams are told: appended to the node's log as the transaction's last act."""
    facts: dict[int, PostFacts | None] = field(default_factory=dict)
    """Posts that an effect of this event has looked at: `facts_of`."""

    @property
    def reader(self) -> Reader:
        """What reads in the transaction."""
        return self.uow


async def facts_of(on: Sending | Occasion, post_id: int) -> PostFacts | None:
    """Return the facts of a post that stands, read once for all effects of an event."""
    if post_id not in on.facts:
        on.facts[post_id] = await find_post_facts(on.reader, post_id)
    return on.facts[post_id]
