"""Every SELECT of relays."""

from collections.abc import Sequence

from sqlalchemy import bindparam, or_, select

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.relays.models import Relay

_ACCEPTED = Prepared(select(Relay.inbox_url, Relay.style).where(Relay.state == "accepted"))
_BY_ACTOR = Prepared(select(Relay.id).where(Relay.state == "accepted", Relay.actor_uri == bindparam("uri")))


async def list_relays(reader: Reader) -> Sequence[Relay]:
    """Return every relay, oldest first."""
    return await reader.scalars(select(Relay).order_by(Relay.id))


async def list_relay_inboxes(reader: Reader, *, style: str = "") -> list[str]:
    """Return the inboxes of the relays that accepted us, of one style or of both."""
    return [row[0] for row in await reader.rows(_ACCEPTED, {}) if style in ("", row[1])]


async def find_relay(reader: Reader, relay_id: int) -> Relay | None:
    """Return a relay."""
    found: Relay | None = await reader.scalar(select(Relay).where(Relay.id == relay_id))
    return found


async def find_relay_by_address(reader: Reader, address: str) -> Relay | None:
    """Return a relay by its inbox or its actor."""
    found: Relay | None = await reader.scalar(
        select(Relay).where(or_(Relay.inbox_url == address, Relay.actor_uri == address))
    )
    return found


async def find_relay_by_follow(reader: Reader, follow_uri: str) -> Relay | None:
    """Return the relay that our Follow with this id asked."""
    found: Relay | None = await reader.scalar(select(Relay).where(Relay.follow_uri == follow_uri))
    return found


async def is_relay(reader: Reader, actor_uri: str) -> bool:
    """Whether an actor is a relay that accepted us."""
    return bool(await reader.rows(_BY_ACTOR, {"uri": actor_uri}))
