"""Joining and leaving relays, and what they answer. Called by the operator's doors and the inbox."""

from datetime import datetime

from sqlalchemy import delete

from federation.errors import MalformedDocument
from federation.origins import host_of, same_origin
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import RelayFollowed, RelayLeft
from node.relays.models import Relay
from node.relays.queries import find_relay_by_address
from node.uris import relay_follow_uri

PUBLIC_STYLE, ACTOR_STYLE = "public", "actor"


async def add_relay(
    uow: UnitOfWork, settings: Settings, address: str, *, now: datetime, actor: Account | None = None
) -> Relay:
    """Ask a relay to have us: by its inbox, or by its `actor` where that is what is followed. Raises Invalid."""
    try:
        host = host_of(address)
    except MalformedDocument as error:
        raise Invalid("This is not the address of a relay's inbox.") from error
    if host == settings.web_host:
        raise Invalid("This is this server itself.")
    inbox_url = address if actor is None else actor.inbox_url
    if await find_relay_by_address(uow, inbox_url) is not None:
        raise Invalid("This relay is on the list already.")
    id_ = new_id()
    relay = Relay(
        id=id_,
        inbox_url=inbox_url,
        actor_uri=actor.uri if actor is not None else "",
        style=PUBLIC_STYLE if actor is None else ACTOR_STYLE,
        state="pending",
        follow_uri=relay_follow_uri(settings, id_),
        created_at=now,
    )
    uow.add(relay)
    await uow.flush()
    await uow.record(RelayFollowed(id_))
    return relay


async def remove_relay(uow: UnitOfWork, relay: Relay) -> None:
    """Leave a relay."""
    await uow.record(
        RelayLeft(relay.inbox_url, relay.actor_uri if relay.style == ACTOR_STYLE else "", relay.follow_uri)
    )
    await uow.write(delete(Relay).where(Relay.id == relay.id).execution_options(synchronize_session=False))


def may_answer(relay: Relay, actor_uri: str) -> bool:
    """Whether an actor speaks for a relay: the one that was followed, or any at home where its inbox is."""
    return actor_uri == relay.actor_uri if relay.style == ACTOR_STYLE else same_origin(actor_uri, relay.inbox_url)


async def answer_relay(uow: UnitOfWork, relay: Relay, actor_uri: str, *, accepted: bool, now: datetime) -> None:
    """Note what a relay answered, and who speaks for it."""
    relay.state, relay.answered_at, relay.actor_uri = "accepted" if accepted else "rejected", now, actor_uri
    await uow.flush()
