"""Accounts, posts and tokens straight from the services: the shortest way to a state worth testing."""

from datetime import datetime
from functools import cache
from typing import Any

from federation.keys import generate_rsa_key
from node.accounts.models import Account
from node.accounts.names import note_names
from node.accounts.service import create_local_account
from node.auth import service as auth
from node.auth.models import User
from node.base.db.unit_of_work import UnitOfWork
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.posts.likes import Wish, like_all
from node.posts.models import Post
from node.posts.service import Draft, publish


@cache
def test_key_pair() -> tuple[str, str]:
    """Return one RSA key pair (private, public) for a whole run: making them is slow."""
    return generate_rsa_key()


_hashes: dict[str, str] = {}


async def hash_of(password: str) -> str:
    """Return a hash of the password, made once a run: making them is slow, on purpose."""
    if password not in _hashes:
        _hashes[password] = await auth.hash_password(password)
    return _hashes[password]


async def make_account(
    runtime: Runtime, username: str, *, password: str = "correct horse battery", role: str = "user", **profile: Any
) -> Account:
    """Make a local account with its user, usable at once; `profile` sets columns such as `locked`."""
    now = runtime.now()
    async with runtime.write() as uow:
        account = await create_local_account(uow, runtime.settings, username, now=now, key_pair=test_key_pair())
        for name, value in profile.items():
            setattr(account, name, value)
        await note_names(uow, account)
        uow.add(
            User(
                account_id=account.id,
                email=f"{username.lower()}@example.com",
                password_hash=await hash_of(password),
                role=role,
                confirmed_at=now,
                approved_at=now,
                created_at=now,
                last_active_at=now,
            )
        )
    return account


async def make_token(runtime: Runtime, account_id: int, scopes: str = "read write follow push") -> str:
    """Make a bearer token."""
    async with runtime.write() as uow:
        return await auth.create_token(uow, account_id, scopes, now=runtime.now())


async def make_post(runtime: Runtime, author: Account, text: str = "Hello", **draft: Any) -> Post:
    """Publish a local post; `draft` sets fields of Draft such as `visibility`. Mentions by local name resolve."""
    from node.remote.mentions import resolve_mentions

    mentions = await resolve_mentions(runtime, text, author)
    async with runtime.write() as uow:
        return await publish(
            uow, runtime.settings, author, Draft(text=text, **draft), mentions=mentions, now=runtime.now()
        )


async def like(
    uow: UnitOfWork, settings: Settings, account: Account, post: Post, *, now: datetime, uri: str = ""
) -> None:
    """Like a post. Raises what stands against it."""
    wish = Wish(account.id, post.id, uri)
    await like_all(uow, settings, [wish], now=now)
    if wish.refused is not None:
        raise wish.refused
