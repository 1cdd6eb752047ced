"""What the node is: instance v1 and v2, its rules, custom emoji, and the health that Mastodon.py asks for."""

from typing import Any

from quart import Blueprint, Response

from node.base.errors import NotFound
from node.emojis.queries import list_local_emojis
from node.emojis.views import picker_view
from node.http.context import runtime
from node.http.principals import open_to_all
from node.moderation.queries import list_limits
from node.moderation.views import domain_block_view
from node.site.service import site_facts
from node.site.views import instance_v1_view, instance_v2_view

blueprint = Blueprint("api_instance", __name__)


@blueprint.get("/api/v1/instance")
@open_to_all
async def show_v1() -> dict[str, Any]:
    """Return version 1, which toot and old apps read."""
    node = runtime()
    return instance_v1_view(node.settings, await site_facts(node))


@blueprint.get("/api/v2/instance")
@open_to_all
async def show_v2() -> dict[str, Any]:
    """Return version 2: the first request of every app."""
    node = runtime()
    return instance_v2_view(node.settings, await site_facts(node))


@blueprint.get("/api/v1/instance/rules")
@open_to_all
async def rules() -> list[Any]:
    """Return the node's rules."""
    return []


@blueprint.get("/api/v1/instance/domain_blocks")
@open_to_all
async def domain_blocks() -> list[dict[str, Any]]:
    """Return the servers that are blocked or limited, if the operator lets people see them (MOD-2)."""
    node = runtime()
    if not node.settings.show_domain_rules:
        raise NotFound()
    async with node.read() as reader:
        return [domain_block_view(policy) for policy in await list_limits(reader)]


@blueprint.get("/api/v1/custom_emojis")
@open_to_all
async def custom_emojis() -> list[Any]:
    """Return the node's own emoji (OBJ-6)."""
    node = runtime()
    async with node.read() as reader:
        found = await list_local_emojis(reader)
    return [picker_view(emoji, settings=node.settings) for emoji in found]


@blueprint.get("/health")
@open_to_all
async def health() -> Response:
    """Say that the web process answers; `/readyz` says more."""
    return Response("OK", content_type="text/plain; charset=utf-8")
