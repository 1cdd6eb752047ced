"""A synthetic node: Zipf's law says who is followed and who writes, seeded dice say the rest.

Rows go straight into the database, in the order an operator's node would have got them. `fill` says how many bytes
the database took for each part, so that the capacity model stands on what was stored and not on a guess.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, islice
from typing import Any

from sqlalchemy import insert, text, update

from federation.keys import generate_rsa_key
from node import uris
from node.accounts.models import Account, AccountKey, AccountWord
from node.accounts.names import name_words
from node.auth.hashing import hash_secret
from node.auth.models import OAuthToken, User
from node.auth.service import create_token
from node.base.db.unit_of_work import Reader
from node.base.ids import id_at, new_id
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.follows.models import Follow
from node.posts.models import Hashtag, Post, PostHashtag
from tests.support.plans import learn_statistics

CHUNK = 2_000
PER_TRANSACTION = 20
"""Chunks of a transaction."""
REMOTE_EACH = 20
"""Accounts known of each remote host."""
READERS = 64
"""People who get a token and read."""
TYPICAL = 200
"""Whom a reader follows, and followers of the person who publishes, or as near as there are."""


@dataclass(frozen=True)
class Size:
    """How much there is on the node."""

    people: int
    edges: int
    posts: int
    remote_hosts: int

    @property
    def tenth(self) -> "Size":
        """A node with a tenth of it, for what grows."""
        return Size(self.people // 10, self.edges // 10, self.posts // 10, max(self.remote_hosts // 10, 2))


QUICK = Size(people=500, edges=25_000, posts=10_000, remote_hosts=20)
FULL = Size(people=10_000, edges=1_000_000, posts=1_000_000, remote_hosts=100)


@dataclass
class Filled:
    """Who is on the node, by rank (the most followed first), and what it took to store them."""

    account_ids: list[int] = field(default_factory=list)
    followers: dict[int, list[int]] = field(default_factory=dict)
    """The local followers of each local account."""
    author_id: int = 0
    """Whose publishing is measured: about `TYPICAL` people follow them."""
    tokens: dict[int, str] = field(default_factory=dict)
    bytes_taken: dict[str, float] = field(default_factory=dict)
    """Bytes of the database for one account, follow and post."""


async def fill(runtime: Runtime, size: Size, say: Callable[[str, float], None]) -> Filled:
    """Fill an empty, migrated node; `say` hears what is being made and how much of it is there (0 to 1)."""
    dice = random.Random(7)
    now = runtime.now()
    made = Filled()
    before = await _bytes(runtime)
    local, remote = await _people(runtime, size, now, say)
    everybody = local + remote
    dice.shuffle(everybody)
    ours = set(local)
    made.account_ids = [id_ for id_ in everybody if id_ in ours]
    weights = list(accumulate(1 / (rank + 1) for rank in range(len(everybody))))
    after = await _bytes(runtime)
    made.bytes_taken["account"] = (after - before) / len(everybody)

    def follows() -> Iterator[dict[str, Any]]:
        readers = set(made.account_ids[-READERS:])
        for follower in local:
            each = min(TYPICAL if follower in readers else size.edges // len(local), len(everybody) // 2)
            chosen: set[int] = set()
            while len(chosen) < each:
                chosen |= set(dice.choices(everybody, cum_weights=weights, k=each - len(chosen))) - {follower}
            for followee in sorted(chosen):
                if followee in ours:
                    made.followers.setdefault(followee, []).append(follower)
                yield _follow(follower, followee, now)

    await _insert(runtime, Follow, follows(), size.edges, lambda part: say("follows", part))
    before, after = after, await _bytes(runtime)
    made.bytes_taken["follow"] = (after - before) / size.edges
    await _write_posts(runtime, size, everybody, ours, dice, now, say)
    before, after = after, await _bytes(runtime)
    made.bytes_taken["post"] = (after - before) / size.posts
    made.author_id = min(made.account_ids, key=lambda id_: (abs(len(made.followers.get(id_, ())) - TYPICAL), id_))
    await _let_in(runtime, made, now)
    return made


async def _people(
    runtime: Runtime, size: Size, now: datetime, say: Callable[[str, float], None]
) -> tuple[list[int], list[int]]:
    settings = runtime.settings
    pair = generate_rsa_key()
    local = [new_id() for _ in range(size.people)]
    remote = [new_id() for _ in range(size.remote_hosts * REMOTE_EACH)]
    names = {id_: f"p{number}" for number, id_ in enumerate(local)}
    accounts = [account_values(settings, id_, names[id_], now) for id_ in local]
    for number, id_ in enumerate(remote):
        base = f"http://127.0.9.{number // REMOTE_EACH + 1}:9"
        accounts.append(remote_values(settings, id_, f"r{number}", base, now))
    await _insert(runtime, Account, iter(accounts), len(accounts), lambda part: say("accounts", part))
    await _insert(runtime, AccountWord, _words(accounts), 3 * len(accounts), lambda part: say("names", part))
    keys = (_key_values(settings, id_, pair, now) for id_ in local)
    await _insert(runtime, AccountKey, keys, len(local), lambda part: say("keys", part))
    users = (_user_values(id_, names[id_], number, now) for number, id_ in enumerate(local))
    await _insert(runtime, User, users, len(local), lambda part: say("sign-ins", part))
    return local, remote


async def _write_posts(
    runtime: Runtime,
    size: Size,
    authors: Sequence[int],
    local: set[int],
    dice: random.Random,
    now: datetime,
    say: Callable[[str, float], None],
) -> None:
    """Thirty days of posts, a tenth of them with a hashtag, a tenth answers."""
    settings = runtime.settings
    prolific = list(accumulate(1 / (rank + 1) ** 0.7 for rank in range(len(authors))))
    words, frequent = vocabulary(dice)
    tags = [(new_id(), f"tag{number}") for number in range(200)]
    tagged = list(accumulate(1 / (rank + 1) for rank in range(len(tags))))
    await _insert(
        runtime,
        Hashtag,
        ({"id": id_, "name": name, "display": name, "created_at": now} for id_, name in tags),
        len(tags),
        lambda _: None,
    )
    step = timedelta(days=30) / size.posts
    carried: list[dict[str, int]] = []
    recent: list[tuple[int, int]] = []

    def posts() -> Iterator[dict[str, Any]]:
        for number in range(size.posts):
            moment = now - timedelta(days=30) + step * number
            author = dice.choices(authors, cum_weights=prolific)[0]
            said = " ".join(dice.choices(words, cum_weights=frequent, k=12))
            id_ = id_at(moment)
            parent = recent[dice.randrange(len(recent))] if recent and number % 10 == 3 else None
            if number % 10 == 7:
                tag_id, tag = dice.choices(tags, cum_weights=tagged)[0]
                said += f" #{tag}"
                carried.append({"post_id": id_, "hashtag_id": tag_id})
            recent.append((id_, author))
            del recent[:-500]
            yield post_values(settings, id_, author, moment, said, local=author in local, parent=parent)

    await _insert(runtime, Post, posts(), size.posts, lambda part: say("posts", part))
    await _insert(runtime, PostHashtag, iter(carried), len(carried), lambda _: None)
    async with runtime.write() as uow:
        await uow.write(update(Account).values(posts_count=10))


def vocabulary(dice: random.Random, count: int = 20_000) -> tuple[list[str], list[float]]:
    """Return invented words and their accumulated weights: a few in every post, most in hardly any."""
    sounds = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "il", "on")]
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(dice.choices(sounds, k=dice.randint(1, 4)))] = None
    return list(words), list(accumulate(1 / (rank + 2) for rank in range(count)))


async def _let_in(runtime: Runtime, made: Filled, now: datetime) -> None:
    """Give tokens to those who read, to the author, and to the author's followers."""
    people = [*made.account_ids[-READERS:], made.author_id, *made.followers.get(made.author_id, ())[:TYPICAL]]
    people += made.account_ids[:1]
    async with runtime.write() as uow:
        for account_id in dict.fromkeys(people):
            made.tokens[account_id] = await create_token(uow, account_id, "read write follow push", now=now)
    async with runtime.write() as uow:
        await learn_statistics(uow)


async def let_in(runtime: Runtime, account_ids: Sequence[int]) -> list[str]:
    """Give each of these people a token more, as if their apps had been in use for a while; return the tokens."""
    now = runtime.now()
    async with runtime.write() as uow:
        tokens = [await create_token(uow, id_, "read write follow push", now=now) for id_ in account_ids]
        hashes = [hash_secret(token) for token in tokens]
        await uow.execute(update(User).where(User.account_id.in_(account_ids)).values(last_active_at=now))
        await uow.execute(update(OAuthToken).where(OAuthToken.token_hash.in_(hashes)).values(last_used_at=now))
    return tokens


async def add_crowd(runtime: Runtime, followee: int, count: int) -> list[int]:
    """Add people who are active now and follow one account; return their ids."""
    now = runtime.now()
    ids = [new_id() for _ in range(count)]
    values = [account_values(runtime.settings, id_, f"c{id_}", now) for id_ in ids]
    await _insert(runtime, Account, iter(values), count, lambda _: None)
    await _insert(runtime, AccountWord, _words(values), count, lambda _: None)
    users = (_user_values(id_, f"c{id_}", 0, now) for id_ in ids)
    await _insert(runtime, User, users, count, lambda _: None)
    await _insert(runtime, Follow, (_follow(id_, followee, now) for id_ in ids), count, lambda _: None)
    return ids


async def add_person(runtime: Runtime) -> int:
    """Add somebody whom nobody follows yet; return their id."""
    now, id_ = runtime.now(), new_id()
    rows: list[tuple[Any, dict[str, Any]]] = [
        (Account, account_values(runtime.settings, id_, f"n{id_}", now)),
        (User, _user_values(id_, f"n{id_}", 0, now)),
        (AccountKey, _key_values(runtime.settings, id_, generate_rsa_key(), now)),
    ]
    for table, values in rows:
        await _insert(runtime, table, iter([values]), 1, lambda _: None)
    return id_


async def add_followers(runtime: Runtime, followee: int, followers: Sequence[int]) -> None:
    """Have people of ours follow an account."""
    now = runtime.now()
    rows = (_follow(follower, followee, now) for follower in followers)
    await _insert(runtime, Follow, rows, len(followers), lambda _: None)
    async with runtime.write() as uow:
        await uow.write(update(Account).where(Account.id == followee).values(followers_count=len(followers)))


async def _insert(
    runtime: Runtime, table: Any, rows: Iterator[dict[str, Any]], total: int, say: Callable[[float], None]
) -> None:
    done = 0
    while True:
        async with runtime.write() as uow:
            for _ in range(PER_TRANSACTION):
                chunk = list(islice(rows, CHUNK))
                if not chunk:
                    say(1.0)
                    return
                await uow.execute(insert(table), chunk)
                done += len(chunk)
        say(min(done / max(total, 1), 1.0))


async def _bytes(runtime: Runtime) -> float:
    async with runtime.read() as reader:
        return await database_bytes(reader)


async def database_bytes(reader: Reader) -> float:
    """Return how large the database is."""
    if reader.dialect == "sqlite":
        pages = await reader.execute(text("PRAGMA page_count"))
        size = await reader.execute(text("PRAGMA page_size"))
        return float(pages.scalar_one() * size.scalar_one())
    found = await reader.execute(text("SELECT pg_database_size(current_database())"))
    return float(found.scalar_one())


def account_values(settings: Settings, id_: int, name: str, now: datetime) -> dict[str, Any]:
    """Return the columns of a local account."""
    return {
        "id": id_,
        "username": name,
        "username_folded": name,
        "domain": "",
        "uri": uris.actor_uri(settings, id_),
        "url": uris.profile_url(settings, name),
        "inbox_url": uris.inbox_uri(settings, id_),
        "shared_inbox_url": uris.shared_inbox_uri(settings),
        "outbox_url": uris.outbox_uri(settings, id_),
        "followers_url": uris.followers_uri(settings, id_),
        "following_url": uris.following_uri(settings, id_),
        "display_name": f"Person {name}",
        "discoverable": True,
        "indexable": True,
        "created_at": now,
    }


def remote_values(settings: Settings, id_: int, name: str, base: str, now: datetime) -> dict[str, Any]:
    """Return the columns of an account at `base`, the root of its server."""
    uri = f"{base}/users/{name}"
    return account_values(settings, id_, name, now) | {
        "domain": base.partition("://")[2],
        "uri": uri,
        "url": uri,
        "inbox_url": f"{uri}/inbox",
        "shared_inbox_url": f"{base}/inbox",
        "outbox_url": f"{uri}/outbox",
        "followers_url": f"{uri}/followers",
        "following_url": f"{uri}/following",
        "fetched_at": now,
    }


def _words(accounts: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for account in accounts:
        for word in sorted(name_words(account["username"], account["display_name"])):
            yield {"here": not account["domain"], "word": word, "account_id": account["id"]}


def _user_values(id_: int, name: str, number: int, now: datetime) -> dict[str, Any]:
    """Three of five people were here today, one of five within the week."""
    away = (0, 0, 0, 3, 20)[number % 5]
    return {
        "account_id": id_,
        "email": f"{name}@example.com",
        "password_hash": "-",
        "confirmed_at": now,
        "approved_at": now,
        "created_at": now,
        "last_active_at": now - timedelta(days=away),
    }


def _key_values(settings: Settings, id_: int, pair: tuple[str, str], now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": id_,
        "key_id": uris.key_id(settings, id_),
        "private_pem": pair[0],
        "public_pem": pair[1],
        "fetched_at": now,
    }


def _follow(follower: int, followee: int, now: datetime) -> dict[str, Any]:
    return {"id": new_id(), "follower_id": follower, "followee_id": followee, "created_at": now, "accepted_at": now}


def post_values(
    settings: Settings,
    id_: int,
    author: int,
    moment: datetime,
    words: str,
    *,
    local: bool,
    parent: tuple[int, int] | None,
) -> dict[str, Any]:
    uri = uris.post_uri(settings, author, id_) if local else f"http://127.0.9.1:9/notes/{id_}"
    return {
        "id": id_,
        "uri": uri,
        "url": uri,
        "account_id": author,
        "local": local,
        "visibility": "public",
        "text": words if local else "",
        "content": f"<p>{words}</p>",
        "language": "en",
        "in_reply_to_id": parent[0] if parent else None,
        "in_reply_to_account_id": parent[1] if parent else None,
        "thread_id": parent[0] if parent else id_,
        "published_at": moment,
        "created_at": moment,
    }
