"""Leave that our people need from authors elsewhere who want to be asked (OBJ-16).

What needs it goes to the author alone and is held back here, as a direct post, until the answer comes (`answers`).
Called by `service`, `boosts` and `likes`; quotes have their own way (`quotes`).
"""

from datetime import datetime
from typing import Final

from node.accounts.models import Account
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Forbidden
from node.base.ids import new_id
from node.events import ConsentAsked
from node.posts.consent_models import InteractionRequest
from node.posts.consent_queries import find_request, read_relation
from node.posts.consent_rules import Act, allowance
from node.posts.models import Post

SAYINGS: Final = {
    "like": "The author of this post does not want it to be liked by you",
    "reply": "The author of this post does not want you to reply to it",
    "announce": "The author of this post does not want it to be boosted by you",
}


async def need_for(reader: Reader, act: Act, account: Account, post: Post) -> bool:
    """Say whether the author of a remote post has to be asked first. Raises Forbidden where they want it not at all."""
    if post.local or act not in post.interaction_policy:
        return False
    allowed = allowance(post.interaction_policy[act], act, await read_relation(reader, account, post))
    if allowed == "denied":
        raise Forbidden(SAYINGS[act])
    return allowed != "automatic"


async def ask(
    uow: UnitOfWork,
    act: Act,
    account: Account,
    post: Post,
    *,
    subject_id: int,
    subject_uri: str,
    wanted_visibility: str = "",
    now: datetime,
) -> None:
    """Write down that an author is asked. A like is a question by itself; the rest is sent to them alone."""
    request_id = new_id()
    uow.add(
        InteractionRequest(
            id=request_id,
            kind=act,
            account_id=account.id,
            post_id=post.id,
            subject_id=subject_id,
            subject_uri=subject_uri,
            wanted_visibility=wanted_visibility,
            created_at=now,
        )
    )
    await uow.flush()
    if act != "like":
        await uow.record(ConsentAsked(request_id))


async def is_like_pending(reader: Reader, like_id: int) -> bool:
    """Say whether a like still waits for its author's leave, and so does not count yet."""
    request = await find_request(reader, "like", like_id)
    return request is not None and request.state == "pending"
