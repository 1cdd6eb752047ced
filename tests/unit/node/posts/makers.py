"""Remote authors and their posts, for the tests of this folder."""

from datetime import datetime
from typing import Any

from federation.parsing import RemotePost, parse_post
from node.accounts.models import Account
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.posts.models import Post
from node.posts.remote import store_remote_post

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


async def make_stranger(runtime: Runtime, name: str = "al", host: str = "there.test", **columns: Any) -> Account:
    """Make a remote account as a fetched actor leaves it."""
    uri = f"https://{host}/users/{name}"
    account = Account(
        id=new_id(),
        username=name,
        username_folded=name,
        domain=host,
        uri=uri,
        url=f"https://{host}/@{name}",
        inbox_url=f"{uri}/inbox",
        followers_url=f"{uri}/followers",
        created_at=runtime.now(),
        **columns,
    )
    async with runtime.write() as uow:
        uow.add(account)
    return account


def remote_post(author: Account, number: int | str, content: str = "<p>Hi</p>", **fields: Any) -> RemotePost:
    """Parse a Note of this author; `visibility` chooses its audience, everything else goes into the document."""
    visibility = fields.pop("visibility", "public")
    extra_to = fields.pop("addressed", [])
    to, cc = {
        "public": ([PUBLIC], [author.followers_url]),
        "unlisted": ([author.followers_url], [PUBLIC]),
        "followers": ([author.followers_url], []),
        "direct": ([], []),
    }[visibility]
    document = {
        "id": f"https://{author.domain}/notes/{number}",
        "type": "Note",
        "attributedTo": author.uri,
        "content": content,
        "to": [*to, *extra_to],
        "cc": cc,
        "published": "2026-01-02T03:04:05Z",
        **fields,
    }
    return parse_post(document, followers_url=author.followers_url)


def mention_tag(account: Account) -> dict[str, str]:
    """Return the Mention tag that names an account."""
    return {"type": "Mention", "href": account.uri, "name": f"@{account.acct}"}


async def store(
    runtime: Runtime,
    author: Account,
    post: RemotePost,
    *,
    known: tuple[Account, ...] = (),
    delivered_to: int | None = None,
    now: datetime | None = None,
) -> Post | None:
    """Store a remote post in a transaction of its own."""
    async with runtime.write() as uow:
        return await store_remote_post(
            uow,
            runtime.settings,
            author,
            post,
            mentions={account.uri: account for account in known},
            delivered_to=delivered_to,
            now=now or runtime.now(),
        )
