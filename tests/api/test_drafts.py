"""Drafts on the server, our own API (attack rows 59, 87, 89)."""

import pytest
from sqlalchemy import func, select

import node.drafts.service as service
from node.accounts.service import delete_account
from node.drafts.models import KeptDraft
from node.media.service import prune_media
from tests.api.test_media import upload
from tests.support.nodes import Node, Person, settle

PATH = "/api/v1/drafts"


async def test_keep_change_and_throw_away(ann: Person) -> None:
    """What is not complete is kept as it is; a whole thread too."""
    sent = await ann.act(PATH, status="", spoiler_text="half", visibility="private", poll={"options": ["only"]})
    assert sent["params"]["spoiler_text"] == "half"
    assert sent["params"]["poll"]["options"] == ["only"]
    assert sent["thread"] == []
    long = "y" * 400
    body = {"status": "one", "thread": [{"status": "two"}, {"status": long}]}
    changed = await ann.call("PUT", f"{PATH}/{sent['id']}", json=body)
    assert changed["params"]["text"] == "one"
    assert [post["text"] for post in changed["thread"]] == ["two", long]
    assert await ann.get(PATH) == [changed]
    assert await ann.get(f"{PATH}/{sent['id']}") == changed
    assert await ann.call("DELETE", f"{PATH}/{sent['id']}") == {}
    await ann.call("GET", f"{PATH}/{sent['id']}", expect=404)


async def test_row_89_nobody_else_sees_it(ann: Person, bob: Person) -> None:
    sent = await ann.act(PATH, status="mine")
    for verb in ("GET", "PUT", "PATCH", "DELETE"):
        await bob.call(verb, f"{PATH}/{sent['id']}", params={"status": "x"}, expect=404)
    assert await bob.get(PATH) == []


async def test_row_59_caps(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    await ann.act(PATH, status="mine")
    await ann.call("POST", PATH, json={"status": "one more"}, expect=422)
    monkeypatch.undo()
    await ann.call("POST", PATH, json={"status": "x" * 5000}, expect=422)
    await ann.call("POST", PATH, json={"status": "x", "thread": [{"status": "y"}] * 25}, expect=422)
    await ann.call("POST", PATH, json={"status": "x", "poll": {"options": ["o"] * 30}}, expect=422)


async def test_row_87_media_are_kept_with_it(node: Node, ann: Person, bob: Person) -> None:
    picture = await upload(ann)
    await bob.call("POST", PATH, json={"status": "x", "media_ids": [picture["id"]]}, expect=422)
    sent = await ann.act(PATH, status="x", media_ids=[picture["id"]])
    assert [item["id"] for item in sent["media_attachments"]] == [picture["id"]]
    node.clock.advance(hours=48)
    await prune_media(node.runtime)
    await ann.call("DELETE", f"{PATH}/{sent['id']}")
    shown = await ann.post("done", media_ids=[picture["id"]])
    assert shown["media_attachments"][0]["id"] == picture["id"]


async def test_they_go_with_the_account(node: Node, ann: Person) -> None:
    await ann.act(PATH, status="mine")
    async with node.runtime.write() as uow:
        await delete_account(uow, ann.account_id, now=node.runtime.now())
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(KeptDraft)) == 0
