"""The door: statuses, order of checks, what is stored (INB-1, INB-2, INB-3)."""

import asyncio
import json
from datetime import timedelta

from inbox.models import ReceivedActivity
from tests.support.doors import Door
from tests.support.fake_peer import FakePeer
from tests.support.stranger import Stranger


async def test_a_signed_delivery_is_stored_and_takes_effect(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    note = alice.note("Hi", mentions=[bob.uri])
    await door.send(alice, alice.create(note))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.content == "<p>Hi</p>"
    assert await door.count(ReceivedActivity, ReceivedActivity.outcome == "done") == 1
