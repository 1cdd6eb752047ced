"""The log that streams follow: everything behind an id, once, in the order of commits."""

import asyncio

from sqlalchemy import delete

from node.base.db.stream_log import (
    WORD,
    StreamEntry,
    StreamEvent,
    append,
    event_id,
    find_entry_about,
    is_event_id,
    newest,
    place,
    reaches_back,
    read_after,
)
from node.base.ids import MAX_ID, new_id
from node.base.runtime import Runtime


async def log(runtime: Runtime, *events: StreamEvent) -> None:
    async with runtime.write() as uow:
        await append(uow, events)


def test_ids_of_events() -> None:
    for id_ in (0, 1, new_id(), MAX_ID):
        assert place(event_id(id_)) == id_
        assert is_event_id(event_id(id_))
    for wrong in ("", "1", "1-", "-1", "1-2-3", "1-x", "1" * 14 + "-1", "1-" + "1" * 8):
        assert not is_event_id(wrong)


async def test_the_beginning(runtime: Runtime) -> None:
    """Who begins to listen before anything happened goes on from there."""
    async with runtime.read() as reader:
        start = await newest(reader)
        assert place(start) == 0
        assert await reaches_back(reader, start)
        assert not await reaches_back(reader, "1-0")
    await log(runtime)
    await log(
        runtime, StreamEvent("update", 7), StreamEvent("notification", 8, 3), StreamEvent("delete", 7, word="x" * 500)
    )
    async with runtime.read() as reader:
        assert await reaches_back(reader, start)
        found = await read_after(reader, start)
        assert [entry.event for entry in found] == [
            StreamEvent("update", 7),
            StreamEvent("notification", 8, 3),
            StreamEvent("delete", 7, word="x" * WORD),
        ]
        assert await newest(reader) == found[-1].id
        assert await read_after(reader, found[0].id) == found[1:]
    async with runtime.write() as uow:
        await uow.write(delete(StreamEntry).where(StreamEntry.id < place(found[1].id)))
    async with runtime.read() as reader:
        held = [await reaches_back(reader, id_) for id_ in (start, found[0].id, found[1].id, found[2].id)]
        assert held == [False, False, True, True]


async def test_a_post_leads_to_the_event_that_told_of_it(runtime: Runtime) -> None:
    post, unheard = new_id(), new_id()
    await log(runtime, StreamEvent("delete", unheard), StreamEvent("status.update", post), StreamEvent("update", post))
    async with runtime.read() as reader:
        found = await read_after(reader, "0-0")
        assert await find_entry_about(reader, post) == found[2].id
        assert await find_entry_about(reader, unheard) is None


async def test_ids_grow_in_the_order_of_commits(runtime: Runtime) -> None:
    """A follower who asks for what is behind the last id it saw misses nothing, however many write at once."""
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        cursor = "0-0"
        while True:
            last_round = done.is_set()
            async with runtime.read() as reader:
                found = await read_after(reader, cursor)
            seen.extend(entry.event.subject for entry in found)
            cursor = found[-1].id if found else cursor
            if last_round and not found:
                return
            await asyncio.sleep(0)

    following = asyncio.create_task(follow())
    await asyncio.gather(*(log(runtime, StreamEvent("update", n), StreamEvent("update", 100 + n)) for n in range(40)))
    done.set()
    await following
    assert sorted(seen) == sorted([*range(40), *range(100, 140)])
