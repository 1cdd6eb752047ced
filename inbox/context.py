"""What a handler is given: the activity, whose word it is, and when and where it arrived. Made by `process`."""

from dataclasses import dataclass
from datetime import datetime

from federation.documents import load_document
from federation.origins import same_origin
from federation.parsing import Activity, parse_activity
from inbox.models import ReceivedActivity
from inbox.outcomes import Refused
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.base.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Context:
    """One stored activity on its way to taking effect."""

    runtime: Runtime
    activity: Activity
    signer_uri: str
    inbox_owner_id: int | None
    now: datetime
    attempts: int
    known_actor: Account | None = None
    """The actor's account, where `process` has read it already."""

    @property
    def is_forwarded(self) -> bool:
        """Whether nothing proves that its actor said it: then only what is refetched counts (SIG-23)."""
        return self.signer_uri != self.activity.actor

    async def actor(self) -> Account:
        """Return the actor's account. Raises Refused when it is unknown or gone here."""
        found = await self.actor_even_if_suspended_there()
        if found.suspended_by_origin:
            raise Refused("actor_suspended", "its own server says it is suspended")
        return found

    async def actor_even_if_suspended_there(self) -> Account:
        """Like `actor`, but an actor that its own server suspended still counts: only it can lift that (ACT-4)."""
        found = self.known_actor
        if found is None:
            async with self.runtime.read() as reader:
                found = await find_account_by_uri(reader, self.activity.actor)
        if found is None:
            raise Refused("unknown_actor", "the actor is not known here")
        if found.is_local:
            raise Refused("own_actor", "nobody else speaks for our people")
        if found.suspended_at is not None or found.deleted_at is not None:
            raise Refused("actor_gone", "the actor is suspended or deleted here")
        return found


def read_activity(row: ReceivedActivity) -> Activity:
    """Return the stored activity. Raises MalformedDocument; Refused when its id is of another origin (INB-4)."""
    activity = parse_activity(load_document(row.body.encode()))
    if activity.id is not None and not same_origin(activity.id, activity.actor):
        raise Refused("foreign_id", "the activity's id is not of its actor's origin")
    return activity
