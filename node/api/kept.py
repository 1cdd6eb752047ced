"""What the viewer keeps about others: notes, whom they recommend on their page, and whom both know."""

from typing import Any

from quart import Blueprint

from node.accounts.models import Account as AccountRow
from node.accounts.queries import get_account, list_accounts
from node.accounts.views import account_view
from node.api.answers import Answer, accounts_answer, page_answer
from node.api.entities.accounts import Account, Relationship
from node.api.entities.people import FamiliarFollowers
from node.api.follows import Ids
from node.api.relationships import relationship
from node.blocks.queries import is_blocked_between
from node.follows.kept import endorse, set_note, unendorse
from node.follows.kept_queries import list_endorsements, list_familiar_followers
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs, optional
from node.http.requests import Paging, Request, answers, takes

MOST_AT_ONCE = 40
MOST_FAMILIAR = 20

blueprint = Blueprint("api_kept", __name__, url_prefix="/api/v1")


class NewNote(Request, frozen=True, kw_only=True):
    comment: str = ""


@blueprint.post("/accounts/<id:account_id>/note")
@needs("write:accounts")
@takes(NewNote)
@answers(Relationship)
async def write_note(viewer: Viewer, asked: NewNote, account_id: int) -> dict[str, Any]:
    """Keep a note about an account, which nobody else sees; an empty one is forgotten."""
    node = runtime()
    async with node.write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await set_note(uow, viewer.account_id, account_id, asked.comment, now=node.now())
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/pin")
@blueprint.post("/accounts/<id:account_id>/endorse")
@needs("write:accounts")
@answers(Relationship)
async def recommend(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Recommend an account that the viewer follows on their page."""
    node = runtime()
    async with node.write() as uow:
        await get_account(uow, account_id)
        await endorse(uow, viewer.account_id, account_id, now=node.now())
    return await relationship(viewer.account_id, account_id)


@blueprint.post("/accounts/<id:account_id>/unpin")
@blueprint.post("/accounts/<id:account_id>/unendorse")
@needs("write:accounts")
@answers(Relationship)
async def recommend_no_more(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Take an account off the viewer's page."""
    async with runtime().write() as uow:
        await get_account(uow, account_id, include_gone=True)
        await unendorse(uow, viewer.account_id, account_id)
    return await relationship(viewer.account_id, account_id)


@blueprint.get("/endorsements")
@needs("read:accounts")
@takes(Paging)
@answers(list[Account])
async def own_endorsements(viewer: Viewer, asked: Paging) -> Answer:
    """Return whom the viewer recommends."""
    return await _endorsements(viewer.account_id, asked)


@blueprint.get("/accounts/<id:account_id>/endorsements")
@optional("read:accounts")
@takes(Paging)
@answers(list[Account])
async def endorsements(viewer: Viewer | None, asked: Paging, account_id: int) -> Answer:
    """Return whom an account of this server recommends."""
    async with runtime().read() as reader:
        await get_account(reader, account_id)
        if viewer is not None and await is_blocked_between(reader, viewer.account_id, account_id):
            return page_answer([])
    return await _endorsements(account_id, asked)


async def _endorsements(account_id: int, asked: Paging) -> Answer:
    node = runtime()
    async with node.read() as reader:
        entries = await list_endorsements(reader, account_id, page_of(asked, 40))
        return await accounts_answer(node, reader, entries)


@blueprint.get("/accounts/familiar_followers")
@needs("read:follows")
@takes(Ids)
@answers(list[FamiliarFollowers])
async def familiar_followers(viewer: Viewer, asked: Ids) -> list[dict[str, Any]]:
    """Return, for each account, who of those the viewer follows is following it too."""
    node = runtime()
    found: dict[int, list[int]] = {}
    async with node.read() as reader:
        known = await list_accounts(reader, asked.id[:MOST_AT_ONCE])
        for id_ in asked.id[:MOST_AT_ONCE]:
            if id_ in known and not known[id_].is_gone:
                found[id_] = list(await list_familiar_followers(reader, viewer.account_id, id_, limit=MOST_FAMILIAR))
        people: dict[int, AccountRow] = await list_accounts(reader, {id_ for ids in found.values() for id_ in ids})
    return [
        {"id": str(id_), "accounts": [account_view(people[one], settings=node.settings) for one in ids]}
        for id_, ids in found.items()
    ]
