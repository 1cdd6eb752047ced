"""Follows, blocks, reports and moves between a node and Fedify (QRK-3)."""

import json
from typing import Any

from sqlalchemy import select

from node.moves.service import move_away, set_aliases
from node.reports.models import Report
from tests.support.fedify import (
    NEEDS_FEDIFY,
    FedifyPeer,
    got,
    shown,
    write,
)
from tests.support.nodes import Node, Person, settle

pytestmark = NEEDS_FEDIFY


async def test_follows_and_their_answers_in_both_directions(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]
) -> None:
    """ACV-1: our Follow is accepted by Fedify, and Fedify reads our Accept as the answer to its own."""
    (relationship,) = await ann.get("/api/v1/accounts/relationships", **{"id[]": friends["id"]})
    assert relationship["following"]
    assert relationship["followed_by"]
    (accept,) = await got(bo, "Accept", ann.uri)
    answered = accept["object"] if isinstance(accept["object"], str) else accept["object"]["id"]
    assert answered == f"{bo.url}/follows/{ann.account_id}"
    await ann.act(f"/api/v1/accounts/{friends['id']}/unfollow")
    await settle(node.runtime)
    assert len(await got(bo, "Undo", ann.uri)) == 1


async def test_reports_in_both_directions(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """MOD-3: a Flag of the server's, without who reported; theirs is kept for the moderators."""
    note = await write(bo, ann, "reported", "<p>Buy this</p>")
    post = await ann.post("Harmless")
    await settle(node.runtime)
    theirs = await shown(ann, note["id"])
    assert theirs is not None
    body = {"account_id": friends["id"], "status_ids": [theirs["id"]], "comment": "spam", "forward": True}
    await ann.act("/api/v1/reports", **body)
    await settle(node.runtime)
    (flag,) = await got(bo, "Flag", f"{node.url}/actor")
    assert flag["content"] == "spam"
    assert sorted(flag["object"]) == sorted([bo.bo, note["id"]])
    assert "ann" not in json.dumps(flag)
    incoming = {"id": f"{bo.url}/flags/{ann.account_id}", "type": "Flag", "content": "rude"}
    await bo.send(ann.uri, incoming | {"object": [ann.uri, post["uri"]]})
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        (report,) = await reader.scalars(select(Report).where(Report.account_id.is_(None)))
    assert (report.comment, report.target_id, report.post_ids) == ("rude", ann.account_id, [post["id"]])


async def test_blocks_in_both_directions(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """ACV-7: a block ends follows and is undone by its own activity."""
    block = {"id": f"{bo.url}/blocks/{ann.account_id}", "type": "Block", "object": ann.uri}
    await bo.send(ann.uri, block)
    await settle(node.runtime)
    (relationship,) = await ann.get("/api/v1/accounts/relationships", **{"id[]": friends["id"]})
    assert not relationship["following"]
    assert not relationship["followed_by"]
    await bo.send(ann.uri, {"id": f"{block['id']}/undo", "type": "Undo", "object": {"actor": bo.bo, **block}})
    await settle(node.runtime)
    await ann.act(f"/api/v1/accounts/{friends['id']}/block")
    await settle(node.runtime)
    (ours,) = await got(bo, "Block", ann.uri)
    assert ours["object"] == bo.bo


async def test_we_tell_fedify_that_we_move(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """MOV-2: Fedify reads our Move; the target is another account of ours, which names the old one."""
    target = await node.person("annabel")
    async with node.runtime.write() as uow:
        account = await set_aliases(uow, target.account_id, [ann.uri])
        await move_away(uow, ann.account_id, account, now=node.runtime.now())
    await settle(node.runtime)
    (move,) = await got(bo, "Move", ann.uri)
    assert (move["object"], move["target"]) == (ann.uri, target.uri)
