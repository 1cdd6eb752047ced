"""Relevance on a judged corpus, with both engines: what a reader of all of it would call the right answers."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from node.accounts.models import Account
from node.base.ids import id_at
from node.base.runtime import Runtime
from node.cards.models import LinkCard
from node.media.models import Media
from node.posts.models import Post
from node.search.service import search_posts
from node.text.writing import render_text
from tests.support.nodes import settle
from tests.unit.node.search.corpus import ALT, CARDS, CW, POSTS, QUERIES


async def fill(runtime: Runtime) -> dict[int, str]:
    """Store the corpus as posts of another server; return the key of each id."""
    now = runtime.now()
    authors: dict[str, int] = {}
    accounts: list[dict[str, Any]] = []
    posts: list[dict[str, Any]] = []
    media: list[dict[str, Any]] = []
    cards: list[dict[str, Any]] = []
    keys: dict[int, str] = {}
    for number, line in enumerate(POSTS.splitlines()):
        key, language, author, age, likes, words = line.split("|")
        if author not in authors:
            authors[author] = 1_000 + len(authors)
            uri = f"https://town.test/users/{author}"
            accounts.append(
                {"id": authors[author], "username": author, "username_folded": author, "domain": "town.test",
                 "uri": uri, "url": uri, "indexable": True, "followers_count": 50, "created_at": now}
            )  # fmt: skip
        moment = now - timedelta(days=int(age), minutes=number + 1)
        post_id = id_at(moment)
        keys[post_id] = key
        uri = f"https://town.test/posts/{key}"
        posts.append(
            {"id": post_id, "uri": uri, "url": uri, "account_id": authors[author], "visibility": "public",
             "content": render_text(words, mentions={}, settings=runtime.settings).html, "language": language,
             "spoiler_text": CW.get(key, ""), "thread_id": post_id, "likes_count": int(likes), "published_at": moment,
             "created_at": moment, "card_id": post_id if key in CARDS else None}
        )  # fmt: skip
        if key in CARDS:
            title, description = CARDS[key]
            cards.append(
                {"id": post_id, "url": uri, "host": "town.test", "state": "ready", "due_at": now, "title": title,
                 "description": description, "created_at": now}
            )  # fmt: skip
        if key in ALT:
            media.append(
                {"id": post_id, "account_id": authors[author], "post_id": post_id, "kind": "image",
                 "description": ALT[key], "created_at": moment}
            )  # fmt: skip
    assert len(keys) == len(posts) > 115
    async with runtime.write() as uow:
        await uow.execute(insert(Account), accounts)
        await uow.execute(insert(Post), posts)
        await uow.execute(insert(Media), media)
        await uow.execute(insert(LinkCard), cards)
    await settle(runtime)
    return keys


async def test_judged_queries(runtime: Runtime) -> None:
    """Everything that must be found is, nothing that must not, and the best comes first."""
    keys = await fill(runtime)
    known = set(keys.values())
    wrong: list[str] = []
    for judged in QUERIES:
        answer = await search_posts(runtime, judged.query, viewer_id=None, language=judged.language)
        found = [keys[id_] for id_ in answer.ids]
        wanted, never, first = judged.finds.split(), judged.never.split(), judged.first.split()
        missing = set(wanted) - set(found)
        extra = set(found) - set(wanted) if judged.only else set(found) & set(never)
        if missing or extra or found[: len(first)] != first:
            wrong.append(f"{judged.query}: {found} (missing {missing}, too much {extra}, first {first})")
        assert known >= set(wanted)
    assert not wrong, "\n".join(wrong)
