"""/livez, /readyz and /metrics, for whoever watches the node.

`/livez`: the process answers. `/readyz`: it can serve people; the database must answer, Redis may be away (then
the answer is still 200 and says "degraded"). `/metrics`: figures of the whole node in Prometheus' form, for a caller
on this machine or with the bearer token `metrics_token`; everybody else learns nothing, not even that it is there.
"""

import ipaddress
import secrets

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, jsonify, request

from admin.condition import examine
from admin.lookups import read_lookups, tell_lookups
from admin.metrics import exposition
from admin.queries import is_database_up
from node.base.errors import NotFound, Unavailable
from node.http.context import runtime

FORWARDING_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
async def livez() -> Response:
    """Answer, so that it is known that this process lives."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
async def readyz() -> tuple[Response, int]:
    """Say whether people can be served. 503 without a database; without Redis 200 and `degraded`."""
    node = runtime()
    try:
        async with node.read() as reader:
            database = await is_database_up(reader)
    except (Unavailable, OSError):
        database = False
    redis = await node.gate.takes_writes() and (node.queues is node.gate or await node.queues.takes_writes())
    state = "unavailable" if not database else "ready" if redis else "degraded"
    parts = {"database": "up" if database else "down", "redis": "up" if redis else "down"}
    return jsonify({"status": state, **parts}), 200 if database else 503


@blueprint.get("/metrics")
async def metrics() -> Response:
    """Return the node's figures. NotFound for callers who may not see them."""
    node = runtime()
    if not may_see_metrics(node.settings.metrics_token):
        raise NotFound()
    await tell_lookups(node)
    figures = exposition(
        await examine(node),
        failures=node.gate.failures,
        exchanges=await node.exchanges.read_counts(),
        lookups=await read_lookups(node.queues),
    )
    return Response(figures, content_type=CONTENT_TYPE_LATEST)


def may_see_metrics(token: str) -> bool:
    """Whether this request carries the token, or comes straight from this machine.

    A request that passed a proxy has forwarding headers; then the loopback address is the proxy's, and whoever
    stands behind it is unknown. A proxy that adds none of them must not pass /metrics on (see docker/).
    """
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), token.encode()):
        return True
    if any(name in request.headers for name in FORWARDING_HEADERS):
        return False
    client = request.scope.get("client")
    try:
        address = ipaddress.ip_address(str(client[0])) if client else None
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address is not None and address.is_loopback
