"""Quotes in the shape of Mastodon's API, for one viewer: the state, and the quoted post if they may see it.

Reached from `rendering`, only for pages on which a post quotes. A quote stands one level deep: what a quoted post
itself quotes is named by its id. Also who may quote a post, which depends on the viewer too.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, bindparam, exists, select

from node.accounts.relations import blocks
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.blocks.models import Mute
from node.posts.consent_rules import Allowance, Relation, allowance, quote_policy
from node.posts.models import Post

POLICIES_KEPT: Final = 2000
LONGEST_KEPT: Final = 500
"""Policies that name many people are read anew each time: few posts share one."""

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_VIEWER: Final[BindParameter[Any]] = bindparam("viewer")
_NOW: Final = bindparam("now", type_=UtcDateTime())
_STANDINGS: Final = Prepared(select(Post.id, Post.uri, Post.url, Post.deleted_at).where(Post.id.in_(_IDS)))
_SHUNNED: Final = Prepared(
    select(
        Post.id,
        blocks(_VIEWER, Post.account_id.expression).label("blocked"),
        exists(
            select(Mute.id).where(
                Mute.account_id == _VIEWER,
                Mute.target_id == Post.account_id,
                (Mute.expires_at.is_(None)) | (Mute.expires_at > _NOW),
            )
        ).label("muted"),
    ).where(Post.id.in_(_IDS))
)

_INLINE = re.compile(r"<p class=\"[^\"]*\bquote-inline\b[^\"]*\">.*?</p>", re.DOTALL)
_TRAILING = re.compile(
    r"(?:\s|<br ?/?>|<span[^>]{0,100}>){0,8}(?:RE|QT|QP): ?(?:</span>)?\s{0,8}"
    r"<a [^>]{0,300}href=\"(?P<href>[^\"]*)\"[^>]*>.*?</a>(?:</span>){0,2}\s{0,8}(?P<end>(?:</p>)?)\s{0,8}\Z",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Quoting:
    """As much of a post as tells how its quote is drawn."""

    state: str
    quoted_id: int | None


@dataclass(frozen=True, slots=True)
class Quoted:
    """What the viewer gets to see of quoted posts, by id."""

    seen: Mapping[int, dict[str, Any]]
    deleted: Collection[int]
    links: Mapping[int, tuple[str, str]]
    """id and page of each that is stored here."""
    blocked: Collection[int]
    muted: Collection[int]


async def read_quoted(
    reader: Reader, ids: Sequence[int], seen: Mapping[int, dict[str, Any]], *, viewer_id: int | None, now: datetime
) -> Quoted:
    """Read what stands behind quoted posts: one query, and one more for somebody signed in."""
    rows = await reader.rows(_STANDINGS, {"ids": list(ids)})
    shunned = [] if viewer_id is None else await reader.rows(
        _SHUNNED, {"ids": list(ids), "viewer": viewer_id, "now": now}
    )  # fmt: skip
    return Quoted(
        seen=seen,
        deleted={row.id for row in rows if row.deleted_at is not None},
        links={row.id: (row.uri, row.url or row.uri) for row in rows},
        blocked={row.id for row in shunned if row.blocked},
        muted={row.id for row in shunned if row.muted},
    )


def quote_view(quoting: Quoting, quoted: Quoted, *, shallow: bool = False) -> dict[str, Any] | None:
    """Return a Quote, or with `shallow` a ShallowQuote; None for one that is no more than a link."""
    state, status = _state_and_status(quoting, quoted)
    if state is None:
        return None
    if shallow:
        return {"state": state, "quoted_status_id": None if status is None else status["id"]}
    return {"state": state, "quoted_status": status}


def _state_and_status(quoting: Quoting, quoted: Quoted) -> tuple[str | None, dict[str, Any] | None]:
    id_ = quoting.quoted_id
    if quoting.state in ("pending", "rejected", "revoked", "deleted"):
        return quoting.state, None
    if id_ is None:
        return (None if quoting.state == "legacy" else "pending"), None
    if id_ in quoted.deleted:
        return "deleted", None
    status = quoted.seen.get(id_)
    if status is None:
        return "unauthorized", None
    if id_ in quoted.blocked:
        return "blocked_account", status
    return ("muted_account" if id_ in quoted.muted else "accepted"), status


def content_with_quote(
    content: str, view: Mapping[str, Any] | None, *, link: tuple[str, str] | None, is_local: bool
) -> str:
    """Return a post's HTML beside its quote: without the line that stands for it where it is drawn (OBJ-12), and
    with one where ours is not drawn but only named."""
    if view is not None and view.get("quoted_status") is not None:
        return without_fallback(content, link)
    if not is_local or link is None or view is None or view["state"] != "pending":
        return content
    url = escape(link[1])
    return f'{content}<p class="quote-inline">RE: <a href="{url}" rel="nofollow noopener">{url}</a></p>'


def without_fallback(content: str, link: tuple[str, str] | None) -> str:
    """Take away what other servers write for readers that know no quotes: a marked paragraph, or a last `RE:` line."""
    content = _INLINE.sub("", content)
    found = _TRAILING.search(content[-4096:]) if link is not None else None
    if found is None or found["href"].replace("&amp;", "&") not in (link or ()):
        return content
    kept = content[: len(content) - len(content[-4096:]) + found.start()] + found["end"]
    return re.sub(r"<p>\s*</p>\Z", "", kept)


def approval_view(
    policy: Mapping[str, Any], *, visibility: str, is_local: bool, is_author: bool, relation: Relation | None
) -> dict[str, Any]:
    """Return a QuoteApproval. `relation` is None for nobody in particular."""
    sub = quote_policy(policy, visibility=visibility, is_local=is_local)
    current: str = "denied"
    if is_author:
        current = "denied" if visibility == "direct" else "automatic"
    elif relation is not None:
        allowed: Allowance = allowance(sub, "quote", relation)
        current = "automatic" if allowed == "proven" else allowed
        if allowed == "denied" and any(map(_is_unsupported, (*sub["automatic"], *sub["manual"]))):
            current = "unknown"
    return {"automatic": _groups(sub["automatic"]), "manual": _groups(sub["manual"]), "current_user": current}


def asks_relation(policy: str) -> bool:
    """Say whether it takes a look at who the viewer is to the author to tell what they may do with a post, by its
    policy as the database has it."""
    return (_asks_relation if len(policy) <= LONGEST_KEPT else _asks_relation.__wrapped__)(policy)


@lru_cache(maxsize=POLICIES_KEPT)
def _asks_relation(policy: str) -> bool:
    return any("public" not in sub["automatic"] for sub in orjson.loads(policy).values())


def denied_acts(policy: Mapping[str, Any], relation: Relation) -> list[str]:
    """Return what the viewer may not do with a post by its author's wish (OBJ-16), in the API's words."""
    words = {"like": "favourite", "reply": "reply", "announce": "reblog"}
    return [
        word
        for act, word in words.items()
        if act in policy and allowance(policy[act], act, relation) == "denied"  # type: ignore[arg-type]
    ]


def _is_unsupported(entry: str) -> bool:
    return entry not in ("public", "followers")


def _groups(entries: Sequence[str]) -> list[str]:
    return list(dict.fromkeys("unsupported_policy" if _is_unsupported(entry) else entry for entry in entries))
