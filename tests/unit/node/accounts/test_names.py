"""Whom a search for people finds: by the beginnings of words, kept where names change, at one cost among many."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from node.accounts.models import Account, AccountWord
from node.accounts.names import MAX_WORDS, name_words, words_of
from node.accounts.profile import ProfileChange
from node.accounts.queries import search_accounts
from node.accounts.service import delete_account, update_profile
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.follows.service import follow
from tests.bench.filling import account_values, remote_values
from tests.support.make import make_account
from tests.support.plans import effort, learn_statistics


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Ann  O'Hara-Lee", ["ann", "o", "hara", "lee"]),
        ("rude_name2", ["rude", "name2"]),
        ("Łukasz Ñandú", ["lukasz", "nandu"]),
        ("ＡＮＮ", ["ann"]),
        ("Ann 🐦 ann :verified:", ["ann", "🐦", "verified"]),
        ("山田Taro", ["山田", "taro"]),
        ("がくせい", ["がくせい"]),
        ("김철수", ["김철수"]),
        ("' % _ \\", []),
    ],
)
def test_the_words_of_a_name(typed: str, words: list[str]) -> None:
    assert words_of(typed) == words


def test_what_is_written_without_spaces_is_found_by_any_part() -> None:
    assert name_words("taro", "山田太郎") == {"taro", "山田太郎", "田太郎", "太郎", "郎"}
    assert len(name_words("taro", "山" * 2_000)) <= MAX_WORDS
    assert len(name_words("taro", " ".join(f"w{number}" for number in range(500)))) == MAX_WORDS


def test_a_capital_begins_a_word() -> None:
    assert name_words("JohnSmith", "NASA fan") == {"johnsmith", "john", "smith", "nasa", "fan"}


async def found(runtime: Runtime, sought: str, **how: Any) -> list[str]:
    async with runtime.read() as reader:
        return [account.username for account in await search_accounts(reader, sought, **how)]


async def test_a_name_is_found_by_all_its_words_in_any_order(runtime: Runtime) -> None:
    await make_account(runtime, "mlle", display_name="Zoé d’Été")
    await make_account(runtime, "zoe_b", display_name="Nobody")
    for sought, wanted in (
        ("zoe", ["zoe_b", "mlle"]),
        ("ETE zo", ["mlle"]),
        ("zoe nobody", ["zoe_b"]),
        ("zoe_b", ["zoe_b"]),
        ("zoe x", []),
        ("oé", []),
    ):
        assert await found(runtime, sought) == wanted, sought


async def test_who_changes_their_name_is_found_by_the_new_one(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", display_name="Old Name")
    async with runtime.write() as uow:
        await update_profile(uow, runtime.settings, ann.id, ProfileChange(display_name="New Name"))
    assert await found(runtime, "old") == []
    assert await found(runtime, "new") == await found(runtime, "name") == ["ann"]
    async with runtime.write() as uow:
        await delete_account(uow, ann.id, now=runtime.now())
    assert await found(runtime, "new") == []
    async with runtime.read() as reader:
        assert list(await reader.scalars(select(AccountWord.word).where(AccountWord.account_id == ann.id))) == []


async def come(runtime: Runtime, count: int, **columns: Any) -> list[int]:
    ids = [new_id() for _ in range(count)]
    now = runtime.now()
    rows = [
        remote_values(runtime.settings, id_, f"p{id_}", "https://far.test", now)
        | {"display_name": "Robin Crowd", **columns}
        if number % 2
        else account_values(runtime.settings, id_, f"p{id_}", now) | {"fetched_at": now, **columns}
        for number, id_ in enumerate(ids)
    ]
    words = [
        {"here": not row["domain"], "word": word, "account_id": row["id"]}
        for row in rows
        for word in name_words(row["username"], row["display_name"])
    ]
    async with runtime.write() as uow:
        await uow.execute(insert(Account), rows)
        await uow.execute(insert(AccountWord), words)
        await learn_statistics(uow)
    return ids


async def test_whom_one_follows_and_who_is_well_known_are_found_among_many(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.accounts.names.LOOKED_AT", 10)
    monkeypatch.setattr("node.accounts.names.SIFTED", 20)
    await come(runtime, 200)
    reader_ = await make_account(runtime, "reader")
    friend = await make_account(runtime, "friend", display_name="Zed Robin")
    await make_account(runtime, "star", display_name="Zoo Robinson", followers_count=90)
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, reader_, friend, now=runtime.now())
    assert (await found(runtime, "robin", viewer_id=reader_.id))[:2] == ["friend", "star"]
    assert await found(runtime, "crowd zzz", viewer_id=reader_.id) == []


async def test_a_search_for_people_costs_the_same_among_many(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.accounts.names.LOOKED_AT", 10)
    monkeypatch.setattr("node.accounts.names.SIFTED", 20)

    async def one(reader: Any) -> None:
        assert len(await search_accounts(reader, "robin", limit=5)) == 5

    async def several(reader: Any) -> None:
        assert await search_accounts(reader, "crowd zzz", limit=5) == []

    await come(runtime, 200)
    few = [await effort(runtime, work) for work in (one, several)]
    await come(runtime, 2_000)
    many = [await effort(runtime, work) for work in (one, several)]
    assert all(now < 1.5 * before for before, now in zip(few, many, strict=True)), (few, many)
