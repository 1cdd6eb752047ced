"""Both signature schemes and integrity proofs, between a node and Fedify (QRK-3)."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from federation.vocabulary import AS_CONTEXT
from outbox.models import OutgoingActivity
from outbox.relay import relay
from tests.support.fake_peer import FakePeer
from tests.support.fedify import (
    NEEDS_FEDIFY,
    FedifyPeer,
    fedify_at,
    got,
    run_fedify,
)
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Stranger

pytestmark = NEEDS_FEDIFY


@pytest.mark.parametrize("first_knock", ["rfc9421", "draft-cavage-http-signatures-12"])
async def test_both_signature_schemes_are_understood(node: Node, first_knock: str) -> None:
    """SIG-13: whichever scheme Fedify tries first; ours follows what it proved, and it accepts that."""
    ann = await node.person("ann")
    with run_fedify(FIRST_KNOCK=first_knock) as url:
        async with fedify_at(url) as bo:
            await bo.send(ann.uri, {"id": f"{bo.url}/follows/1", "type": "Follow", "object": ann.uri})
            await settle(node.runtime)
            assert len(await got(bo, "Accept", ann.uri)) == 1
            await ann.post("Signed for you")
            await settle(node.runtime)
            assert len(await got(bo, "Create", ann.uri)) == 1


async def test_integrity_proofs_in_both_directions(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any], peer: FakePeer
) -> None:
    """SIG-22: Fedify finds our proof good and not that of what was changed; a stranger may bring what Bo proved."""
    await ann.post("Proven \u2028 \U0001f600")
    await relay(node.runtime)
    async with node.runtime.read() as reader:
        (row,) = await reader.scalars(select(OutgoingActivity).where(OutgoingActivity.kind == "Create"))
    activity = json.loads(row.body)
    assert await bo.command("check", activity=activity) == "Create"
    assert await bo.command("check", activity=activity | {"published": "2026-01-02T03:04:05Z"}) is None
    like = {"@context": AS_CONTEXT, "id": f"{bo.url}/likes/{ann.account_id}", "type": "Like", "actor": bo.bo}
    proven = await bo.command("prove", activity=like | {"object": activity["object"]["id"]})
    assert proven["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    stranger = Stranger(peer, "mallory")
    for brought, status, likes in ((proven | {"object": f"{ann.uri}/statuses/1"}, 401, 0), (proven, 202, 1)):
        answer = await stranger.deliver(f"{node.url}/inbox", brought, now=node.runtime.now())
        assert answer.status_code == status, answer.text
        await settle(node.runtime)
        assert (await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses"))[0]["favourites_count"] == likes
