"""The read path: ids in, Mastodon statuses out, invisible ones dropped. Behind every timeline and thread.

One query (`post_facts`) answers everything that depends on the viewer or changes by itself. The rest of a status does
not depend on who looks and is kept by version (`rendered_posts`); `assembling` puts both together.
A page of twenty costs that one query when warm, and one more each if there are polls, reactions, quotes or own posts on
it or the viewer muted threads. The viewer's filters are compiled and kept in this process, under the version that comes
with that one query.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.cards.queries import list_cards
from node.cards.views import card_view
from node.filters.reading import ViewerFilters, viewer_filters
from node.polls.queries import list_polls
from node.polls.views import poll_view
from node.posts.assembling import Material, assembled, original_key, own_key
from node.posts.consent_queries import list_relations
from node.posts.consent_rules import Relation
from node.posts.featured_queries import list_pinned_among
from node.posts.post_facts import list_facts
from node.posts.queries import list_visible_ids
from node.posts.quote_rendering import Quoting, asks_relation, content_with_quote, quote_view, read_quoted
from node.posts.rendered_posts import find_authors, find_rendered
from node.posts.thread_mute_queries import list_muted_among
from node.reactions.queries import list_tallies
from node.reactions.views import reaction_views
from node.text.sanitising import html_to_text

CARDS_KEPT = 4000
CARD_SECONDS = 60.0
"""How long a link preview is kept here: they hardly ever change."""

BATCH = 80


async def render_posts(
    runtime: Runtime, reader: Reader, ids: Sequence[int], *, viewer_id: int | None, home: bool = False
) -> list[dict[str, Any]]:
    """Return the statuses of `ids` that the viewer may see, in the order given.

    `home` drops what does not belong in the viewer's home timeline (any more) too.
    """
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), BATCH):
        found |= await _render_batch(runtime, reader, ids[start : start + BATCH], viewer_id, home)
    return [found[id_] for id_ in ids if id_ in found]


async def render_post(runtime: Runtime, reader: Reader, post_id: int, *, viewer_id: int | None) -> dict[str, Any]:
    """Return one status. Raises NotFound when it is absent or not for this viewer: the same answer."""
    found = await render_posts(runtime, reader, [post_id], viewer_id=viewer_id)
    if not found:
        raise NotFound()
    return found[0]


async def _render_batch(
    runtime: Runtime, reader: Reader, ids: Sequence[int], viewer_id: int | None, home: bool, *, depth: int = 0
) -> dict[int, dict[str, Any]]:
    facts = await list_facts(reader, ids, viewer_id=viewer_id, home_at=runtime.now() if home else None)
    boosts = [row for row in facts if row.original_id is not None]
    posts = [own_key(row) for row in facts] + [original_key(row) for row in boosts]
    authors = {(row.account_id, row.version) for row in facts}
    authors |= {(row.original_account_id, row.original_version) for row in boosts}
    material = Material(
        viewer_id=viewer_id,
        posts=await find_rendered(runtime, reader, dict.fromkeys(posts)),
        authors=await find_authors(runtime, reader, authors),
        polls=await _polls(runtime, reader, facts, viewer_id),
        reactions=await _reactions(runtime, reader, facts, viewer_id),
        pinned=await _pinned(reader, facts, viewer_id),
        muted=await _muted(reader, facts, viewer_id),
        relations=await _relations(reader, facts, viewer_id),
    )
    statuses = {row.id: status for row in facts if (status := assembled(row, material)) is not None}
    await _add_cards(runtime, reader, facts, statuses)
    version = facts[0].filters_version if facts else 0
    filters = await viewer_filters(runtime, reader, viewer_id, version) if viewer_id is not None else None
    if filters is not None:
        for status in statuses.values():
            _add_filtered(status, filters)
    await _add_quotes(runtime, reader, facts, statuses, viewer_id, depth)
    return statuses


def _add_filtered(status: dict[str, Any], filters: ViewerFilters) -> None:
    """Say which of the viewer's filters concern a post; for a boost, what is said inside is said outside (31)."""
    target = status["reblog"] or status
    card = target["card"]
    key = (target["id"], target["edited_at"], card["title"] if card else "", card["description"] if card else "")
    found = filters.results(key, [int(id_) for id_ in {status["id"], target["id"]}], lambda: _words_of(target))
    status["filtered"] = target["filtered"] = found


def _words_of(status: Mapping[str, Any]) -> Iterable[str]:
    """Return everything in a post that people may want not to read."""
    yield status["spoiler_text"]
    yield html_to_text(status["content"])
    for tag in status["tags"]:
        yield f"#{tag['name']}"
    for media in status["media_attachments"]:
        yield media["description"] or ""
    if status["poll"]:
        for option in status["poll"]["options"]:
            yield option["title"]
    if status["card"]:
        yield status["card"]["title"]
        yield status["card"]["description"]


async def _relations(reader: Reader, facts: Sequence[Any], viewer_id: int | None) -> dict[int, Relation]:
    """Return what the viewer is to the authors of posts that not everybody may quote, answer, like or boost alike."""
    ids = {row.original_id or row.id for row in facts if asks_relation(row.policy)}
    if not ids or viewer_id is None:
        return {}
    return await list_relations(reader, viewer_id, ids)


async def _add_quotes(
    runtime: Runtime,
    reader: Reader,
    facts: Sequence[Any],
    statuses: dict[int, dict[str, Any]],
    viewer_id: int | None,
    depth: int,
) -> None:
    """Put what is quoted into statuses that quote (OBJ-12): one level deep, below that by id."""
    quoting = {row.id: Quoting(row.quote_state, row.quoted_id) for row in facts if row.quote_state}
    if not quoting:
        return
    ids = list({entry.quoted_id for entry in quoting.values() if entry.quoted_id is not None})
    seen = {id_: {"id": str(id_)} for id_ in await list_visible_ids(reader, ids, viewer_id)} if depth else (
        await _render_batch(runtime, reader, ids, viewer_id, False, depth=depth + 1) if ids else {}
    )  # fmt: skip
    quoted = await read_quoted(reader, ids, seen, viewer_id=viewer_id, now=runtime.now())
    for row_id, entry in quoting.items():
        status = statuses.get(row_id)
        if status is None:
            continue
        target = status["reblog"] or status
        view = quote_view(entry, quoted, shallow=depth > 0)
        link = quoted.links.get(entry.quoted_id) if entry.quoted_id is not None else None
        content = content_with_quote(target["content"], view, link=link, is_local="@" not in target["account"]["acct"])
        target |= {"quote": view, "content": content}


async def _polls(
    runtime: Runtime, reader: Reader, facts: Sequence[Any], viewer_id: int | None
) -> dict[int, dict[str, Any]]:
    """Return the polls on a page, by post: they change with every vote, so they are never kept with their post."""
    ids = {row.original_id or row.id for row in facts if row.kind == "Question"}
    if not ids:
        return {}
    found, now = await list_polls(reader, ids, viewer_id), runtime.now()
    return {id_: poll_view(poll, viewer_id=viewer_id, now=now) for id_, poll in found.items()}


async def _pinned(reader: Reader, facts: Sequence[Any], viewer_id: int | None) -> set[int]:
    """Return which of the viewer's own posts on a page are pinned: nobody else is told."""
    if viewer_id is None:
        return set()
    own = {row.id for row in facts if row.original_id is None and row.account_id == viewer_id}
    own |= {row.original_id for row in facts if row.original_id is not None and row.original_account_id == viewer_id}
    return await list_pinned_among(reader, own) if own else set()


async def _muted(reader: Reader, facts: Sequence[Any], viewer_id: int | None) -> set[int]:
    """Return which posts of a page stand in threads the viewer muted: no query for who muted none."""
    if viewer_id is None or not any(row.mutes_threads for row in facts):
        return set()
    return await list_muted_among(reader, viewer_id, {row.original_id or row.id for row in facts})


async def _add_cards(
    runtime: Runtime, reader: Reader, facts: Sequence[Any], statuses: Mapping[int, dict[str, Any]]
) -> None:
    """Put link previews into statuses that have one: no query where none has, or where all are known by now."""
    showing = {row.id: row.card_id for row in facts if row.card_id is not None}
    if not showing:
        return
    found = await card_views(runtime, reader, set(showing.values()))
    for row_id, card_id in showing.items():
        if row_id in statuses and card_id in found:
            status = statuses[row_id]
            (status["reblog"] or status)["card"] = found[card_id]


async def card_views(runtime: Runtime, reader: Reader, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return PreviewCards by id: no query where all are known by now."""
    cache = runtime.caches.get("cards", size=CARDS_KEPT, seconds=CARD_SECONDS)
    found: dict[int, dict[str, Any]] = {id_: view for id_ in ids if (view := cache.get(id_)) is not None}
    missing = set(ids) - found.keys()
    if missing:
        cards = await list_cards(reader, missing)
        writers = {card.author_id for card in cards.values() if card.author_id is not None}
        people = await list_accounts(reader, writers) if writers else {}
        for id_, card in cards.items():
            writer = people.get(card.author_id or 0)
            author = None if writer is None or writer.is_gone else account_view(writer, settings=runtime.settings)
            found[id_] = card_view(card, author, settings=runtime.settings)
            cache.put(id_, found[id_])
    return found


async def _reactions(
    runtime: Runtime, reader: Reader, facts: Sequence[Any], viewer_id: int | None
) -> dict[int, list[dict[str, Any]]]:
    """Return the reactions to those posts that have some: no query where none has."""
    ids = {row.original_id or row.id for row in facts if row.reactions_count}
    tallies = await list_tallies(reader, ids, viewer_id=viewer_id)
    return {
        post_id: reaction_views(found, settings=runtime.settings, anonymous=viewer_id is None)
        for post_id, found in tallies.items()
    }
