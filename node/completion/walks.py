"""Where a run on a thread stands: a queue of steps and the budgets used so far (COL-7, rows 50 and 51).

`threads` takes the steps. As JSON a walk is the `progress` of the run's row.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final, Self

from federation.collection_parsing import COLLECTION_TYPES, CollectionPage, parse_collection
from federation.documents import Document, first_id, ids_of, object_of, type_of
from federation.gates import HostGate
from federation.origins import is_http_uri, same_origin
from node.completion.rules import MAX_NEW_ACTORS, MAX_PAGES, MAX_PER_POST, MAX_POSTS, PER_HOST

# Kinds of steps. `upward`: a missing parent and how many were fetched below it. `begin`: the root, or the post that
# was opened. `known`: the replies of a post that is stored. `context`, `page`: a collection, of which post's host it
# must be, and how many of its entries were taken. `post`: a reply to fetch.
UPWARD: Final = "upward"
BEGIN: Final = "begin"
KNOWN: Final = "known"
CONTEXT: Final = "context"
PAGE: Final = "page"
POST: Final = "post"

Step = list[Any]


@dataclass(slots=True)
class Walk:
    """Where a run stands. As JSON it is the row's `progress`."""

    queue: list[Step]
    opened: int
    seen: set[str] = field(default_factory=set)
    posts: int = 0
    pages: int = 0
    actors: int = 0
    quotes: int = 0
    is_listed: bool = False
    """Whether the root's context lists the thread, so that nobody need be asked for replies."""
    gate: HostGate = field(default_factory=lambda: HostGate(PER_HOST))

    @classmethod
    def read(cls, progress: dict[str, Any]) -> Self:
        """Return the walk that a row describes."""
        return cls(
            [list(step) for step in progress["queue"]],
            int(progress["opened"]),
            set(progress.get("seen") or ()),
            int(progress.get("posts") or 0),
            int(progress.get("pages") or 0),
            int(progress.get("actors") or 0),
            int(progress.get("quotes") or 0),
            bool(progress.get("is_listed")),
        )

    def written(self) -> dict[str, Any]:
        """Return the walk as JSON."""
        return {
            "queue": self.queue,
            "opened": self.opened,
            "seen": sorted(self.seen),
            "posts": self.posts,
            "pages": self.pages,
            "actors": self.actors,
            "quotes": self.quotes,
            "is_listed": self.is_listed,
        }

    def add(self, step: Step, *, first: bool = False) -> None:
        """Put a step into the queue unless it was there before (cycles) or a budget is used up."""
        mark = mark_of(step)
        if mark in self.seen:
            return
        if step[0] in {POST, UPWARD}:
            if self.posts >= MAX_POSTS:
                return
            self.posts += 1
        elif step[0] in {PAGE, CONTEXT}:
            if self.pages >= MAX_PAGES:
                return
            self.pages += 1
        self.seen.add(mark)
        if first:
            self.queue.insert(0, step)
        else:
            self.queue.append(step)

    def may_meet(self) -> bool:
        """Say whether another author may be fetched, and count it."""
        self.actors += 1
        return self.actors <= MAX_NEW_ACTORS

    def expects(self, uri: str) -> bool:
        """Say whether a post is to be fetched by this walk."""
        return mark_of([POST, uri]) in self.seen


def mark_of(step: Step) -> str:
    """Return what tells a step from others; a post is the same whichever way one came to it."""
    kind = POST if step[0] == UPWARD else step[0]
    return hashlib.sha256(f"{kind} {step[1]}".encode()).hexdigest()[:16]


def first_steps(thread_id: int, opened: int) -> dict[str, Any]:
    """Return the progress a run on a thread begins with."""
    walk = Walk([], opened)
    walk.add([BEGIN, opened])
    walk.add([BEGIN, thread_id])
    return walk.written()


def add_replies(walk: Walk, document: Document, uri: str) -> None:
    """Put what a post says of its replies into the queue: a page's address, or what came inlined and goes on there."""
    replies = document.get("replies")
    inlined = object_of(replies)
    if inlined is None:
        where = first_id(replies)
        if where is not None and same_origin(where, uri):
            walk.add([PAGE, where, uri, 0])
        return
    if not type_of(inlined, COLLECTION_TYPES):
        return
    page = parse_collection(inlined)
    if not page.items and page.first is None and page.total != 0 and page.id is not None and same_origin(page.id, uri):
        walk.add([PAGE, page.id, uri, 0])
        return
    follow(walk, page, uri, 0)


def follow(walk: Walk, page: CollectionPage, owner: str, taken: int) -> None:
    """Take the entries of a page of replies, and go on where it says, on the post's own host."""
    taken += add_items(walk, page, MAX_PER_POST - taken)
    if isinstance(page.first, str) and same_origin(page.first, owner):
        walk.add([PAGE, page.first, owner, taken])
    elif page.first is not None and not isinstance(page.first, str):
        inlined = parse_collection(page.first)
        taken += add_items(walk, inlined, MAX_PER_POST - taken)
        page = inlined
    if page.next is not None and taken < MAX_PER_POST and same_origin(page.next, owner):
        walk.add([PAGE, page.next, owner, taken])


def add_items(walk: Walk, page: CollectionPage, room: int) -> int:
    """Put the entries of a page into the queue, at most `room`; return how many that were."""
    uris = [uri for uri in ids_of(list(page.items)) if is_http_uri(uri)][: max(0, room)]
    for uri in uris:
        walk.add([POST, uri])
    return len(uris)
