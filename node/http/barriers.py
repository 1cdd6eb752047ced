"""Networks that an operator shut out altogether: they are refused before anything else is looked at."""

from typing import Final

from quart import Quart, request

from node.barriers.queries import network_rules
from node.barriers.rules import hardest
from node.base.errors import Forbidden
from node.http.context import client_address, runtime

PROBES: Final = ("/livez", "/readyz", "/health", "/metrics")
"""They must answer when the database does not."""
SHUT_OUT: Final = "Your network has no access to this server"


def install(app: Quart) -> None:
    """Ask before every request. Must run before whatever identifies callers."""
    app.before_request(refuse_shut_out)


async def refuse_shut_out() -> None:
    """Raise Forbidden for an address in a network without access."""
    if request.path in PROBES:
        return
    rules = await network_rules(runtime())
    if rules and hardest(rules, client_address()) == "no_access":
        raise Forbidden(SHUT_OUT)
