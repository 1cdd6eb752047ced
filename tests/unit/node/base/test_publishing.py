"""Who gives way to whoever publishes: until that is over, and never for long."""

import asyncio

import pytest

from node.base import publishing
from node.base.publishing import Publishing


async def test_who_gives_way_goes_on_when_the_last_is_done() -> None:
    one = Publishing()
    await one.give_way()  # to nobody
    with one.under_way():
        with one.under_way():
            waits = asyncio.create_task(one.give_way())
            await asyncio.sleep(0)
            assert one
        await asyncio.sleep(0)
        assert not waits.done()
    assert not one
    await waits


async def test_who_publishes_without_end_is_given_way_to_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers who begin to publish again and again do not hold up deliveries (attack row 59)."""
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 0.02)
    one = Publishing()
    with one.under_way():
        await one.give_way()
        with one.under_way():
            assert not one
            await one.give_way()
        assert not one
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    with one.under_way():
        assert one


async def test_who_takes_long_to_publish_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose body never comes keeps nobody from being given way to."""
    monkeypatch.setattr(publishing, "COUNTS_SECONDS", 0.0)
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    one = Publishing()
    with one.under_way():
        await one.give_way()
        assert not one
        with one.under_way():
            assert one
