"""Which preview a post shows: tying a post to its link, and showing the card once it is there.

`link_post` runs after the commit of a post, in the transaction that ends its event: it costs nobody an answer. The page
itself is fetched by `node.remote.cards`.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from federation.origins import host_of
from node.base.db.inserts import insert_if_absent
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.ids import new_id
from node.base.settings import Settings
from node.cards.models import LinkCard, PostLink
from node.cards.queries import READY, find_card_by_url
from node.cards.rules import first_link
from node.media.models import Media
from node.posts.models import Post

_SAID: Final = Prepared(
    select(Post.content, Post.quoted_id, Post.quoted_uri, Post.url, Post.card_id).where(
        Post.id == bindparam("post_id"), Post.deleted_at.is_(None), Post.boost_of_id.is_(None)
    )
)
_LINKS: Final = PostLink.metadata.tables[PostLink.__tablename__]
_UNLINK: Final = Prepared(delete(_LINKS).where(_LINKS.c.post_id == bindparam("post_id")))


async def link_post(
    uow: UnitOfWork, settings: Settings, post_id: int, *, now: datetime, delay: timedelta = timedelta()
) -> bool:
    """Tie a post to the card of its first link, and a post without one to none; return whether it has one.

    A card not fetched yet, or too long ago, is asked for after `delay`. Only posts without media show one.
    """
    rows = await uow.rows(_SAID, {"post_id": post_id})
    if not rows:
        return False
    said = rows[0]
    url = await _link_of(uow, settings, post_id, said) if "<a " in said.content else None
    if url is None:
        await unlink_post(uow, post_id)
        await _show(uow, post_id, said.card_id, None)
        return False
    card_id = new_id()
    fresh = {"id": card_id, "url": url, "host": host_of(url), "due_at": now + delay, "created_at": now}
    if not await insert_if_absent(uow, LinkCard, fresh):
        card = await find_card_by_url(uow, url)
        assert card is not None
        card_id = card.id
        if not card.wanted and card.due_at <= now:
            await uow.write(
                update(LinkCard)
                .where(LinkCard.id == card_id, LinkCard.wanted.is_(False))
                .values(wanted=True, due_at=now + delay, attempts=0)
                .execution_options(synchronize_session=False)
            )
        ready = card.state == READY
    else:
        ready = False
    await uow.write(delete(PostLink).where(PostLink.post_id == post_id, PostLink.card_id != card_id))
    await insert_if_absent(uow, PostLink, {"post_id": post_id, "card_id": card_id})
    await _show(uow, post_id, said.card_id, card_id if ready else None)
    return True


async def unlink_post(uow: UnitOfWork, post_id: int) -> None:
    """Forget the link of a post that is gone (attack row 106)."""
    await uow.write(_UNLINK, {"post_id": post_id})


async def show_card(uow: UnitOfWork, card_id: int, *, ready: bool) -> None:
    """Let every post with this link show its card from now on, or show none."""
    linking = Post.id.in_(select(PostLink.post_id).where(PostLink.card_id == card_id))
    statement = update(Post).where(linking, Post.deleted_at.is_(None))
    if not ready:
        statement = statement.where(Post.card_id == card_id)
    await uow.write(statement.values(card_id=card_id if ready else None).execution_options(synchronize_session=False))


async def _link_of(reader: Reader, settings: Settings, post_id: int, said: Any) -> str | None:
    if await reader.scalar(select(Media.id).where(Media.post_id == post_id).limit(1)) is not None:
        return None
    but_not = [url for url in (said.quoted_uri, said.url) if url]
    if said.quoted_id is not None:
        quoted = await reader.rows(select(Post.uri, Post.url).where(Post.id == said.quoted_id))
        but_not += [url for row in quoted for url in row if url]
    return first_link(said.content, but_not=but_not, own_hosts={settings.web_host, settings.domain})


async def _show(uow: UnitOfWork, post_id: int, shown: int | None, wanted: int | None) -> None:
    if shown != wanted:
        await uow.write(
            update(Post).where(Post.id == post_id).values(card_id=wanted).execution_options(synchronize_session=False)
        )
