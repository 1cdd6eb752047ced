"""The account that a person names by handle or address, as its own server describes it at this moment.

For decisions that need both sides: aliases and moves (MOV-2). Called by the settings pages and the command line,
outside any transaction.
"""

from federation.errors import FederationError
from node.accounts.models import Account
from node.base.errors import Invalid, RookeryError
from node.base.runtime import Runtime
from node.remote.actors import fetch_actor
from node.remote.resolving import resolve
from node.uris import INSTANCE_ACTOR_ID


async def named_freshly(runtime: Runtime, text: str, *, field: str) -> Account:
    """Return the account behind `user@domain` or an address. Raises Invalid for `field` when there is none."""
    text = text.strip()
    try:
        found = await resolve(runtime, text, None) if text else None
        if isinstance(found, Account) and found.id != INSTANCE_ACTOR_ID and not found.is_gone:
            return await fetch_actor(runtime, found.uri, force=True)
    except (FederationError, RookeryError) as error:
        raise Invalid(fields={field: ["Their server could not be asked just now. Try again later."]}) from error
    raise Invalid(fields={field: ["There is no such account. Write it as name@server."]})
