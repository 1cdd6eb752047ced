"""The use case: find posts for somebody. Reads only; opens its own short reads, since an engine may take a while."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Literal

from node.accounts.models import Account
from node.accounts.queries import find_account, find_account_by_handle, find_account_named
from node.accounts.rules import local_or_domain
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.runtime import Runtime
from node.search.analysis import mark
from node.search.choosing import engine_of
from node.search.engines import OFF, EngineAway, Proposals, engine_name
from node.search.explaining import Explanation, Instead, explain_nothing
from node.search.language import parse
from node.search.looking import aside, matching, matching_of
from node.search.matching import Row
from node.search.planning import make_plan
from node.search.queries import list_candidates, list_library_ids
from node.search.ranking import Candidate, ranked
from node.search.rules import MAX_OFFSET, MOST_LOOKED_AT, PROPOSED, PROPOSED_WIDE, SEARCH_SECONDS, STRANGERS_SECONDS
from node.search.stems import STEMMED, base_language
from node.search.steps import Every, Plan, Step, Token
from node.search.tree import By, Marked, Node, SearchProblem, walk

Sort = Literal["relevance", "latest"]
SORTS: Final[tuple[Sort, ...]] = ("relevance", "latest")


@dataclass(frozen=True, slots=True)
class Found:
    """Posts in their order, for `posts.rendering.render_posts`; and what is to be said of the answer."""

    ids: tuple[int, ...]
    explanation: Explanation
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class _Gathered:
    rows: list[Candidate]
    is_all: bool
    is_away: bool
    is_partial: bool


async def search_posts(
    runtime: Runtime,
    text: str,
    *,
    viewer_id: int | None,
    sort: Sort = "relevance",
    page: Page | None = None,
    offset: int = 0,
    account_id: int | None = None,
    language: str | None = None,
) -> Found:
    """Return the posts that `text` finds for this viewer (None: a stranger).

    `relevance` ranks the newest posts that match and pages by `offset`, up to `MAX_OFFSET`; `latest` pages by the ids
    of `page`. `account_id` asks for one author's posts only; `language` is the viewer's, for stemming. Never raises for
    the query's or the index's sake: what is wrong stands in the explanation.
    """
    now = runtime.now()
    page = page or Page()
    if engine_name(runtime.settings) == OFF:
        return Found((), Explanation())
    try:
        tree = parse(text, now=now)
        if tree is None:
            return Found((), Explanation(is_wordless=True))
        names = await _names(runtime, tree, viewer_id)
        plan = make_plan(
            tree,
            names={handle: account.id for handle, account in names.items() if account is not None},
            languages=_languages(tree, language),
        )
    except SearchProblem as problem:
        return Found((), Explanation(problem=problem.message, place=problem.place))
    if plan is None:
        return Found((), Explanation(is_wordless=True))
    if plan.scope == "library" and viewer_id is None:
        return Found((), Explanation())
    if account_id is not None:
        theirs = Token(mark("from", account_id))
        alike, most = (None if step is None else Every((step, theirs)) for step in (plan.alike, plan.most))
        plan = replace(plan, step=Every((plan.step, theirs)), alike=alike, most=most, is_plain=False)
    stop_at = time.monotonic() + (SEARCH_SECONDS if viewer_id is not None else STRANGERS_SECONDS)
    look_for = partial(_latest, page=page) if sort == "latest" else partial(_best, page=page, offset=offset)
    found, has_more, gathered = await look_for(runtime, plan, viewer_id=viewer_id, now=now, stop_at=stop_at)
    explanation = Explanation(is_away=gathered.is_away, is_partial=gathered.is_partial)
    has_cursor = page != Page(page.limit)
    is_empty = not has_cursor and not found and not gathered.rows and not gathered.is_away
    if is_empty and not offset:
        authors = {node.handle.lower() for node in walk(tree) if isinstance(node, By) and node.relation == "from"}
        explanation = await explain_nothing(
            runtime, plan, names, explanation, authors=authors, viewer_id=viewer_id, now=now
        )
    if is_empty and not gathered.is_partial:
        others: tuple[tuple[Instead, Step | None], ...] = (("alike", plan.alike), ("most", plan.most))
        for instead, step in others:
            if step is not None and not found:
                loose = replace(plan, step=step)
                found, has_more, _ = await look_for(runtime, loose, viewer_id=viewer_id, now=now, stop_at=stop_at)
                has_more = has_more and sort != "latest"  # a cursor would ask for all the words again
                explanation = replace(explanation, instead=instead if found else "")
    return Found(tuple(found), explanation, has_more)


async def _latest(
    runtime: Runtime, plan: Plan, *, page: Page, viewer_id: int | None, now: datetime, stop_at: float
) -> tuple[list[int], bool, _Gathered]:
    lower = page.min_id if page.min_id is not None else page.since_id
    # What stands directly above a cursor is not what an index gives first: look at more, and take the last of it.
    enough = PROPOSED if page.min_id is not None else page.limit + 1
    gathered = await _gather(
        runtime, plan, viewer_id, now, enough=enough, above=lower, below=page.max_id, stop_at=stop_at
    )
    ids = page.pick([row.post_id for row in gathered.rows])
    return ids, len(gathered.rows) > len(ids), gathered


async def _best(
    runtime: Runtime, plan: Plan, *, page: Page, offset: int, viewer_id: int | None, now: datetime, stop_at: float
) -> tuple[list[int], bool, _Gathered]:
    lower = page.min_id if page.min_id is not None else page.since_id
    if offset >= MAX_OFFSET:
        return [], False, _Gathered([], True, False, False)
    gathered = await _gather(
        runtime, plan, viewer_id, now, enough=PROPOSED, above=lower, below=page.max_id, stop_at=stop_at
    )
    characters = sum(len(row.words) for row in gathered.rows) * max(len(plan.wanted), 1)
    ids = await aside(characters, lambda: ranked(gathered.rows, plan.wanted, plan.order, now=now))
    return ids[offset : offset + page.limit], len(ids) > offset + page.limit, gathered


async def _gather(
    runtime: Runtime,
    plan: Plan,
    viewer_id: int | None,
    now: datetime,
    *,
    enough: int,
    above: int | None,
    below: int | None,
    stop_at: float,
) -> _Gathered:
    """Return the newest posts that match and may be found: propose, look at the rows, and on to older ones."""
    since_id = max((bound for bound in (plan.since_id, None if above is None else above + 1) if bound), default=None)
    until_id = min((bound for bound in (plan.until_id, below) if bound is not None), default=None)
    rows: list[Candidate] = []
    looked_at, is_away, is_partial = 0, False, False
    while True:
        left = stop_at - time.monotonic()
        if left <= 0 or looked_at >= MOST_LOOKED_AT:
            return _Gathered(rows, False, is_away, True)
        size = PROPOSED_WIDE if plan.is_wide else min(PROPOSED, max(4 * enough, 80))
        proposed = Proposals((), True)
        if plan.scope != "library" and not is_away:
            try:
                proposed = await engine_of(runtime).propose(
                    plan, since_id=since_id, until_id=until_id, limit=size, seconds=left
                )
            except EngineAway:
                is_away = True
        is_partial = is_partial or proposed.is_cut_off
        kept: list[int] = []
        async with runtime.read() as reader:
            if viewer_id is not None and plan.scope != "public":
                kept = await list_library_ids(
                    reader, viewer_id, plan.step, since_id=since_id, until_id=until_id, limit=size
                )
            # Where one of the two has more to give, nothing below its last one is complete yet.
            horizons = [
                ids[-1]
                for ids, is_all in ((proposed.ids, proposed.is_all), (kept, len(kept) < size))
                if ids and not is_all and len(ids) >= size
            ]
            floor = max(horizons, default=0)
            ids = [id_ for id_ in {*proposed.ids, *kept} if id_ >= floor]
            if plan.is_wide:
                # Most of what is proposed will not match: whoever may find it is asked of the rest only.
                ids, is_all = await matching_of(reader, plan.step, ids, enough=PROPOSED, stop_at=stop_at)
                if not is_all and ids:
                    ids = ids[:PROPOSED]
                    horizons, floor = [ids[-1]], ids[-1]
                elif not is_all:
                    return _Gathered(rows, False, is_away, True)
            candidates = await list_candidates(reader, ids, viewer_id=viewer_id, scope=plan.scope, now=now)
        found, is_all = await matching(plan.step, [_row(one) for one in candidates], stop_at=stop_at)
        matched = set(found)
        rows += [one for one in candidates if one.post_id in matched]
        if not is_all:
            return _Gathered(rows, False, is_away, True)
        looked_at += size
        if not horizons:
            return _Gathered(rows, not is_partial, is_away, is_partial)
        if len(rows) >= enough:
            return _Gathered(rows, False, is_away, is_partial)
        until_id = floor


def _row(one: Candidate) -> Row:
    return Row(post_id=one.post_id, words=one.words, likes=one.likes, boosts=one.boosts, replies=one.replies)


def _languages(tree: Node, language: str | None) -> tuple[str, ...]:
    """Return in which languages the words of a query are stemmed: English, the viewer's, and those it names."""
    named = [node.value for node in walk(tree) if isinstance(node, Marked) and node.name == "lang"]
    wanted = dict.fromkeys(("en", base_language(language), *named))
    return tuple(one for one in wanted if one in STEMMED) or ("en",)


async def _names(runtime: Runtime, tree: Node, viewer_id: int | None) -> Mapping[str, Account | None]:
    """Return whom the handles of a query mean; None for nobody known here."""
    handles = {node.handle.lower() for node in walk(tree) if isinstance(node, By)}
    if not handles:
        return {}
    async with runtime.read() as reader:
        return {handle: await _named(runtime, reader, handle, viewer_id) for handle in sorted(handles)}


async def _named(runtime: Runtime, reader: Reader, handle: str, viewer_id: int | None) -> Account | None:
    if handle == "me":
        return None if viewer_id is None else await find_account(reader, viewer_id)
    name, _, domain = handle.partition("@")
    found = await find_account_by_handle(reader, name, local_or_domain(runtime.settings, domain) if domain else "")
    if found is None and not domain:
        found = await find_account_named(reader, name, viewer_id=viewer_id)
    return None if found is None or found.is_gone or found.waiting else found
