"""What the node is: instance v1 and v2, custom emoji, and the health that Mastodon.py asks for."""

from typing import Any

from quart import Blueprint, Response

from node.api.entities.emojis import CustomEmoji
from node.api.entities.instance import Instance, InstanceV1
from node.emojis.queries import list_local_emojis
from node.emojis.views import picker_view
from node.http.context import runtime
from node.http.limits import costs
from node.http.principals import open_to_all
from node.http.requests import answers
from node.site.queries import list_page_names, list_rules
from node.site.service import site_facts
from node.site.views import instance_v1_view, instance_v2_view

blueprint = Blueprint("api_instance", __name__)


@blueprint.get("/api/v1/instance")
@costs(0)
@open_to_all
@answers(InstanceV1)
async def show_v1() -> dict[str, Any]:
    """Return version 1, which toot and old apps read."""
    node = runtime()
    async with node.read() as reader:
        rules = await list_rules(reader)
    return instance_v1_view(node.settings, await site_facts(node), rules=rules)


@blueprint.get("/api/v2/instance")
@costs(0)
@open_to_all
@answers(Instance)
async def show_v2() -> dict[str, Any]:
    """Return version 2: the first request of every app."""
    node = runtime()
    async with node.read() as reader:
        rules, pages = await list_rules(reader), await list_page_names(reader)
    return instance_v2_view(node.settings, await site_facts(node), rules=rules, pages=pages)


@blueprint.get("/api/v1/custom_emojis")
@open_to_all
@answers(list[CustomEmoji])
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
