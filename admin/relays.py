"""Joining and leaving relays for an operator, by command or page."""

from federation.errors import FederationError
from federation.origins import split_uri
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.relays.models import Relay
from node.relays.queries import find_relay_by_address
from node.relays.service import add_relay, remove_relay
from node.remote.actors import fetch_actor


async def join(runtime: Runtime, address: str) -> Relay:
    """Ask a relay to have this node: an actor if its address ends in /relay, else an inbox. Raises Invalid."""
    address = address.strip()
    actor = None
    try:
        if split_uri(address)[1].endswith("/relay"):
            actor = await fetch_actor(runtime, address)
    except FederationError as error:
        raise Invalid(f"The relay cannot be joined: {error.detail}") from error
    async with runtime.write() as uow:
        return await add_relay(uow, runtime.settings, address, now=runtime.now(), actor=actor)


async def leave(runtime: Runtime, address: str) -> bool:
    """Leave a relay, named by its inbox or actor; return whether there was one."""
    async with runtime.write() as uow:
        relay = await find_relay_by_address(uow, address.strip())
        if relay is None:
            return False
        await remove_relay(uow, relay)
        return True
