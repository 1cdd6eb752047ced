"""Which handler an activity goes to: a table. A new activity is one file in `handlers` and one line here.

A handler is two functions. `verify` reads and fetches, outside any write transaction, and returns what is proven
or raises a verdict; `receive` writes, inside the transaction that also marks the row as done. Check and effect
never mix.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from inbox.context import Context
from inbox.handlers import (
    accept,
    announce,
    block,
    create,
    delete,
    featuring,
    flag,
    follow,
    interaction_request,
    like,
    move,
    reject,
    undo,
    update,
)
from inbox.outcomes import Ignored, Refused
from node.base.db.unit_of_work import UnitOfWork

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Handler(Generic[V]):
    """What to do with one type of activity. `forwarded`: it may come from others, judged by what is refetched.
    `receive_all`: `receive` for several at once, of different actors, where that costs less."""

    verify: Callable[[Context], Awaitable[V]]
    receive: Callable[[UnitOfWork, Context, V], Awaitable[None]]
    forwarded: bool = False
    receive_all: Callable[[UnitOfWork, Sequence[tuple[Context, V]]], Awaitable[None]] | None = None


HANDLERS: Final[Mapping[str, Handler[Any]]] = {
    "Create": Handler(create.verify, create.receive, forwarded=True),
    "Update": Handler(update.verify, update.receive, forwarded=True),
    "Delete": Handler(delete.verify, delete.receive, forwarded=True),
    "Follow": Handler(follow.verify, follow.receive),
    "Accept": Handler(accept.verify, accept.receive),
    "Reject": Handler(reject.verify, reject.receive),
    "Undo": Handler(undo.verify, undo.receive),
    "Like": Handler(like.verify, like.receive, receive_all=like.receive_all),
    "EmojiReact": Handler(like.verify, like.receive, receive_all=like.receive_all),
    "Announce": Handler(announce.verify, announce.receive),
    "Block": Handler(block.verify, block.receive),
    "Flag": Handler(flag.verify, flag.receive),
    "Add": Handler(featuring.verify_add, featuring.receive_add),
    "Remove": Handler(featuring.verify_remove, featuring.receive_remove),
    "Move": Handler(move.verify, move.receive),
    "QuoteRequest": Handler(interaction_request.verify, interaction_request.receive),
    "LikeRequest": Handler(interaction_request.verify, interaction_request.receive),
    "ReplyRequest": Handler(interaction_request.verify, interaction_request.receive),
    "AnnounceRequest": Handler(interaction_request.verify, interaction_request.receive),
}


def handler_for(context: Context) -> Handler[Any]:
    """Return the handler of an activity. Raises Ignored for types without one (ACV-9), Refused for one that its
    signer may not bring (SIG-23)."""
    handler = HANDLERS.get(context.activity.type)
    if handler is None:
        raise Ignored("unknown_type", context.activity.type[:64])
    if context.is_forwarded and not handler.forwarded:
        raise Refused("foreign_actor", f"signed by {context.signer_uri[:200]}, who is not the actor")
    return handler
